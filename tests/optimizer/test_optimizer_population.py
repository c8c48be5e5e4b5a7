"""The population of annealings: better than its lists, the same on any number of threads."""

from __future__ import annotations

from concurrent.futures import wait
from typing import Any

import pytest
from hypothesis import given, settings

from patchopt.files import load_scenario
from patchopt.model.build import build_infrastructure
from patchopt.model.items import items_of
from patchopt.optimizer import OptimizerParameters, optimize
from patchopt.optimizer.decoder import Decoder
from patchopt.optimizer.engine import Engine, compiled, uncompiled
from patchopt.optimizer.list_scheduling import list_schedule
from patchopt.optimizer.problem import Problem, problem_of
from patchopt.optimizer.progress import Progress, Tracker
from patchopt.optimizer.search.annealer import Annealer, Coded
from patchopt.optimizer.search.effort import Effort, Until
from patchopt.optimizer.search.population import Population
from patchopt.optimizer.search_and_prove import first_lists
from support.contract import infrastructure_of, nominal
from support.enumerate import optimum
from support.examples import small
from support.generate import scenarios
from support.lists import problem_from


def searched(
    problem: Problem,
    moves: int,
    *,
    seed: int = 0,
    threads: int = 1,
    bound_milli: int = 0,
    engine: Engine | None = None,
) -> Coded:
    decoder = Decoder(problem, engine or uncompiled())
    begins = first_lists(decoder)
    tracker = Tracker(begins[0].objective_milli, bound_milli)
    effort = Effort(seconds=moves, rate=1, by_clock=False)
    population = Population(decoder, begins, seed, effort, tracker)
    assert not population.search(threads)
    best = population.best
    assert decoder.value(best.order, best.wanted) == best.objective_milli
    assert tracker.objective_milli == best.objective_milli
    return best


def shop() -> Problem:
    infrastructure = build_infrastructure(load_scenario("online_boutique"))
    return problem_of(infrastructure, items_of(infrastructure))


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
    made = problem_from(scenario)
    assert list_schedule(made).objective_milli == 47_000
    assert searched(made, 50).objective_milli == 43_000


def test_it_chooses_modes() -> None:
    # One slot, and b can only be built: a is done in place at the same time, though it might be
    # built too: 2 x 2000 + 2 x 1000.
    scenario = small({"a": {"criticality": 2}, "b": {"service": "s"}}, min_up={"s": 1}, surge=1)
    problem = problem_from(scenario)
    found = searched(problem, 50)
    assert found.objective_milli == list_schedule(problem).objective_milli == 6000


def test_equal_seeds_give_equal_lists_on_any_number_of_threads() -> None:
    problem = shop()
    found = [searched(problem, 2000, seed=3, threads=threads) for threads in (1, 2, 2)]
    for other in found[1:]:
        assert other.order.tolist() == found[0].order.tolist()
        assert other.wanted.tolist() == found[0].wanted.tolist()
    assert found[0].objective_milli < list_schedule(problem).objective_milli


@pytest.mark.slow
def test_compiled_and_plain_code_find_the_same() -> None:
    problem = shop()
    plain, quick = (searched(problem, 2000, engine=each) for each in (uncompiled(), compiled()))
    assert plain.order.tolist() == quick.order.tolist()
    assert plain.wanted.tolist() == quick.wanted.tolist()


def test_it_stops_at_a_proven_bound() -> None:
    problem = shop()
    begin = first_lists(Decoder(problem))[0]
    best = searched(problem, 10**12, bound_milli=begin.objective_milli)
    assert best.order.tolist() == begin.order.tolist()


@pytest.mark.slow
@settings(max_examples=200)
@given(scenarios(max_units=4, probabilities=False))
def test_it_lies_between_the_optimum_and_its_start(scenario: dict[str, Any]) -> None:
    problem = problem_from(scenario)
    if problem.tasks:
        first = first_lists(Decoder(problem))[0].objective_milli
        found = searched(problem, 30).objective_milli
        assert optimum(scenario, "downtime") <= found <= first


@pytest.mark.parametrize("deterministic", [False, True])
def test_what_it_has_found_is_kept_when_it_is_interrupted(
    monkeypatch: pytest.MonkeyPatch, deterministic: bool
) -> None:
    seen: list[Progress] = []

    def interrupted(works: Any, _: float) -> Any:
        if seen[-1].objective_milli == seen[0].objective_milli:
            return wait(works, 0.001)
        raise KeyboardInterrupt

    monkeypatch.setattr("patchopt.optimizer.beside.wait", interrupted)
    infrastructure = build_infrastructure(load_scenario("online_boutique"))
    parameters = OptimizerParameters(time_limit=600, workers=1, deterministic=deterministic)
    solution = optimize(infrastructure, parameters, watch=seen.append)
    assert solution.interrupted
    found = solution.certificate
    assert found.status == "feasible"
    assert found.objective == nominal(infrastructure, solution.plan).exact("exposure")
    assert found.objective == seen[-1].objective_milli < seen[0].objective_milli
    assert found.bound is not None
    assert 0 < found.bound < found.objective


def test_what_fails_in_a_thread_is_raised_and_ends_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go_on = Annealer.go_on

    def failing(self: Annealer, moves: int, temperature: float) -> None:
        go_on(self, moves, temperature)
        raise RuntimeError("as it happens")

    monkeypatch.setattr(Annealer, "go_on", failing)
    with pytest.raises(RuntimeError, match="as it happens"):
        searched(shop(), 1000, threads=2)


def test_a_gap_that_is_good_enough_ends_it() -> None:
    # 10 % of 1,000 above the bound of 900 is good enough, 1,001 is not.
    tracker = Tracker(1001, 900, gap=0.1)
    assert (tracker.enough_milli, tracker.met) == (1000, False)
    tracker.objective(1000)
    assert tracker.met


def test_a_bound_is_never_beyond_the_objective() -> None:
    seen: list[Progress] = []
    tracker = Tracker(100, 50, watch=seen.append)
    tracker.bound(170)
    tracker.objective(110)
    assert [(each.objective_milli, each.bound_milli) for each in seen] == [(100, 50), (100, 100)]


def test_infrastructures_without_anything_to_do_are_optimal() -> None:
    infrastructure = infrastructure_of(small({"a": {"patch": None}}))
    found = optimize(infrastructure, OptimizerParameters(workers=1)).certificate
    assert (found.status, found.objective, found.bound) == ("optimal", 0, 0)


def test_the_gap_is_taken_apart_exactly() -> None:
    infrastructure = build_infrastructure(load_scenario("cloud_foundry"))
    limits = OptimizerParameters(time_limit=1, deterministic=True)
    solution = optimize(infrastructure, limits)
    lost, priced = solution.decomposition, solution.priced
    assert lost is not None
    assert priced is not None
    assert lost.total_milli == solution.schedule.objective_milli - priced.value_milli
    assert min(lost.tasks_milli) == 0
    assert max(lost.rows_milli.values()) > 0


def test_by_the_clock_it_is_asked_more_often_where_moves_take_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_s = [0.0]
    monkeypatch.setattr("patchopt.optimizer.search.effort.time.monotonic", lambda: now_s[0])
    span = Until(100.0, moves_per_second=5000)
    assert span.moves == 100  # 50 looks a second
    now_s[0] = 0.2  # ten times as long as that
    span.spend(100)
    assert span.moves == 10
    now_s[0] = 30.0
    span.spend(10)
    assert span.moves == 1
    assert span.share() == pytest.approx(0.3)
    # A pause of the machine is forgotten, and nobody asks more seldom than at first.
    for _ in range(3):
        now_s[0] += span.moves / 100_000
        span.spend(span.moves)
    assert span.moves == 100
