"""From what a store holds to the rows of a dataset's tables, in the order of the study.

Nothing here depends on who finished what when, so a dataset that was interrupted, or made by any
number of workers, is the same to the byte (but for the measured times).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from patchopt.files.run_groups import GROUP_ROWS, RunBlock
from patchopt.files.store.contents import Contents, Placed
from patchopt.files.store.known_bounds import FAILED
from patchopt.files.store.made import MadePlan, read_trace
from patchopt.files.store.parts import PartCell
from patchopt.files.store.study import Study, StudyPlan
from patchopt.model.plan import Plan
from patchopt.model.quantities import from_milli

Row = dict[str, Any]


class Rows(NamedTuple):
    """A block of rows, and the cells that it is of; none for that of a failed plan."""

    block: RunBlock
    cells: tuple[PartCell, ...]


class Assembler:
    """Yields the rows of a study as far as a store has them.

    Parameters
    ----------
    study : Study
        Which plans, seeds and in which order.
    contents : Contents
        What is finished.

    Raises
    ------
    DatasetError
        While rows are taken, if a file of the store is damaged.
    """

    def __init__(self, study: Study, contents: Contents) -> None:
        self.study = study
        self._contents = contents

    def _plans(self) -> Iterator[tuple[int, StudyPlan, MadePlan]]:
        """Yield the plans that there are."""
        for number, plan in enumerate(self.study.plans):
            made = self._contents.made(plan)
            if made is not None:
                yield number, plan, made

    def _cells(self, plan: StudyPlan, made: MadePlan) -> Iterator[tuple[int, Placed]]:
        """Yield the finished cells of a plan with their seeds."""
        runs = self._contents.runs_of(plan, made, stratified=self.study.stratified)
        for seed, run in runs:
            for placed in self._contents.cells(run):
                yield seed, placed

    def plans(self) -> Iterator[Row]:
        """Yield the rows of `PLANS_SCHEMA`."""
        for number, plan, made in self._plans():
            scenario = self._contents.paths.scenario(plan.scenario_key)
            row = _names(number, plan) | {"scenario_json": scenario.read_text(encoding="utf-8")}
            yield row | _of_plan(made)

    def events(self) -> Iterator[Row]:
        """Yield the rows of `EVENTS_SCHEMA`."""
        for number, plan in enumerate(self.study.plans):
            traced = (plan.key, plan.seeds[0])
            if not self.study.trace or traced not in self._contents.traces:
                continue
            for at, event in enumerate(read_trace(self._contents.paths.trace(*traced))):
                detail = {key: value for key, value in event.items() if key not in _TOLD}
                yield {
                    "plan": number,
                    "seed": plan.seeds[0],
                    "replication": 0,
                    "number": at,
                    **{key: event[key] for key in _TOLD},
                    "detail": json.dumps(detail),
                }

    def timings(self) -> Iterator[Row]:
        """Yield the rows of `TIMINGS_SCHEMA`."""
        for number, plan, made in self._plans():
            yield _timing(number, "plan", 1, made.wall_time_s)
            for _, placed in self._cells(plan, made):
                if placed.cell.error is None:
                    yield _timing(number, "simulate", placed.cell.count, placed.cell.wall_time_s)

    def bounds(self) -> Iterator[Row]:
        """Yield the rows of `BOUNDS_SCHEMA`."""
        wanted = self.study.bounds
        if wanted is None:
            return
        for luck in self.study.lucks:
            found = self._contents.bounds.of(wanted.key(luck.scenario_key), luck.seed)
            dealt = wanted.block is not None
            for number in sorted(found) if dealt else range(wanted.replications):
                bound, incumbent = found.get(number, FAILED)
                if bound is not None and incumbent is not None:
                    yield {
                        "scenario": luck.scenario,
                        "seed": luck.seed,
                        "replication": number,
                        "bound": from_milli(bound),
                        "incumbent": from_milli(incumbent),
                        "status": "proven" if bound == incumbent else "bound",
                    }

    def runs(self) -> Iterator[Rows]:
        """Yield blocks of replications: plan by plan, seed by seed, by their numbers."""
        for number, plan, made in self._plans():
            names = _names(number, plan)
            del names["plan"]
            if made.error is not None:
                yield Rows(RunBlock(plan=number, names=names, error=made.error), ())
            for seed, some in self._together(plan, made):
                yield Rows(self._block(number, names, seed, some), tuple(p.cell for p in some))

    def _together(self, plan: StudyPlan, made: MadePlan) -> Iterator[tuple[int, list[Placed]]]:
        """Yield cells of one seed whose rows follow upon each other in one part."""
        some: list[Placed] = []
        its_seed, rows = 0, 0
        for seed, placed in self._cells(plan, made):
            joins = some and seed == its_seed and _follows(some[-1], placed)
            if some and not (joins and rows + placed.cell.count <= GROUP_ROWS):
                yield its_seed, some
                some, rows = [], 0
            some.append(placed)
            its_seed, rows = seed, rows + placed.cell.count
        if some:
            yield its_seed, some

    def _block(self, number: int, names: Row, seed: int, some: list[Placed]) -> RunBlock:
        first = some[0].cell
        if first.error is not None:
            return RunBlock(plan=number, names=names, error=first.error)
        return RunBlock(
            plan=number,
            names=names,
            seed=seed,
            first=first.first,
            count=sum(placed.cell.count for placed in some),
            columns=self._contents.columns(some[0], len(some)),
        )


def _follows(one: Placed, other: Placed) -> bool:
    """Tell whether the rows of a cell come right after those of another one of its run."""
    return (
        one.part == other.part
        and one.at + 1 == other.at
        and one.cell.first + one.cell.count == other.cell.first
        and one.cell.error is None
        and other.cell.error is None
    )


#: Columns of the events that have fields of their own.
_TOLD: Final = ("time", "event")


def _names(number: int, plan: StudyPlan) -> Row:
    return {
        "plan": number,
        "scenario": plan.scenario,
        "strategy": plan.strategy,
        "label": plan.label,
        "parameters": plan.parameters,
    }


def _timing(number: int, kind: str, replications: int, wall_time_s: float) -> Row:
    return {
        "plan": number,
        "kind": kind,
        "replications": replications,
        "wall_time_s": wall_time_s,
    }


def _of_plan(made: MadePlan) -> Row:
    """Return what a row says of what came of a plan."""
    if made.plan_json is None or made.exposure_milli is None:
        return {"status": "failed", "error": made.error}
    plan = Plan.model_validate_json(made.plan_json)
    row: Row = {
        "plan_json": made.plan_json,
        "steps": len(plan.steps),
        "nominal_exposure": from_milli(made.exposure_milli),
        "nominal_completion_time": made.completion_time_s,
        "status": "done",
    }
    found = plan.certificate
    if found is None:
        return row
    return row | {
        "certificate_status": found.status,
        "objective": None if found.objective is None else from_milli(found.objective),
        "bound": None if found.bound is None else from_milli(found.bound),
        "gap": found.gap,
        "bound_is": found.bound_is,
        "solver_seed": found.seed,
        "solver_parameters": json.dumps(found.parameters, sort_keys=True),
    }
