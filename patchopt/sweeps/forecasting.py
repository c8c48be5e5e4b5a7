"""What a sweep would do: its cells, what is finished of them, and how long the rest may take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from patchopt.files.store.contents import Contents
from patchopt.files.store.study import Study, StudyPlan
from patchopt.sweeps.cells import PlanTask
from patchopt.sweeps.rates import Rates
from patchopt.sweeps.selecting import Selection


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What there is to do of one plan.

    Parameters
    ----------
    scenario, label : str
        Of the plan.
    plan : str
        Whether it is ``made``, has ``failed`` or is ``missing``.
    seeds : int
        Each has replications of its own.
    replications : int, optional
        Of all seeds; none if that depends on what comes of them.
    done : int
        How many of them are finished.
    remaining_s : float, optional
        Seconds that the rest takes on one core, by what is finished of the plan, its scenario or
        the study; none if nothing is.
    """

    scenario: str
    label: str
    plan: Literal["made", "failed", "missing"]
    seeds: int
    replications: int | None
    done: int
    remaining_s: float | None


def forecast(
    folder: Path, study: Study, tasks: Sequence[PlanTask], selection: Selection, block: int
) -> tuple[Forecast, ...]:
    """Say what a sweep would do, plan by plan, without doing any of it.

    Parameters
    ----------
    folder : Path
        Of the dataset, which may not be there.
    study : Study
        What it is to hold.
    tasks : sequence of PlanTask
        The plans of the study.
    selection : Selection
        Which of them are chosen.
    block : int
        Most replications of a cell.

    Raises
    ------
    DatasetError
        If what is there is damaged.
    """
    contents = Contents.read(folder)
    pairs = list(zip(tasks, study.plans, strict=True))
    past = _Past([_Known(contents, study, plan) for _, plan in pairs])
    found = []
    for (task, plan), known in zip(pairs, past.known, strict=True):
        if not selection.has(task):
            continue
        seeds = [seed for seed in task.seeds if selection.has_seed(seed)]
        every = None if study.replications is None else study.replications * len(seeds)
        done = known.done(seeds, study.replications, block)
        lacking = None if every is None else every - done
        if known.state == "failed":
            every, lacking = 0, 0
        found.append(
            Forecast(
                scenario=plan.scenario,
                label=plan.label,
                plan=known.state,
                seeds=len(seeds),
                replications=every,
                done=done,
                remaining_s=past.remaining_s(known, lacking),
            )
        )
    return tuple(found)


class _Known:
    """What is finished of a plan."""

    def __init__(self, contents: Contents, study: Study, plan: StudyPlan) -> None:
        self.plan = plan
        self.state: Literal["made", "failed", "missing"] = "missing"
        self.wall_time_s: float | None = None
        self._contents = contents
        self._whole = study.stratified
        made = contents.made(plan)
        self._runs = dict(contents.runs_of(plan, made, stratified=study.stratified))
        if made is not None:
            self.wall_time_s = made.wall_time_s
            self.state = "failed" if made.plan_json is None else "made"

    def done(self, seeds: Sequence[int], total: int | None, block: int) -> int:
        """Return how many replications of some seeds are finished."""
        runs = [self._runs[seed] for seed in seeds if seed in self._runs]
        if total is None:
            return sum(placed.cell.count for run in runs for placed in self._contents.cells(run))
        return sum(self._contents.covered(run, total, block, whole=self._whole) for run in runs)

    def times(self) -> Iterator[tuple[float, int]]:
        """Yield the seconds and replications of every finished cell."""
        for run in self._runs.values():
            for placed in self._contents.cells(run):
                yield placed.cell.wall_time_s, placed.cell.count


class _Past:
    """How long plans and replications have taken so far."""

    def __init__(self, known: list[_Known]) -> None:
        self.known = known
        self._cells, self._plans = Rates(), Rates()
        for each in known:
            for seconds, count in each.times():
                self._cells.add(seconds, count, each.plan.key, each.plan.scenario_key)
            if each.wall_time_s is not None:
                self._plans.add(each.wall_time_s, 1, each.plan.strategy)

    def remaining_s(self, known: _Known, replications: int | None) -> float | None:
        """Return how long a plan and so many replications of it may take."""
        plan = known.plan
        plan_s = self._plans.seconds(1, plan.strategy) if known.state == "missing" else 0.0
        if replications is None or plan_s is None:
            return None
        if not replications:
            return plan_s
        cells_s = self._cells.seconds(replications, plan.key, plan.scenario_key)
        return None if cells_s is None else plan_s + cells_s
