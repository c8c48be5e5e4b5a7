"""The stages of a sweep: plans that are not made yet, cells that are not finished yet, bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from patchopt.files.store.contents import Placed
from patchopt.files.store.store import Store
from patchopt.files.store.study import StudyPlan
from patchopt.model.plan import Plan
from patchopt.simulator import Simulator
from patchopt.simulator.loop.compile import is_little, work_of
from patchopt.sweeps.batching import Batches
from patchopt.sweeps.bounding import Bounding
from patchopt.sweeps.cells import PlanTask
from patchopt.sweeps.config import SweepConfig
from patchopt.sweeps.pool import Pool
from patchopt.sweeps.remote_pool import RemotePool
from patchopt.sweeps.selecting import Selection
from patchopt.sweeps.work import CellWork, Job, PlanWork
from patchopt.sweeps.worker import build

#: Told of a stage, of what is done and of all that is to do.
Watcher = Callable[[str, int, int], None]


class Ready(NamedTuple):
    """A plan that can be run: its number, and the key of its replications of every seed."""

    number: int
    runs: tuple[tuple[int, str], ...]


class Stages:
    """What a sweep does, stage by stage, into an open store.

    Parameters
    ----------
    config : SweepConfig
        The study.
    tasks : list of PlanTask
        Its plans, as many as the store's study has, in the same order.
    store : Store
        Where everything goes.
    pool : Pool or RemotePool
        Who does it.
    selection : Selection
        Which plans and seeds are to be finished this time.
    watch : callable
        Told of the progress.
    """

    def __init__(
        self,
        config: SweepConfig,
        tasks: list[PlanTask],
        store: Store,
        pool: Pool | RemotePool,
        selection: Selection,
        watch: Watcher,
    ) -> None:
        self.tasks = tasks
        self.store = store
        self._block = config.simulator.block
        self._selection = selection
        self._watch = watch
        self._pool = pool
        self._plans = store.study.plans
        self._whole = store.study.stratified
        self._warm = False
        self._bounding = Bounding(store, tasks, selection)

    def begin(self) -> None:
        """Write down what the study is."""
        pairs = zip(self.tasks, self._plans, strict=True)
        self.store.begin({plan.scenario_key: task.scenario_json for task, plan in pairs})

    def make_plans(self) -> None:
        """Make the plans that are not there; searches last longest, so they go first."""
        work = {
            plan.key: self._plan_work(task, plan)
            for task, plan in zip(self.tasks, self._plans, strict=True)
            if self._selection.has(task)
        }
        left = [plan for plan in work.values() if plan is not None]
        left.sort(key=lambda plan: plan.strategy not in ("optimal", "expected"))
        done = len(work) - len(left)
        self._watch("plans", done, len(work))
        numbers = {plan.key: number for number, plan in enumerate(self._plans)}
        searching = any(plan.strategy == "expected" for plan in left)
        if searching or not self._is_little((numbers[plan.key], 1) for plan in left):
            self._warm_up()
        for records in self._pool.run([Job(plan=plan) for plan in left]):
            for record in records:
                self.store.note(record)
            done += 1
            self._watch("plans", done, len(work))

    def _is_little(self, left: Iterable[tuple[int, int]]) -> bool:
        """Tell whether numbers of plans and their replications need no compiled loop."""
        work = 0.0
        for number, replications in left:
            work += work_of(build(self.tasks[number].scenario_json), replications)
            if not is_little(work):
                return False
        return True

    def _warm_up(self) -> None:
        """Compile the event loop here, once, before every worker on this machine does."""
        if self._warm or not isinstance(self._pool, Pool) or self._pool.workers == 1:
            return
        self._warm = True
        infrastructure = build(self.tasks[0].scenario_json)
        empty = Plan.model_validate(
            {
                "scenario": {"name": infrastructure.scenario.name, "sha256": infrastructure.sha256},
                "strategy": {"name": "none"},
                "steps": (),
            }
        )
        with self._pool.starting():
            Simulator(infrastructure, empty).run(0)

    def _plan_work(self, task: PlanTask, plan: StudyPlan) -> PlanWork | None:
        """Return what is to be done for a plan, if anything is."""
        made = self.store.contents.made(plan)
        seed = plan.seeds[0]
        traced = not self.store.study.trace or (plan.key, seed) in self.store.contents.traces
        if made is not None and (traced or made.error is not None):
            return None
        return PlanWork(
            key=plan.key,
            scenario=plan.scenario_key,
            strategy=plan.strategy,
            parameters=task.parameters,
            trace=None if traced else seed,
            made=made is not None,
        )

    def ready(self) -> list[Ready]:
        """Return the chosen plans that are there to be run, by their numbers."""
        return [
            plan._replace(runs=tuple(run for run in plan.runs if self._selection.has_seed(run[0])))
            for plan in self._all_ready()
            if self._selection.has(self.tasks[plan.number])
        ]

    def _all_ready(self) -> list[Ready]:
        contents = self.store.contents
        every = (
            contents.runs_of(plan, contents.made(plan), stratified=self._whole)
            for plan in self._plans
        )
        return [Ready(number, tuple(runs)) for number, runs in enumerate(every) if runs]

    def complete(self) -> bool:
        """Tell whether every plan of the study is made, and every bound and replication there."""
        total = self.store.study.replications
        if not self._bounding.complete():
            return False
        return all(plan.key in self.store.contents.plans for plan in self._plans) and all(
            self._covered(run, total) == total
            for plan in self._all_ready()
            for _, run in plan.runs
            if total is not None
        )

    def _covered(self, run: str, total: int) -> int:
        return self.store.contents.covered(run, total, self._block, whole=self._whole)

    def finish(self, totals: Mapping[Ready, int]) -> None:
        """Run what is missing of the first replications of every seed.

        Parameters
        ----------
        totals : mapping of Ready to int
            Of each plan, how many of every seed.
        """
        # Two names for one plan are one run.
        runs = {run: (ready, seed) for ready in totals for seed, run in ready.runs}
        every = sum(totals[ready] for ready, _ in runs.values())
        left = {
            run: totals[ready] - self._covered(run, totals[ready])
            for run, (ready, _) in runs.items()
        }
        done = every - sum(left.values())
        plain = self._is_little(
            (ready.number, left[run]) for run, (ready, _) in runs.items() if left[run]
        )
        cells = (
            cell
            for run, (ready, seed) in runs.items()
            for cell in self._missing(ready, seed, run, totals[ready], plain=plain)
        )
        self._watch("replications", done, every)
        batches = Batches(cells, every - done, self._pool.workers)
        if not plain:
            self._warm_up()
        for records in self._pool.run(batches):
            for record in records:
                for cell in self.store.note(record):
                    batches.seen(cell)
                    done += cell.count
            self._watch("replications", done, every)

    def make_bounds(self) -> None:
        """Bound the outcomes that have no bound yet."""
        total = self._bounding.total
        if not total:
            return
        jobs: list[Job] = []
        done = 0
        for left in self._bounding.left():
            for record in left.alike:
                self.store.note(record)
            done += left.done
            jobs += left.jobs
        self._watch("bounds", done, total)
        for records in self._pool.run(jobs):
            for record in records:
                self.store.note(record)
                done += sum(len(numbers) for *_, numbers in record["found"])
            self._watch("bounds", done, total)

    def _missing(
        self, ready: Ready, seed: int, run: str, total: int, *, plain: bool
    ) -> Iterator[CellWork]:
        plan = self._plans[ready.number]
        missing = self.store.contents.missing(run, total, self._block, whole=self._whole)
        for first, count in missing:
            yield CellWork(
                run=run,
                plan=plan.key,
                scenario=plan.scenario_key,
                seed=seed,
                first=first,
                count=count,
                stratified=self._whole,
                plain=plain,
            )

    def finished(self, ready: Ready) -> list[Placed]:
        """Return the finished cells of a plan, seed by seed."""
        return [placed for _, run in ready.runs for placed in self.store.contents.cells(run)]

    def found(self) -> tuple[int, dict[str, str]]:
        """Return how many replications there are, and of what failed the name and the error."""
        rows = 0
        failures: dict[str, str] = {}
        for task, plan in zip(self.tasks, self._plans, strict=True):
            made = self.store.contents.made(plan)
            if made is not None and made.error is not None:
                failures[name_of(task)] = made.error
        for ready in self._all_ready():
            for placed in self.finished(ready):
                rows += placed.cell.rows
                if placed.cell.error is not None:
                    failures[name_of(self.tasks[ready.number])] = placed.cell.error
        return rows, failures | self._bounding.errors()


def name_of(task: PlanTask) -> str:
    """Return how a plan is called to users."""
    return f"{task.scenario_name} / {task.label}"
