"""What the guard asks of any work: crew, surge, order, windows, and who is there (MODEL 6)."""

from __future__ import annotations

from patchopt.compiling.jit import inner, rare
from patchopt.model import windows
from patchopt.simulator.loop.bundles import Fixed, State
from patchopt.simulator.loop.codes import Action, Reason

window_close = inner(windows.window_close)
next_opening = inner(windows.next_opening)
closed_time = inner(windows.closed_time)


@inner
def guard_window(fixed: Fixed, state: State, lasts: int) -> Reason:
    """Say whether the window that is open, if one is, is open for so many seconds more."""
    period = fixed.limits.period_s
    if period == 0:
        return Reason.NONE
    now = state.counters.now
    close = window_close(now, period, fixed.window_starts_s, fixed.window_lengths_s)
    return Reason.WINDOW if close < now + lasts else Reason.NONE


@inner
def guard_crew(fixed: Fixed, state: State, action: int, nodes: int) -> Reason:
    """Say whether there is crew for work on so many nodes, and surge if they are built."""
    crew = fixed.limits.crew
    if crew >= 0 and state.counters.crew + nodes > crew:
        return Reason.CREW
    surge = fixed.limits.surge
    if action == Action.BUILD and surge >= 0 and state.counters.surge + nodes > surge:
        return Reason.SURGE
    return Reason.NONE


@inner
def waits_for_order(fixed: Fixed, state: State, node: int) -> bool:
    """Say whether, under strict order, something that a node's unit depends on has not finished."""
    if fixed.limits.strict == 0:
        return False
    component = fixed.units[fixed.nodes[node].unit].component
    return bool(state.components[component].open > 0)


@inner
def missing(fixed: Fixed, state: State, job: int) -> int:
    """Return the first node for whose sake a job cannot start, -1 if there is none.

    That is a member, or a host above one, which is FAILED or has crashed; a build minds
    only the host. A member on which the rollback goes on that its crash has cut short
    counts too.
    """
    if state.counters.failed + state.counters.reverting == 0:
        return -1
    return first_missing(fixed, state, job)


@rare
def first_missing(fixed: Fixed, state: State, job: int) -> int:
    """Look for the node that `missing` returns."""
    action = fixed.steps[fixed.jobs[job].step].action
    for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
        node = fixed.pool[place]
        if not is_open(state, node):
            continue
        if state.nodes[node].working > 0:
            return node
        if action == Action.BUILD:
            node = fixed.nodes[node].host
        while node >= 0:
            if state.nodes[node].failed > 0:
                return node
            node = fixed.nodes[node].host
    return -1


@inner
def is_open(state: State, node: int) -> bool:
    """Say whether a node is to be worked on: it is old, and no copy of it waits."""
    return bool(state.nodes[node].new == 0 and state.nodes[node].built == 0)


@rare
def nominal_s(fixed: Fixed, state: State, job: int) -> int:
    """Return how long work on the open members of a job takes, as planned."""
    longest, warmup = 0, 0
    for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
        node = fixed.pool[place]
        if is_open(state, node):
            longest = max(longest, fixed.nodes[node].duration_s)
            warmup = max(warmup, fixed.nodes[node].warmup_s)
    return fixed.limits.overhead_s + longest + warmup
