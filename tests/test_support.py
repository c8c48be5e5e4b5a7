"""The test support itself, checked against instances solved by hand and against brute force."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, seed, settings

from support import examples
from support.execution import check_execution
from support.generate import FEATURES, PROBABLE, features, scenarios
from support.guards import check_guards
from support.reading import Reading
from support.recompute import check_log, metrics
from support.windows import Windows
from support.written import seconds, share_of

pytestmark = pytest.mark.slow

Scenario = dict[str, Any]
HAND_WRITTEN = [
    (examples.ROLLING, examples.ROLLING_LOG, examples.ROLLING_METRICS),
    (examples.BUILT, examples.BUILT_LOG, examples.BUILT_METRICS),
    (examples.ABORTED, examples.ABORTED_LOG, examples.ABORTED_METRICS),
    (examples.TORN, examples.TORN_LOG, examples.TORN_METRICS),
]


# --- reading ---


def test_durations_and_shares() -> None:
    assert [seconds(text) for text in (7, "90s", "5m", "1h30m", "2d")] == [7, 90, 300, 5400, 172800]
    # 80% of 3 is 2.4 and 34% of 3 is 1.02, rounded up.
    assert [share_of("80%", 3), share_of("34%", 3), share_of("0%", 3), share_of(2, 3)] == [
        3,
        2,
        0,
        2,
    ]


def test_windows_merge_and_wrap() -> None:
    opened = [{"start": 8, "duration": 3}, {"start": 1, "duration": 2}, {"start": 5, "duration": 1}]
    windows = Windows({"every": 10, "open": opened})
    # Open from 8 over the end of the period to 1 and on to 3, and from 5 to 6.
    assert windows.longest == 5
    assert windows.holds(8, 13)
    assert windows.holds(0, 3)
    assert not windows.holds(0, 4)
    assert [second for second in range(8) if windows.holds(second, second)] == [0, 1, 2, 3, 5, 6]
    assert windows.earliest(1, 3) == 8
    assert Windows(None).holds(0, 10**9)


def test_order_goes_over_nodes_without_a_patch_and_not_within_a_cycle() -> None:
    scenario = examples.small(
        {"a": {}, "b": {}, "c": {}, "x": {"patch": None}},
        edges=[("a", "x"), ("x", "b"), ("b", "c"), ("c", "b")],
    )
    assert Reading(scenario).depends_on == [{1, 2}, set(), set()]


# --- generated scenarios ---


def collected(examples_wanted: int, **options: Any) -> list[Scenario]:
    found: list[Scenario] = []

    @seed(20260101)
    @settings(max_examples=examples_wanted, database=None, deadline=None)
    @given(scenarios(**options))
    def collect(scenario: Scenario) -> None:
        found.append(scenario)

    collect()
    return found


@pytest.mark.parametrize("options", [{}, {"max_units": 5, "probabilities": False}])
def test_generated_scenarios_use_every_constraint(options: dict[str, Any]) -> None:
    used = set[str]().union(*(features(scenario) for scenario in collected(500, **options)))
    assert used == (FEATURES if options.get("probabilities", True) else FEATURES - PROBABLE)


@settings(deadline=None)
@given(scenarios(max_units=4))
def test_generated_scenarios_are_small_and_valid(scenario: Scenario) -> None:
    assert yaml.safe_load(yaml.safe_dump(scenario)) == scenario
    reading = Reading(scenario)
    ids = [entry["id"] for entry in scenario["nodes"]]
    assert 1 <= len(reading.units) <= 4
    assert len(set(ids)) == len(ids)
    assert not reading.nodes.keys() & reading.instances.keys()
    assert all(0 <= least <= len(reading.instances[s]) for s, least in reading.min_up.items())
    for unit in reading.units:
        assert reading.max_parallel is None or len(unit) <= reading.max_parallel
        assert reading.windows.longest is None or reading.length(unit) <= reading.windows.longest
    for edge in reading.edges:
        assert not set(edge.sources) & set(edge.targets)
    for node in reading.nodes.values():
        assert node.host is None or reading.nodes[node.host].type == "host"
        assert node.id not in reading.ancestors(node.id)


# --- metrics from a log ---


@pytest.mark.parametrize(("scenario", "log", "expected"), HAND_WRITTEN)
def test_metrics_of_hand_written_logs(
    scenario: Scenario, log: list[Scenario], expected: dict[str, int | float | str]
) -> None:
    check_log(scenario, log)
    found = metrics(scenario, log)
    assert set(found) == set(examples.ROLLING_METRICS)
    assert {name: found[name] for name in expected} == expected


def test_an_empty_run_has_metrics() -> None:
    log = examples.run("rolling", 0)
    check_log(examples.ROLLING, log)
    found = metrics(examples.ROLLING, log)
    assert {name for name, value in found.items() if value} == {"residual_exposure_milli"}
    assert found["residual_exposure_milli"] == 100 * 21_000


def test_slots_freed_after_another_start_of_the_instant_count_for_the_peak() -> None:
    log = list(examples.BUILT_LOG)
    at = next(k for k, it in enumerate(log) if it["event"] == "step_start" and it["step"] == 2)
    start = log.pop(at)
    switch = next(k for k, it in enumerate(log) if it["event"] == "step_start" and it["step"] == 1)
    log.insert(switch, start)
    check_log(examples.BUILT, log)
    assert metrics(examples.BUILT, log)["peak_surge"] == 3
    with pytest.raises(AssertionError, match="step 2 at 11 s: surge"):
        check_guards(examples.BUILT, log)


@pytest.mark.parametrize(("scenario", "log", "_"), HAND_WRITTEN)
def test_a_log_with_an_event_moved_or_missing_is_illegal(
    scenario: Scenario, log: list[Scenario], _: Any
) -> None:
    for place, event in enumerate(log):
        if event["event"] == "step_wait":
            continue  # Nothing else in a log tells that a step had to wait.
        shorter = log[:place] + log[place + 1 :]
        later = [*log[:place], event | {"time": event["time"] + 1}, *log[place + 1 :]]
        for changed in (shorter, later):
            with pytest.raises(AssertionError):
                check_log(scenario, changed)


def test_a_wait_that_comes_to_nothing_ends_the_log_but_not_the_metrics() -> None:
    wait = examples.event(30, "step_wait", step=3, reason="order")
    abort = examples.event(30, "abort", reason="order")
    log = [*examples.ROLLING_LOG[:-1], wait, abort, examples.ROLLING_LOG[-1] | {"time": 30}]
    check_log(examples.ROLLING, log)
    expected = examples.ROLLING_METRICS | {
        "aborted": 1,
        "abort_reason": "order",
        "guardrail_pauses": 1,
    }
    assert metrics(examples.ROLLING, log) == expected


def test_a_failed_gate_aborts_at_the_end_of_its_pause() -> None:
    log = examples.run(
        "rolling",
        10,
        examples.event(0, "step_start", step=0, action="patch", nodes=["db-1"]),
        examples.of_node(0, "node_down", "db-1", 0),
        examples.event(0, "service_below", service="db", serving=0, min_up=1),
        examples.of_node(3, "patch_failed", "db-1", 0),
        examples.of_node(3, "node_failed", "db-1", 0),
        examples.event(3, "step_end", step=0),
        examples.event(3, "step_start", step=1, action="pause", nodes=[]),
        examples.event(10, "step_end", step=1),
        examples.event(10, "gate_failed", reason="1 node failed"),
        examples.event(10, "abort", reason="1 node failed"),
    )
    check_log(examples.ROLLING, log)
    assert metrics(examples.ROLLING, log)["downtime"] == 10
    with pytest.raises(AssertionError, match="no abort with"):
        check_log(examples.ROLLING, [event for event in log if event["event"] != "abort"])


def test_guards_of_hand_written_logs() -> None:
    check_guards(examples.BUILT, examples.BUILT_LOG)
    with pytest.raises(AssertionError, match="step 1 at 15 s: outside the windows"):
        check_guards(examples.ROLLING, examples.ROLLING_LOG)
    with pytest.raises(AssertionError, match="step 2 at 22 s: min_up of db"):
        check_guards(examples.ROLLING, examples.ROLLING_LOG, unguarded=[1])
    check_guards(examples.ROLLING, examples.ROLLING_LOG, unguarded=[1], waives={2: ["db"]})
    with pytest.raises(AssertionError, match="min_up of s"):
        check_guards(examples.ABORTED, examples.ABORTED_LOG)


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
    scenario = examples.small(
        {"host": {"type": "host"}, "guest": {"host": "host"}},
        edges=[("guest", "host")],
        max_parallel=1,
        dependency_order="strict",
    )
    log = [
        examples.event(step, "step_start", step=step, action="patch", nodes=nodes.split())
        for step, nodes in enumerate(steps)
    ]
    if broken is None:
        check_guards(scenario, log)
    else:
        with pytest.raises(AssertionError, match=f"^{broken}$"):
            check_guards(scenario, log)


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
        (1, {"not_before": 12}, "step 1 starts at 11, released at 12"),
        (2, {"after": [1]}, "step 2 has nothing to wait for"),
        (2, {"guarded": False}, "step 2 could start at 0"),
        (2, {"not_before": 4}, "step 2 waits from 4 on, logged: 0"),
        (3, {"nodes": ["a"]}, "step 3 is not as planned"),
    ],
)
def test_a_log_is_not_that_of_another_plan(step: int, change: dict[str, Any], wrong: str) -> None:
    plan = [it | change if it["id"] == step else it for it in BUILT_PLAN]
    with pytest.raises(AssertionError, match=wrong):
        check_execution(examples.BUILT, plan, examples.BUILT_LOG)


def test_a_plan_that_stops_without_an_abort_is_wrong() -> None:
    last = {"id": 4, "action": "pause", "after": [3], "duration": 5}
    with pytest.raises(AssertionError, match="5 steps, 4 started, and no abort"):
        check_execution(examples.BUILT, [*BUILT_PLAN, last], examples.BUILT_LOG)


def test_an_abort_is_wrong_while_a_step_could_start() -> None:
    scenario = examples.small(
        {"a": {}}, windows={"every": 10, "open": [{"start": 4, "duration": 3}]}
    )
    plan = [{"id": 0, "action": "patch", "nodes": ["a"]}]
    log = examples.run(
        "small",
        0,
        examples.event(0, "step_wait", step=0, reason="outside the windows"),
        examples.event(0, "abort", reason="outside the windows"),
    )
    check_log(scenario, log)
    with pytest.raises(AssertionError, match="aborted at 0, but step 0 can start some time"):
        check_execution(scenario, plan, log)
