"""The dataset as a report needs it: who was compared, what was done, what failed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol

import pandas as pd
from numpy.typing import NDArray

from patchopt.files.dataset import OpenDataset
from patchopt.model.build import build_infrastructure
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan
from patchopt.model.scenario import Scenario

#: What replications of one plan are known by, and what two plans share that met the same luck.
LUCK: Final = ("seed", "replication")

Event = dict[str, Any]

#: Told of the progress: what is being done, how much of it is done, of how much.
Watcher = Callable[[str, int, int], None]

_CELL: Final = ["plan", "scenario", "strategy", "label"]


class Measured(Protocol):
    """Replications that were done, by plan and column."""

    @property
    def counts(self) -> Mapping[int, int]:
        """Of each plan that has any, how many."""

    def column(self, plan: int, name: str) -> NDArray[Any]:
        """Return a numeric column of a plan's replications."""


@dataclass(frozen=True)
class Source:
    """Where a dataset lies, and what it says of where it comes from.

    Parameters
    ----------
    folder : str
        Of the dataset, as it was given.
    metadata : mapping of str to str
        As `read_dataset` gives it.
    """

    folder: str
    metadata: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Study:
    """A sweep's results.

    Parameters
    ----------
    cells : DataFrame
        A row a plan, by number: ``plan``, ``scenario``, ``strategy``, ``label``.
    measured : Measured
        The replications that were done.
    failed : DataFrame
        A row a failed cell: ``plan``, ``scenario``, ``label``, ``error``.
    plans, events, bounds : DataFrame
        The tables of the dataset.
    sources : tuple of Source
        The datasets that it is of.
    """

    cells: pd.DataFrame
    measured: Measured
    failed: pd.DataFrame
    plans: pd.DataFrame
    events: pd.DataFrame
    bounds: pd.DataFrame
    sources: tuple[Source, ...]

    @classmethod
    def of(cls, dataset: OpenDataset, folder: str) -> Study:
        """Sort a dataset into what was done and what failed."""
        plans = dataset.plans.astype(dict.fromkeys(_CELL[1:], str))
        plans = plans.set_index(plans["plan"].rename("number"), drop=False).sort_index()
        failed = pd.DataFrame(
            [(each.plan, each.error) for each in dataset.replications.failed],
            columns=["plan", "error"],
        )
        names = plans[_CELL].reset_index(drop=True)
        failed = failed.merge(names, on="plan", how="left")
        return cls(
            names,
            dataset.replications,
            failed[["plan", "scenario", "label", "error"]],
            plans,
            dataset.events,
            dataset.bounds,
            (Source(folder, dataset.metadata),),
        )

    @property
    def counts(self) -> Mapping[int, int]:
        """Of each plan that has any, how many replications were done."""
        return self.measured.counts

    def column(self, plan: int, name: str) -> NDArray[Any]:
        """Return a numeric column of the replications of a plan, in their order."""
        return self.measured.column(plan, name)

    @property
    def complete(self) -> bool:
        """Whether all of its sweeps came to their ends."""
        return all(source.metadata["complete"] == "true" for source in self.sources)

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

    def bounds_of(self, scenario: str) -> pd.DataFrame:
        """Return the wait-and-see bounds of a scenario."""
        return self.bounds[self.bounds["scenario"] == scenario]

    def scenario(self, name: str) -> Scenario:
        """Return a scenario, with the failures that it was swept with."""
        rows = self.plans.loc[self.plans["scenario"] == name, "scenario_json"]
        return Scenario.model_validate_json(str(rows.iloc[0]))

    def infrastructure(self, scenario: str) -> Infrastructure:
        """Build the infrastructure of a scenario again."""
        return build_infrastructure(self.scenario(scenario))

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
