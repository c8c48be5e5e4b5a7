"""Replications in memory, for what is computed of a study."""

from __future__ import annotations

from typing import Any

import pandas as pd
from numpy.typing import NDArray


class Frame:
    """Replications in a table with a column ``plan``."""

    def __init__(self, runs: pd.DataFrame) -> None:
        self._runs = runs
        self.counts = {int(str(plan)): len(rows) for plan, rows in runs.groupby("plan")}

    def column(self, plan: int, name: str) -> NDArray[Any]:
        return self._runs.loc[self._runs["plan"] == plan, name].to_numpy()
