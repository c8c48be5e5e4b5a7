"""Rollbacks in service: detected nodes go back with their units, when they may (MODEL 6)."""

from __future__ import annotations

from patchopt.compiling.jit import inner, rare
from patchopt.model.events import EventKind
from patchopt.simulator.loop.bundles import Fixed, State
from patchopt.simulator.loop.codes import Down, Latency, Work
from patchopt.simulator.loop.crew import free_crew, take_crew
from patchopt.simulator.loop.failing import go_back, rollback_time, serve
from patchopt.simulator.loop.guard_jobs import count_loss, guest_is_at_work, judge_loss
from patchopt.simulator.loop.queue import push
from patchopt.simulator.loop.state import count_active, record, set_out, set_version


@rare
def start_rollbacks(fixed: Fixed, state: State) -> None:
    """Start rolling back detected nodes, in the order of their detection, as they may.

    One of a guarded step that lacks crew holds all later ones of guarded steps.
    """
    kept, held = 0, False
    for place in range(state.counters.rollbacks):
        node = state.rollbacks[place]
        if state.troubles[node].latency != Latency.IMPAIRED or state.troubles[node].reverting != 0:
            continue  # it has crashed, or goes back with another
        guarded = fixed.steps[state.troubles[node].step].guarded == 1
        if guarded and not held:
            held = _lacks_crew(fixed, state, node)
        if (
            (guarded and held)
            or _is_held_up(fixed, state, node)
            or (guarded and falls_short(fixed, state, node, False))
        ):
            state.rollbacks[kept] = node
            kept += 1
        else:
            _start(fixed, state, node)
    state.counters.rollbacks = kept


@inner
def _goes_along(fixed: Fixed, state: State, node: int) -> bool:
    """Say whether a member of a unit is rolled back with the one that was detected."""
    return bool(
        state.nodes[node].new == 1
        and state.nodes[node].failed == Down.NOT
        and state.troubles[node].reverting == 0
        and fixed.nodes[node].rollback_s >= 0
    )


@inner
def _lacks_crew(fixed: Fixed, state: State, node: int) -> bool:
    if fixed.limits.crew < 0:
        return False
    unit, nodes = fixed.nodes[node].unit, 0
    for place in range(fixed.units[unit].member_begin, fixed.units[unit].member_end):
        if _goes_along(fixed, state, fixed.pool[place]):
            nodes += 1
    return bool(state.counters.crew + nodes > fixed.limits.crew)


@inner
def _is_held_up(fixed: Fixed, state: State, detected: int) -> bool:
    """Say whether own work, a host that is out or work on a guest is in the way."""
    unit = fixed.nodes[detected].unit
    for place in range(fixed.units[unit].member_begin, fixed.units[unit].member_end):
        node = fixed.pool[place]
        if not _goes_along(fixed, state, node):
            continue
        if state.nodes[node].working > 0 or state.nodes[node].blocked > state.nodes[node].out:
            return True
        if fixed.nodes[node].restart == 1 and guest_is_at_work(fixed, state, node):
            return True
    return False


@rare
def falls_short(fixed: Fixed, state: State, detected: int, hopeful: bool) -> bool:
    """Say whether a rollback would take some service below what the guard lets it be.

    `hopeful` asks as in `patchopt.simulator.loop.guard.guard`.
    """
    unit, step = fixed.nodes[detected].unit, state.troubles[detected].step
    begin, end = fixed.units[unit].member_begin, fixed.units[unit].member_end
    for place in range(begin, end):
        node = fixed.pool[place]
        if _goes_along(fixed, state, node) and fixed.nodes[node].restart == 1:
            state.nodes[node].job = 1  # for what it hosts to be counted once
    for place in range(begin, end):
        if state.nodes[fixed.pool[place]].job > 0:
            count_loss(fixed, state, fixed.pool[place])
    short = False
    for place in range(begin, end):
        if state.nodes[fixed.pool[place]].job > 0:
            service = judge_loss(fixed, state, fixed.pool[place], step, hopeful)
            short = short or service >= 0
    for place in range(begin, end):
        state.nodes[fixed.pool[place]].job = 0
    return short


@inner
def _start(fixed: Fixed, state: State, detected: int) -> None:
    unit, step = fixed.nodes[detected].unit, state.troubles[detected].step
    first, lasts = -1, 0
    for place in range(fixed.units[unit].member_begin, fixed.units[unit].member_end):
        node = fixed.pool[place]
        if not _goes_along(fixed, state, node):
            continue
        if first < 0:
            first = node
        attempt = state.troubles[node].attempt
        lasts = max(lasts, rollback_time(fixed, state, node, attempt))
        state.troubles[node].reverting = 1 + first
        take_crew(state, node, Work.ROLLBACK)
        state.counters.reverting_crew += 1
        record(state, EventKind.ROLLBACK_START, node, state.troubles[node].step, attempt)
        if fixed.nodes[node].restart == 1:
            _take_out(fixed, state, node)
    count_active(fixed, state, step, 1)
    state.troubles[first].leads = 1 + step
    state.counters.reverting += 1
    push(state, state.counters.now + lasts, len(fixed.jobs) + first)


@inner
def _take_out(fixed: Fixed, state: State, node: int) -> None:
    if state.troubles[node].latency == Latency.IMPAIRED:
        state.counters.impaired -= 1
    if state.troubles[node].latency > Latency.NONE:
        state.troubles[node].latency = Latency.REVERTING
    step, attempt = state.troubles[node].step, state.troubles[node].attempt
    record(state, EventKind.NODE_DOWN, node, step, attempt)
    set_out(fixed, state, node, 1)


@rare
def end_rollback(fixed: Fixed, state: State, first: int) -> None:
    """End a rollback in service; `first` is the first of the nodes that went back together."""
    count_active(fixed, state, state.troubles[first].leads - 1, -1)
    state.counters.reverting -= 1
    unit = fixed.nodes[first].unit
    begin, end = fixed.units[unit].member_begin, fixed.units[unit].member_end
    for place in range(begin, end):
        node = fixed.pool[place]
        if _goes_with(state, node, first):
            state.counters.reverting_crew -= 1
            free_crew(state, node)
            if not _revert(fixed, state, node):
                state.troubles[node].reverting = 0
    for place in range(begin, end):
        node = fixed.pool[place]
        if _goes_with(state, node, first):
            state.troubles[node].reverting = 0
            serve(fixed, state, node, state.troubles[node].step, state.troubles[node].attempt)


@inner
def _goes_with(state: State, node: int, first: int) -> bool:
    with_it = state.troubles[node].reverting
    return bool(with_it == 1 + first or with_it == -1 - first)


@inner
def _revert(fixed: Fixed, state: State, node: int) -> bool:
    """Let a node be old again; return whether it has neither failed nor crashed meanwhile."""
    step, attempt = state.troubles[node].step, state.troubles[node].attempt
    if state.troubles[node].reverting < 0:  # its repair makes it old
        record(state, EventKind.WORK_OVER, node, step, attempt)
        return False
    if state.troubles[node].latency == Latency.IMPAIRED:
        state.counters.impaired -= 1
    state.troubles[node].latency = Latency.NONE
    set_version(fixed, state, node, 0)
    return go_back(fixed, state, node, step, attempt)
