"""How the optimiser searches, and where a search stands."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass as validated

from patchopt.model.base import STRICT

Seconds = Annotated[float, Field(gt=0, le=10_000_000, strict=False)]


@validated(frozen=True, config=STRICT)
class OptimizerParameters:
    """How long and how a plan is sought.

    Parameters
    ----------
    time_limit : float
        Seconds of wall time; of deterministic time if ``deterministic``.
    workers : int
        Parallel searches of CP-SAT; 0 stands for 8, and for 1 with ``deterministic``, since
        they then take turns on one core. Annealings and prices take two cores at most.
    gap : float
        (objective - bound) / objective that is good enough.
    seed : int
        Of the search.
    deterministic : bool
        Count moves, steps and CP-SAT's deterministic time instead of the clock, so that the
        same inputs give the same plan on any machine. A unit is in the order of a second.
    """

    time_limit: Seconds = 30.0
    workers: Annotated[int, Field(ge=0, le=512)] = 0
    gap: Annotated[float, Field(ge=0, lt=1, strict=False)] = 0.0
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    deterministic: bool = False

    def __post_init__(self) -> None:
        """Choose the number of searches, so that plans and files tell it."""
        if self.workers == 0:
            object.__setattr__(self, "workers", 1 if self.deterministic else 8)
