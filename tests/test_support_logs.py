"""The oracles of logs, checked against logs written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from support import examples
from support.check_log import check_log
from support.examples import event, of_node, run, small, start
from support.execution import check_execution
from support.recompute import metrics

Scenario = dict[str, Any]
Log = list[dict[str, Any]]
HAND_WRITTEN = [
    (examples.ROLLING, examples.ROLLING_LOG, examples.ROLLING_METRICS),
    (examples.BUILT, examples.BUILT_LOG, examples.BUILT_METRICS),
    (examples.ABORTED, examples.ABORTED_LOG, examples.ABORTED_METRICS),
    (examples.TORN, examples.TORN_LOG, examples.TORN_METRICS),
]


@pytest.mark.parametrize(("scenario", "log", "expected"), HAND_WRITTEN)
def test_metrics_of_hand_written_logs(
    scenario: Scenario, log: Log, expected: dict[str, int | float | str]
) -> None:
    check_log(scenario, log)
    found = metrics(scenario, log)
    assert set(found) == set(examples.ROLLING_METRICS)
    assert {name: found[name] for name in expected} == expected


def test_an_empty_run_has_metrics() -> None:
    log = run("rolling", 0, until=100)
    check_log(examples.ROLLING, log)
    found = metrics(examples.ROLLING, log)
    assert {name for name, value in found.items() if value} == {
        "residual_exposure",
        "total_exposure",
        "time_to_remediate",
    }
    assert found["residual_exposure"] == 100 * 21_000


@pytest.mark.parametrize(("scenario", "log", "_"), HAND_WRITTEN)
def test_a_log_with_an_event_moved_or_missing_is_unlawful(
    scenario: Scenario, log: Log, _: Any
) -> None:
    for place, line in enumerate(log):
        if line["event"] == "step_wait":
            continue  # Nothing else in a log tells that a step had to wait.
        shorter = log[:place] + log[place + 1 :]
        later = [*log[:place], line | {"time": line["time"] + 1}, *log[place + 1 :]]
        for changed in (shorter, later):
            with pytest.raises(AssertionError):
                check_log(scenario, changed)


def test_slots_freed_after_another_start_of_the_instant_count_for_the_peak() -> None:
    log = list(examples.BUILT_LOG)
    at = next(k for k, it in enumerate(log) if it["event"] == "step_start" and it["step"] == 2)
    line = log.pop(at)
    switch = next(k for k, it in enumerate(log) if it["event"] == "step_start" and it["step"] == 1)
    log.insert(switch, line)
    check_log(examples.BUILT, log)
    assert metrics(examples.BUILT, log)["peak_surge"] == 3
    with pytest.raises(AssertionError, match="step 2 at 11 s: surge"):
        check_execution(examples.BUILT, BUILT_PLAN, log)


def test_a_failed_gate_stops_the_plan_and_the_service_stays_down() -> None:
    log = run(
        "rolling",
        10,
        start(0, 0, "patch", "db-1"),
        of_node(0, "node_down", "db-1", 0),
        event(0, "service_below", service="db", serving=0, min_up=1),
        of_node(3, "patch_failed", "db-1", 0),
        of_node(3, "node_failed", "db-1", 0),
        event(3, "step_end", step=0),
        start(3, 1, "pause"),
        event(10, "step_end", step=1),
        event(10, "gate_failed", reason="1 bad node"),
        event(10, "abort", reason="1 bad node"),
        until=100,
    )
    check_log(examples.ROLLING, log)
    assert metrics(examples.ROLLING, log)["downtime"] == 100
    with pytest.raises(AssertionError, match="no abort with"):
        check_log(examples.ROLLING, [line for line in log if line["event"] != "abort"])
    plan = [
        {"id": 0, "action": "patch", "nodes": ["db-1"], "waives": []},
        {"id": 1, "action": "pause", "nodes": [], "after": [0], "duration": 7, "gate": None},
    ]
    for allowed, wrong in [(0, None), (1, "no gate fails")]:
        plan[1]["gate"] = {"max_failures": allowed}
        unguarded = [step | {"guarded": False} for step in plan]
        if wrong is None:
            check_execution(examples.ROLLING, unguarded, log)
        else:
            with pytest.raises(AssertionError, match=wrong):
                check_execution(examples.ROLLING, unguarded, log)


BUILT_PLAN: list[dict[str, Any]] = [
    {"id": 0, "action": "build", "nodes": ["a", "b"]},
    {"id": 1, "action": "switch", "nodes": ["a", "b"], "after": [0]},
    {"id": 2, "action": "build", "nodes": ["c"]},
    {"id": 3, "action": "switch", "nodes": ["c"], "after": [2]},
]


def test_a_log_is_that_of_its_plan() -> None:
    check_execution(examples.BUILT, BUILT_PLAN, examples.BUILT_LOG)


@pytest.mark.parametrize(
    ("step", "change", "wrong"),
    [
        (1, {"not_before": 12}, "step 1 starts too early"),
        (2, {"after": [1]}, "step 2 has nothing to wait for"),
        (2, {"guarded": False}, "step 2 has nothing to wait for"),
        (3, {"nodes": ["a"]}, "step 3 is not as planned"),
        (1, {"waives": ["s"]}, "step 1 is not as planned"),
    ],
)
def test_a_log_is_not_that_of_another_plan(step: int, change: dict[str, Any], wrong: str) -> None:
    plan = [it | change if it["id"] == step else it for it in BUILT_PLAN]
    with pytest.raises(AssertionError, match=wrong):
        check_execution(examples.BUILT, plan, examples.BUILT_LOG)


def test_a_wait_is_told() -> None:
    log = [line for line in examples.BUILT_LOG if line["event"] != "step_wait"]
    check_log(examples.BUILT, log)
    with pytest.raises(AssertionError, match="step 2 waits from 0 on"):
        check_execution(examples.BUILT, BUILT_PLAN, log)


def test_a_plan_that_stops_without_an_abort_is_wrong() -> None:
    last = {"id": 4, "action": "pause", "nodes": [], "after": [3], "duration": 5}
    with pytest.raises(AssertionError, match="step 4 could start at 13"):
        check_execution(examples.BUILT, [*BUILT_PLAN, last], examples.BUILT_LOG)


def test_nothing_is_left_out_that_a_window_would_let_in() -> None:
    scenario = small(
        {"a": {}}, horizon=20, windows={"every": 10, "open": [{"start": 4, "duration": 3}]}
    )
    plan = [{"id": 0, "action": "patch", "nodes": ["a"]}]
    log = run(
        "small",
        0,
        event(0, "step_wait", step=0, reason="outside the windows"),
        event(0, "node_left_out", node="a", step=0),
        event(0, "abort", reason="outside the windows"),
        until=20,
    )
    check_log(scenario, log)
    with pytest.raises(AssertionError, match="left out, but it can start some time"):
        check_execution(scenario, plan, log)


@pytest.mark.parametrize(
    ("steps", "broken"),
    [
        (["host"], None),
        (["host", "guest"], "step 1 at 1 s: max_parallel; a host conflict; dependency order"),
        (["guest", "host"], "step 0 at 0 s: dependency order"),
        (["host guest"], "step 0 at 0 s: max_parallel; a host conflict; dependency order"),
    ],
)
def test_guards_of_hosts_crew_and_order(steps: list[str], broken: str | None) -> None:
    scenario = small(
        {"host": {"type": "host"}, "guest": {"host": "host"}},
        edges=[("guest", "host")],
        max_parallel=1,
        dependency_order="strict",
        horizon=9,
    )
    plan: list[dict[str, Any]] = [
        {"id": step, "action": "patch", "nodes": nodes.split(), "not_before": step}
        for step, nodes in enumerate(steps)
    ]
    log = [start(step, step, "patch", *nodes.split()) for step, nodes in enumerate(steps)]
    log.insert(1, of_node(0, "node_down", steps[0].split()[0], 0))
    if broken is None:
        ends = [of_node(2, "node_patched", "host", 0), of_node(2, "node_serving", "host", 0)]
        ends.append(event(2, "step_end", step=0))
        check_execution(scenario, plan, run("small", 2, *log, *ends, until=9))
    else:
        with pytest.raises(AssertionError, match=f"^{broken}$"):
            check_execution(scenario, plan, log)
