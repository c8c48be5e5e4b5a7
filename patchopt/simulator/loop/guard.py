"""The guard: whether a step may start now without breaking a constraint (MODEL 6)."""

from __future__ import annotations

from patchopt.compiling.jit import inner
from patchopt.model import windows
from patchopt.simulator.loop.bundles import Fixed, State
from patchopt.simulator.loop.codes import Action, Reason

window_close = inner(windows.window_close)
next_opening = inner(windows.next_opening)
closed_time = inner(windows.closed_time)


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
    if action != Action.SWITCH:
        reason = _guard_crew(fixed, state, step, action)
        if reason == Reason.NONE:
            reason = _guard_nodes(fixed, state, step, action, hopeful)
        if reason == Reason.NONE:
            reason = _guard_services(fixed, state, step, hopeful)
        if reason != Reason.NONE:
            return reason
    period = fixed.limits.period_s
    if period == 0:
        return Reason.NONE
    now = state.counters.now
    close = window_close(now, period, fixed.window_starts_s, fixed.window_lengths_s)
    return Reason.WINDOW if close < now + fixed.steps[step].length_s else Reason.NONE


@inner
def _guard_crew(fixed: Fixed, state: State, step: int, action: int) -> Reason:
    nodes = fixed.steps[step].nodes
    crew = fixed.limits.crew
    if crew >= 0 and state.counters.crew + nodes > crew:
        return Reason.CREW
    surge = fixed.limits.surge
    if action == Action.BUILD and surge >= 0 and state.counters.surge + nodes > surge:
        return Reason.SURGE
    return Reason.NONE


@inner
def _guard_nodes(fixed: Fixed, state: State, step: int, action: int, hopeful: bool) -> Reason:
    strict = fixed.limits.strict == 1
    # A node that has failed is waited for if it can come back, and left out if not.
    waits = action == Action.PATCH and fixed.limits.repair_s >= 0 and not hopeful
    for job in range(fixed.steps[step].job_begin, fixed.steps[step].job_end):
        for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
            node = fixed.pool[place]
            state.counters.detail = node
            if strict:
                component = fixed.units[fixed.nodes[node].unit].component
                if state.components[component].open > 0:
                    return Reason.ORDER
            if waits and state.nodes[node].failed > 0:
                return Reason.NODE
            # More reasons not to serve than its own: a host is out.
            if state.nodes[node].blocked > state.nodes[node].out and not hopeful:
                return Reason.HOST
    if fixed.steps[step].conflict >= 0:
        state.counters.detail = fixed.steps[step].conflict
        return Reason.HOST
    for place in range(fixed.steps[step].down_begin, fixed.steps[step].down_end):
        if state.nodes[fixed.pool[place]].working == 1:
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
