"""Failures as they happen, one tiny plan each, solved by hand (MODEL 11)."""

from __future__ import annotations

from typing import Any

import pytest

from patchopt.simulator.running import simulate
from support.building import plan_by_hand, seed_for
from support.contract import infrastructure_of
from support.luck import Luck
from support.written import Crash

Told = list[tuple[int, str, str]]
PATCH = {"action": "patch"}
#: 5 weight, so 5,000 milli-weight; 10 s; back in 5 s.
PLAIN: dict[str, Any] = {"severity": 5.0, "duration": 10, "rollback": 5}
LATENT = PLAIN | {"latent": {"probability": 1, "delay": 20}}
WATCHED = {"detection": {"probability": 1, "delay": 7}}


def scenario_of(nodes: dict[str, Any], **more: Any) -> dict[str, Any]:
    listed = [
        {"id": name, "type": "database", "patch": None} | node for name, node in nodes.items()
    ]
    return {"version": 1, "name": "trouble", "nodes": listed} | more


def told(
    scenario: dict[str, Any], *steps: dict[str, Any], seed: int = 1
) -> tuple[Told, dict[str, Any]]:
    """Run a plan; return time, event and node of all that happens to nodes, and the metrics."""
    infrastructure = infrastructure_of(scenario)
    plan = plan_by_hand(infrastructure, *steps)
    outcome = simulate(infrastructure, plan, seed=seed, events=True)
    frame = ("run_start", "run_end", "step_start", "step_end")
    events = [
        (event["time"], event["event"], event.get("node", ""))
        for event in outcome.events
        if event["event"] not in frame
    ]
    return events, {name: column[0] for name, column in outcome.columns.items()}


def assert_metrics(found: dict[str, Any], **expected: Any) -> None:
    assert {name: found[name] for name in expected} == expected


def test_a_latent_failure_is_detected_and_rolled_back() -> None:
    events, metrics = told(
        scenario_of({"a": {"patch": LATENT}}, environment=WATCHED),
        PATCH | {"nodes": ["a"]},
        {"action": "pause", "duration": 50},
    )
    assert events == [
        (0, "node_down", "a"),
        (10, "node_patched", "a"),
        (10, "latent_failure", "a"),
        (10, "node_serving", "a"),
        (30, "node_impaired", "a"),
        (37, "failure_detected", "a"),
        (37, "rollback_start", "a"),
        (37, "node_down", "a"),
        (42, "rolled_back", "a"),
        (42, "node_serving", "a"),
    ]
    assert_metrics(
        metrics,
        exposure=5_000 * (10 + 60 - 42),  # until patched, and again from 42 to the end at 60
        completion_time=60,
        lost_capacity=10 + 5,
        work_seconds=10 + 5,
        impaired_time=7,
        latent_failures=1,
        latent_nodes=0,
        detections=1,
        rollbacks=1,
        failures=0,
        patched=0,
        aborted=0,
    )


def test_without_a_watch_a_node_stays_impaired() -> None:
    _, metrics = told(
        scenario_of({"a": {"patch": LATENT}}),
        PATCH | {"nodes": ["a"]},
        {"action": "pause", "duration": 50},
    )
    # IMPAIRED from 30 on, to the end of the day.
    assert_metrics(metrics, impaired_time=86_370, latent_nodes=1, patched=1, exposure=50_000)


def test_a_node_patched_live_serves_while_it_is_rolled_back() -> None:
    events, metrics = told(
        scenario_of({"a": {"patch": LATENT | {"restart": False}}}, environment=WATCHED),
        PATCH | {"nodes": ["a"]},
        {"action": "pause", "duration": 50},
    )
    assert events[-2:] == [(37, "rollback_start", "a"), (42, "rolled_back", "a")]
    assert_metrics(metrics, lost_capacity=0, impaired_time=12, work_seconds=15, patched=0)


@pytest.mark.parametrize(
    ("constraints", "gate", "at"),
    [
        ({}, {"max_failures": 0}, 60),  # at the end of the pause
        ({"abort_after_failures": 1}, None, 37),  # which cuts the pause
    ],
)
def test_a_detected_node_is_bad(
    constraints: dict[str, Any], gate: dict[str, int] | None, at: int
) -> None:
    events, metrics = told(
        scenario_of(
            {"a": {"patch": LATENT}, "b": {"patch": PLAIN}},
            environment=WATCHED,
            constraints=constraints,
        ),
        PATCH | {"nodes": ["a"]},
        {"action": "pause", "duration": 50, "gate": gate},
        PATCH | {"nodes": ["b"]},
    )
    assert [time for time, event, _ in events if event == "abort"] == [at]
    assert_metrics(metrics, aborted=1, failures=0, patched=0, rollbacks=1, completion_time=at)


def test_a_false_alarm_counts_for_a_gate_and_nothing_else() -> None:
    alarms = {"detection": {"probability": 1, "delay": 1, "false_alarms_per_day": 864}}
    luck = Luck("trouble", 1)
    first = luck.quiet(864, 1)
    assert first > 1
    events, metrics = told(
        scenario_of(
            {"a": {"patch": PLAIN}}, environment=alarms, constraints={"abort_after_failures": 1}
        ),
        {"action": "pause", "duration": first - 1, "gate": {"max_failures": 0}},
        PATCH | {"nodes": ["a"]},
    )
    assert events[0] == (first - 1, "node_down", "a")
    assert metrics["aborted"] == 0
    _, metrics = told(
        scenario_of({"a": {"patch": PLAIN}}, environment=alarms),
        {"action": "pause", "duration": first, "gate": {"max_failures": 0}},
        PATCH | {"nodes": ["a"]},
    )
    # Gates are judged after all that an instant brings.
    assert metrics["aborted"] == 1
    assert "the gate's 0" in metrics["abort_reason"]


def test_a_failed_rollback_leaves_its_node_failed_until_it_is_repaired() -> None:
    patch = PLAIN | {
        "failure_probability": 1,
        "rollback": {"duration": 5, "failure_probability": 1},
    }
    events, metrics = told(
        scenario_of(
            {"a": {"patch": patch}},
            environment={"repair": 30},
            constraints={"max_retries": 3},
        ),
        PATCH | {"nodes": ["a"]},
        {"action": "pause", "duration": 50},
    )
    assert events == [
        (0, "node_down", "a"),
        (10, "patch_failed", "a"),
        (15, "rollback_failed", "a"),
        (15, "node_failed", "a"),
        (45, "node_repaired", "a"),
    ]
    assert_metrics(
        metrics,
        failures=1,
        retries=0,
        rollbacks=0,
        failed_rollbacks=1,
        repairs=1,
        failed_nodes=0,
        lost_capacity=45,
        completion_time=65,
        exposure=65 * 5_000,
    )


def test_a_guest_is_put_off_until_its_host_is_repaired() -> None:
    broken = {"severity": 5.0, "duration": 10, "failure_probability": 1}
    events, metrics = told(
        scenario_of(
            {"h": {"type": "host", "patch": broken}, "g": {"host": "h", "patch": PLAIN}},
            environment={"repair": 30},
        ),
        PATCH | {"nodes": ["h"]},
        PATCH | {"nodes": ["g"]},
    )
    assert events == [
        (0, "node_down", "h"),
        (10, "patch_failed", "h"),
        (10, "node_failed", "h"),
        (10, "node_put_off", ""),
        (40, "node_repaired", "h"),
        (40, "attempt_start", ""),
        (40, "node_down", "g"),
        (50, "node_patched", "g"),
        (50, "node_serving", "g"),
    ]
    # The guest is down with its host until 40, and then by its own patch.
    assert_metrics(metrics, guard_waits=0, lost_capacity=40 + 50, completion_time=50)


def test_without_repair_a_plan_does_not_wait_for_what_never_comes_back() -> None:
    broken = {"severity": 5.0, "duration": 10, "failure_probability": 1}
    _, metrics = told(
        scenario_of({"h": {"type": "host", "patch": broken}, "g": {"host": "h", "patch": PLAIN}}),
        PATCH | {"nodes": ["h"]},
        PATCH | {"nodes": ["g"]},
    )
    assert_metrics(metrics, aborted=1, completion_time=10, guard_wait_time=0, patched=0)
    assert "can never start" in metrics["abort_reason"]


def test_a_crashed_node_comes_back_old_and_is_put_off_while_it_is_down() -> None:
    mtbf = 1000
    crashing = {"crash": {"mtbf": mtbf, "shape": 1.0}, "repair": 30}
    node = {"a": {"patch": PLAIN}}
    lives = [Luck("trouble", 5).life(Crash(mtbf, 1.0), "a", count) for count in (1, 2)]
    assert lives[0] > 10
    # The first life goes on through the patch, since the node is back by its end.
    crashed = lives[0]
    again = crashed + 30 + lives[1]
    events, metrics = told(
        scenario_of(node, environment=crashing, constraints={"horizon": again}),
        PATCH | {"nodes": ["a"]},
        seed=5,
    )
    assert events == [
        (0, "node_down", "a"),
        (10, "node_patched", "a"),
        (10, "node_serving", "a"),
        (crashed, "node_crashed", "a"),
        (crashed + 30, "node_repaired", "a"),
        (again, "node_crashed", "a"),
    ]
    assert_metrics(
        metrics,
        crashes=2,
        repairs=1,
        failed_nodes=1,
        patched=0,
        lost_capacity=10 + 30,
        exposure=50_000,
        residual_exposure=5_000 * (again - (crashed + 30)),
    )
    # No step waits for it: it is patched by itself once it is back.
    assert lives[1] > 10
    events, metrics = told(
        scenario_of(node, environment=crashing, constraints={"horizon": crashed + 40}),
        {"action": "pause", "duration": crashed + 5},
        PATCH | {"nodes": ["a"], "guarded": False},
        seed=5,
    )
    assert events == [
        (crashed, "node_crashed", "a"),
        (crashed + 5, "node_put_off", ""),
        (crashed + 30, "node_repaired", "a"),
        (crashed + 30, "attempt_start", ""),
        (crashed + 30, "node_down", "a"),
        (crashed + 40, "node_patched", "a"),
        (crashed + 40, "node_serving", "a"),
    ]
    assert_metrics(metrics, completion_time=crashed + 40, failures=0, work_seconds=10)


def test_a_switch_puts_the_copy_in_the_place_of_a_crashed_node() -> None:
    crashed = Luck("trouble", 5).life(Crash(1000, 1.0), "a", 1)
    scenario = scenario_of(
        {"a": {"patch": PLAIN}},
        environment={"crash": {"mtbf": 1000}, "repair": 10_000},
        constraints={"horizon": crashed + 20},
    )
    events, metrics = told(
        scenario,
        {"action": "build", "nodes": ["a"]},
        {"action": "switch", "nodes": ["a"], "not_before": crashed + 20},
        seed=5,
    )
    assert events == [
        (10, "built", "a"),
        (crashed, "node_crashed", "a"),
        (crashed + 20, "switched", "a"),
    ]
    assert_metrics(metrics, lost_capacity=20, failed_nodes=0, patched=1)


def test_detected_nodes_wait_for_crew_before_any_step() -> None:
    # b is worked on from 10 to 60; a, detected at 37, comes next, and c only after it.
    events, metrics = told(
        scenario_of(
            {
                "a": {"patch": LATENT},
                "b": {"patch": PLAIN | {"duration": 50}},
                "c": {"patch": PLAIN},
            },
            environment=WATCHED,
            constraints={"max_parallel": 1},
        ),
        *(PATCH | {"nodes": [name]} for name in "abc"),
    )
    starts = [(time, node) for time, event, node in events if event == "node_down"]
    assert starts == [(0, "a"), (10, "b"), (60, "a"), (65, "c")]
    assert_metrics(metrics, impaired_time=30, peak_parallel=1, guard_wait_time=5)


def test_a_share_of_a_releases_failures_aborts() -> None:
    release = PLAIN | {"failure_probability": 0.5}
    luck = {("a", 1): False, ("b", 1): True, ("c", 1): True, ("d", 1): False}
    seed = seed_for("trouble", luck)

    def aborted_at(share: float) -> list[int]:
        events, _ = told(
            scenario_of(
                {name: {"patch": "CVE-1"} for name in "abcd"},
                patches={"CVE-1": release},
                constraints={"abort_share": share},
            ),
            *(PATCH | {"nodes": [name]} for name in "abcd"),
            seed=seed,
        )
        return [time for time, event, _ in events if event == "abort"]

    # b fails at 20 and is bad from 25, c at 35 and from 40 on: two of the four that are planned.
    assert aborted_at(0.25) == [40]
    assert aborted_at(0.01) == [40]  # one is never too many
    assert aborted_at(0.5) == []


def test_blue_green_pays_for_its_slots_until_the_switch() -> None:
    _, metrics = told(
        scenario_of({"a": {"patch": PLAIN}, "b": {"patch": PLAIN}}),
        {"action": "build", "nodes": ["a", "b"]},
        {"action": "pause", "duration": 20},
        {"action": "switch", "nodes": ["a", "b"], "after": [0, 1]},
    )
    assert_metrics(metrics, surge_node_seconds=2 * 30, peak_surge=2, work_seconds=2 * 10)
