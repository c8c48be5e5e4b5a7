"""A bound, and how it is known."""

from __future__ import annotations

from dataclasses import dataclass

from patchopt.model.proof import Proof


@dataclass(frozen=True, kw_only=True)
class Bound:
    """What no schedule of a problem can be below.

    Parameters
    ----------
    value_milli : int
        Milli-weight-seconds.
    proof : Proof
        What anybody needs to find the same value.
    """

    value_milli: int
    proof: Proof
