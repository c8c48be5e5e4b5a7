"""The event queue and the list of steps that may start, on flat arrays.

The heap's key is (time, item), as in SimPy's core: ties are broken by the item's
number, so the order of events never depends on how the heap was filled.
"""

from __future__ import annotations

from patchopt.compiling.jit import inner
from patchopt.simulator.loop import layout as at
from patchopt.simulator.loop.layout import Fixed, State


@inner
def push(state: State, time: int, item: int) -> None:
    """Add an item that is due at some time. O(log n)."""
    heap = state.heap
    place = state.counters[at.K_HEAP]
    state.counters[at.K_HEAP] = place + 1
    while place > 0:
        above = (place - 1) >> 1
        due = heap[above, at.H_TIME]
        if due < time or (due == time and heap[above, at.H_ITEM] < item):
            break
        heap[place, at.H_TIME] = due
        heap[place, at.H_ITEM] = heap[above, at.H_ITEM]
        place = above
    heap[place, at.H_TIME] = time
    heap[place, at.H_ITEM] = item


@inner
def pop(state: State) -> int:
    """Take the first item away and give it. O(log n)."""
    heap = state.heap
    first = heap[0, at.H_ITEM]
    size = state.counters[at.K_HEAP] - 1
    state.counters[at.K_HEAP] = size
    time, item = heap[size, at.H_TIME], heap[size, at.H_ITEM]
    place = 0
    while True:
        below = 2 * place + 1
        if below >= size:
            break
        due = heap[below, at.H_TIME]
        if below + 1 < size:
            other = heap[below + 1, at.H_TIME]
            if other < due or (
                other == due and heap[below + 1, at.H_ITEM] < heap[below, at.H_ITEM]
            ):
                below += 1
                due = other
        if due > time or (due == time and heap[below, at.H_ITEM] > item):
            break
        heap[place, at.H_TIME] = due
        heap[place, at.H_ITEM] = heap[below, at.H_ITEM]
        place = below
    heap[place, at.H_TIME] = time
    heap[place, at.H_ITEM] = item
    return first  # type: ignore[no-any-return]  # NumPy integer


@inner
def happen(fixed: Fixed, state: State, after: int, what: int, node: int) -> None:
    """Let something happen to a node after some seconds."""
    nodes = fixed.nodes.shape[0]
    item = fixed.jobs.shape[0] + fixed.steps.shape[0] + what * nodes + node
    push(state, state.counters[at.K_NOW] + after, item)


@inner
def make_ready(state: State, step: int) -> None:
    """Insert a step into the ascending list of those whose predecessors have ended."""
    place = state.counters[at.K_READY]
    state.counters[at.K_READY] = place + 1
    while place > 0 and state.ready[place - 1] > step:
        state.ready[place] = state.ready[place - 1]
        place -= 1
    state.ready[place] = step
