"""The oracles of logs: retries, failures as they happen and rollbacks, by logs written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from support.by_hand import Log, check, lasting
from support.check_log import check_log
from support.examples import event, of_node, run, small, start
from support.execution import check_execution

GOES_BACK = {"rollback": 3, "failure_probability": 0.5}


def test_a_detected_node_is_old_again_after_the_plan_has_ended() -> None:
    # Committed at 60, bad at 1,260, detected at 1,860, rolled back by 1,920; O is a day.
    latent = {"probability": 1, "delay": "20m"}
    patch = {"severity": 10, "duration": 60, "rollback": 60, "latent": latent}
    scenario = small({name: {"patch_with": patch} for name in "abcd"}, horizon="24h")
    scenario["environment"] = {"detection": {"probability": 1, "delay": "10m"}}
    each = [("node_down", 0), ("node_patched", 60), ("latent_failure", 60), ("node_serving", 60)]
    after = [("rollback_start", 1860), ("node_down", 1860), ("rolled_back", 1920)]
    lines = [of_node(time, name, node, 0) for node in "abcd" for name, time in each]
    lines += [event(1260, "node_impaired", node=node) for node in "abcd"]
    lines += [event(1860, "failure_detected", node=node) for node in "abcd"]
    lines += [
        of_node(time, name, node, 0)
        for node in "abcd"
        for name, time in [*after, ("node_serving", 1920)]
    ]
    lines += [start(0, 0, "patch", *"abcd"), event(60, "step_end", step=0)]
    first = [line for line in lines if line["event"] == "step_start"]
    rest = sorted((it for it in lines if it not in first), key=lambda line: int(line["time"]))
    log = run("small", 60, *first, *rest, until=86_400)
    plan = [{"id": 0, "action": "patch", "nodes": list("abcd"), "guarded": False}]
    check(
        scenario, plan, log,
        exposure=4 * 10_000 * 60,
        residual_exposure=4 * 10_000 * (86_400 - 1_920),
        completion_time=60,
        time_to_remediate=86_400,
        impaired_time=4 * 600,
        detections=4,
        rollbacks=4,
        bad_nodes=4,
        latent_nodes=0,
        patched=0,
        lost_capacity=4 * (60 + 60),
        work_seconds=4 * (60 + 60),
        peak_parallel=4,
    )  # fmt: skip


RETRIED = small({"a": {"patch_with": GOES_BACK}, "b": {}}, max_parallel=1, max_retries=1, horizon=9)
RETRIED_PLAN: list[dict[str, Any]] = [
    {"id": 0, "action": "patch", "nodes": ["a"]},
    {"id": 1, "action": "patch", "nodes": ["b"], "guarded": False, "not_before": 4},
]
# b goes ahead at 4 beside the rollback of a, and holds the only place when a is back at 5.
RETRIED_LOG = run(
    "small",
    8,
    start(0, 0, "patch", "a"),
    of_node(0, "node_down", "a", 0),
    of_node(2, "patch_failed", "a", 0),
    start(4, 1, "patch", "b"),
    of_node(4, "node_down", "b", 1),
    of_node(5, "rolled_back", "a", 0),
    of_node(5, "node_serving", "a", 0),
    event(5, "attempt_wait", step=0, nodes=["a"], attempt=2, reason="crew"),
    *lasting("b", 1, 4),
    event(6, "step_end", step=1),
    event(6, "attempt_start", step=0, nodes=["a"], attempt=2),
    of_node(6, "node_down", "a", 0, 2),
    *lasting("a", 0, 6, 2),
    event(8, "step_end", step=0),
    until=9,
)


def test_a_retry_waits_for_crew_that_its_unit_has_given_back() -> None:
    check(
        RETRIED, RETRIED_PLAN, RETRIED_LOG,
        exposure=8_000 + 6_000,
        completion_time=8,
        time_to_remediate=8,
        retries=1,
        guard_waits=1,
        guardrail_pauses=1,
        guard_wait_time=1,
        crew_overrun=1,  # two at work from 4 to 5
        peak_parallel=2,
        work_seconds=5 + 2 + 2,
        lost_capacity=5 + 2 + 2,
        bad_nodes=0,
        breach=1,
    )  # fmt: skip


def test_a_retry_against_its_guard_or_announced_without_need_is_seen() -> None:
    at = next(k for k, it in enumerate(RETRIED_LOG) if it["event"] == "attempt_wait")
    early = [*RETRIED_LOG[:at], event(5, "attempt_start", step=0, nodes=["a"], attempt=2)]
    with pytest.raises(AssertionError, match="step 0 at 5 s, again: max_parallel"):
        check_execution(RETRIED, RETRIED_PLAN, early)
    free = [RETRIED_PLAN[0] | {"guarded": False}, RETRIED_PLAN[1]]
    with pytest.raises(AssertionError, match="nothing to wait for"):
        check_execution(RETRIED, free, RETRIED_LOG)


def test_a_unit_that_was_put_off_moves_the_end_and_its_step_waives_again() -> None:
    # a is down by its crash from 1 to 6, then works from 6 to 8; the step ends with b at 3.
    scenario = small({"a": {"service": "s"}, "b": {}}, min_up={"s": 1}, horizon=20)
    scenario["environment"] = {"crash": {"mtbf": 50}, "repair": 5}
    plan = [{"id": 0, "action": "patch", "nodes": ["a", "b"], "waives": ["s"], "not_before": 1}]
    log = run(
        "small",
        8,
        event(1, "node_crashed", node="a"),
        start(1, 0, "patch", "a", "b", waives=["s"]),
        event(1, "node_put_off", step=0, nodes=["a"], attempt=1, reason="a has crashed"),
        of_node(1, "node_down", "b", 0),
        event(1, "service_below", service="s", serving=0, min_up=1),
        *lasting("b", 0, 1),
        event(3, "step_end", step=0),
        event(6, "node_repaired", node="a"),
        event(6, "attempt_start", step=0, nodes=["a"], attempt=1),
        of_node(6, "node_down", "a", 0),
        *lasting("a", 0, 6),
        event(8, "service_restored", service="s", serving=1, min_up=1),
        until=20,
    )
    check(
        scenario, plan, log,
        completion_time=8,
        exposure=8_000 + 3_000,
        downtime=7,
        unplanned_downtime=3,  # from the end of the step at 3 to the late start at 6
        retries=0,
        crashes=1,
        repairs=1,
        guard_waits=0,
        breach=1,
    )  # fmt: skip
    without = scenario | {"environment": {"crash": {"mtbf": 50}}}
    with pytest.raises(AssertionError, match="nothing comes back"):
        check_log(without, log)


def test_late_starts_and_closed_windows_are_overruns() -> None:
    # The window is open from 0 to 3 of every 10; b starts before a, which it depends on, is done.
    scenario = small(
        {"a": {"patch_with": {"warmup": 2}}, "b": {}},
        edges=[("b", "a")],
        dependency_order="strict",
        windows={"every": 10, "open": [{"start": 0, "duration": 4}]},
        horizon=20,
    )
    plan = [
        {"id": 0, "action": "patch", "nodes": ["a"], "guarded": False},
        {"id": 1, "action": "patch", "nodes": ["b"], "guarded": False, "not_before": 3},
    ]
    log = run(
        "small",
        5,
        start(0, 0, "patch", "a"),
        of_node(0, "node_down", "a", 0),
        of_node(2, "node_patched", "a", 0),
        start(3, 1, "patch", "b"),
        of_node(3, "node_down", "b", 1),
        of_node(4, "node_serving", "a", 0),
        event(4, "step_end", step=0),
        of_node(5, "node_patched", "b", 1),
        of_node(5, "node_serving", "b", 1),
        event(5, "step_end", step=1),
        until=20,
    )
    check(scenario, plan, log, order_violations=1, window_overrun=1, breach=1, unplanned_downtime=0)
    broken = "step 1 at 3 s: outside the windows; dependency order"
    with pytest.raises(AssertionError, match=broken):
        check_execution(scenario, [plan[0], plan[1] | {"guarded": True}], log)


def test_a_rollback_in_service_waits_for_crew_and_min_up() -> None:
    # b is in work from 3 to 5 while a, new at 2 and bad at 3, is detected at 4: one of the two
    # instances must be up, so a goes back from 5 to 8.
    latent = {"probability": 1, "delay": 1}
    a = {"rollback": 3, "latent": latent}
    scenario = small(
        {"a": {"service": "s", "patch_with": a}, "b": {"service": "s"}}, min_up={"s": 1}, horizon=10
    )
    scenario["environment"] = {"detection": {"probability": 1, "delay": 1}}
    plan = [
        {"id": 0, "action": "patch", "nodes": ["a"]},
        {"id": 1, "action": "patch", "nodes": ["b"], "not_before": 3},
    ]
    before = [
        start(0, 0, "patch", "a"),
        of_node(0, "node_down", "a", 0),
        of_node(2, "node_patched", "a", 0),
        of_node(2, "latent_failure", "a", 0),
        of_node(2, "node_serving", "a", 0),
        event(2, "step_end", step=0),
        event(3, "node_impaired", node="a"),
        start(3, 1, "patch", "b"),
        of_node(3, "node_down", "b", 1),
        event(4, "failure_detected", node="a"),
    ]
    work = [*lasting("b", 1, 3), event(5, "step_end", step=1)]

    def back(since: int) -> Log:
        names = ["rollback_start", "node_down", "rolled_back", "node_serving"]
        return [
            of_node(since + 3 * (name in names[2:]), name, "a", 0) for name in names
        ]  # fmt: skip

    log = run("small", 5, *before, *work, *back(5), until=10)
    check(
        scenario, plan, log,
        completion_time=5,
        exposure=2_000 + 5_000,
        residual_exposure=2_000,  # a, from 8 to 10
        impaired_time=2,
        downtime=0,
        work_seconds=2 + 2 + 3,
        time_to_remediate=10,
    )  # fmt: skip
    late = run("small", 5, *before, *work, *back(6), until=10)
    with pytest.raises(AssertionError, match="a could be rolled back at 5"):
        check_execution(scenario, plan, late)
    early = run("small", 5, *before, *back(4)[:2], until=10)
    with pytest.raises(AssertionError, match="rollback at 4 s: min_up of s"):
        check_execution(scenario, plan, early)


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        (event(1, "node_crashed", node="a"), "nothing crashes"),
        (event(1, "node_repaired", node="a"), "nothing is repaired"),
        (event(1, "false_alarm"), "no false alarms"),
        (event(1, "failure_detected", node="a"), "nothing watches"),
        (of_node(1, "rollback_start", "a", 0), "not to be rolled back"),
        (of_node(1, "node_serving", "a", 0), "still worked on"),
        (of_node(1, "patch_failed", "a", 0), "due at 2"),
        (event(1, "attempt_start", step=0, nodes=["a"], attempt=2), "at work"),
        (event(1, "abort", reason="no reason"), "nothing to abort for"),
        (event(1, "step_end", step=0), "still at work"),
        (of_node(1, "switched", "a", 0), "no copy is ready"),
    ],
)
def test_what_cannot_happen_is_seen(line: dict[str, Any], wrong: str) -> None:
    scenario = small({"a": {}}, horizon=20)
    lines = [start(0, 0, "patch", "a"), of_node(0, "node_down", "a", 0)]
    log = run("small", 2, *lines, line, *lasting("a", 0, 0), event(2, "step_end", step=0), until=20)
    with pytest.raises(AssertionError, match=wrong):
        check_log(scenario, log)
