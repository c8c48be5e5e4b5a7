"""Run a sweep: plans first, then cells of replications, and what is finished already never again.

Workers keep what they have found as files of the dataset's store; the dataset's own files are
written from it when all is there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from patchopt.files.store.compacting import compact
from patchopt.files.store.store import Store
from patchopt.model.scenario import Scenario
from patchopt.sweeps.aiming import until_precise
from patchopt.sweeps.cells import PlanTask, plan_tasks
from patchopt.sweeps.config import SweepConfig
from patchopt.sweeps.forecasting import Forecast, forecast
from patchopt.sweeps.pools import pool_of
from patchopt.sweeps.selecting import Selection
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
        Replications that are finished, those of earlier runs included.
    plans : int
        Plans that are made.
    failures : dict of str to str
        Scenario and strategy of each failed plan or cell, and its error.
    complete : bool
        Whether all of the study is finished, and the dataset's files are written.
    interrupted : bool
        Whether it was interrupted; the same sweep goes on where this one ended.
    imprecise : tuple of str
        Scenario and strategy of the plans that the cap on replications came too early for.
    warnings : tuple of str
        What is worth knowing of the scenarios, each line once.
    forecast : tuple of Forecast
        Of a dry run, which does nothing: what there is to do.
    """

    out: Path
    rows: int
    plans: int
    failures: dict[str, str] = field(default_factory=dict)
    complete: bool = True
    interrupted: bool = False
    imprecise: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    forecast: tuple[Forecast, ...] = ()


def run_sweep(
    config: SweepConfig,
    *,
    scenarios: Sequence[Scenario] | None = None,
    watch: Watcher | None = None,
    tell: Callable[[str], None] | None = None,
) -> SweepResult:
    """Run a sweep and write its dataset; what an earlier run has finished is not run again.

    Parameters
    ----------
    config : SweepConfig
        The study.
    scenarios : sequence of Scenario, optional
        As they are to be swept, in place of those that the configuration names.
    watch : callable, optional
        Told of the progress.
    tell : callable, optional
        Told of what holds it up: another sweep that is writing to the same place.

    Returns
    -------
    SweepResult

    Raises
    ------
    PatchoptError
        Before anything is run or written, for a scenario, strategy or output that cannot
        be used; later if something cannot be written, with all that is finished kept. What
        fails otherwise is a row of the dataset.
    """
    tasks = plan_tasks(config, scenarios)
    advice = _advice(tasks)
    sweep = config.sweep
    out = Path(sweep.out or DEFAULT_OUT)
    study = study_of(config, tasks)
    selection = Selection(sweep.only, tasks, together=sweep.replications == "auto")
    if sweep.dry_run:
        rows = forecast(out, study, tasks, selection, config.simulator.block)
        made = sum(row.plan == "made" for row in rows)
        done = sum(row.done for row in rows)
        return SweepResult(out, done, made, complete=False, warnings=advice, forecast=rows)
    with (
        Store(
            out, study, force=sweep.force, retry=sweep.retry, wait_s=sweep.wait, told=tell
        ) as store,
        pool_of(config.parallel, store.paths) as pool,
    ):
        result = _run(config, Stages(config, tasks, store, pool, selection, watch or _nobody))
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
    complete = interrupted = False
    try:
        stages.begin()
        stages.make_plans()
        wanted = config.sweep.replications
        if wanted == "auto":
            imprecise = until_precise(config, stages)
        else:
            stages.finish(dict.fromkeys(stages.ready(), wanted))
        stages.make_bounds()
        complete = not config.sweep.only if wanted == "auto" else stages.complete()
        if complete:
            compact(stages.store)
    except KeyboardInterrupt:
        complete, interrupted = False, True
    rows, failures = stages.found()
    plans = len({plan.key for plan in stages.store.study.plans} & stages.store.contents.plans)
    out = stages.store.paths.folder
    return SweepResult(out, rows, plans, failures, complete, interrupted, imprecise)
