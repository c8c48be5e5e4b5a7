"""A retry is a start like any other: it takes everything anew, and asks the guard (MODEL 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.tiny import (
    DIES,
    FAILS,
    Document,
    alike,
    build,
    expect,
    patch,
    run,
    several,
    switch,
    told,
)

if TYPE_CHECKING:
    from patchopt.simulator.outcome import Outcome

ONCE_MORE = {"max_retries": 1}


def window(length: int) -> Document:
    return {"windows": {"every": 100, "open": [{"start": 0, "duration": length}]}}


def attempts(outcome: Outcome) -> list[tuple[Any, ...]]:
    """Return the events of attempts: time, kind, nodes, number."""
    kinds = ("attempt_wait", "attempt_start")
    return [
        (it["time"], it["event"], it["nodes"], it["attempt"])
        for it in outcome.events
        if it["event"] in kinds
    ]


def test_crew_is_given_back_and_taken_before_any_step() -> None:
    scenario = alike("ab", of=FAILS, constraints=ONCE_MORE | {"max_parallel": 1})
    outcome = run(scenario, patch("a"), patch("b", after=[]))
    # a from 0 to 15 and from 15 to 30; b, which has waited since 0, from 30 to 60.
    expect(outcome, completion_time=60, retries=2, guard_waits=1, guard_wait_time=30)
    expect(outcome, peak_parallel=1, work_seconds=60, exposure=2 * 60_000)
    assert attempts(outcome) == [(15, "attempt_start", ["a"], 2), (45, "attempt_start", ["b"], 2)]


def test_crew_that_others_have_taken_meanwhile_is_waited_for() -> None:
    scenario = several(
        {"a": {"of": FAILS}, "b": {"of": {"duration": 30}}},
        constraints=ONCE_MORE | {"max_parallel": 1},
    )
    # b breaks in at 5, unguarded, and is at work until 35: one too many until a is back at 15.
    outcome = run(scenario, patch("a"), patch("b", after=[], not_before=5, guarded=False))
    expect(outcome, crew_overrun=10, guard_waits=1, guard_wait_time=20, completion_time=50)
    expect(outcome, guardrail_pauses=1, retries=1)
    assert attempts(outcome) == [(15, "attempt_wait", ["a"], 2), (35, "attempt_start", ["a"], 2)]
    assert told(outcome, "step_end") == [(35, "step_end", 1), (50, "step_end", 0)]


def test_a_service_that_is_at_its_minimum_is_waited_for() -> None:
    scenario = several(
        {"a": {"service": "s", "of": FAILS}, "b": {"service": "s", "of": {"duration": 30}}},
        min_up={"s": 1},
        constraints=ONCE_MORE,
    )
    outcome = run(scenario, patch("a"), patch("b", after=[], not_before=12, guarded=False))
    # Both down from 12 to 15; then b alone until 42, when a goes down again until 57.
    expect(outcome, downtime=3, guard_waits=1, guard_wait_time=27, completion_time=57)


def test_slots_are_given_back_and_waited_for() -> None:
    scenario = several({"a": {"of": FAILS}, "b": {}}, constraints=ONCE_MORE | {"surge": 1})
    outcome = run(
        scenario,
        build("a"),
        switch("a"),
        build("b", after=[], not_before=5, guarded=False),
        switch("b"),
    )
    # a's copy fails at 10; b's takes the only slot from 5 to 15. a's second: from 15 to 25.
    expect(outcome, surge_overrun=5, guard_wait_time=5, guard_waits=1, peak_surge=2)
    expect(outcome, surge_node_seconds=10 + 10 + 10, work_seconds=30, completion_time=25)
    expect(outcome, failures=2, rollbacks=0, bad_nodes=1, patched=1)


def test_slots_beyond_the_surge_are_counted_if_there_is_one() -> None:
    steps = (build("a", "b", guarded=False), switch("a", "b"))
    # Two slots from 0 to 10, both too many; without a limit none is.
    expect(run(several({"a": {}, "b": {}}, constraints={"surge": 0}), *steps), surge_overrun=20)
    expect(run(several({"a": {}, "b": {}}), *steps), surge_overrun=0, surge_node_seconds=20)


def test_a_retry_ends_within_the_window() -> None:
    outcome = run(alike("ab", of=FAILS, constraints=ONCE_MORE | window(20)), patch("a", "b"))
    # At 15 both would end at 25: they wait for 100, a wait each.
    expect(outcome, completion_time=115, guard_waits=2, guard_wait_time=170, window_overrun=0)
    # With 25 s open they need not.
    outcome = run(alike("ab", of=FAILS, constraints=ONCE_MORE | window(25)), patch("a", "b"))
    # Only the rollbacks of the second attempts are outside, from 25 to 30.
    expect(outcome, completion_time=30, guard_waits=0, window_overrun=5)


def test_retries_of_an_unguarded_step_start_at_once() -> None:
    limits = ONCE_MORE | window(20) | {"max_parallel": 1}
    outcome = run(alike("ab", of=FAILS, constraints=limits), patch("a", "b", guarded=False))
    # From 15 to 30, 10 s of it outside of the window, two at work where one may.
    expect(outcome, completion_time=30, guard_waits=0, window_overrun=10, crew_overrun=30)


def test_a_step_runs_while_a_retry_of_it_waits() -> None:
    limits = ONCE_MORE | window(20)
    scenario = several(
        {"a": {"service": "s", "of": FAILS}, "b": {"service": "s"}, "c": {}},
        min_up={"s": 2},
        constraints=limits,
    )
    steps = [
        patch("a", waives=["s"]),
        patch("b", after=[], guarded=False, not_before=15),
        patch("c", after=[0], guarded=False),
    ]
    outcome = run(scenario, *steps)
    # a is down from 0 to 15, then waits until 100 and is down until 115. The damage that b does
    # from 15 to 25 is by the leave of a's step, which still runs; c comes after that step.
    expect(outcome, downtime=15 + 10 + 15, unplanned_downtime=0, completion_time=125)
    steps[1]["not_before"] = 120
    expect(run(scenario, *steps), downtime=40, unplanned_downtime=10)


def test_who_is_failed_is_not_tried_again_nor_is_its_unit() -> None:
    edge = {"source": "a", "target": "b", "compatibility": "incompatible"}
    nodes: dict[str, Document] = {"a": {"of": DIES}, "b": {"of": FAILS}}
    outcome = run(several(nodes, edges=[edge], constraints={"max_retries": 5}), patch("a", "b"))
    # a is FAILED at 10, b rolled back at 15; both have failed.
    expect(outcome, failures=2, retries=0, rollbacks=1, failed_nodes=1, bad_nodes=2)
    expect(outcome, completion_time=15, work_seconds=10 + 15, aborted=0)


def test_retries_count_nodes() -> None:
    edge = {"source": "a", "target": "b", "compatibility": "incompatible"}
    nodes: dict[str, Document] = {"a": {"of": FAILS}, "b": {"of": {"rollback": 1}}}
    outcome = run(several(nodes, edges=[edge], constraints={"max_retries": 2}), patch("a", "b"))
    expect(outcome, failures=3, retries=4, rollbacks=6, completion_time=45, bad_nodes=1)


def test_an_abort_gives_waiting_retries_up() -> None:
    limits = {"max_retries": 5, "abort_after_failures": 1} | window(20)
    scenario = several({"a": {"of": FAILS}, "b": {"of": DIES}}, constraints=limits)
    outcome = run(scenario, patch("a"), patch("b", after=[], not_before=30, guarded=False))
    # a waits from 15 on for 100. b dies at 40, which aborts: a is bad then, too.
    expect(outcome, completion_time=40, bad_nodes=2, failures=2, retries=0, aborted=1)
    expect(outcome, guard_waits=1, guard_wait_time=25)
    assert told(outcome, "step_end", "abort") == [
        (40, "step_end", 1),
        (40, "abort", None),
        (40, "step_end", 0),
    ]


def test_work_that_ends_after_an_abort_is_not_tried_again() -> None:
    limits = {"max_retries": 5, "abort_after_failures": 1}
    scenario = several(
        {"a": {"of": FAILS}, "b": {"of": DIES | {"duration": 12}}}, constraints=limits
    )
    outcome = run(scenario, patch("a", "b"))
    # b dies at 12; a, being rolled back until 15, is bad then.
    expect(outcome, completion_time=15, failures=2, retries=0, bad_nodes=2, aborted=1)


HOST: Document = {"type": "host", "of": FAILS}


def on_one_host(guest: Document) -> Outcome:
    """Patch a host, its guest after it, and for 100 s what keeps the host from its retry.

    x, on the host, and y are all of s, which needs one.
    """
    nodes = {
        "h": HOST,
        "g": {"host": "h", "of": guest},
        "x": {"host": "h", "service": "s", "patch": None},
        "y": {"service": "s", "of": {"duration": 100}},
    }
    scenario = several(nodes, min_up={"s": 1}, constraints=ONCE_MORE)
    breaks_in = patch("y", after=[], not_before=5, guarded=False)
    return run(scenario, patch("h"), patch("g", after=[]), breaks_in)


def test_a_guest_need_not_wait_for_a_host_that_waits() -> None:
    # h from 0 to 15, when y, down until 105, keeps it out; g from 15 to 30, and on.
    assert attempts(on_one_host(FAILS)) == [
        (15, "attempt_wait", ["h"], 2),
        (30, "attempt_start", ["g"], 2),
        (105, "attempt_start", ["h"], 2),
    ]


def test_a_host_waits_for_work_on_its_guests() -> None:
    # g is at work from 15 to 200, longer than y is out.
    assert attempts(on_one_host({"duration": 185})) == [
        (15, "attempt_wait", ["h"], 2),
        (200, "attempt_start", ["h"], 2),
    ]


def test_a_host_that_is_patched_live_does_not() -> None:
    nodes = {
        "h": {"type": "host", "of": FAILS | {"restart": False}},
        "g": {"host": "h", "of": {"duration": 50}},
    }
    outcome = run(several(nodes, constraints=ONCE_MORE), patch("h"), patch("g", after=[]))
    assert attempts(outcome) == [(15, "attempt_start", ["h"], 2)]
