"""The laws of MODEL 9 on generated scenarios that together use every constraint."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings

from patchopt.model.items import OnInfeasible, items_of
from patchopt.model.plan import PlanBuilder, ScenarioRef, StrategyRef
from patchopt.model.windows import WindowSet
from patchopt.optimizer import OptimizerParameters
from patchopt.optimizer.bounds import (
    active_makespan_s,
    alone_bound_milli,
    latest_commits_s,
)
from patchopt.optimizer.bounds.fluid import fluid_bound
from patchopt.optimizer.list_scheduling import list_schedule
from patchopt.optimizer.problem import Problem, problem_of
from patchopt.optimizer.scaling import in_seconds, in_units, time_unit_s
from patchopt.optimizer.search_and_prove import solve as schedule_and_bound
from patchopt.strategies import make_strategy
from support.contract import PROOF, check_harmless, infrastructure_of, nominal, solve
from support.enumerate import optimum
from support.generate import FEATURES, PROBABLE, features, scenarios
from support.searches import HEURISTICS
from support.seldom import SELDOM

#: Traced for coverage, their thousands of examples would take three times as long.
pytestmark = [pytest.mark.slow, pytest.mark.no_cover]

if TYPE_CHECKING:
    from collections.abc import Callable

    from patchopt.model.infrastructure import Infrastructure
    from patchopt.model.plan import Plan

Scenario = dict[str, Any]

HANDLINGS: tuple[OnInfeasible, ...] = ("downtime", "skip")
#: A short search: laws 1 and 2 hold for whatever incumbent and bound it ends with.
SHORT = OptimizerParameters(time_limit=0.3, workers=1, seed=0, deterministic=True)


def for_all(law: Callable[[Scenario], None], examples: int, **options: Any) -> None:
    """Check a law on generated scenarios, and that they have used every constraint."""
    used: set[str] = set()
    checked = 0

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(scenarios(**options))
    def each(scenario: Scenario) -> None:
        nonlocal checked
        law(scenario)
        used.update(features(scenario))
        checked += 1

    each()
    wanted = FEATURES if options.get("probabilities", True) else FEATURES - PROBABLE
    assert checked >= 200
    for scenario in SELDOM:
        law(scenario)
        used |= features(scenario)
    assert used == wanted


@pytest.mark.parametrize("on_infeasible", HANDLINGS)
def test_laws_1_and_2_simulation_meets_objective_and_bound(on_infeasible: OnInfeasible) -> None:
    names = [name for name in HEURISTICS if name != "big_bang"]

    def law(scenario: Scenario) -> None:
        infrastructure, solution = solve(scenario, on_infeasible, SHORT)
        # 1. The plan of the optimiser has the exposure that it says, nothing breaks, and nothing
        # waits but for a window.
        outcome = nominal(infrastructure, solution.plan)
        assert solution.plan.fully_guarded
        assert outcome.exact("exposure") == solution.certificate.objective
        waits = {event["reason"] for event in outcome.events if event["event"] == "step_wait"}
        windows = infrastructure.windows.period_s > 0
        assert waits <= ({"no window is open long enough"} if windows else set())
        check_harmless(solution.plan, outcome)
        # 2. No guarded plan of whole units has an exposure under the bound.
        bound = solution.certificate.bound
        assert bound is not None
        assert bound <= outcome.exact("exposure")
        plans = [
            make_strategy(n, {"on_infeasible": on_infeasible}).plan(infrastructure) for n in names
        ]
        plans.append(_any_guarded_plan(infrastructure, on_infeasible))
        for plan in plans:
            if plan.fully_guarded:
                outcome = nominal(infrastructure, plan)
                assert outcome.exact("aborted") or outcome.exact("exposure") >= bound, plan.strategy

    for_all(law, 350, max_patched=7)


def _any_guarded_plan(infrastructure: Infrastructure, on_infeasible: OnInfeasible) -> Plan:
    """Work on all units in any order, each in any mode, after any of the steps before."""
    luck = Random(infrastructure.sha256)  # noqa: S311 - luck, no secret
    builder = PlanBuilder()
    items = list(items_of(infrastructure, on_infeasible=on_infeasible).placed)
    luck.shuffle(items)
    for item in items:
        names = [infrastructure.nodes.ids[node] for node in item.nodes]
        after = sorted({luck.randrange(step) for step in [len(builder.steps)] * 2 if step})
        if item.blue_green and (not item.in_place or luck.random() < 0.5):
            built = builder.add("build", names, after=after, reason="any")
            builder.add("switch", names, after=[built], reason="any")
            continue
        waives = [infrastructure.services.names[service] for service in item.waives]
        builder.add("patch", names, after=after, waives=waives, reason="any")
    about = ScenarioRef(name=infrastructure.scenario.name, sha256=infrastructure.sha256)
    return builder.build(about, StrategyRef(name="any"))


@pytest.mark.parametrize("on_infeasible", HANDLINGS)
def test_law_3_the_optimum_is_the_enumerated_one(on_infeasible: OnInfeasible) -> None:
    """The bounds that need no search hold as well, and so does counting time in larger units."""

    def law(scenario: Scenario) -> None:
        best = optimum(scenario, on_infeasible)
        infrastructure, solution = solve(scenario, on_infeasible)
        certificate = solution.certificate
        assert (certificate.status, certificate.gap) == ("optimal", 0)
        assert certificate.objective == certificate.bound == best
        problem = problem_of(infrastructure, items_of(infrastructure, on_infeasible=on_infeasible))
        assert fluid_bound(problem).value_milli <= best
        assert alone_bound_milli(problem) <= best
        listed = list_schedule(problem)
        assert listed.objective_milli >= best
        assert all(listed.end_s(p) <= active_makespan_s(problem) for p in listed.placements)
        latest = latest_commits_s(problem, best)
        for placement in solution.schedule.placements:
            assert solution.schedule.commit_s(placement) <= latest[placement.task]

    for_all(law, 400, max_units=4, probabilities=False)


@pytest.mark.slow
def test_one_unit_after_another_takes_no_longer_than_the_longest_run() -> None:
    def law(scenario: Scenario) -> None:
        infrastructure = infrastructure_of(scenario)
        plan = make_strategy("rolling").plan(infrastructure)
        outcome = nominal(infrastructure, plan)
        assert outcome.exact("completion_time") <= infrastructure.longest_run_s

    for_all(law, 200, probabilities=False)


def test_time_in_larger_units_changes_nothing() -> None:
    """All times seven times as long: a unit of seven seconds, and seven times the optimum."""

    def law(scenario: Scenario) -> None:
        infrastructure = infrastructure_of(scenario)
        problem = problem_of(infrastructure, items_of(infrastructure))
        longer = _times(problem, 7)
        unit = time_unit_s(longer)
        assert unit == 7 * time_unit_s(problem)
        assert in_seconds(longer, list_schedule(in_units(longer, unit)), unit) == list_schedule(
            longer
        )
        found = [schedule_and_bound(it, PROOF).schedule.objective_milli for it in (problem, longer)]
        assert found[1] == 7 * found[0]

    for_all(law, 250, probabilities=False, max_units=4)


def _times(problem: Problem, factor: int) -> Problem:
    windows = problem.windows
    tasks = tuple(
        replace(
            task,
            length_s=task.length_s * factor,
            modes=tuple(replace(mode, commit_s=mode.commit_s * factor) for mode in task.modes),
            item=replace(task.item, length_s=task.item.length_s * factor),
        )
        for task in problem.tasks
    )
    return replace(
        problem,
        tasks=tasks,
        overhead_s=problem.overhead_s * factor,
        windows=WindowSet(
            period_s=windows.period_s * factor,
            starts_s=windows.starts_s * factor,
            lengths_s=windows.lengths_s * factor,
        ),
    )
