"""What workers do: make a plan, run a block of its replications. Pure functions of their input."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from patchopt.model.build import build_infrastructure
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan
from patchopt.model.scenario import Scenario
from patchopt.simulator import Outcome, Simulator
from patchopt.strategies import make_strategy
from patchopt.sweeps.cells import Block, PlanTask, one_line


@dataclass(frozen=True)
class Planned:
    """A plan, its nominal run and its trace; or why there is none."""

    number: int
    plan_json: str | None = None
    nominal: dict[str, int] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    error: str | None = None
    wall_time_s: float = 0.0


@dataclass(frozen=True, eq=False)
class Simulated:
    """The replications of a block; or why there are none."""

    number: int
    block: Block
    outcome: Outcome | None = None
    error: str | None = None
    wall_time_s: float = 0.0


@lru_cache(maxsize=8)
def infrastructure_of(scenario_json: str) -> Infrastructure:
    """Build a scenario, once a process: workers get text, not arrays."""
    # Checked when the sweep read it.
    return build_infrastructure(Scenario.model_validate_json(scenario_json).as_sound())


@lru_cache(maxsize=8)
def _simulator(scenario_json: str, plan_json: str) -> Simulator:
    return Simulator(infrastructure_of(scenario_json), Plan.model_validate_json(plan_json))


def make_plan(task: PlanTask) -> Planned:
    """Make a plan and see how it fares without failures; errors become part of the result."""
    begun = time.perf_counter()
    try:
        infrastructure = infrastructure_of(task.scenario_json)
        plan = make_strategy(task.strategy, task.parameters).plan(infrastructure)
        nominal = Simulator(infrastructure.without_failures(), plan).run(0)
        events = Simulator(infrastructure, plan).trace(task.seeds[0]) if task.trace else []
    except Exception as error:  # noqa: BLE001 - a failed cell is a row, never the end of a sweep
        return Planned(task.number, error=one_line(error))
    return Planned(
        task.number,
        plan.model_dump_json(),
        {name: nominal.exact(name) for name in ("exposure", "completion_time")},
        events,
        wall_time_s=time.perf_counter() - begun,
    )


def run_block(task: PlanTask, plan_json: str, block: Block) -> Simulated:
    """Run a block of replications of a plan; errors become part of the result."""
    begun = time.perf_counter()
    try:
        simulator = _simulator(task.scenario_json, plan_json)
        outcome = simulator.run(
            block.seed, block.count, first=block.first, stratified=task.stratified
        )
    except Exception as error:  # noqa: BLE001 - a failed cell is a row, never the end of a sweep
        return Simulated(task.number, block, error=one_line(error))
    return Simulated(task.number, block, outcome, wall_time_s=time.perf_counter() - begun)
