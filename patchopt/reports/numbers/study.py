"""The dataset as a report needs it: who was compared, what was done, what failed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pandas as pd

from patchopt.errors import DatasetError
from patchopt.files.dataset import Dataset, read_dataset
from patchopt.model.build import build_infrastructure
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan
from patchopt.model.scenario import Scenario

#: The objectives of the Pareto front, in the order of its points.
OBJECTIVES: Final = ("total_exposure", "downtime", "completion_time")

Event = dict[str, Any]

_CELL: Final = ["plan", "scenario", "strategy", "label"]


@dataclass(frozen=True, eq=False)
class Study:
    """A sweep's results.

    Parameters
    ----------
    cells : DataFrame
        A row a plan, by number: ``plan``, ``scenario``, ``strategy``, ``label``.
    runs : DataFrame
        A row a replication that was done.
    failed : DataFrame
        A row a failed cell: ``plan``, ``scenario``, ``label``, ``error``.
    plans, events : DataFrame
        The tables of the dataset.
    metadata : mapping of str to str
        Where the dataset comes from.
    """

    cells: pd.DataFrame
    runs: pd.DataFrame
    failed: pd.DataFrame
    plans: pd.DataFrame
    events: pd.DataFrame
    metadata: Mapping[str, str]

    @classmethod
    def of(cls, dataset: Dataset) -> Study:
        """Sort the rows of a dataset into those that were done and those that failed."""
        plans = dataset.plans.astype(dict.fromkeys(_CELL[1:], str))
        # Categories would make groups of combinations that do not occur.
        every = dataset.runs.astype(dict.fromkeys([*_CELL[1:], "status"], str))
        cells = pd.concat([plans[_CELL], every[_CELL]]).drop_duplicates("plan")
        done = _without_gaps(every[every["status"] == "done"])
        failed = every.loc[every["status"] != "done", ["plan", "scenario", "label", "error"]]
        return cls(
            cells.sort_values("plan", ignore_index=True),
            done.reset_index(drop=True),
            failed.drop_duplicates().reset_index(drop=True),
            plans.set_index(plans["plan"].rename("number"), drop=False),
            dataset.events,
            dataset.metadata,
        )

    @property
    def complete(self) -> bool:
        """Whether the sweep came to its end."""
        return self.metadata.get("complete") == "true"

    @cached_property
    def scenarios(self) -> tuple[str, ...]:
        """Names of the scenarios, in the order of the sweep."""
        return tuple(self.cells["scenario"].unique())

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Labels of the strategies, in the order of the sweep."""
        return tuple(self.cells["label"].unique())

    def cells_of(self, scenario: str) -> pd.DataFrame:
        """Return the cells of a scenario."""
        return self.cells[self.cells["scenario"] == scenario]

    def infrastructure(self, scenario: str) -> Infrastructure:
        """Build the infrastructure of a scenario again."""
        rows = self.plans.loc[self.plans["scenario"] == scenario, "scenario_json"]
        return build_infrastructure(Scenario.model_validate_json(str(rows.iloc[0])))

    def plan(self, number: int) -> Plan | None:
        """Return a plan, or None if planning failed."""
        made = self.plans["plan_json"].dropna()
        return Plan.model_validate_json(str(made[number])) if number in made.index else None

    @cached_property
    def _traces(self) -> dict[int, pd.DataFrame]:
        ordered = self.events.sort_values(["plan", "number"])
        return {int(str(plan)): rows for plan, rows in ordered.groupby("plan")}

    def trace(self, number: int) -> list[Event]:
        """Return the events of a plan's first replication; empty if none were kept."""
        if number not in self._traces:
            return []
        rows = self._traces[number]
        return [
            {"time": int(time), "event": str(event), **json.loads(detail)}
            for time, event, detail in zip(rows["time"], rows["event"], rows["detail"], strict=True)
        ]


def _without_gaps(done: pd.DataFrame) -> pd.DataFrame:
    """Return replications with plain integers: none that was done lacks any."""
    integers = done.select_dtypes(["Int32", "Int64"]).columns
    return done.astype({name: done[name].dtype.name.lower() for name in integers})


def read_study(folder: Path) -> Study:
    """Read the results of a sweep.

    Parameters
    ----------
    folder : Path
        Of the dataset.

    Returns
    -------
    Study

    Raises
    ------
    DatasetError
        If it is missing, damaged or of another schema version, or holds no plan at all.
    """
    study = Study.of(read_dataset(folder))
    if study.cells.empty:
        message = "the dataset is empty: its sweep was interrupted before the first plan"
        raise DatasetError(message, place=str(folder), remedy="run the sweep again")
    return study
