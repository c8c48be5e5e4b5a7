"""Whether plans keep the constraints when nothing goes wrong, and what they break (MODEL 7)."""

from __future__ import annotations

from dataclasses import dataclass

from patchopt.reports.numbers.study import Study
from patchopt.reports.trace.nominal import NominalRun, breaks


@dataclass(frozen=True)
class Keeping:
    """What the nominal run of a plan shows.

    Parameters
    ----------
    breaks : tuple of str
        What it breaks; empty if it keeps all constraints.
    downtime_s : int
        Service-seconds below min_up.
    finishes : bool
        Whether it comes to its end.
    horizon_s : int
        End of the observation of a plan that is over by then, seconds.
    """

    breaks: tuple[str, ...]
    downtime_s: int
    finishes: bool
    horizon_s: int

    @property
    def comparable(self) -> bool:
        """Whether a gap to what is proven means anything."""
        return not self.breaks and self.finishes


def keepings(study: Study, scenario: str) -> dict[int, Keeping]:
    """Return what the nominal run of each plan of a scenario shows.

    Parameters
    ----------
    study : Study
        With the plans.
    scenario : str
        Name of the scenario.

    Returns
    -------
    dict of int to Keeping
        By number of the plan; without those that could not be made.
    """
    numbers = [int(number) for number in study.cells_of(scenario)["plan"]]
    plans = {number: study.plan(number) for number in numbers}
    made = {number: plan for number, plan in plans.items() if plan is not None}
    if not made:
        return {}
    infrastructure = study.infrastructure(scenario)
    found = {}
    for number, plan in made.items():
        run = NominalRun.of(infrastructure, plan)
        found[number] = Keeping(
            tuple(breaks(run)),
            run.outcome.exact("downtime"),
            not run.outcome.exact("aborted"),
            infrastructure.limits.horizon_s,
        )
    return found
