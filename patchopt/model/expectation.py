"""What is known of a plan that was made for failures: estimates, not proofs (MODEL 12.2)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from patchopt.model.base import Frozen

Risk = Literal["mean", "cvar95"]
Cost = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Difference = Annotated[float, Field(allow_inf_nan=False)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Many = Annotated[int, Field(ge=1)]


class Sample(Frozen):
    """Which replications something was measured on.

    Parameters
    ----------
    seed : int
        Of all of them.
    replications : int
        How many, from 0 on.
    """

    seed: Seed
    replications: Many


class WaitAndSeeGap(Frozen):
    """How far a plan's mean total exposure is from what nobody can beat.

    Parameters
    ----------
    sample : Sample
        Of plan and bound.
    bound : float
        Mean of the wait-and-see bounds, weight-seconds.
    proven : int
        Replications on which the bound is what one who sees ahead can have.
    gap, upper : float, optional
        Mean total exposure / bound - 1, and its one-sided 95% limit; None where the bound is 0,
        or there is one replication.
    """

    sample: Sample
    bound: Cost
    proven: Annotated[int, Field(ge=0)]
    gap: Difference | None
    upper: Difference | None


class Expectation(Frozen):
    """How a plan that was sought with failures does on replications that it was not made for.

    Parameters
    ----------
    scenario_sha256 : str
        Of the scenario whose failures these are: a preset may have taken their place since.
    risk : str
        By which plans were compared: ``mean`` of the total exposure, or ``cvar95``, the mean of
        its worst twentieth.
    is_nominal : bool
        Whether the nominal optimum stood its ground: no plan found was surely better.
    training, choice, fresh : Sample
        Replications on which the plan was sought; on which it met the nominal optimum; and on
        which it was measured in the end.
    plans : int
        Simulated in the search.
    difference, difference_within : float
        By how much the plan found was worse than the nominal optimum where they met, below 0 if
        it was better, and half the width of the paired 95% interval, weight-seconds.
    value, value_within : float
        What the plan comes to in the end by ``risk``, and half the width of the 95% interval.
    nominal : float
        What the nominal optimum comes to on the same replications.
    wait_and_see : WaitAndSeeGap, optional
        How far from the best it can be; None where no bound was asked for or none is defined.
    """

    scenario_sha256: str
    risk: Risk
    is_nominal: bool
    training: Sample
    plans: Annotated[int, Field(ge=0)]
    choice: Sample
    difference: Difference
    difference_within: Cost
    fresh: Sample
    value: Cost
    value_within: Cost
    nominal: Cost
    wait_and_see: WaitAndSeeGap | None = None
