"""Units that cannot start with their step hold nobody up (MODEL 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.tiny import (
    DIES,
    FAILS,
    LATENT,
    Document,
    build,
    expect,
    patch,
    pause,
    reason,
    run,
    several,
    switch,
    told,
)

if TYPE_CHECKING:
    from patchopt.simulator.outcome import Outcome


def on_a_host(**more: Any) -> Document:
    """Return a host that dies at 10 if it is patched, a guest, and two nodes beside it."""
    nodes: dict[str, Document] = {
        "h": {"type": "host", "of": DIES},
        "g": {"host": "h"},
        "x": {},
        "y": {},
    }
    return several(nodes, **more)


def put_off(outcome: Outcome) -> list[tuple[Any, ...]]:
    """Return time, nodes and attempt of what was put off."""
    return [
        (it["time"], it["nodes"], it["attempt"])
        for it in outcome.events
        if it["event"] == "node_put_off"
    ]


def test_the_others_start_and_the_step_ends_with_them() -> None:
    scenario = on_a_host(environment={"repair": 30})
    outcome = run(scenario, patch("h"), patch("g", "x"), patch("y"))
    # h is dead from 10 to 40. x from 10 to 20, y after it to 30, g by itself from 40 to 50.
    expect(outcome, completion_time=50, patched=3, aborted=0, guard_waits=0, bad_nodes=1)
    expect(outcome, exposure=1000 * (50 + 50 + 20 + 30), retries=0)
    assert put_off(outcome) == [(10, ["g"], 1)]
    assert told(outcome, "step_end") == [
        (10, "step_end", 0),
        (20, "step_end", 1),
        (30, "step_end", 2),
    ]
    starts = [(it["time"], it["nodes"]) for it in outcome.events if it["event"] == "attempt_start"]
    assert starts == [(40, ["g"])]


def test_without_repair_they_are_left_out_and_abort_nobody() -> None:
    outcome = run(on_a_host(), patch("h"), patch("g", "x"), patch("y"))
    expect(outcome, completion_time=30, patched=2, aborted=1, failures=1, bad_nodes=1)
    assert told(outcome, "node_left_out", "node_put_off") == [(10, "node_left_out", "g")]
    # The plan counts as aborted when it is over.
    assert told(outcome, "abort") == [(30, "abort", None)]
    assert reason(outcome)


def test_a_step_of_which_nothing_starts_is_over_at_once() -> None:
    outcome = run(on_a_host(environment={"repair": 30}), patch("h"), patch("g"), patch("y"))
    expect(outcome, completion_time=50, patched=2, aborted=0, guard_waits=0)
    expect(outcome, exposure=1000 * (50 + 50 + 50 + 20))
    assert told(outcome, "step_start", "step_end")[2:4] == [
        (10, "step_start", 1),
        (10, "step_end", 1),
    ]


def test_the_guard_counts_those_that_start() -> None:
    # Two of three fit the crew once the third is put off.
    scenario = on_a_host(environment={"repair": 30}, constraints={"max_parallel": 2})
    outcome = run(scenario, patch("h"), patch("g", "x", "y"))
    expect(outcome, completion_time=50, patched=3, guard_waits=0, peak_parallel=2)


def test_what_was_put_off_asks_the_guard() -> None:
    windows = {"every": 100, "open": [{"start": 0, "duration": 45}]}
    scenario = on_a_host(environment={"repair": 30}, constraints={"windows": windows})
    outcome = run(scenario, patch("h"), patch("g", "x"))
    # Back at 40, g would end at 50: it waits for 100, which the guard forces, not the repair.
    expect(outcome, completion_time=110, guard_waits=1, guard_wait_time=60, window_overrun=0)
    waits = [(it["time"], it["nodes"]) for it in outcome.events if it["event"] == "attempt_wait"]
    assert waits == [(40, ["g"])]
    outcome = run(scenario, patch("h"), patch("g", "x", guarded=False))
    expect(outcome, completion_time=50, guard_waits=0, window_overrun=5)


def test_what_was_put_off_keeps_what_its_step_waives() -> None:
    nodes: dict[str, Document] = {
        "h": {"type": "host", "of": DIES},
        "g": {"host": "h", "service": "s"},
    }
    scenario = several(nodes, min_up={"s": 1}, environment={"repair": 30})
    outcome = run(scenario, patch("h", waives=["s"]), patch("g", waives=["s"]))
    # Down with its host from 0 to 40, by leave of the first step until 10, then by nobody's; at
    # work itself from 40 to 50, by leave of the second, which has ended long since.
    expect(outcome, downtime=50, unplanned_downtime=30, max_downtime=50, patched=1)


def test_what_was_put_off_is_tried_again() -> None:
    scenario = on_a_host(environment={"repair": 30}, constraints={"max_retries": 1})
    scenario["nodes"][1]["patch"] |= FAILS
    outcome = run(scenario, patch("h"), patch("g"))
    # h is never tried again. g from 40 to 55 and from 55 to 70.
    expect(outcome, completion_time=70, failures=1 + 2, retries=1, bad_nodes=2, aborted=0)


def test_a_build_minds_the_host_only() -> None:
    scenario = several({"a": {"of": DIES}, "b": {"of": DIES}}, environment={"repair": 500})
    scenario["nodes"][1]["patch"] |= {"failure_probability": 0}
    # a is dead from 10 on, which keeps nobody from patching b and building nothing of a.
    expect(run(scenario, patch("a"), build("b"), switch("b")), patched=1, completion_time=20)
    scenario = on_a_host(environment={"repair": 30})
    outcome = run(scenario, patch("h"), build("g", "x"), switch("g", "x"), patch("y"))
    # x is built and switched at 20, y patched until 30. g's copy is built from 40 to 50 and takes
    # its place by itself, without an end or an overhead of the switch.
    expect(outcome, completion_time=50, patched=3, surge_node_seconds=10 + 10, aborted=0)
    expect(outcome, exposure=1000 * (50 + 50 + 20 + 30))
    assert told(outcome, "switched") == [(20, "switched", "x"), (50, "switched", "g")]
    switched = [it["step"] for it in outcome.events if it["event"] == "switched"]
    assert switched == [2, 2]


def test_a_copy_that_is_ready_while_its_switch_is_under_way_is_taken_by_it() -> None:
    scenario = on_a_host(environment={"repair": 5}, constraints={"step_overhead": 25})
    outcome = run(scenario, patch("h"), build("g", "x"), switch("g", "x"))
    # h is dead from 35 to 40. x's copy is built until 70, g's until 75; the switch lasts from 70 to
    # 95.
    expect(outcome, completion_time=95, patched=2, surge_node_seconds=60 + 55)
    assert told(outcome, "switched") == [(95, "switched", "g"), (95, "switched", "x")]


def test_events_say_why_and_what_is_waived() -> None:
    scenario = on_a_host(environment={"repair": 30}, constraints={"max_parallel": 1})
    scenario["services"] = {"s": {"min_up": 0}}
    outcome = run(
        scenario, patch("h", waives=["s"]), patch("g", "x"), patch("y", after=[0], not_before=38)
    )
    # g, back at 40, has to wait for y, at work until 48.
    expect(outcome, completion_time=58, guard_waits=1, guard_wait_time=8)
    waived = [it["waives"] for it in outcome.events if it["event"] == "step_start"]
    assert waived == [["s"], [], []]
    reasons = {it["event"]: it["reason"] for it in outcome.events if "reason" in it}
    assert reasons["attempt_wait"] == "not enough crew: max_parallel"
    assert "h" in reasons["node_put_off"]


def test_a_waiting_retry_whose_host_dies_is_put_off() -> None:
    windows = {"every": 100, "open": [{"start": 0, "duration": 20}]}
    limits = {"windows": windows, "max_retries": 1}
    nodes: dict[str, Document] = {
        "h": {"type": "host", "of": DIES},
        "g": {"host": "h", "of": FAILS},
    }
    steps = [patch("g"), patch("h", after=[], not_before=20, guarded=False), patch("g")]
    # g waits from 15 on for the window at 100; h dies at 30.
    outcome = run(several(nodes, constraints=limits), *steps[:2])
    expect(outcome, completion_time=30, failures=2, bad_nodes=2, retries=0, aborted=1)
    assert told(outcome, "node_left_out") == [(30, "node_left_out", "g")]
    outcome = run(several(nodes, constraints=limits, environment={"repair": 200}), *steps[:2])
    # h is back at 230; the next window opens at 300.
    expect(outcome, completion_time=315, failures=3, retries=1, bad_nodes=2, aborted=0)
    assert put_off(outcome) == [(30, ["g"], 2)]


# --- strict order ---


def strict(**more: Any) -> Document:
    """Return g on a host that dies at 10, and x, which depends on g."""
    edge = {"source": "x", "target": "g"}
    return on_a_host(edges=[edge], constraints={"dependency_order": "strict"}, **more)


def test_a_dependency_that_is_put_off_is_waited_for() -> None:
    outcome = run(strict(environment={"repair": 30}), patch("h"), patch("g"), patch("x"))
    # g from 40 to 50, x from 50 to 60; x's step waits since 10.
    expect(outcome, completion_time=60, guard_waits=1, guard_wait_time=40, order_violations=0)


def test_a_dependency_that_can_no_longer_finish_leaves_its_dependents_out() -> None:
    outcome = run(strict(), patch("h"), patch("g"), patch("x"), patch("y"))
    expect(outcome, completion_time=20, patched=1, aborted=1, order_violations=0)
    assert told(outcome, "node_left_out") == [
        (10, "node_left_out", "g"),
        (10, "node_left_out", "x"),
    ]


def test_finished_is_once_and_for_all() -> None:
    nodes: dict[str, Document] = {"a": {"of": LATENT}, "b": {}}
    scenario = several(
        nodes,
        edges=[{"source": "b", "target": "a"}],
        constraints={"dependency_order": "strict"},
        environment={"detection": {"probability": 1, "delay": 7}},
    )
    outcome = run(scenario, patch("a"), pause(90), patch("b"))
    # a is old again from 42 on; b starts at 100 all the same.
    expect(outcome, patched=1, completion_time=110, order_violations=0, guard_waits=0, breach=0)


def test_finished_is_past_the_warm_up_or_switched() -> None:
    edges = [{"source": "b", "target": "a"}]
    limits = {"dependency_order": "strict"}
    warm: dict[str, Document] = {"a": {"of": {"warmup": 30}}, "b": {}}
    scenario = several(warm, edges=edges, constraints=limits)
    expect(run(scenario, patch("a"), patch("b", after=[])), completion_time=50, guard_wait_time=40)
    outcome = run(scenario, patch("a"), patch("b", after=[], guarded=False, not_before=39))
    expect(outcome, completion_time=49, order_violations=1, breach=1)
    outcome = run(scenario, patch("a"), patch("b", after=[], guarded=False, not_before=40))
    expect(outcome, completion_time=50, order_violations=0, breach=0)
    # Built until 40 and switched at 60.
    steps = [build("a"), switch("a", not_before=60), patch("b", after=[])]
    expect(run(scenario, *steps), completion_time=70, guard_wait_time=60)


def test_every_attempt_that_comes_too_early_violates_the_order() -> None:
    nodes: dict[str, Document] = {"a": {"of": {"duration": 50}}, "b": {"of": FAILS}}
    limits = {"dependency_order": "strict", "max_retries": 2}
    scenario = several(nodes, edges=[{"source": "b", "target": "a"}], constraints=limits)
    outcome = run(scenario, patch("a"), patch("b", after=[], guarded=False))
    # b starts at 0, 15 and 30; a finishes at 50.
    expect(outcome, order_violations=3, failures=3, completion_time=50)
