"""What workers do: make a plan, run cells of its replications, and keep what came of it.

Given the name of a job and its folder, a worker reads what it needs and writes what it has
found; only the names of files go back. Errors of a plan or cell are results; errors of files
end the sweep; a worker that has no memory left ends itself, so that what it was at is tried again
by a fresh one that has the machine to itself.
"""

from __future__ import annotations

import errno
import os
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from patchopt.errors import as_line
from patchopt.files.output import unwritable
from patchopt.files.store.known_bounds import FAILED, Bound, bounds_record
from patchopt.files.store.made import MadePlan, write_trace
from patchopt.files.store.parts import Columns, PartCell, write_part
from patchopt.files.store.paths import Paths
from patchopt.guard import guard_of
from patchopt.model.build import build_infrastructure
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan
from patchopt.model.scenario import Scenario
from patchopt.simulator import Outcome, Simulator
from patchopt.simulator.loop.compile import Run, compiled, fitting, uncompiled
from patchopt.stochastic.parameters import outcome_limits
from patchopt.strategies import make_strategy
from patchopt.sweeps.work import BoundWork, CellWork, Job, PlanWork, marker

if TYPE_CHECKING:
    from patchopt.stochastic.bounding import Bounder

#: What else is said where there is no memory left: for the stack of a thread, for a library.
_NO_ROOM: Final = (
    "can't start new thread",
    "failed to map segment from shared object",
    "cannot allocate memory",
)


def perform(folder: str, name: str, parent: int | None) -> list[dict[str, Any]]:
    """Do a job; return the records that the ledger is to have of it.

    Parameters
    ----------
    folder : str
        Of the dataset.
    name : str
        Of the job.
    parent : int, optional
        The process without which there is no use in going on.

    Raises
    ------
    OutputError
        If what came of it cannot be written.
    """
    if parent is None:
        return _perform(folder, name)
    with guard_of(parent).at_work():
        try:
            return _perform(folder, name)
        except MemoryError:
            os._exit(1)


def _perform(folder: str, name: str) -> list[dict[str, Any]]:
    paths = Paths(Path(folder))
    job = Job.read(paths, name)
    try:
        if job.plan is not None:
            marker(paths, job.name).write_bytes(b"0")
            return _make_plan(paths, job.plan)
        if job.bounds is not None:
            marker(paths, job.name).write_bytes(b"0")
            return [_bound(paths, job.bounds)]
        return [_run_cells(paths, job)]
    except OSError as error:
        raise unwritable(paths.folder, error) from None


@lru_cache(maxsize=8)
def build(scenario_json: str) -> Infrastructure:
    """Build a scenario that was checked when the sweep read it, once a process."""
    return build_infrastructure(Scenario.model_validate_json(scenario_json).as_sound())


@lru_cache(maxsize=8)
def _infrastructure(paths: Paths, scenario: str) -> Infrastructure:
    return build(paths.scenario(scenario).read_text(encoding="utf-8"))


@lru_cache(maxsize=8)
def _simulator(paths: Paths, scenario: str, plan: str, loop: Run) -> Simulator:
    made = MadePlan.read(paths.plan(plan))
    return Simulator(
        _infrastructure(paths, scenario),
        Plan.model_validate_json(made.plan_json or ""),
        loop,
    )


def _make_plan(paths: Paths, work: PlanWork) -> list[dict[str, Any]]:
    """Make a plan, see how it fares without failures, and trace it with them."""
    records: list[dict[str, Any]] = []
    if not work.made:
        _planned(paths, work).write(paths.plan(work.key))
        records.append({"kind": "plan", "key": work.key})
    if work.trace is not None:
        try:
            loop = fitting(_infrastructure(paths, work.scenario), 1)
            simulator = _simulator(paths, work.scenario, work.key, loop)
            events = simulator.trace(work.trace)
        except Exception as error:  # noqa: BLE001 - there is no plan, or its cells will say why not
            _need_memory(error)
            return records
        write_trace(paths.trace(work.key, work.trace), events)
        records.append({"kind": "trace", "key": work.key, "seed": work.trace})
    return records


def _need_memory(error: Exception) -> None:
    """Let an error that is none of a plan or cell, but want of memory, be seen as such.

    Raises
    ------
    MemoryError
        If it is one, by whatever name.
    """
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, MemoryError) or getattr(link, "errno", None) == errno.ENOMEM:
            raise MemoryError from error
        if any(words in str(link) for words in _NO_ROOM):
            raise MemoryError from error
        link = link.__cause__ or link.__context__


def _planned(paths: Paths, work: PlanWork) -> MadePlan:
    begun = time.perf_counter()
    try:
        infrastructure = _infrastructure(paths, work.scenario)
        plan = make_strategy(work.strategy, work.parameters).plan(infrastructure)
        calm = infrastructure.without_failures()
        nominal = Simulator(calm, plan, fitting(calm, 1)).run(0)
    except Exception as error:  # noqa: BLE001 - a failed plan is a row, never the end of a sweep
        _need_memory(error)
        return MadePlan(error=as_line(error), wall_time_s=time.perf_counter() - begun)
    return MadePlan(
        plan_json=plan.model_dump_json(),
        exposure_milli=nominal.exact("exposure"),
        completion_time_s=nominal.exact("completion_time"),
        wall_time_s=time.perf_counter() - begun,
    )


@lru_cache(maxsize=4)
def _bounder(paths: Paths, scenario: str, time_limit: float) -> Bounder:
    from patchopt.stochastic.bounding import Bounder  # takes its time to load

    return Bounder(_infrastructure(paths, scenario), outcome_limits(time_limit))


def _bound(paths: Paths, work: BoundWork) -> dict[str, Any]:
    """Bound outcomes; each fails by itself."""
    found: list[tuple[Bound, tuple[int, ...]]] = []
    error = None
    for numbers, defects in zip(work.outcomes, work.defects, strict=True):
        bound = FAILED
        try:
            bounder = _bounder(paths, work.scenario, work.time_limit)
            solved = bounder.solve(work.seed, numbers[0], defects)
            bound = Bound(solved.bound_milli, solved.incumbent_milli)
        except Exception as failed:  # noqa: BLE001 - what fails is told, never the end of a sweep
            _need_memory(failed)
            error = as_line(failed)
        found.append((bound, numbers))
    return bounds_record(work.key, work.seed, found, error)


def _run_cells(paths: Paths, job: Job) -> dict[str, Any]:
    """Run cells one after another and keep them as one part."""
    cells: list[PartCell] = []
    blocks: list[Columns] = []
    with marker(paths, job.name).open("wb", buffering=0) as at:
        for number, work in enumerate(job.cells):
            # Should this process die, the sweep knows of what.
            at.seek(0)
            at.write(b"%d" % number)
            cell, outcome = _run_cell(paths, work)
            cells.append(cell)
            if outcome is not None:
                blocks.append(_columns(outcome))
    name = f"{job.name}.arrow"
    write_part(paths.parts / name, cells, blocks)
    return {"kind": "part", "name": name}


def _run_cell(paths: Paths, work: CellWork) -> tuple[PartCell, Outcome | None]:
    begun = time.perf_counter()
    outcome = error = None
    try:
        loop = uncompiled() if work.plain else compiled()
        simulator = _simulator(paths, work.scenario, work.plan, loop)
        outcome = simulator.run(work.seed, work.count, first=work.first, stratified=work.stratified)
    except Exception as failed:  # noqa: BLE001 - a failed cell is a row, never the end of a sweep
        _need_memory(failed)
        error = as_line(failed)
    spent_s = time.perf_counter() - begun
    cell = PartCell(
        run=work.run, first=work.first, count=work.count, wall_time_s=spent_s, error=error
    )
    return cell, outcome


def _columns(outcome: Outcome) -> Columns:
    return {
        "stratum": np.asarray(outcome.strata, np.int64),
        "weight": outcome.weights,
        **outcome.columns,
    }
