"""What comes first of all that happens in one instant (MODEL 6)."""

from __future__ import annotations

import pytest

from support.luck import Luck
from support.tiny import (
    DAY,
    FAILS,
    LATENT,
    WATCHED,
    Document,
    alike,
    build,
    expect,
    patch,
    pause,
    run,
    several,
    switch,
    told,
)
from support.written import Crash


@pytest.mark.parametrize(("early", "crashes"), [(10, 1), (9, 0)])
def test_work_ends_before_anything_crashes(early: int, crashes: int) -> None:
    at = Luck("by-hand", 1).life(Crash(1000, 1.0), "a", 1)
    assert 10 < at < DAY
    scenario = alike("a", environment={"crash": {"mtbf": 1000}}, constraints={"horizon": at + 1})
    outcome = run(scenario, patch("a", not_before=at - early))
    # Patched by the very second in which its life ends, it serves and crashes; a second later it is
    # still down, and does not.
    expect(outcome, crashes=crashes, failed_nodes=crashes, patched=1, failures=0)


def test_detections_come_before_gates() -> None:
    scenario = alike("ab", of=LATENT, environment=WATCHED)
    # Detected at 37, and the pause ends then.
    expect(run(scenario, patch("a"), pause(27, 0), patch("b")), aborted=1, patched=0)


def test_gates_come_before_budgets_and_the_first_that_fails_stops_the_plan() -> None:
    limits = {"abort_after_failures": 1, "abort_share": 0.01}
    scenario = alike("ab", of=FAILS, constraints=limits)
    pausing = pause(15, 0) | {"after": []}
    outcome = run(scenario, patch("a"), pausing, pausing, patch("b"))
    expect(outcome, aborted=1, completion_time=15, failures=1)
    assert [event for _, event, _ in told(outcome, "gate_failed", "abort")] == [
        "gate_failed",
        "abort",
    ]


def test_budgets_come_before_anything_starts() -> None:
    nodes: dict[str, Document] = {"a": {"of": FAILS}, "b": {}}
    scenario = several(nodes, constraints={"abort_after_failures": 1})
    # a is bad at 15, when b would start.
    expect(run(scenario, patch("a"), patch("b", after=[], not_before=15)), patched=0, aborted=1)
    expect(run(scenario, patch("a"), patch("b", after=[], not_before=14)), patched=1, aborted=1)


def test_rollbacks_come_before_retries_and_retries_before_steps() -> None:
    nodes: dict[str, Document] = {
        "a": {"of": LATENT},
        "b": {"of": FAILS | {"duration": 22}},
        "c": {},
    }
    limits = {"max_parallel": 1, "max_retries": 1}
    scenario = several(nodes, constraints=limits, environment=WATCHED)
    outcome = run(scenario, patch("a"), patch("b"), patch("c", after=[0]))
    # a until 10, b until 32 and back at 37, when a is detected: a until 42, b until 69, c until 79.
    # c has waited since 10, b from 37 to 42.
    expect(outcome, impaired_time=7, completion_time=79, guard_waits=2, guard_wait_time=59 + 5)
    expect(outcome, peak_parallel=1, lost_capacity=10 + 5 + 27 + 27 + 10)


def test_steps_start_by_number() -> None:
    scenario = alike("abc", constraints={"max_parallel": 1})
    steps = [patch("c"), patch("a", after=[]), patch("b", after=[])]
    outcome = run(scenario, *steps)
    assert told(outcome, "node_patched") == [
        (10, "node_patched", "c"),
        (20, "node_patched", "a"),
        (30, "node_patched", "b"),
    ]


def test_an_instant_goes_on_until_nothing_changes() -> None:
    scenario = alike("abc", constraints={"surge": 1})
    outcome = run(scenario, build("a"), switch("a"), build("b"), switch("b"), patch("c"))
    # Switches take no time here: at 10 the first is over, and b's copy has its slot.
    expect(outcome, completion_time=30, surge_node_seconds=20, guard_waits=0, peak_surge=1)


def test_states_of_no_length_are_not_seen() -> None:
    edge = {"source": "a", "target": "b", "compatibility": "incompatible"}
    scenario = several({"a": {}, "b": {}}, edges=[edge], constraints={"surge": 2})
    # Built and switched one after the other, both at 10.
    steps = [build("a", "b"), switch("a"), switch("b", after=[0])]
    expect(run(scenario, *steps), incompatibility_violations=0, mixed_time=0, violation_time=0)
    steps[2]["not_before"] = 11
    expect(run(scenario, *steps), incompatibility_violations=1, mixed_time=1, violation_time=1)


def test_nothing_to_patch_takes_no_time() -> None:
    scenario = several({"a": {"patch": None}}, constraints={"horizon": 50})
    expect(run(scenario, pause(20)), time_to_remediate=0, patched=0, completion_time=20)
    expect(run(scenario), completion_time=0, total_exposure=0, work_seconds=0, aborted=0)
