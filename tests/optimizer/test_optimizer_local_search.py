"""Local search: never worse than its start, the same for the same seed, kept when interrupted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from patchopt.files import load_scenario
from patchopt.model.build import build_infrastructure
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.items import items_of
from patchopt.optimizer import OptimizerParameters, optimize
from patchopt.optimizer.list_scheduling import list_schedule
from patchopt.optimizer.local_search import LocalSearch
from patchopt.optimizer.problem import Problem, problem_of
from support.contract import infrastructure_of, nominal
from support.enumerate import optimum
from support.examples import small
from support.generate import scenarios


def problem(infrastructure: Infrastructure) -> Problem:
    return problem_of(infrastructure, items_of(infrastructure))


def searched(given_problem: Problem, trials: int, seed: int = 0) -> int:
    search = LocalSearch(given_problem, list_schedule(given_problem), seed)
    search.run(trials, 0)
    return search.best.objective_milli


def test_it_finds_what_list_scheduling_misses() -> None:
    # As worked out for the optimum: by W / L 47000, the long task beside the first short one 43000.
    fixed: dict[str, Any] = {"blue_green": False}
    scenario = small(
        {
            "a": fixed | {"criticality": 3},
            "b": fixed | {"criticality": 3},
            "c": fixed | {"criticality": 5, "patch_with": {"duration": 5}},
        },
        max_parallel=2,
    )
    made = problem(infrastructure_of(scenario))
    assert list_schedule(made).objective_milli == 47_000
    assert searched(made, 50) == 43_000


def test_it_chooses_modes() -> None:
    # One slot. Where both modes commit at once a is built, and b, which can only be built, waits
    # for its slot: 2 x 2000 + 4 x 1000. With a in place: 2 x 2000 + 2 x 1000.
    scenario = small({"a": {"criticality": 2}, "b": {"service": "s"}}, min_up={"s": 1}, surge=1)
    made = problem(infrastructure_of(scenario))
    assert list_schedule(made).objective_milli == 8000
    assert searched(made, 50) == 6000


def test_the_same_seed_gives_the_same_schedule() -> None:
    shop = problem(build_infrastructure(load_scenario("online_boutique")))
    first, again = (LocalSearch(shop, list_schedule(shop), 3) for _ in range(2))
    first.run(200, 0)
    again.run(200, 0)
    assert first.best.placements == again.best.placements
    assert first.best.objective_milli < list_schedule(shop).objective_milli


def test_it_stops_at_a_proven_bound() -> None:
    shop = problem(build_infrastructure(load_scenario("online_boutique")))
    start = list_schedule(shop)
    search = LocalSearch(shop, start, 0)
    search.run(200, start.objective_milli)
    assert search.best is start


@pytest.mark.slow
@settings(max_examples=200)
@given(scenarios(max_units=4, probabilities=False))
def test_it_lies_between_the_optimum_and_its_start(scenario: dict[str, Any]) -> None:
    made = problem(infrastructure_of(scenario))
    assert (
        optimum(scenario, "downtime") <= searched(made, 30) <= list_schedule(made).objective_milli
    )


def test_what_it_has_found_is_kept_when_it_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    trials = 0
    change = LocalSearch._change

    def interrupted(self: LocalSearch, code: Any) -> Any:
        nonlocal trials
        trials += 1
        if trials > 150:
            raise KeyboardInterrupt
        return change(self, code)

    monkeypatch.setattr(LocalSearch, "_change", interrupted)
    shop = build_infrastructure(load_scenario("online_boutique"))
    solution = optimize(shop, OptimizerParameters(time_limit=60, workers=1))
    assert solution.interrupted
    found = solution.certificate
    assert found.status == "feasible"
    assert found.objective == nominal(shop, solution.plan).exact("exposure")
    assert found.objective < list_schedule(problem(shop)).objective_milli
    assert found.bound is not None
    assert 0 < found.bound < found.objective
