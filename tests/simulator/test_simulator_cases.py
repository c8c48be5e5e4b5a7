"""Small scenarios of whole strategies whose every value is known; the arithmetic is in comments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from patchopt.reports.trace.nominal import NominalRun, breaks
from patchopt.simulator.running import simulate
from patchopt.strategies import make_strategy
from support.contract import infrastructure_of, solve
from support.tiny import DAY, Document, assert_mean, expect

if TYPE_CHECKING:
    from patchopt.simulator.outcome import Outcome

MINUTE, HOUR = 60, 3600


def fleet(release: Document, *, count: int, min_up: int = 0, **more: Any) -> Document:
    """Return a scenario of equal instances of one service, of one release."""
    instances = {"id": "w", "replicas": count, "type": "service_instance", "service": "web"}
    return {
        "version": 1,
        "name": "fleet",
        "services": {"web": {"min_up": min_up}},
        "patches": {"os": release},
        "nodes": [instances | {"patch": "os"}],
    } | more


def follow(
    strategy: str, scenario: Document, replications: int = 1, **parameters: object
) -> Outcome:
    """Simulate the plan of a strategy."""
    infrastructure = infrastructure_of(scenario)
    plan = make_strategy(strategy, parameters).plan(infrastructure)
    return simulate(infrastructure, plan, seed=1, replications=replications)


# --- deaths without rollback count until the end of the observation ---


def dying(chance: float, min_up: int) -> Document:
    release = {"severity": 6, "duration": MINUTE, "failure_probability": chance}
    return fleet(release, count=2, min_up=min_up, constraints={"surge": 0, "horizon": DAY})


def test_two_that_must_both_serve_are_down_for_the_length_of_the_work() -> None:
    # One after the other, 60 s each, by the plan's leave.
    outcome = follow("rolling", dying(0.0, 2))
    expect(outcome, downtime=2 * 60, max_downtime=120, unplanned_downtime=0, aborted=0)


def test_a_death_leaves_its_service_short_for_the_rest_of_the_day() -> None:
    # The first dies at 60; the second never starts, for its leave to break min_up holds only
    # while the other one serves. Short from 0 on, unplanned once the step has ended at 60.
    outcome = follow("rolling", dying(1.0, 2))
    expect(outcome, downtime=DAY, max_downtime=DAY, unplanned_downtime=DAY - 60)
    expect(outcome, completion_time=60, failed_nodes=1, failures=1, aborted=1)


def test_the_more_die_the_longer_is_the_service_short() -> None:
    outcome = follow("rolling", dying(0.5, 2), replications=4_000)
    # Both live: 120 s. The first dies, or the second: short from 0 to the end either way.
    assert set(outcome.columns["downtime"].tolist()) == {120, DAY}
    assert_mean(outcome, "downtime", 0.25 * 120 + 0.75 * DAY)  # 64,830


def test_of_two_worked_on_at_once_one_must_live() -> None:
    outcome = follow("big_bang", dying(0.5, 1), replications=4_000)
    # None serves from 0 to 60; none ever after if both die.
    assert set(outcome.columns["downtime"].tolist()) == {60, DAY}
    assert_mean(outcome, "downtime", 0.75 * 60 + 0.25 * DAY)  # 21,645


# --- latent failures show when they show, whatever the plan does ---


def harmful() -> Document:
    """Four nodes of weight 10: every patch turns out bad after 20 min, and is seen 10 min later."""
    latent = {"probability": 1, "delay": {"nominal": 20 * MINUTE, "sigma": 0}}
    release = {"severity": 10, "duration": 60, "rollback": 60, "latent": latent}
    watch = {"probability": 1, "delay": {"nominal": 10 * MINUTE, "sigma": 0}}
    return fleet(release, count=4, constraints={"horizon": DAY}, environment={"detection": watch})


def test_big_bang_is_found_out_after_its_end() -> None:
    outcome = follow("big_bang", harmful())
    # T 60; IMPAIRED from 60 + 1,200 to 1,860, when the rollback starts; old again at 1,920.
    expect(outcome, completion_time=60, impaired_time=4 * 600, detections=4, rollbacks=4)
    expect(outcome, exposure=1000 * 4 * 10 * 60)  # 2,400
    expect(outcome, residual_exposure=1000 * 4 * 10 * (DAY - 1920))  # 3,379,200
    expect(outcome, total_exposure=3_381_600_000, patched=0, time_to_remediate=DAY)


def test_a_canary_of_the_same_differs_by_little_exposure_and_much_impairment() -> None:
    outcome = follow("canary", harmful(), share=0.25, soak="1h")
    # The soak ends at 60 + 3,600 and stops the plan. The canary is old until 60 and from 1,920
    # on; the other three always.
    expect(outcome, completion_time=3660, impaired_time=600, detections=1, aborted=1)
    exposure = 10 * 60 + 10 * (3660 - 1920) + 30 * 3660
    assert exposure == 127_800
    expect(outcome, exposure=1000 * exposure)
    expect(outcome, residual_exposure=1000 * 40 * (DAY - 3660))  # 3,309,600
    # 1.6% more than big bang's in all.
    expect(outcome, total_exposure=3_437_400_000)
    assert round((3_437_400 - 3_381_600) / 3_437_400, 3) == 0.016


def test_rollbacks_do_not_take_a_service_below_its_minimum() -> None:
    latent = {"probability": 1, "delay": 5 * MINUTE}
    scenario = fleet(
        {"severity": 6, "duration": 600, "rollback": 600, "latent": latent},
        count=10,
        min_up=5,
        constraints={"max_parallel": 10, "horizon": 6 * HOUR},
        environment={"detection": {"probability": 1, "delay": 60}},
    )
    outcome = follow("batch_rolling", scenario, batch_size=5)
    # Batch 1 commits at 600, is IMPAIRED at 900 and detected at 960, while batch 2 is in work
    # until 1,200; only then is it rolled back, to 1,800. Batch 2, IMPAIRED at 1,500 and detected
    # at 1,560, waits for it and is rolled back from 1,800 to 2,400.
    expect(outcome, downtime=0, rollbacks=10, detections=10, bad_nodes=10, completion_time=1200)
    expect(outcome, impaired_time=5 * (1200 - 900) + 5 * (1800 - 1500))
    expect(outcome, lost_capacity=10 * 600 + 10 * 600, peak_parallel=5)
    expect(outcome, exposure=6000 * (5 * 600 + 5 * 1200))
    expect(outcome, residual_exposure=6000 * 5 * (21_600 - 1800 + 21_600 - 2400))


# --- budgets ---


@pytest.mark.parametrize(("chance", "aborts", "bad"), [(0.05, 0, 25), (1.0, 1, 26)])
def test_a_budget_of_a_quarter_is_a_quarter_of_the_fleet(
    chance: float, aborts: int, bad: int
) -> None:
    release = {"severity": 7, "duration": 300, "failure_probability": chance, "rollback": 60}
    limits = {"max_parallel": 1, "abort_share": 0.25}
    outcome = follow("rolling", fleet(release, count=100, constraints=limits), replications=400)
    # More than 25 of the plan's 100 must be bad. At 0.05 that has a probability below 1e-9; when
    # every attempt fails, the 26th does at 26 times 360 s.
    assert set(outcome.columns["aborted"].tolist()) == {aborts}
    assert 0 < outcome.columns["bad_nodes"].max() <= bad
    if aborts:
        expect(outcome, bad_nodes=26, completion_time=26 * 360)


# --- plans that break constraints, and optima that do not ---


def test_crew_and_windows_that_big_bang_breaks_are_told() -> None:
    windows = {"every": DAY, "open": [{"start": HOUR, "duration": 4 * HOUR}]}
    scenario = fleet(
        {"severity": 7, "duration": 300},
        count=5,
        constraints={"max_parallel": 2, "windows": windows},
    )
    outcome = follow("big_bang", scenario)
    # Five at once where two may, for 300 s, an hour before the window opens.
    expect(outcome, crew_overrun=3 * 300, window_overrun=300, breach=1)
    infrastructure = infrastructure_of(scenario)
    plan = make_strategy("big_bang", {}).plan(infrastructure)
    assert breaks(NominalRun.of(infrastructure, plan)) == ["crew", "windows"]
    # Two and two and one from the opening on.
    best = 7 * (2 * 3900 + 2 * 4200 + 4500)
    assert best == 144_900
    infrastructure, solution = solve(scenario)
    assert (solution.certificate.status, solution.certificate.objective) == ("optimal", 1000 * best)
    plan = make_strategy("optimal", {}).plan(infrastructure)
    run = NominalRun.of(infrastructure, plan)
    expect(run.outcome, exposure=1000 * best, breach=0)
    assert breaks(run) == []


def test_one_replica_that_must_serve_is_warned_of() -> None:
    scenario = fleet({"severity": 8, "duration": "2m"}, count=1, min_up=1, constraints={"surge": 0})
    (warning,) = infrastructure_of(scenario).warnings
    assert "'web' cannot be patched without downtime: one instance, min_up 1" in warning


def tier(name: str, service: str, count: int, criticality: int, patch: str) -> Document:
    return {
        "id": name,
        "replicas": count,
        "type": "database",
        "service": service,
        "criticality": criticality,
        "patch": patch,
        "blue_green": False,
    }


def test_a_tier_starts_when_the_one_below_serves_again() -> None:
    scenario = {
        "version": 1,
        "name": "tiers",
        "constraints": {"max_parallel": 3, "surge": 0, "dependency_order": "strict"},
        "services": {"low": {"min_up": 2}, "mid": {"min_up": 1}, "top": {"min_up": 5}},
        "patches": {
            "slow": {"severity": 8.1, "duration": 300, "warmup": 600},
            "quick": {"severity": 8.1, "duration": 180, "warmup": 600},
        },
        "nodes": [
            tier("l", "low", 3, 5, "slow"),
            tier("m", "mid", 2, 2, "slow"),
            tier("t", "top", 6, 3, "quick"),
        ],
        "edges": [{"source": "mid", "target": "low"}, {"source": "top", "target": "mid"}],
    }
    # Every service loses one at a time, for 900 s in the lower tiers and for 780 s at the top. The
    # lowest has finished at 2,700, 600 s after its last commit, and the one above it at 4,500.
    best = (
        405 * (300 + 1200 + 2100)
        + 162 * (2700 + 300 + 3600 + 300)
        + 243 * sum(4500 + 180 + 780 * k for k in range(6))
    )
    assert best == 12_242_340
    infrastructure, solution = solve(scenario)
    assert (solution.certificate.status, solution.certificate.objective) == ("optimal", 100 * best)
    plan = make_strategy("optimal", {}).plan(infrastructure)
    expect(NominalRun.of(infrastructure, plan).outcome, exposure=100 * best, breach=0)


def test_a_run_ends_alike_whether_or_not_nodes_could_crash() -> None:
    def node(name: str, severity: int, **more: Any) -> Document:
        told = {"severity": severity, "duration": 20} | more
        one = {"id": name, "type": "database", "service": "s", "patch": told}
        return one | {"blue_green": False}

    scenario = {
        "version": 1,
        "name": "end",
        "constraints": {"max_parallel": 1, "horizon": 20},
        "services": {"s": {"min_up": 1}},
        "nodes": [node("a", 9, warmup=30, failure_probability=1), node("b", 1)],
    }
    for around in ({}, {"crash": {"mtbf": 300_000_000}}):
        # Of two of which one must serve a goes first: 9 / 50 > 1 / 20. It dies at 20, and b may
        # not leave its service alone.
        outcome = follow("exposure_greedy", scenario | {"environment": around})
        expect(outcome, completion_time=20, exposure=1000 * 20 * (9 + 1), crashes=0, aborted=1)
