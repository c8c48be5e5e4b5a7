"""Replications in memory, for what is computed of a study."""

from __future__ import annotations

from typing import Any

import pandas as pd
from numpy.typing import NDArray

from patchopt.reports.numbers.study import Study


class Frame:
    """Replications in a table with a column ``plan``."""

    def __init__(self, runs: pd.DataFrame) -> None:
        self._runs = runs
        self.counts = {int(str(plan)): len(rows) for plan, rows in runs.groupby("plan")}

    def column(self, plan: int, name: str) -> NDArray[Any]:
        return self._runs.loc[self._runs["plan"] == plan, name].to_numpy()


def study_of_runs(
    runs: pd.DataFrame, plans: pd.DataFrame | None = None, bounds: pd.DataFrame | None = None
) -> Study:
    """Return a study of replications, and of what else there is to know."""
    none = pd.DataFrame()
    return Study(
        cells=none,
        measured=Frame(runs),
        failed=none,
        plans=none if plans is None else plans,
        events=none,
        bounds=none if bounds is None else bounds,
        sources=(),
    )
