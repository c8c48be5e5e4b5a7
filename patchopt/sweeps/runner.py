"""Run a sweep: plans first, then cells of replications, and what is finished already never again.

Workers keep what they have found as files of the dataset's store; the dataset's own files are
written from it when all is there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from patchopt.files.store.compacting import compact
from patchopt.files.store.store import Store
from patchopt.model.plan import Plan
from patchopt.simulator import Simulator
from patchopt.sweeps.aiming import until_precise
from patchopt.sweeps.cells import PlanTask, plan_tasks
from patchopt.sweeps.config import SweepConfig
from patchopt.sweeps.stages import Stages, Watcher
from patchopt.sweeps.study import study_of
from patchopt.sweeps.worker import build

#: Where a sweep goes if nobody says.
DEFAULT_OUT: Final = "sweep-results"


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
    advice = _advice(tasks)
    out = Path(config.sweep.out or DEFAULT_OUT)
    with Store(out, study_of(config, tasks), force=config.sweep.force) as store:
        result = _run(config, Stages(config, tasks, store, watch or _nobody))
    return replace(result, warnings=advice)


def _advice(tasks: list[PlanTask]) -> tuple[str, ...]:
    """Return the warnings about the scenarios, each of which has a plan for every strategy."""
    scenarios = {task.scenario_json: task for task in tasks}.values()
    return tuple(
        f"{task.scenario_name}: {line}"
        for task in scenarios
        for line in build(task.scenario_json).warnings
    )


def _nobody(stage: str, done: int, total: int) -> None:
    pass


def _run(config: SweepConfig, stages: Stages) -> SweepResult:
    """Do what is not finished, and write the dataset's files once all is."""
    imprecise: tuple[str, ...] = ()
    complete = True
    try:
        stages.begin()
        _warm_up(stages.tasks[0])
        stages.make_plans()
        wanted = config.sweep.replications
        if wanted == "auto":
            imprecise = until_precise(config, stages)
        else:
            stages.finish(dict.fromkeys(stages.ready(), wanted))
        compact(stages.store)
    except KeyboardInterrupt:
        complete = False
    rows, failures = stages.found()
    plans = len({plan.key for plan in stages.store.study.plans} & stages.store.contents.plans)
    return SweepResult(stages.store.paths.folder, rows, plans, failures, complete, imprecise)


def _warm_up(task: PlanTask) -> None:
    """Compile the event loop here, once, before every worker does."""
    infrastructure = build(task.scenario_json)
    empty = Plan.model_validate(
        {
            "scenario": {"name": infrastructure.scenario.name, "sha256": infrastructure.sha256},
            "strategy": {"name": "none"},
            "steps": (),
        }
    )
    Simulator(infrastructure, empty).run(0)
