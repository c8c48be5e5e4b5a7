"""Proofs: what anybody needs to check the bound of a certificate without a solver (MODEL 9)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from patchopt.model.base import Frozen

#: Seconds, cells and rates: exact, with room for sums of products.
Number = Annotated[int, Field(ge=0, le=2**53)]
Pair = Annotated[tuple[Number, Number], Field(strict=False)]
Pairs = Annotated[tuple[Pair, ...], Field(strict=False)]


class Claim(Frozen):
    """Something that only a solver can show; a check without one does without it.

    Parameters
    ----------
    kind : str
        ``head``: the group cannot start before so many seconds; ``delay``: from its first
        instant to its last it takes so many.
    group : str
        Least node id of the group of the dependency order.
    value_s : int
        Seconds.
    """

    kind: Literal["head", "delay"]
    group: str
    value_s: Number


class Proof(Frozen):
    """How a bound is known.

    Parameters
    ----------
    kind : str
        ``fluid``: work may be split at will, only the crew is narrow. ``lagrange``: prices
        of what is narrow. ``cp_sat``, ``enumeration``: by search alone, to be repeated.
    cells : tuple of (int, int)
        Seconds [begin, end) between which prices are constant; ascending, disjoint, in open
        time. Outside of them prices are 0.
    prices : dict of str to tuple of (int, int)
        Row to runs (first cell, rate): milli-weight per place and second, up to the cell of
        the next run. Rows are named ``crew``, ``surge``, ``service:S``, ``host:H``, and under
        strict order by groups too.
    claims : tuple of Claim
        What the bound takes for proven.
    """

    kind: Literal["fluid", "lagrange", "cp_sat", "enumeration"]
    cells: Pairs = ()
    prices: dict[str, Pairs] = Field(default_factory=dict)
    claims: Annotated[tuple[Claim, ...], Field(strict=False)] = ()
