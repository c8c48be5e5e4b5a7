"""The oracles of logs: copies, stops and what follows them, by logs written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from support.by_hand import check, failing, lasting
from support.check_log import check_log
from support.examples import event, of_node, run, small, start

GOES_BACK = {"rollback": 3, "failure_probability": 0.5}


@pytest.mark.parametrize("goes_on", [True, False])
def test_copies_are_thrown_away_by_an_abort_for_good_alone(goes_on: bool) -> None:
    # a is built by 2, b by 4, c fails at 2: one bad node stops the plan.
    scenario = small(
        {
            "a": {},
            "b": {"patch_with": {"duration": 4}},
            "c": {"patch_with": {"failure_probability": 1}},
        },
        surge=3,
        horizon=20,
        abort_after_failures=1,
    )
    if goes_on:
        scenario["environment"] = {"review": {"delay": 3}}
    plan: list[dict[str, Any]] = [
        {"id": 0, "action": "build", "nodes": ["a", "b"]},
        {"id": 1, "action": "patch", "nodes": ["c"]},
        {"id": 2, "action": "switch", "nodes": ["a", "b"], "after": [0]},
    ]
    lines = [
        start(0, 0, "build", "a", "b"),
        start(0, 1, "patch", "c"),
        of_node(0, "node_down", "c", 1),
        of_node(2, "built", "a", 0),
        of_node(2, "patch_failed", "c", 1),
        of_node(2, "node_failed", "c", 1),
        event(2, "step_end", step=1),
        event(2, "abort", reason="1 bad node"),
        of_node(4, "built", "b", 0),
        event(4, "step_end", step=0),
    ]
    if not goes_on:
        check(
            scenario, plan, run("small", 4, *lines, until=20),
            surge_node_seconds=2 + 4,
            aborted=1,
            patched=0,
            stopped_time=0,
        )  # fmt: skip
        return
    lines += [
        event(5, "plan_resumed", reason="review"),
        start(5, 2, "switch", "a", "b"),
        of_node(5, "switched", "a", 2),
        of_node(5, "switched", "b", 2),
        event(5, "step_end", step=2),
        # One more attempt of c waits for a repair that is not to be.
        event(5, "node_left_out", node="c", step=1),
        event(5, "abort", reason="c has failed and is not back"),
    ]
    check(
        scenario, plan, run("small", 5, *lines, until=20),
        surge_node_seconds=2 * 5,
        aborted=1,
        abort_reason="c has failed and is not back",
        patched=2,
        reviews=1,
        stopped_time=3,
        exposure=3 * 5_000,
    )  # fmt: skip


REVIEWED = small(
    {"a": {"patch_with": GOES_BACK}, "b": {}}, horizon=30, abort_after_failures=1
) | {"environment": {"review": {"delay": 4}}}  # fmt: skip
REVIEWED_PLAN: list[dict[str, Any]] = [
    {"id": 0, "action": "patch", "nodes": ["a"]},
    {"id": 1, "action": "patch", "nodes": ["b"], "after": [0]},
]
# a goes back by 5 and is bad, the plan stops till 9; then a has one more attempt.
REVIEWED_LOG = run(
    "small",
    11,
    start(0, 0, "patch", "a"),
    of_node(0, "node_down", "a", 0),
    *failing("a", 0, 0),
    event(5, "step_end", step=0),
    event(5, "abort", reason="1 bad node"),
    event(9, "plan_resumed", reason="review"),
    event(9, "attempt_start", step=0, nodes=["a"], attempt=2),
    of_node(9, "node_down", "a", 0, 2),
    start(9, 1, "patch", "b"),
    of_node(9, "node_down", "b", 1),
    *lasting("a", 0, 9, 2),
    *lasting("b", 1, 9),
    event(11, "step_end", step=1),
    until=30,
)


def test_a_stop_is_looked_at_and_the_plan_goes_on() -> None:
    check(
        REVIEWED, REVIEWED_PLAN, REVIEWED_LOG,
        completion_time=11,
        exposure=2 * 11_000,
        reviews=1,
        respins=0,
        stopped_time=4,
        aborted=0,
        abort_reason="",
        retries=1,
        bad_nodes=0,
        patched=2,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("environment", "wrong"),
    [
        ({"review": {"delay": 5}}, "due at 10"),
        ({"review": {"delay": 25}}, "due at 30"),
        ({"respin": {"delay": 4}}, "nothing lets it go on"),
        ({}, "nothing lets it go on"),
    ],
)
def test_a_stop_ends_as_the_scenario_says(environment: dict[str, Any], wrong: str) -> None:
    with pytest.raises(AssertionError, match=wrong):
        check_log(REVIEWED | {"environment": environment}, REVIEWED_LOG)


def test_a_stop_does_not_last_where_a_review_ends_it() -> None:
    at = next(k for k, it in enumerate(REVIEWED_LOG) if it["event"] == "plan_resumed")
    log = [*REVIEWED_LOG[:at], REVIEWED_LOG[-1] | {"completion_time": 5}]
    with pytest.raises(AssertionError, match="the stop at 5 s ends"):
        check_log(REVIEWED, log)
    check_log(REVIEWED | {"environment": {"review": {"delay": 25}}}, log)


def test_a_defective_release_is_replaced_and_every_step_opens_again() -> None:
    # One release: a is new at 2, b fails at 4 and is back at 7. The new release comes at 7 + 6;
    # the pause opens again, and of the steps only that of b has something to do.
    patch: dict[str, Any] = {"severity": 1, "duration": 2, **GOES_BACK}
    patch["defect"] = {"probability": 1, "failure_probability": 0.5}
    scenario = small({"a": {}, "b": {}}, horizon=30, abort_after_failures=1)
    scenario["patches"] = {"p": patch}
    scenario["nodes"] = [node | {"patch": "p"} for node in scenario["nodes"]]
    scenario["environment"] = {"respin": {"delay": 6}, "review": {"delay": 1}}
    plan: list[dict[str, Any]] = [
        {"id": 0, "action": "patch", "nodes": ["a"]},
        {"id": 1, "action": "pause", "nodes": [], "after": [0], "duration": 0},
        {"id": 2, "action": "patch", "nodes": ["b"], "after": [1]},
    ]
    log = run(
        "small",
        15,
        start(0, 0, "patch", "a"),
        of_node(0, "node_down", "a", 0),
        *lasting("a", 0, 0),
        event(2, "step_end", step=0),
        start(2, 1, "pause"),
        event(2, "step_end", step=1),
        start(2, 2, "patch", "b"),
        of_node(2, "node_down", "b", 2),
        *failing("b", 2, 2),
        event(7, "step_end", step=2),
        event(7, "abort", reason="1 bad node"),
        event(13, "release_replaced", release="p", generation=1),
        event(13, "plan_resumed", reason="respin"),
        start(13, 1, "pause"),
        event(13, "step_end", step=1),
        start(13, 2, "patch", "b"),
        of_node(13, "node_down", "b", 2, 2),
        *lasting("b", 2, 13, 2),
        event(15, "step_end", step=2),
        until=30,
    )
    check(
        scenario, plan, log,
        exposure=2_000 + 15_000,
        respins=1,
        reviews=0,
        stopped_time=6,
        retries=1,
        guardrail_pauses=2,  # the plan's own, twice
        guard_waits=0,
        aborted=0,
        bad_nodes=0,
    )  # fmt: skip


def test_a_step_that_opens_again_may_be_left_out_whole() -> None:
    # b is FAILED at 2 and a back at 5: two bad nodes. With a's new release at 5 + 6 both steps open
    # again, but b is never repaired, and the service cannot spare a.
    scenario = small(
        {
            "a": {"service": "s", "patch": "p"},
            "b": {"service": "s", "patch_with": {"failure_probability": 1}},
        },
        min_up={"s": 1},
        horizon=30,
        abort_after_failures=2,
    )
    defect = {"probability": 1, "failure_probability": 0.5}
    scenario["patches"] = {"p": {"severity": 1, "duration": 2, "defect": defect, **GOES_BACK}}
    scenario["environment"] = {"respin": {"delay": 6}}
    plan: list[dict[str, Any]] = [
        {"id": 0, "action": "patch", "nodes": ["a"]},
        {"id": 1, "action": "patch", "nodes": ["b"], "guarded": False},
        {"id": 2, "action": "pause", "nodes": [], "after": [0, 1], "duration": 2},
    ]
    failing_a = failing("a", 0, 0)
    log = run(
        "small",
        13,
        start(0, 0, "patch", "a"),
        of_node(0, "node_down", "a", 0),
        start(0, 1, "patch", "b"),
        of_node(0, "node_down", "b", 1),
        event(0, "service_below", service="s", serving=0, min_up=1),
        failing_a[0],
        of_node(2, "patch_failed", "b", 1),
        of_node(2, "node_failed", "b", 1),
        event(2, "step_end", step=1),
        *failing_a[1:],
        event(5, "step_end", step=0),
        event(5, "abort", reason="2 bad nodes"),
        event(5, "service_restored", service="s", serving=1, min_up=1),
        event(11, "release_replaced", release="p", generation=1),
        event(11, "plan_resumed", reason="respin"),
        start(11, 1, "patch", "b"),
        event(11, "node_left_out", node="b", step=1),
        event(11, "step_end", step=1),
        event(11, "node_left_out", node="a", step=0),
        start(11, 2, "pause"),
        event(13, "step_end", step=2),
        event(13, "abort", reason="step 0 can never start"),
        until=30,
    )
    check(scenario, plan, log, failures=2, aborted=1, guard_waits=0, stopped_time=6, bad_nodes=2)


def test_a_run_that_does_not_end_is_cut_off() -> None:
    scenario = small({"a": {"patch_with": {"duration": 300}}}, horizon=20)
    lines = [start(0, 0, "patch", "a"), of_node(0, "node_down", "a", 0)]
    lines.append(event(200, "abort", reason="the run does not end"))
    log = run("small", 200, *lines, until=200)
    plan = [{"id": 0, "action": "patch", "nodes": ["a"]}]
    check(scenario, plan, log, completion_time=200, aborted=1, work_seconds=200, exposure=200_000)
