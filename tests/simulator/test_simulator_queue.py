"""The event queue against Python's own heap, and the list of steps that may start, in order."""

from __future__ import annotations

import heapq
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from patchopt.compiling.plain import plain_module
from patchopt.simulator.loop.compile import _JITTED, _PACKAGE
from patchopt.simulator.loop.state_rows import Counters, Due

QUEUE = plain_module(_PACKAGE, _JITTED, "queue")


def state(room: int) -> Any:
    """Return as much of a state as a queue needs."""
    return SimpleNamespace(
        counters=Counters(), queue=[Due() for _ in range(room)], ready=[0] * room
    )


@given(st.lists(st.none() | st.tuples(st.integers(0, 4), st.integers(0, 40)), max_size=60))
def test_what_is_due_first_comes_first_and_of_those_the_least_subject(
    calls: list[tuple[int, int] | None],
) -> None:
    # None takes one away. Few times, so that most are decided by the subject.
    mine, known = state(60), list[tuple[int, int]]()
    for call in calls:
        if call is not None:
            QUEUE.push(mine, *call)
            heapq.heappush(known, call)
        elif known:
            first = heapq.heappop(known)
            assert mine.queue[0].time_s == first[0]
            assert QUEUE.pop(mine) == first[1]
        assert mine.counters.queued == len(known)
    assert [QUEUE.pop(mine) for _ in sorted(known)] == [subject for _, subject in sorted(known)]


@given(st.lists(st.integers(0, 20), unique=True))
def test_steps_become_ready_in_any_order_and_stand_in_theirs(steps: list[int]) -> None:
    mine = state(21)
    for step in steps:
        QUEUE.make_ready(mine, step)
    assert mine.ready[: mine.counters.ready] == sorted(steps)


def test_what_has_no_room_is_said() -> None:
    mine = state(1)
    QUEUE.push(mine, 5, 1)
    assert mine.counters.queue_short == 0
    QUEUE.push(mine, 3, 2)
    assert (mine.counters.queue_short, mine.counters.queued) == (1, 1)
    assert mine.queue == [Due(time_s=5, subject=1)]
