"""One hand-solved instance for each constraint of the guard, for gates, aborts and windows."""

from __future__ import annotations

from typing import Any

import pytest

from patchopt.simulator import Outcome
from patchopt.simulator.running import simulate
from support.building import plan_by_hand, seed_for
from support.contract import infrastructure_of
from support.examples import FAILING, small

Scenario = dict[str, Any]


def patch(*nodes: str, **more: Any) -> dict[str, Any]:
    """Return a guarded patch step that comes after nothing."""
    return {"action": "patch", "nodes": list(nodes), "after": []} | more


def build(*nodes: str, **more: Any) -> dict[str, Any]:
    return patch(*nodes, **more) | {"action": "build"}


def switch(number: int, *nodes: str, **more: Any) -> dict[str, Any]:
    return {"action": "switch", "nodes": list(nodes), "after": [number]} | more


def run(scenario: Scenario, *steps: dict[str, Any], seed: int = 1) -> Outcome:
    infrastructure = infrastructure_of(scenario)
    return simulate(infrastructure, plan_by_hand(infrastructure, *steps), seed=seed, events=True)


def starts(outcome: Outcome) -> dict[int, int]:
    return {e["step"]: e["time"] for e in outcome.events if e["event"] == "step_start"}


def waits(outcome: Outcome) -> list[tuple[int, int, str]]:
    return [
        (e["time"], e["step"], e["reason"]) for e in outcome.events if e["event"] == "step_wait"
    ]


def test_crew() -> None:
    # Two places: the third node starts when the first two end, at 2.
    scenario = small({"a": {}, "b": {}, "c": {}}, max_parallel=2)
    outcome = run(scenario, patch("a"), patch("b"), patch("c"))
    assert starts(outcome) == {0: 0, 1: 0, 2: 2}
    assert waits(outcome) == [(0, 2, "not enough crew: max_parallel")]
    assert (outcome.exact("guardrail_pauses"), outcome.exact("guard_wait_time")) == (1, 2)
    assert (outcome.exact("peak_parallel"), outcome.exact("work_seconds")) == (2, 6)
    # w = 1000 mw each: 2 + 2 + 4 seconds.
    assert outcome.exact("exposure") == 8000


def test_surge_is_held_until_the_switch() -> None:
    # One slot: b's copy waits for a's switch, which comes at 10.
    scenario = small({"a": {}, "b": {}}, surge=1)
    outcome = run(
        scenario, build("a"), switch(0, "a", not_before=10), build("b"), switch(2, "b", after=[2])
    )
    assert starts(outcome) == {0: 0, 1: 10, 2: 10, 3: 12}
    assert waits(outcome) == [(0, 2, "not enough surge slots")]
    assert (outcome.exact("peak_surge"), outcome.exact("lost_capacity")) == (1, 0)
    assert outcome.exact("exposure") == (10 + 12) * 1000


def test_a_copy_that_is_thrown_away_gives_its_crew_and_its_slot_back() -> None:
    # One place and one slot: a's copy fails at 2, so that b's can be built from 2 to 4.
    sure = {"patch_with": {"failure_probability": 1}}
    scenario = small({"a": sure, "b": {}}, max_parallel=1, surge=1)
    steps = (build("a"), switch(0, "a"), build("b"), switch(2, "b"))
    outcome = run(scenario, *steps)
    assert starts(outcome) == {0: 0, 1: 2, 2: 2, 3: 4}
    assert waits(outcome) == [(0, 2, "not enough crew: max_parallel")]
    assert (outcome.exact("patched"), outcome.exact("completion_time")) == (1, 4)
    # Both slots are held for two seconds, one after the other; work as well.
    assert (outcome.exact("surge_node_seconds"), outcome.exact("work_seconds")) == (4, 4)


def test_a_host_that_is_not_the_first_node_conflicts_with_its_guest_in_one_step() -> None:
    # g runs on h: both cannot be worked on at once, whatever their numbers.
    scenario = small({"a": {}, "h": {"type": "host"}, "g": {"host": "h"}})
    outcome = run(scenario, patch("a"), patch("h", "g"))
    assert outcome.columns["abort_reason"].tolist() == [
        "step 1 can never start: g and its host cannot be worked on together"
    ]


def test_a_step_larger_than_the_crew_can_never_start() -> None:
    scenario = small({"a": {}, "b": {}, "c": {}}, max_parallel=2, horizon=10)
    outcome = run(scenario, patch("a", "b", "c"))
    assert outcome.columns["abort_reason"].tolist() == [
        "step 0 can never start: not enough crew: max_parallel"
    ]
    assert outcome.exact("completion_time") == 0
    # Nothing is done: all three stay old over the horizon of 10 s.
    assert outcome.exact("residual_exposure") == 3 * 10 * 1000


def test_windows() -> None:
    # Open from 3 to 6 of every 10 s. Work of 2 s fits at 3 but not at 5: the second waits for 13.
    windows = {"every": 10, "open": [{"start": 3, "duration": 3}]}
    scenario = small({"a": {}, "b": {}}, max_parallel=1, windows=windows)
    outcome = run(scenario, patch("a"), patch("b"))
    assert starts(outcome) == {0: 3, 1: 13}
    # When a ends at 5, b has its crew but no window; it has waited since 0, for the crew first.
    assert waits(outcome) == [
        (0, 0, "no window is open long enough"),
        (0, 1, "no window is open long enough"),
    ]
    assert outcome.exact("window_overrun") == 0


def test_a_retry_waits_for_a_window_as_a_start_does() -> None:
    # Nominally 0 to 2 of an open 0 to 3; failed at 2, back at 3: 2 s fit no more, but from 10 on.
    windows = {"every": 10, "open": [{"start": 0, "duration": 3}]}
    scenario = small(
        {"a": {"patch_with": FAILING | {"rollback": 1}}}, windows=windows, max_retries=1
    )
    outcome = run(scenario, patch("a"), seed=seed_for("small", {("a", 1): True, ("a", 2): False}))
    assert outcome.exact("completion_time") == 12
    assert outcome.exact("window_overrun") == 0
    assert (outcome.exact("retries"), outcome.exact("rollbacks")) == (1, 1)
    assert (outcome.exact("guard_waits"), outcome.exact("guard_wait_time")) == (1, 7)


def test_a_step_that_fits_no_more_waits_for_the_next_window() -> None:
    # The step lasts max(2, 3) s: at 1 it would end at 4, after the window's end at 3.
    windows = {"every": 10, "open": [{"start": 0, "duration": 3}]}
    scenario = small({"a": {}, "b": {"patch_with": {"duration": 3}}}, windows=windows)
    outcome = run(scenario, patch("a", "b", not_before=1))
    assert starts(outcome) == {0: 10}
    assert waits(outcome) == [(1, 0, "no window is open long enough")]


def test_service_at_min_up() -> None:
    # Two of three must serve: one at a time.
    node = {"service": "s"}
    scenario = small({"a": node, "b": node, "c": node}, min_up={"s": 2})
    outcome = run(scenario, patch("a"), patch("b"), patch("c"))
    assert starts(outcome) == {0: 0, 1: 2, 2: 4}
    assert waits(outcome) == [
        (0, 1, "service s would fall below min_up 2"),
        (0, 2, "service s would fall below min_up 2"),
    ]
    assert outcome.exact("downtime") == 0


def test_unguarded_steps_break_the_service_and_the_metrics_show_it() -> None:
    node = {"service": "s"}
    scenario = small({"a": node, "b": node, "c": node}, min_up={"s": 2})
    outcome = run(scenario, patch("a", "b", "c", guarded=False))
    assert starts(outcome) == {0: 0}
    assert [outcome.exact(name) for name in ("downtime", "max_downtime", "outage")] == [2, 2, 2]


def test_a_waiver_gives_up_min_up_while_no_other_instance_is_out() -> None:
    # min_up 2 of 2: neither may go, except with a waiver while the other one serves.
    node = {"service": "s"}
    scenario = small({"a": node, "b": node}, min_up={"s": 2})
    outcome = run(scenario, patch("a", waives=["s"]), patch("b", waives=["s"]))
    assert starts(outcome) == {0: 0, 1: 2}
    assert outcome.exact("downtime") == 4
    stuck = run(scenario, patch("a"))
    assert stuck.columns["abort_reason"].tolist() == [
        "step 0 can never start: service s would fall below min_up 2"
    ]


def test_a_host_takes_its_guests_along() -> None:
    # The guest's own work must not overlap the host's; s falls to 1 of 2 either way.
    scenario = small(
        {
            "h": {"type": "host", "patch_with": {"duration": 3}},
            "g": {"type": "service_instance", "service": "s", "host": "h"},
            "other": {"type": "service_instance", "service": "s"},
        },
        min_up={"s": 1},
    )
    outcome = run(scenario, patch("h"), patch("g"))
    assert starts(outcome) == {0: 0, 1: 3}
    assert waits(outcome) == [(0, 1, "g and its host cannot be worked on together")]
    # h 3 s, with it g 3 s, then g alone 2 s.
    assert outcome.exact("lost_capacity") == 3 + 3 + 2


def test_host_and_guest_in_one_unit_are_patched_together() -> None:
    scenario = small(
        {"h": {"type": "host", "patch_with": {"duration": 3}}, "g": {"host": "h"}},
        incompatible=[("h", "g")],
    )
    outcome = run(scenario, patch("h", "g"))
    assert starts(outcome) == {0: 0}
    assert outcome.exact("exposure") == (3 + 3) * 1000


def test_strict_order_waits_for_the_commit_and_for_the_warm_up() -> None:
    # a depends on b. b commits at 2 and warms up until 7; a may start at 7.
    scenario = small(
        {"a": {}, "b": {"patch_with": {"warmup": 5}}},
        edges=[("a", "b")],
        dependency_order="strict",
    )
    outcome = run(scenario, patch("a"), patch("b"))
    assert starts(outcome) == {0: 7, 1: 0}
    assert waits(outcome) == [(0, 0, "what a depends on is not all patched")]


def test_strict_order_over_a_failed_dependency_can_never_start() -> None:
    scenario = small(
        {"a": {}, "b": {"patch_with": {"failure_probability": 1}}},
        edges=[("a", "b")],
        dependency_order="strict",
    )
    outcome = run(scenario, patch("b"), patch("a"))
    assert outcome.exact("failed_nodes") == 1
    assert outcome.columns["abort_reason"].tolist() == [
        "step 1 can never start: what a depends on is not all patched"
    ]


@pytest.mark.parametrize(
    ("count", "allowed", "aborted"), [("attempts", 0, 1), ("attempts", 1, 0), ("bad", 0, 0)]
)
def test_a_gate_counts_at_the_end_of_its_pause(count: str, allowed: int, aborted: int) -> None:
    # a fails once at 2, is back at 3 and succeeds at 5: one failed attempt, no bad node.
    scenario = small(
        {"a": {"patch_with": FAILING | {"rollback": 1}}, "b": {}}, max_retries=1, horizon=20
    )
    pause = {"action": "pause", "duration": 4, "gate": {"max_failures": allowed, "count": count}}
    outcome = run(
        scenario,
        patch("a"),
        pause,
        patch("b", after=[1]),
        seed=seed_for("small", {("a", 1): True, ("a", 2): False}),
    )
    assert outcome.exact("aborted") == aborted
    # a is new at 5, the pause ends at 9; then b at 11, or never: 9 s and 11 s more to the horizon.
    assert outcome.exact("completion_time") == (9 if aborted else 11)
    assert outcome.exact("exposure") == (5 + (9 if aborted else 11)) * 1000
    assert outcome.exact("residual_exposure") == (11_000 if aborted else 0)
    if aborted:
        assert outcome.columns["abort_reason"].tolist() == [
            "step 1: failed attempts and false alarms: 1, more than the gate's 0"
        ]


def test_running_work_ends_after_an_abort() -> None:
    # a fails at 2 and ends the plan; b, begun at 0, still commits at 5; c never starts.
    scenario = small(
        {
            "a": {"patch_with": {"failure_probability": 1, "rollback": 1}},
            "b": {"patch_with": {"duration": 5}},
            "c": {},
        },
        abort_after_failures=1,
    )
    outcome = run(scenario, patch("a"), patch("b"), patch("c", after=[0]))
    assert starts(outcome) == {0: 0, 1: 0}
    assert (outcome.exact("patched"), outcome.exact("completion_time")) == (1, 5)


def test_not_before_and_pauses_take_no_crew() -> None:
    scenario = small({"a": {}}, max_parallel=1)
    outcome = run(
        scenario, {"action": "pause", "duration": 9, "after": []}, patch("a", not_before=4)
    )
    assert starts(outcome) == {0: 0, 1: 4}
    assert (outcome.exact("completion_time"), outcome.exact("guardrail_pauses")) == (9, 1)
    assert outcome.exact("guard_waits") == 0
    assert outcome.exact("peak_parallel") == 1


def test_overhead_is_added_to_patch_build_and_switch() -> None:
    # Patch: commits at 3 + 2 = 5. Build: ends at 5; its switch lasts 3 more and flips at its end.
    scenario = small({"a": {}, "b": {}}, step_overhead=3)
    outcome = run(scenario, patch("a"), build("b"), switch(1, "b"))
    committed = {
        e["node"]: e["time"] for e in outcome.events if e["event"] in ("node_patched", "switched")
    }
    assert committed == {"a": 5, "b": 8}
    assert outcome.exact("completion_time") == 8


def test_a_live_patch_serves_all_the_while() -> None:
    scenario = small(
        {"a": {"service": "s", "patch_with": {"restart": False, "warmup": 3}}}, min_up={"s": 1}
    )
    outcome = run(scenario, patch("a"))
    assert outcome.exact("aborted") == 0
    assert (outcome.exact("lost_capacity"), outcome.exact("downtime")) == (0, 0)
    # The work lasts as long as that of any other: d + warm-up.
    assert (outcome.exact("completion_time"), outcome.exact("exposure")) == (5, 2000)


def test_a_defective_release_is_a_common_cause() -> None:
    # All nodes of the one release fail together or not at all: probability 1 if it is defective.
    told = {"severity": 1.0, "duration": 2, "rollback": 1}
    defect = {"probability": 0.5, "failure_probability": 1}
    scenario = small({name: {"patch": "p"} for name in "abcd"}) | {
        "patches": {"p": told | {"defect": defect}}
    }
    infrastructure = infrastructure_of(scenario)
    plan = plan_by_hand(infrastructure, patch("a", "b", "c", "d"))
    outcome = simulate(infrastructure, plan, seed=0, replications=200)
    failures = outcome.columns["failures"].tolist()
    assert set(failures) == {0, 4}
    # Binomial(200, 1/2): within four standard deviations, 4 * 7.07, of 100.
    assert 72 < failures.count(4) < 128
