"""Wait-and-see bounds solved by hand, and what they are where nothing fails."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings

from patchopt.optimizer import OptimizerParameters
from patchopt.stochastic.bounding import bounds
from patchopt.stochastic.outcomes import Failure, LatentFailure, UnitOutcome
from patchopt.stochastic.wait_and_see import Solved, WaitAndSee
from support.contract import PROOF, infrastructure_of, solve
from support.examples import small
from support.generate import scenarios

QUICK = OptimizerParameters(time_limit=1, workers=1, deterministic=True)
SURE = UnitOutcome(failures=(), duration_s=2)
NEVER = UnitOutcome(failures=(Failure(duration_s=2, rollback_s=3),), duration_s=None)


def after(*failures: Failure, duration_s: int = 2, latent: tuple[LatentFailure, ...] = ()) -> Any:
    """Return an outcome that is good in the end."""
    return UnitOutcome(failures=failures, duration_s=duration_s, latent=latent)


def solved(scenario: dict[str, Any], *outcome: UnitOutcome) -> Solved:
    """Solve an outcome; one for each unit, in the order of their first nodes."""
    solver = WaitAndSee(infrastructure_of(scenario), QUICK)
    return solver.solve(solver.hindsight(outcome))


IN_PLACE: dict[str, Any] = {"blue_green": False}
BACK = Failure(duration_s=2, rollback_s=3)
LOST = Failure(duration_s=2, rollback_s=None)


def test_attempts_follow_each_other_and_others_come_between() -> None:
    # Crew of one, weights 1000 a second in milli 1,000 each; b first: b at 2, then a fails until
    # 2 + 2 + 3 = 7 and commits at 9. The other way round b would commit at 9 and a at 7.
    nodes = {"a": IN_PLACE, "b": IN_PLACE}
    scenario = small(nodes, max_parallel=1, horizon=100)
    assert solved(scenario, after(BACK), SURE) == Solved(
        bound_milli=1000 * (9 + 2), incumbent_milli=1000 * (9 + 2)
    )
    # Nine times as heavy a is worth its failure: 7, and b at 9.
    heavy = small({"a": IN_PLACE | {"criticality": 9}, "b": IN_PLACE}, max_parallel=1, horizon=100)
    assert solved(heavy, after(BACK), SURE).bound_milli == 9000 * 7 + 1000 * 9


def test_what_never_succeeds_is_left_alone_and_holds_nothing() -> None:
    scenario = small({"a": IN_PLACE, "b": IN_PLACE}, max_parallel=1, horizon=100)
    assert solved(scenario, NEVER, SURE).bound_milli == 1000 * 100 + 1000 * 2
    # In place a failure would be for good, and a copy cannot be built.
    assert solved(scenario, after(LOST), SURE).bound_milli == 1000 * 100 + 1000 * 2
    # Built beside it can fail and be built again: 2, then 2 more.
    beside = small({"a": {"service": "s"}}, min_up={"s": 0}, max_parallel=1, horizon=100)
    assert solved(beside, after(LOST)).bound_milli == 1000 * 4


def test_who_sees_ahead_leaves_alone_what_costs_more_than_it_brings() -> None:
    # a takes 33 s of the only crew. After b it would commit at 2 + 33 = 35, behind the horizon of
    # 34, which is what it costs to leave it alone; before b it costs b 33 more than it saves.
    scenario = small({"a": IN_PLACE, "b": IN_PLACE}, max_parallel=1, horizon=34)
    own = solved(scenario, after(duration_s=33), SURE)
    assert own.incumbent_milli == 1000 * (34 + 2)
    # That somebody may leave it is known by prices only, which see each unit apart.
    assert 1000 * (33 + 2) <= own.bound_milli <= own.incumbent_milli


def test_order_holds_for_attempts_and_for_what_waits_in_vain() -> None:
    nodes = {"a": IN_PLACE, "b": IN_PLACE}
    scenario = small(nodes, edges=[("a", "b")], dependency_order="strict", horizon=100)
    # b fails until 5 and commits at 7; a starts then.
    assert solved(scenario, SURE, after(BACK)).bound_milli == 1000 * (7 + 9)
    # b never succeeds, so a never starts.
    assert solved(scenario, SURE, NEVER).bound_milli == 1000 * 200


def test_windows_are_asked_for_nominal_lengths() -> None:
    # Open for 3 s in 10. The attempt takes 2 s by plan and 5 as drawn: it may start all the same.
    windows = {"every": 10, "open": [{"start": 0, "duration": 3}]}
    scenario = small({"a": IN_PLACE, "b": IN_PLACE}, max_parallel=1, windows=windows, horizon=100)
    own = solved(scenario, after(duration_s=5), SURE)
    # b first, at 2; then a from 10 to 15. The bound reckons with a from 10 to 12.
    assert own == Solved(bound_milli=1000 * (2 + 12), incumbent_milli=1000 * (2 + 15))


def test_where_plans_go_on_after_a_stop_nothing_is_worth_more_than_until_then() -> None:
    # Crew of one; b cannot succeed before a plan goes on at 40 at the earliest.
    scenario = small({"a": IN_PLACE, "b": IN_PLACE}, max_parallel=1, horizon=100)
    assert solved(scenario, SURE, replace(NEVER, otherwise_s=40)).bound_milli == 1000 * (2 + 40)
    # Three attempts of 19 s on b would end at 2 + 57: new luck at 40 may be as good as that.
    long = after(*[Failure(duration_s=19, rollback_s=0)] * 2, duration_s=19)
    assert solved(scenario, SURE, replace(long, otherwise_s=40)).bound_milli == 1000 * (2 + 40)
    assert solved(scenario, SURE, long).bound_milli == 1000 * (2 + 59)
    # In an order a is made after b, so as late as that.
    ordered = scenario | {"edges": [{"source": "a", "target": "b", "compatibility": "compatible"}]}
    ordered["constraints"] = scenario["constraints"] | {"dependency_order": "strict"}
    assert solved(ordered, SURE, replace(NEVER, otherwise_s=40)).bound_milli == 1000 * (40 + 40)


def test_a_latent_failure_is_exposed_again_where_nothing_can_hold_it_up() -> None:
    latent = (LatentFailure(weight_milli=1000, after_s=30),)
    free = small({"a": IN_PLACE}, horizon=100)
    # Committed at 2, old again at 32 until 100: as if it had committed at 100 - 30 = 70.
    assert solved(free, after(latent=latent)).bound_milli == 1000 * 70
    # With a crew its rollback may have to wait, for as long as nobody knows.
    crew = small({"a": IN_PLACE}, horizon=100, max_parallel=1)
    assert solved(crew, after(latent=latent)).bound_milli == 1000 * 2
    # Late commits count as such: at 80 behind a rollback of 71 and an attempt of 7.
    late = after(Failure(duration_s=7, rollback_s=71), latent=latent)
    assert solved(free, late).incumbent_milli == 1000 * 80
    assert solved(free, late).bound_milli in (1000 * 70, 1000 * 80)


@settings(max_examples=25, deadline=None)
@given(scenarios(probabilities=False, max_units=4))
def test_where_nothing_fails_it_is_the_nominal_optimum(scenario: dict[str, Any]) -> None:
    scenario["constraints"] = dict(scenario.get("constraints") or {}) | {"horizon": "9d"}
    infrastructure, solution = solve(scenario, parameters=PROOF)
    found = bounds(infrastructure, 0, 3, PROOF)
    assert found.outcomes == 1
    assert solution.certificate.status == "optimal"
    assert found.bound_milli.tolist() == [solution.certificate.objective] * 3
    assert found.proven.all()


def test_bounds_are_the_same_on_any_number_of_processes() -> None:
    nodes = {name: {"patch_with": {"failure_probability": 0.5, "rollback": 3}} for name in "abcd"}
    infrastructure = infrastructure_of(small(nodes, max_parallel=1, max_retries=1, horizon=100))
    told: list[tuple[int, int]] = []
    one = bounds(infrastructure, 1, 12, QUICK, watch=lambda done, all_: told.append((done, all_)))
    two = bounds(infrastructure, 1, 12, QUICK, workers=2)
    assert one.outcomes > 8  # so that there are two
    assert told == [(done, one.outcomes) for done in range(1, one.outcomes + 1)]
    assert np.array_equal(one.bound_milli, two.bound_milli)
    assert np.array_equal(one.incumbent_milli, two.incumbent_milli)
    # Replications grow: the first six are what they were.
    assert np.array_equal(bounds(infrastructure, 1, 6, QUICK).bound_milli, one.bound_milli[:6])


def test_a_horizon_that_is_over_at_once_costs_next_to_nothing_and_never_less() -> None:
    # Two nodes of weight .1 that would take 4 s each, and an end after 1 s: who leaves them alone
    # pays 2 * .1 * 1 = .2, and prices alone would say less than nothing.
    web = {"service": "web", "blue_green": False}
    patch = {"severity": 0.1, "duration": "4s"}
    nodes = {name: web | {"patch": patch} for name in ("a", "b")}
    scenario = small(nodes, min_up={"web": 1}, horizon=1)
    found = bounds(infrastructure_of(scenario), 0, 2, QUICK)
    assert (found.bound_milli >= 0).all()
    assert (found.bound_milli <= 200).all()


@settings(max_examples=50)
@given(scenarios())
def test_no_bound_is_below_nothing(scenario: dict[str, Any]) -> None:
    short = scenario | {"constraints": {**scenario.get("constraints", {}), "horizon": "1s"}}
    found = bounds(infrastructure_of(short), 0, 2, replace(QUICK, time_limit=0.05))
    assert (found.bound_milli >= 0).all()
    assert (found.bound_milli <= found.incumbent_milli).all()
