"""How the open exposure of a study's plans falls, each found once for all figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from patchopt.model.infrastructure import Infrastructure
from patchopt.reports.figures.burn_down import BurnDown
from patchopt.reports.numbers.study import Study
from patchopt.reports.trace.bands import MOST_RUNS, band


class StudyBands:
    """Bands of plans, computed when they are first asked for: each takes many runs.

    Parameters
    ----------
    study : Study
        With the plans.
    """

    def __init__(self, study: Study) -> None:
        self._study = study
        #: By number of the plan.
        self.found: dict[int, BurnDown] = {}

    def keep(self, found: Mapping[int, BurnDown]) -> None:
        """Take bands that were found elsewhere."""
        self.found.update(found)

    def of(self, infrastructure: Infrastructure, row: Mapping[Any, Any], seed: int) -> BurnDown:
        """Return the open exposure of a plan.

        Parameters
        ----------
        infrastructure : Infrastructure
            Of its scenario.
        row : mapping
            Of the summary; a plan that was run.
        seed : int
            Of the replications, the same for all plans of a scenario.
        """
        number = int(row["plan"])
        if number not in self.found:
            plan = self._study.plan(number)
            assert plan is not None  # noqa: S101 - what was run was planned
            runs = min(MOST_RUNS, int(row["replications"]))
            found = band(infrastructure, plan, seed, runs)
            self.found[number] = BurnDown(str(row["label"]), found, apart=bool(row["breaks"]))
        return self.found[number]


def seed_of(study: Study, traced: Sequence[Mapping[Any, Any]]) -> int:
    """Return the seed of the runs of which traces were kept; at least one row of the summary."""
    return int(study.trace(int(traced[0]["plan"]))[0]["seed"])
