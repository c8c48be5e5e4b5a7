"""Strategies under failures whose means are known in closed form."""

from __future__ import annotations

import math
from typing import Any

from patchopt.reports.trace.nominal import NominalRun
from patchopt.simulator.running import simulate
from patchopt.strategies import make_strategy
from support.contract import infrastructure_of
from support.tiny import DAY, Document, assert_mean, column, told

HOUR = 3600


def fleet(count: int, release: Document, **more: Any) -> Document:
    nodes = {"id": "n", "replicas": count, "type": "service_instance", "service": "s"}
    return {
        "version": 1,
        "name": "fleet",
        "services": {"s": {"min_up": 0}},
        "patches": {"p": release},
        "nodes": [nodes | {"patch": "p"}],
    } | more


# --- the nominal optimum and a better plan ---


def flaky() -> Document:
    """Return a node a that is quick and mostly fails, and a node b that is slow and sure."""

    def node(name: str, criticality: int, **more: Any) -> Document:
        one = {"id": name, "type": "service_instance", "service": "s", "criticality": criticality}
        return one | {"patch": {"severity": 10} | more}

    limits = {"max_parallel": 1, "surge": 0, "horizon": DAY, "max_retries": 20}
    return {
        "version": 1,
        "name": "flaky",
        "constraints": limits,
        "services": {"s": {"min_up": 0}},
        "nodes": [
            node("a", 1, duration=100, failure_probability=0.8, rollback=100),
            node("b", 2, duration=250),
        ],
    }


def expectation(*, first: str) -> float:
    """Return the mean total exposure over a day if a, of weight 10, or b, of 20, goes first.

    With k failed attempts, of 200 s each, a needs 200 k + 100 s. After the 21st, at 4,200 s of
    work, it is given up and stays old for the day: 0.8^21.
    """
    lead = 250 if first == "b" else 0

    def cost(of_a: float, work_on_a: float) -> float:
        return 10 * of_a + 20 * (250 if first == "b" else work_on_a + 250)

    given_up = 0.8**21 * cost(DAY, 21 * 200)
    return given_up + sum(
        0.2 * 0.8**k * cost(lead + 200 * k + 100, 200 * k + 100) for k in range(21)
    )


def test_the_nominal_optimum_may_lose_when_things_fail() -> None:
    assert (round(expectation(first="a")), round(expectation(first="b"))) == (39_333, 23_976)
    infrastructure = infrastructure_of(flaky())
    for strategy, first in (("optimal", "a"), ("rolling", "b")):
        plan = make_strategy(strategy, {}).plan(infrastructure)
        assert plan.steps[0].nodes == (first,)
        outcome = simulate(infrastructure, plan, seed=1, replications=20_000)
        assert_mean(outcome, "total_exposure", 1000 * expectation(first=first))


# --- a crash puts off one node, not a batch ---

LIFE, REPAIR = 2000 * HOUR, 4 * HOUR


def expected_end() -> float:
    """Return the mean T of nine batches of 100, of 300 s each.

    Crashes before their batch come like a Poisson process; in the k-th 300 s at the rate of the
    100 (9 - k) nodes still to come. With the last of them at t, T is t + 4 h + 300 s.
    """
    rates = [100 * (9 - k) / LIFE for k in range(1, 9)]
    mean, after = 0.0, 0.0  # hazard after the interval
    for k in reversed(range(8)):
        rate, start, end = rates[k], 300 * k, 300 * (k + 1)
        # The integral of (t + c) rate exp(-rate (end - t)), by parts.
        shift = REPAIR + 300
        none = math.exp(-rate * 300)
        inside = (end + shift - 1 / rate) - (start + shift - 1 / rate) * none
        mean += math.exp(-after) * inside
        after += rate * 300
    return mean + math.exp(-after) * 2700


def test_nodes_that_have_crashed_hold_no_batch_up() -> None:
    scenario = fleet(
        900,
        {"severity": 5, "duration": 300},
        environment={"repair": REPAIR, "crash": {"mtbf": LIFE}},
    )
    infrastructure = infrastructure_of(scenario)
    plan = make_strategy("batch_rolling", {"batch_size": 100}).plan(infrastructure)
    assert [len(step.nodes) for step in plan.steps] == [100] * 9
    found = simulate(infrastructure, plan, seed=1, replications=1_000)
    ends = column(found, "completion_time")
    # The ninth batch ends at 2,700; who has crashed before its batch, by 2,400 at the latest, is
    # patched 4 h later.
    late = ends[ends > 2700]
    assert ((ends == 2700) | ((ends > 14_700) & (ends <= 17_100))).all()
    assert 0.05 < len(late) / len(ends) < 0.25  # 1 - exp(-0.15)
    assert round(expected_end()) == 4_493
    assert_mean(found, "completion_time", expected_end())
    first = int((ends > 2700).argmax())
    outcome = simulate(infrastructure, plan, seed=1, first=first, events=True)
    batches = [(time, step) for time, _, step in told(outcome, "step_end")]
    assert batches == [(300 * (k + 1), k) for k in range(9)]
    assert told(outcome, "node_put_off")
    assert outcome.exact("aborted") == 0


# --- everything ends ---


def test_a_plan_that_crashes_hold_up_for_ever_is_cut() -> None:
    release = {"severity": 1, "duration": HOUR, "failure_probability": 0.5, "rollback": HOUR}
    windows = {"every": DAY, "open": [{"start": 0, "duration": 2 * HOUR}]}
    scenario = fleet(
        30,
        release,
        services={"s": {"min_up": 1}},
        constraints={"max_retries": 5, "windows": windows},
        environment={"repair": HOUR, "crash": {"mtbf": HOUR}},
    )
    infrastructure = infrastructure_of(scenario)
    plan = make_strategy("canary", {}).plan(infrastructure)
    # The rest of the nodes does not fit the first day's window after the canaries and their soak:
    # the nominal end is an hour into the second.
    assert NominalRun.of(infrastructure, plan).end_s == DAY + HOUR
    limit = 10 * (DAY + HOUR)
    found = simulate(infrastructure, plan, seed=1, replications=50)
    ends, cut = column(found, "completion_time"), found.columns["abort_reason"] == "does not end"
    assert ends.max() <= limit
    assert (ends[cut] == limit).all()
    assert column(found, "aborted")[cut].all()
