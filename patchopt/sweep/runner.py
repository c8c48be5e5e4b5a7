"""Run a sweep: plans first, then blocks of replications, in one joblib pool.

The only user of joblib. Tasks are pure functions of their input and results are
written in the order of the cells, so the dataset is the same on any number of workers.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import joblib

from patchopt.files.dataset import DatasetWriter
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan
from patchopt.simulator import Simulator
from patchopt.sweep import rows
from patchopt.sweep.cells import Block, PlanTask, blocks, plan_tasks
from patchopt.sweep.config import SweepConfig
from patchopt.sweep.provenance import provenance
from patchopt.sweep.work import Planned, Simulated, make_plan, run_block

#: Told of a stage, of what is done and of all that is to do.
Watcher = Callable[[str, int, int], None]

#: Where a sweep goes if nobody says.
DEFAULT_OUT: Final = "sweep-results"

#: Blocks that each worker may be ahead of what is written: bounds memory, and what an
#: interruption loses.
_ROUNDS: Final = 32


@dataclass(frozen=True)
class SweepResult:
    """What a sweep has left behind.

    Parameters
    ----------
    out : Path
        Folder of the dataset.
    rows : int
        Replications written.
    plans : int
        Plans made.
    failures : dict of str to str
        Scenario and strategy of each failed plan or cell, and its error.
    complete : bool
        False if the sweep was interrupted; what was finished is in the dataset.
    """

    out: Path
    rows: int
    plans: int
    failures: dict[str, str] = field(default_factory=dict)
    complete: bool = True


def run_sweep(config: SweepConfig, *, watch: Watcher | None = None) -> SweepResult:
    """Run a sweep and write its dataset.

    Parameters
    ----------
    config : SweepConfig
        The study.
    watch : callable, optional
        Told of the progress.

    Returns
    -------
    SweepResult

    Raises
    ------
    PatchoptError
        Before anything is run or written, for a scenario, strategy or output that cannot
        be used. What fails later is a row of the dataset.
    """
    tasks = plan_tasks(config)
    out = Path(config.sweep.out or DEFAULT_OUT)
    metadata = provenance(config)
    with DatasetWriter(out, metadata, force=config.sweep.force) as writer:
        return _Run(config, tasks, writer, watch or _nobody).run(out)


def _nobody(stage: str, done: int, total: int) -> None:
    pass


class _Run:
    def __init__(
        self, config: SweepConfig, tasks: list[PlanTask], writer: DatasetWriter, watch: Watcher
    ) -> None:
        self.config = config
        self.tasks = tasks
        self.writer = writer
        self.watch = watch
        self.planned: dict[int, Planned] = {}
        self.failures: dict[str, str] = {}
        self.rows = 0
        self.plans_written = False

    def run(self, out: Path) -> SweepResult:
        complete = True
        with warnings.catch_warnings():
            # On Ctrl-C joblib counts the results that nobody waits for any more.
            warnings.filterwarnings("ignore", r"\d+ tasks (have been|which were)", UserWarning)
            try:
                self._warm_up()
                self._plan()
                self._write_plans()
                self._simulate()
            except KeyboardInterrupt:
                complete = False
                self._write_plans()
        self.writer.close(complete=complete)
        return SweepResult(out, self.rows, len(self.planned), self.failures, complete)

    def _warm_up(self) -> None:
        """Compile the event loop here, once, before every worker does."""
        infrastructure = Infrastructure.build(rows.scenario_of(self.tasks[0]))
        empty = Plan.model_validate(
            {
                "scenario": {
                    "name": infrastructure.scenario.name,
                    "sha256": infrastructure.sha256,
                },
                "strategy": {"name": "none"},
                "steps": (),
            }
        )
        Simulator(infrastructure, empty).run(0)

    def _plan(self) -> None:
        pool = joblib.Parallel(self.config.parallel.n_jobs, return_as="generator_unordered")
        # Searches last longest, so they go first.
        order = sorted(self.tasks, key=lambda task: (task.strategy != "optimal", task.number))
        self.watch("plans", 0, len(order))
        for done, planned in enumerate(pool(joblib.delayed(make_plan)(task) for task in order), 1):
            self.planned[planned.number] = planned
            if planned.error is not None:
                self._fail(planned.number, planned.error)
            self.watch("plans", done, len(order))

    def _write_plans(self) -> None:
        """Write the plans that are made, in the order of their numbers, once."""
        made = [task for task in self.tasks if task.number in self.planned]
        for task in [] if self.plans_written else made:
            planned = self.planned[task.number]
            self.writer.write_plans([rows.plan_row(task, planned)])
            self.writer.write_events(rows.event_rows(task, planned))
            self.writer.write_timings(
                [rows.timing_row(task.number, "plan", 1, planned.wall_time_s)]
            )
        self.plans_written = True

    def _simulate(self) -> None:
        cells = [(task, block) for task in self.tasks for block in blocks(self.config)]
        made = [cell for cell in cells if self.planned[cell[0].number].error is None]
        self.watch("replications", 0, len(cells))
        results = self._run_blocks(made)
        done = 0
        for task in self.tasks:
            error = self.planned[task.number].error
            if error is not None:
                self.writer.write_runs(rows.failed_table(task, error))
                done += len(blocks(self.config))
                self.watch("replications", done, len(cells))
                continue
            for simulated in _take(results, len(blocks(self.config))):
                self._write(task, simulated)
                done += 1
                self.watch("replications", done, len(cells))

    def _run_blocks(self, made: list[tuple[PlanTask, Block]]) -> Iterator[Simulated]:
        """Run blocks in their order, some rounds of all workers ahead of what is written."""
        workers = self.config.parallel.n_jobs
        ahead = _ROUNDS * joblib.effective_n_jobs(workers)
        with joblib.Parallel(workers, return_as="generator") as pool:
            for first in range(0, len(made), ahead):
                yield from pool(
                    joblib.delayed(run_block)(task, self.planned[task.number].plan_json, block)
                    for task, block in made[first : first + ahead]
                )

    def _write(self, task: PlanTask, simulated: Simulated) -> None:
        if simulated.error is not None:
            self._fail(task.number, simulated.error)
            self.writer.write_runs(rows.failed_table(task, simulated.error))
            return
        self.writer.write_runs(rows.block_table(task, simulated))
        self.rows += simulated.block.count
        self.writer.write_timings(
            [rows.timing_row(task.number, "simulate", simulated.block.count, simulated.wall_time_s)]
        )

    def _fail(self, number: int, error: str) -> None:
        task = self.tasks[number]
        self.failures[f"{task.scenario_name} / {task.label}"] = error


def _take(results: Iterable[Simulated], count: int) -> Iterator[Simulated]:
    iterator = iter(results)
    for _ in range(count):
        yield next(iterator)
