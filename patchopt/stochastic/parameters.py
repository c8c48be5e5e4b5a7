"""How a plan of least expected exposure is sought."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field
from pydantic.dataclasses import dataclass as validated

from patchopt.model.base import STRICT
from patchopt.model.expectation import Risk
from patchopt.optimizer.parameters import OptimizerParameters, Seconds

#: Deterministic seconds for an outcome: most need a fraction of that.
OUTCOME_S: Final = 0.2


def outcome_limits(time_limit: float = OUTCOME_S) -> OptimizerParameters:
    """Return how the problem of an outcome is solved in so many deterministic seconds."""
    return OptimizerParameters(time_limit=time_limit, workers=1, deterministic=True)


Replications = Annotated[int, Field(ge=2, le=10_000_000)]


@validated(frozen=True, config=STRICT)
class ExpectedParameters:
    """How a plan of least expected exposure is sought.

    Parameters
    ----------
    risk : str
        What is to be low: ``mean`` of the total exposure, or ``cvar95``: the mean of its worst
        twentieth.
    replications : int
        Of the sample on which plans are compared while they are sought.
    plans : int
        How many are simulated.
    fresh : int
        Replications on which the plan found meets the nominal optimum, and as many others on
        which the better of the two is measured.
    bounds : int
        How many of the latter have a wait-and-see bound; 0: no gap is told.
    watch : bool
        Whether the plan may end with pauses whose gates stop it for any bad node, where stops
        end by a review or a respin.
    seed : int
        Of samples and moves.
    time_limit : float
        Deterministic seconds for the nominal optimum.
    """

    risk: Risk = "mean"
    replications: Replications = 200
    plans: Annotated[int, Field(ge=1, le=10_000_000)] = 2000
    fresh: Replications = 2000
    bounds: Annotated[int, Field(ge=0, le=1_000_000)] = 50
    watch: bool = True
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    time_limit: Seconds = 30.0
