"""Run a sweep: plans first, then blocks of replications, in one joblib pool.

The only user of joblib. Tasks are pure functions of their input and results are
written in the order of the cells, so the dataset is the same on any number of workers.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import joblib

from patchopt.files.dataset import DatasetWriter
from patchopt.model.plan import Plan
from patchopt.simulator import Simulator
from patchopt.sweeps import table_rows
from patchopt.sweeps.cells import Block, PlanTask, blocks, plan_tasks
from patchopt.sweeps.config import SweepConfig
from patchopt.sweeps.precision import Precision
from patchopt.sweeps.provenance import provenance
from patchopt.sweeps.worker import Planned, Simulated, infrastructure_of, make_plan, run_block

#: Told of a stage, of what is done and of all that is to do.
Watcher = Callable[[str, int, int], None]

#: Where a sweep goes if nobody says.
DEFAULT_OUT: Final = "sweep-results"

#: Replications, and blocks of each worker, that may be ahead of what is written: bounds memory,
#: and what an interruption loses. Workers wait for one another only after so many.
_AHEAD: Final = 1_000_000
_LEAST_ROUNDS: Final = 4

#: Replications after which precision is judged for the first time.
_FIRST: Final = 200


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
    imprecise : tuple of str
        Scenario and strategy of the plans that the cap on replications came too early for.
    warnings : tuple of str
        What is worth knowing of the scenarios, each line once.
    """

    out: Path
    rows: int
    plans: int
    failures: dict[str, str] = field(default_factory=dict)
    complete: bool = True
    imprecise: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


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
    advice = _advice(tasks)
    with DatasetWriter(out, metadata, force=config.sweep.force) as writer:
        result = _Run(config, tasks, writer, watch or _nobody).run(out)
    return replace(result, warnings=advice)


def _advice(tasks: list[PlanTask]) -> tuple[str, ...]:
    """Return the warnings about the scenarios, each of which has a plan for every strategy."""
    scenarios = {task.scenario_json: task for task in tasks}.values()
    return tuple(
        f"{task.scenario_name}: {line}"
        for task in scenarios
        for line in infrastructure_of(task.scenario_json).warnings
    )


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
        self.imprecise: list[str] = []
        self.rows = self.cells = self.cells_done = 0
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
        found = (self.failures, complete, tuple(self.imprecise))
        return SweepResult(out, self.rows, len(self.planned), *found)

    def _warm_up(self) -> None:
        """Compile the event loop here, once, before every worker does."""
        infrastructure = infrastructure_of(self.tasks[0].scenario_json)
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
            self.writer.write_plans([table_rows.plan_row(task, planned)])
            self.writer.write_events(table_rows.event_rows(task, planned))
            self.writer.write_timings(
                [table_rows.timing_row(task.number, "plan", 1, planned.wall_time_s)]
            )
        self.plans_written = True

    def _simulate(self) -> None:
        for task in self.tasks:
            error = self.planned[task.number].error
            if error is not None:
                self.writer.write_runs(table_rows.failed_table(task, error))
        made = [task for task in self.tasks if self.planned[task.number].error is None]
        wanted = self.config.sweep.replications
        if wanted == "auto":
            self._simulate_until_precise(made)
        else:
            cells = [(task, block) for task in made for block in blocks(self.config, task, wanted)]
            for _ in self._run_cells(cells):
                pass

    def _simulate_until_precise(self, made: list[PlanTask]) -> None:
        """Run rounds of blocks; the plans of a scenario go on together, so pairs stay pairs."""
        precision = self.config.sweep.precision
        found = {task.number: Precision(precision.metrics) for task in made}
        # The normal interval of a mean needs some replications to be trusted at all.
        target = {task.scenario_name: self._whole_blocks(task, _FIRST) for task in made}
        done = dict.fromkeys(target, 0)
        while target:
            cells = [
                (task, block)
                for task in made
                if task.scenario_name in target
                for block in blocks(
                    self.config, task, target[task.scenario_name], done[task.scenario_name]
                )
            ]
            broken: set[int] = set()
            for simulated in self._run_cells(cells):
                if simulated.outcome is None:
                    broken.add(simulated.number)
                else:
                    found[simulated.number].add(simulated.outcome)
            made = [task for task in made if task.number not in broken]
            done |= target
            together = {name: [t for t in made if t.scenario_name == name] for name in target}
            aims = {name: self._aim(of, found, done[name]) for name, of in together.items()}
            target = {name: aim for name, aim in aims.items() if aim > done[name]}

    def _aim(self, tasks: list[PlanTask], found: dict[int, Precision], done: int) -> int:
        """Return how many replications of every seed the plans of a scenario are to have next."""
        share = self.config.sweep.precision.share
        needed = {task.number: found[task.number].needed(share) for task in tasks}
        short = [task for task in tasks if needed[task.number] > done * len(task.seeds)]
        if not short:
            return done
        # Not more than twice as many at once: the variance is an estimate too.
        seeds = len(tasks[0].seeds)
        aim = self._whole_blocks(tasks[0], min(max(needed.values()), 2 * done * seeds))
        if aim <= done:
            self.imprecise += [f"{task.scenario_name} / {task.label}" for task in short]
        return aim

    def _whole_blocks(self, task: PlanTask, total: int) -> int:
        """Return how many replications of every seed, in whole blocks, come to a total."""
        seeds, size = len(task.seeds), self.config.simulator.block
        of_each = -(-total // seeds)
        return min(-(-of_each // size) * size, -(-self.config.sweep.precision.cap // seeds))

    def _run_cells(self, cells: list[tuple[PlanTask, Block]]) -> Iterator[Simulated]:
        """Run blocks and write their rows, in order."""
        self.cells += len(cells)
        self.watch("replications", self.cells_done, self.cells)
        for (task, _), simulated in zip(cells, self._run_blocks(cells), strict=True):
            self._write(task, simulated)
            self.cells_done += 1
            self.watch("replications", self.cells_done, self.cells)
            yield simulated

    def _run_blocks(self, made: list[tuple[PlanTask, Block]]) -> Iterator[Simulated]:
        """Run blocks in their order, a bounded number ahead of what is written."""
        workers = self.config.parallel.n_jobs
        least = _LEAST_ROUNDS * joblib.effective_n_jobs(workers)
        ahead = max(least, _AHEAD // self.config.simulator.block)
        with joblib.Parallel(workers, return_as="generator") as pool:
            for first in range(0, len(made), ahead):
                yield from pool(
                    joblib.delayed(run_block)(task, self.planned[task.number].plan_json, block)
                    for task, block in made[first : first + ahead]
                )

    def _write(self, task: PlanTask, simulated: Simulated) -> None:
        if simulated.outcome is None:
            error = simulated.error or ""
            self._fail(task.number, error)
            self.writer.write_runs(table_rows.failed_table(task, error))
            return
        self.writer.write_runs(table_rows.block_table(task, simulated.outcome))
        self.rows += simulated.block.count
        self.writer.write_timings(
            [
                table_rows.timing_row(
                    task.number, "simulate", simulated.block.count, simulated.wall_time_s
                )
            ]
        )

    def _fail(self, number: int, error: str) -> None:
        task = self.tasks[number]
        self.failures[f"{task.scenario_name} / {task.label}"] = error
