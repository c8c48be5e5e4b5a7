"""Rollbacks of nodes in service: what they wait for, and what they take along (MODEL 6, 11)."""

from __future__ import annotations

from typing import Any

import pytest

from support.tiny import (
    DAY,
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

TOGETHER = {"source": "a", "target": "b", "compatibility": "incompatible"}


def sick(*names: str, **more: Any) -> Document:
    return several({name: {"of": LATENT} for name in names}, environment=WATCHED, **more)


def test_the_first_that_lacks_crew_holds_the_rest() -> None:
    scenario = sick("a", "b", "c", edges=[TOGETHER], constraints={"max_parallel": 2})
    scenario["nodes"].append(several({"d": {"of": {"duration": 100}}})["nodes"][0])
    outcome = run(scenario, patch("a", "b"), patch("c"), patch("d"))
    # d is at work from 20 to 120. a and b, detected at 37, need two places; c, detected at 47,
    # would need the one that is free, but is held. a and b go back from 120 to 125, then c.
    expect(outcome, rollbacks=3, impaired_time=2 * (120 - 30) + (125 - 40), peak_parallel=2)
    expect(outcome, completion_time=120, lost_capacity=2 * 15 + 15 + 100, guard_waits=0)
    assert told(outcome, "rollback_start") == [
        (120, "rollback_start", "a"),
        (120, "rollback_start", "b"),
        (125, "rollback_start", "c"),
    ]


def test_one_that_would_break_min_up_holds_nobody() -> None:
    scenario = sick("a", "c", constraints={"max_parallel": 2})
    scenario["nodes"] += several({"b": {"of": {"duration": 100}}})["nodes"]
    scenario["services"] = {"s": {"min_up": 1}}
    for node in scenario["nodes"]:
        if node["id"] != "c":
            node["service"] = "s"
    outcome = run(scenario, patch("a"), patch("c"), patch("b"))
    # b is at work from 20 to 120, so a, detected at 37, serves alone; c goes back from 47 to 52.
    expect(outcome, impaired_time=(120 - 30) + 7, rollbacks=2, downtime=0)
    expect(outcome, residual_exposure=1000 * (DAY - 125) + 1000 * (DAY - 120))


def test_rollbacks_come_before_steps() -> None:
    outcome = run(
        sick("a", "b", constraints={"max_parallel": 1}), patch("a"), pause(27), patch("b")
    )
    # a goes back from 37 to 42; b, due at 37, is patched from 42 to 52.
    expect(outcome, guard_waits=1, guard_wait_time=5, completion_time=52, impaired_time=7 + 7)


def test_an_only_instance_that_must_serve_is_never_taken_out() -> None:
    scenario = alike("a", of=LATENT, min_up=1, environment=WATCHED)
    outcome = run(scenario, build("a"), switch("a"))
    # Built beside and switched at 10. To roll it back would break min_up for 5 s: it stays.
    expect(outcome, detections=1, rollbacks=0, impaired_time=DAY - 30, latent_nodes=1, patched=1)
    expect(outcome, downtime=0, bad_nodes=1, residual_exposure=0, time_to_remediate=10)


@pytest.mark.parametrize(
    ("step", "unplanned"), [({"waives": ["s"]}, 0), ({"guarded": False}, 10 + 5)]
)
def test_rollbacks_keep_the_leave_of_their_step(step: Document, unplanned: int) -> None:
    scenario = alike("a", of=LATENT, min_up=1, environment=WATCHED)
    outcome = run(scenario, patch("a", **step))
    expect(outcome, rollbacks=1, downtime=10 + 5, unplanned_downtime=unplanned, impaired_time=7)


def test_rollbacks_of_an_unguarded_step_overrun_the_crew() -> None:
    scenario = sick("a", "b", constraints={"max_parallel": 1})
    outcome = run(scenario, patch("a", "b", guarded=False))
    # Two at once from 0 to 10, and again from 37 to 42.
    expect(outcome, crew_overrun=10 + 5, peak_parallel=2, rollbacks=2, work_seconds=30)


def test_work_on_the_node_itself_is_waited_for() -> None:
    outcome = run(alike("a", of=LATENT | {"warmup": 50}, environment=WATCHED), patch("a"))
    # New and warming up until 60, IMPAIRED from 30 on; back at 65.
    expect(outcome, impaired_time=30, lost_capacity=65, completion_time=60, work_seconds=65)


def test_work_on_a_guest_is_waited_for() -> None:
    nodes: dict[str, Document] = {
        "h": {"type": "host", "of": LATENT},
        "g": {"host": "h", "of": {"duration": 80}},
    }
    outcome = run(several(nodes, environment=WATCHED), patch("h"), patch("g"))
    # g is at work from 10 to 90; then h is taken down, g with it.
    expect(outcome, impaired_time=60, rollbacks=1, lost_capacity=2 * 10 + 80 + 2 * 5)


def test_a_host_that_is_out_is_waited_for() -> None:
    nodes: dict[str, Document] = {
        "h": {"type": "host", "of": {"duration": 80}},
        "g": {"host": "h", "of": LATENT},
    }
    outcome = run(several(nodes, environment=WATCHED), patch("g"), patch("h"))
    # h is down from 10 to 90, g with it; g, detected at 37, goes back from 90 to 95.
    expect(outcome, impaired_time=60, rollbacks=1, lost_capacity=10 + 2 * 80 + 5)


def test_a_unit_goes_back_together_for_as_long_as_the_longest() -> None:
    nodes: dict[str, Document] = {"a": {"of": LATENT}, "b": {"of": {"rollback": 30}}}
    scenario = several(nodes, edges=[TOGETHER], environment=WATCHED)
    outcome = run(scenario, patch("a", "b"))
    # Only a is impaired; both are down from 37 to 67.
    expect(outcome, rollbacks=2, impaired_time=7, lost_capacity=2 * 10 + 2 * 30, mixed_time=0)
    # A member without a rollback stays new, and the edge is mixed from 42 on.
    scenario["nodes"][1]["patch"] |= {"rollback": None}
    outcome = run(scenario, patch("a", "b"))
    expect(outcome, rollbacks=1, patched=1, incompatibility_violations=1, violation_time=DAY - 42)


def test_a_live_patch_is_taken_back_live() -> None:
    outcome = run(alike("a", of=LATENT | {"restart": False}, environment=WATCHED), patch("a"))
    # Impaired until the end of the rollback, at 42; out of service never.
    expect(outcome, impaired_time=12, lost_capacity=0, work_seconds=15, rollbacks=1, patched=0)


def test_a_rollback_that_fails_leaves_its_node_failed() -> None:
    of = LATENT | {"rollback": {"duration": 5, "failure_probability": 1}}
    outcome = run(alike("a", of=of, environment=WATCHED), patch("a"))
    # FAILED and old at 42.
    expect(outcome, failed_rollbacks=1, rollbacks=0, failed_nodes=1, bad_nodes=1, patched=0)
    expect(
        outcome, lost_capacity=10 + DAY - 37, residual_exposure=1000 * (DAY - 42), latent_nodes=0
    )


def test_rollbacks_go_on_after_an_abort() -> None:
    limits = {"abort_after_failures": 1}
    outcome = run(sick("a", "b", "c", constraints=limits), patch("a", "b"), pause(100), patch("c"))
    # Both are detected at 37, which aborts the plan and ends its pause; both go back to 42.
    expect(
        outcome, completion_time=37, aborted=1, rollbacks=2, patched=0, exposure=1000 * (20 + 37)
    )
    expect(outcome, residual_exposure=1000 * (3 * (DAY - 37) - 2 * 5))


def test_detection_is_the_same_before_the_end_of_the_plan_and_after_it() -> None:
    for more in ((), (pause(500),)):
        outcome = run(sick("a"), patch("a"), *more)
        expect(outcome, impaired_time=7, detections=1, rollbacks=1, lost_capacity=15)
        expect(outcome, total_exposure=1000 * (10 + DAY - 42))
