"""The guard: whether work may start now without breaking a constraint (MODEL 6)."""

from __future__ import annotations

from patchopt.compiling.jit import inner
from patchopt.simulator.loop.asking import first_missing, guard_crew, guard_window, waits_for_order
from patchopt.simulator.loop.bundles import Fixed, State
from patchopt.simulator.loop.codes import Action, Phase, Reason
from patchopt.simulator.loop.guard_jobs import guard_jobs


@inner
def guard(fixed: Fixed, state: State, step: int, hopeful: bool) -> Reason:
    """Return the reason why a step must wait, `Reason.NONE` if it may start.

    The window comes last: whoever waits for it alone will start when one opens.
    `hopeful` asks whether it could start were every node that has failed back, which
    makes sense while nothing is under way.
    """
    state.counters.detail = 0
    action = fixed.steps[step].action
    if action == Action.PAUSE:
        return Reason.NONE
    lasts = fixed.steps[step].length_s
    if action == Action.SWITCH:
        return guard_window(fixed, state, lasts)
    if state.steps[step].partial == 1 or (
        state.counters.failed > 0 and _misses_someone(fixed, state, step)
    ):
        begin, end = fixed.steps[step].job_begin, fixed.steps[step].job_end
        return guard_jobs(fixed, state, begin, end, Phase.OPEN, hopeful)
    reason = guard_crew(fixed, state, action, fixed.steps[step].nodes)
    if reason == Reason.NONE:
        reason = _guard_nodes(fixed, state, step)
    if reason == Reason.NONE:
        reason = _guard_services(fixed, state, step, hopeful)
    if reason == Reason.NONE:
        reason = guard_window(fixed, state, lasts)
    return reason


@inner
def _misses_someone(fixed: Fixed, state: State, step: int) -> bool:
    """Say whether some job of a step cannot start with it, or could only by a repair."""
    for job in range(fixed.steps[step].job_begin, fixed.steps[step].job_end):
        if first_missing(fixed, state, job) >= 0:
            return True
    return False


@inner
def _guard_nodes(fixed: Fixed, state: State, step: int) -> Reason:
    for job in range(fixed.steps[step].job_begin, fixed.steps[step].job_end):
        for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
            node = fixed.pool[place]
            state.counters.detail = node
            if waits_for_order(fixed, state, node):
                return Reason.ORDER
            # More reasons not to serve than its own: a host is out.
            if state.nodes[node].blocked > state.nodes[node].out:
                return Reason.HOST
    if fixed.steps[step].conflict >= 0:
        state.counters.detail = fixed.steps[step].conflict
        return Reason.HOST
    for place in range(fixed.steps[step].down_begin, fixed.steps[step].down_end):
        if state.nodes[fixed.pool[place]].working > 0:
            state.counters.detail = fixed.pool[place]
            return Reason.HOST
    return Reason.NONE


@inner
def _guard_services(fixed: Fixed, state: State, step: int, hopeful: bool) -> Reason:
    services = state.services
    for place in range(fixed.steps[step].down_begin, fixed.steps[step].down_end):
        node = fixed.pool[place]
        service = fixed.nodes[node].service
        if service >= 0 and state.nodes[node].blocked == 0:
            services[service].loss += 1
    reason = Reason.NONE
    for place in range(fixed.steps[step].touch_begin, fixed.steps[step].touch_end, 3):
        service = fixed.pool[place]
        rest = fixed.services[service].instances - fixed.pool[place + 1]
        others = services[service].serving - services[service].loss
        services[service].loss = 0
        if hopeful:
            others = rest
        needed = fixed.services[service].min_up
        if fixed.pool[place + 2] == 1:
            needed = min(needed, rest)
        if reason == Reason.NONE and others < needed:
            reason = Reason.SERVICE
            state.counters.detail = service
    return reason
