"""What nothing could ever let start is left out, and aborts nobody else's work (MODEL 6)."""

from __future__ import annotations

from typing import Any

from support.tiny import DAY, DIES, Document, expect, patch, pause, reason, run, several, told


def pair(min_up: int = 2, **more: Any) -> Document:
    """Return a, which dies at 10, and b, both of s, and c beside them."""
    nodes: dict[str, Document] = {
        "a": {"service": "s", "of": DIES},
        "b": {"service": "s"},
        "c": {},
    }
    return several(nodes, min_up={"s": min_up}, **more)


def test_a_step_left_out_counts_as_ended_for_those_after_it() -> None:
    outcome = run(pair(), patch("a", waives=["s"]), patch("b"), patch("c"))
    # b cannot be spared once a is dead, and waits not for a second: c is patched from 10 to 20.
    expect(outcome, patched=1, completion_time=20, aborted=1, guard_waits=0, guard_wait_time=0)
    expect(outcome, exposure=1000 * (20 + 20 + 20), residual_exposure=2000 * (DAY - 20))
    assert told(outcome, "node_left_out", "abort") == [
        (10, "node_left_out", "b"),
        (20, "abort", None),
    ]
    assert told(outcome, "step_start")[1:] == [(10, "step_start", 2)]
    assert "s would fall below min_up" in reason(outcome)


def test_as_long_as_anything_runs_or_is_due_nothing_is_left_out() -> None:
    outcome = run(pair(), patch("a", waives=["s"]), patch("b"), pause(90) | {"after": []})
    # The pause might have helped, for all the guard knows: until 90, b waits for 80 s.
    expect(outcome, completion_time=90, guard_waits=1, guard_wait_time=80, aborted=1, patched=0)
    outcome = run(pair(), patch("a", waives=["s"]), patch("b"), patch("c", after=[], not_before=50))
    # c is due at 50 and ends at 60.
    expect(outcome, completion_time=60, guard_waits=1, guard_wait_time=50, aborted=1, patched=1)


def test_a_repair_is_waited_for_if_it_helps() -> None:
    around = {"repair": 300}
    outcome = run(pair(environment=around), patch("a", waives=["s"]), patch("b", waives=["s"]))
    # a is back, old, at 310; then b goes until 320.
    expect(outcome, completion_time=320, guard_waits=1, guard_wait_time=300, aborted=0, patched=1)
    # With both back b could not be spared without a leave: it is left out at once.
    outcome = run(pair(environment=around), patch("a", waives=["s"]), patch("b"))
    expect(outcome, completion_time=10, guard_waits=0, aborted=1, patched=0, repairs=1)


def test_without_repair_nobody_hopes_for_one() -> None:
    outcome = run(pair(min_up=1), patch("a"), patch("b"), patch("c"))
    # b alone serves once a is dead.
    expect(outcome, completion_time=20, patched=1, aborted=1, guard_waits=0)


def test_a_window_is_waited_for_if_it_is_all_that_lacks() -> None:
    windows = {"every": 100, "open": [{"start": 0, "duration": 15}]}
    outcome = run(pair(constraints={"windows": windows}), patch("a", waives=["s"]), patch("c"))
    expect(outcome, completion_time=110, guard_wait_time=90, aborted=0, patched=1)
    outcome = run(pair(constraints={"windows": windows}), patch("a", waives=["s"]), patch("b"))
    expect(outcome, completion_time=10, guard_waits=0, aborted=1, patched=0)


def test_a_window_need_be_no_longer_than_what_would_start() -> None:
    nodes: dict[str, Document] = {
        "h": {"type": "host", "of": DIES},
        "g": {"host": "h", "of": {"duration": 50}},
        "c": {},
    }
    opens = [{"start": at, "duration": length} for at, length in ((0, 15), (100, 15), (200, 60))]
    windows = {"every": 1000, "open": opens}
    outcome = run(several(nodes, constraints={"windows": windows}), patch("h"), patch("g", "c"))
    # g, for which only the third is long enough, has lost its host: c goes alone, from 100 to 110.
    expect(outcome, completion_time=110, guard_wait_time=90, patched=1, aborted=1)


def test_what_can_never_start_does_not_hold_up_what_comes_after() -> None:
    # More nodes than crew: never.
    scenario = several({"a": {}, "b": {}, "c": {}}, constraints={"max_parallel": 1})
    outcome = run(scenario, patch("a", "b"), patch("c"))
    expect(outcome, completion_time=10, patched=1, aborted=1, guard_waits=0)
    assert told(outcome, "node_left_out") == [(0, "node_left_out", "a"), (0, "node_left_out", "b")]
    assert "max_parallel" in reason(outcome)


def test_the_first_reason_is_kept() -> None:
    nodes: dict[str, Document] = {
        "a": {},
        "b": {},
        "c": {},
        "h": {"type": "host"},
        "g": {"host": "h"},
    }
    scenario = several(nodes, constraints={"max_parallel": 2})
    # Three are too many for two; a host and its guest cannot be worked on together.
    many, together = patch("a", "b", "c"), patch("h", "g")
    for steps, why in (((many, together), "max_parallel"), ((together, many), "together")):
        outcome = run(scenario, *steps)
        expect(outcome, completion_time=0, patched=0, aborted=1)
        assert why in reason(outcome)


def test_one_thing_at_a_time_is_left_out_in_order_of_ids() -> None:
    nodes: dict[str, Document] = {
        "a": {"service": "s", "of": DIES},
        "b": {"service": "s"},
        "d": {},
    }
    edges = [{"source": "d", "target": "b"}]
    scenario = several(
        nodes, min_up={"s": 2}, edges=edges, constraints={"dependency_order": "strict"}
    )
    outcome = run(scenario, patch("a", waives=["s"]), patch("b"), patch("d", after=[0]))
    # Without b, d can never start either.
    expect(outcome, completion_time=10, patched=0, aborted=1, guard_waits=0, order_violations=0)
    assert told(outcome, "node_left_out") == [
        (10, "node_left_out", "b"),
        (10, "node_left_out", "d"),
    ]
    assert "s would fall below min_up" in reason(outcome)


def test_nothing_that_was_left_out_is_looked_at_again() -> None:
    outcome = run(
        pair(environment={"review": {"delay": 5}}), patch("a", waives=["s"]), patch("b"), patch("c")
    )
    expect(outcome, aborted=1, reviews=0, stopped_time=0, patched=1, completion_time=20)


def test_a_stop_that_goes_on_hides_nothing_that_was_left_out() -> None:
    scenario = pair(environment={"review": {"delay": 50}}, constraints={"abort_after_failures": 1})
    scenario["constraints"]["horizon"] = 70
    outcome = run(scenario, patch("a", waives=["s"]), patch("b"), patch("c"))
    # a dies at 10, which stops the plan until 60. There is no repair: a and b are left out, and c
    # is patched until 70.
    expect(outcome, reviews=1, stopped_time=50, completion_time=70, patched=1, aborted=1)
