"""The event queue and the list of steps that may start.

The queue is a heap whose key is (time, subject), as in SimPy's core: ties are broken by
the subject's number, so the order of events never depends on how the heap was filled.
"""

from __future__ import annotations

from patchopt.compiling.jit import inner, rare
from patchopt.model.windows import Numbers
from patchopt.simulator.loop.bundles import Fixed, State


@inner
def push(state: State, time: int, subject: int) -> None:
    """Add what is due at some time. O(log n).

    Compiled code checks no bounds: where there is no room, nothing is written, and the
    run is void.
    """
    heap = state.queue
    place = state.counters.queued
    if place >= len(heap):
        state.counters.queue_short = 1
        return
    state.counters.queued = place + 1
    while place > 0:
        above = (place - 1) >> 1
        due = heap[above].time_s
        if due < time or (due == time and heap[above].subject < subject):
            break
        heap[place].time_s = due
        heap[place].subject = heap[above].subject
        place = above
    heap[place].time_s = time
    heap[place].subject = subject


@inner
def pop(state: State) -> int:
    """Take the first subject away and return it. O(log n)."""
    heap = state.queue
    first = heap[0].subject
    size = state.counters.queued - 1
    state.counters.queued = size
    time, subject = heap[size].time_s, heap[size].subject
    place = 0
    while True:
        below = 2 * place + 1
        if below >= size:
            break
        due = heap[below].time_s
        if below + 1 < size:
            other = heap[below + 1].time_s
            if other < due or (other == due and heap[below + 1].subject < heap[below].subject):
                below += 1
                due = other
        if due > time or (due == time and heap[below].subject > subject):
            break
        heap[place].time_s = due
        heap[place].subject = heap[below].subject
        place = below
    heap[place].time_s = time
    heap[place].subject = subject
    return first


@rare
def remove(state: State, first: int, end: int) -> None:
    """Take away what is due for the subjects from `first` to before `end`. O(n log n)."""
    heap, size = state.queue, state.counters.queued
    state.counters.queued = 0
    for place in range(size):
        time, subject = heap[place].time_s, heap[place].subject
        if subject < first or subject >= end:  # pushed to at or before where it was read
            push(state, time, subject)


@inner
def first_due_step(fixed: Fixed) -> int:
    """Return the subject of the first step that is due."""
    return len(fixed.jobs) + len(fixed.nodes)


@inner
def first_happening(fixed: Fixed) -> int:
    """Return the subject of the first node's crash."""
    return first_due_step(fixed) + len(fixed.steps)


@inner
def happen(fixed: Fixed, state: State, after: int, what: int, node: int) -> None:
    """Let something happen to a node after some seconds."""
    subject = first_happening(fixed) + what * len(fixed.nodes) + node
    push(state, state.counters.now + after, subject)


@inner
def _insert(numbers: Numbers, count: int, number: int) -> None:
    """Insert a number into an ascending list of so many. O(count)."""
    place = count
    while place > 0 and numbers[place - 1] > number:
        numbers[place] = numbers[place - 1]
        place -= 1
    numbers[place] = number


@inner
def make_pending(state: State, job: int) -> None:
    """Add a job to those that wait for an attempt."""
    _insert(state.pending, state.counters.pending, job)
    state.counters.pending += 1


@inner
def make_ready(state: State, step: int) -> None:
    """Add a step to those whose predecessors have ended."""
    _insert(state.ready, state.counters.ready, step)
    state.counters.ready += 1


@inner
def release_step(fixed: Fixed, state: State, step: int) -> None:
    """Let a step start whose predecessors have ended, now or when it is due."""
    due = fixed.steps[step].not_before_s
    if due > state.counters.now:
        state.counters.due += 1
        push(state, due, first_due_step(fixed) + step)
    else:
        make_ready(state, step)
