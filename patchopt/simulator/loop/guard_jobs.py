"""The guard of some of a step's jobs, and of what else is done to nodes one by one (MODEL 6).

It goes the long way, over nodes, their hosts and guests, whatever they are at.
"""

from __future__ import annotations

from patchopt.compiling.jit import inner, rare
from patchopt.simulator.loop.asking import (
    guard_crew,
    guard_window,
    is_open,
    missing,
    nominal_s,
    waits_for_order,
)
from patchopt.simulator.loop.bundles import Fixed, State
from patchopt.simulator.loop.codes import Action, Reason


@rare
def guard_jobs(
    fixed: Fixed, state: State, begin: int, end: int, phase: int, hopeful: bool
) -> Reason:
    """Return the reason why those of a step's jobs in a phase must wait that could start.

    None of them could: nobody is asked.
    """
    state.counters.detail = 0
    step = fixed.jobs[begin].step
    action = fixed.steps[step].action
    nodes, lasts = 0, 0
    for job in range(begin, end):
        if state.jobs[job].phase != phase or (not hopeful and missing(fixed, state, job) >= 0):
            continue
        for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
            node = fixed.pool[place]
            if is_open(state, node):
                nodes += 1
                state.nodes[node].job = job + 1
        lasts = max(lasts, nominal_s(fixed, state, job))
    if nodes == 0:
        return Reason.NONE
    reason = guard_crew(fixed, state, action, nodes)
    if reason == Reason.NONE:
        reason = _guard_members(fixed, state, begin, end, action, hopeful)
    if reason == Reason.NONE and action == Action.PATCH:
        reason = _guard_losses(fixed, state, step, begin, end, hopeful)
    if reason == Reason.NONE:
        reason = guard_window(fixed, state, lasts)
    for job in range(begin, end):
        for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
            state.nodes[fixed.pool[place]].job = 0
    return reason


@inner
def _guard_members(
    fixed: Fixed, state: State, begin: int, end: int, action: int, hopeful: bool
) -> Reason:
    for job in range(begin, end):
        for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
            node = fixed.pool[place]
            if state.nodes[node].job == 0:
                continue
            state.counters.detail = node
            if waits_for_order(fixed, state, node):
                return Reason.ORDER
            if not hopeful and state.nodes[node].blocked > state.nodes[node].out:
                return Reason.HOST
            if action == Action.PATCH and _host_or_guest_is_at_work(fixed, state, node):
                return Reason.HOST
    return Reason.NONE


@inner
def _host_or_guest_is_at_work(fixed: Fixed, state: State, node: int) -> bool:
    """Say whether work on a node would overlap that on a guest, or that on a host of its step."""
    host = fixed.nodes[node].host
    while host >= 0:
        other = state.nodes[host].job
        if other > 0 and other != state.nodes[node].job and fixed.nodes[host].restart == 1:
            return True
        host = fixed.nodes[host].host
    return bool(fixed.nodes[node].restart == 1 and guest_is_at_work(fixed, state, node))


@inner
def guest_is_at_work(fixed: Fixed, state: State, node: int) -> bool:
    """Say whether some guest of a node is being worked on."""
    for place in range(fixed.nodes[node].guest_begin, fixed.nodes[node].guest_end):
        if state.nodes[fixed.pool[place]].working > 0:
            return True
    return False


@inner
def _guard_losses(
    fixed: Fixed, state: State, step: int, begin: int, end: int, hopeful: bool
) -> Reason:
    """Hold what would serve beside the marked nodes and their guests against min_up."""
    for job in range(begin, end):
        for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
            node = fixed.pool[place]
            if state.nodes[node].job > 0 and fixed.nodes[node].restart == 1:
                count_loss(fixed, state, node)
    reason = Reason.NONE
    for job in range(begin, end):
        for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
            node = fixed.pool[place]
            if state.nodes[node].job > 0 and fixed.nodes[node].restart == 1:
                service = judge_loss(fixed, state, node, step, hopeful)
                if service >= 0 and reason == Reason.NONE:
                    reason = Reason.SERVICE
                    state.counters.detail = service
    return reason


@inner
def _host_is_counted(fixed: Fixed, state: State, node: int) -> bool:
    """Say whether a host above a node goes out too, so that the node is counted as its guest."""
    host = fixed.nodes[node].host
    while host >= 0:
        if state.nodes[host].job > 0 and fixed.nodes[host].restart == 1:
            return True
        host = fixed.nodes[host].host
    return False


@rare
def count_loss(fixed: Fixed, state: State, node: int) -> None:
    """Count a marked node and its guests with what their services lose, each once."""
    if _host_is_counted(fixed, state, node):
        return
    begin = fixed.nodes[node].guest_begin
    for place in range(begin - 1, fixed.nodes[node].guest_end):
        which = node if place < begin else fixed.pool[place]
        service = fixed.nodes[which].service
        if service >= 0:
            state.services[service].taken += 1
            if state.nodes[which].blocked == 0:
                state.services[service].loss += 1


@rare
def judge_loss(fixed: Fixed, state: State, node: int, step: int, hopeful: bool) -> int:
    """Return a service that would be short by what was counted, -1 if none; forget the counts."""
    short = -1
    begin = fixed.nodes[node].guest_begin
    for place in range(begin - 1, fixed.nodes[node].guest_end):
        which = node if place < begin else fixed.pool[place]
        service = fixed.nodes[which].service
        if service < 0 or state.services[service].taken == 0:
            continue
        rest = fixed.services[service].instances - state.services[service].taken
        others = state.services[service].serving - state.services[service].loss
        if hopeful:
            others = rest
        needed = fixed.services[service].min_up
        if _is_waived(fixed, step, service):
            needed = min(needed, rest)
        state.services[service].taken = 0
        state.services[service].loss = 0
        if short < 0 and others < needed:
            short = service
    return short


@inner
def _is_waived(fixed: Fixed, step: int, service: int) -> bool:
    for place in range(fixed.steps[step].waive_begin, fixed.steps[step].waive_end):
        if fixed.pool[place] == service:
            return True
    return False
