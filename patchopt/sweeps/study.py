"""From a configuration and its plans to the study that a store is to hold."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from patchopt.files.store.keys import plan_key, scenario_key
from patchopt.files.store.study import Study, StudyBounds, StudyPlan
from patchopt.sweeps.cells import PlanTask
from patchopt.sweeps.config import SweepConfig
from patchopt.sweeps.provenance import provenance


def study_of(config: SweepConfig, tasks: Sequence[PlanTask]) -> Study:
    """Return the study of a configuration.

    Parameters
    ----------
    config : SweepConfig
        The configuration.
    tasks : sequence of PlanTask
        Its plans, by their numbers.
    """
    wanted = config.sweep.replications
    block = config.simulator.block
    dealt = min(block, wanted) if isinstance(wanted, int) else block
    bounds = None
    if config.bound.replications:
        bounds = StudyBounds(
            **config.bound.model_dump(), block=dealt if config.sweep.stratify else None
        )
    return Study(
        metadata=provenance(config),
        plans=tuple(_plan(task) for task in tasks),
        stratified=config.sweep.stratify,
        trace=config.simulator.trace,
        replications=None if wanted == "auto" else wanted,
        bounds=bounds,
    )


# Every plan of a scenario has its text, which can be long.
_scenario_key = lru_cache(maxsize=4)(scenario_key)


def _plan(task: PlanTask) -> StudyPlan:
    scenario = _scenario_key(task.scenario_json)
    return StudyPlan(
        key=plan_key(scenario, task.strategy, task.parameters),
        scenario_key=scenario,
        scenario=task.scenario_name,
        strategy=task.strategy,
        label=task.label,
        parameters=task.parameters_json,
        seeds=task.seeds,
    )
