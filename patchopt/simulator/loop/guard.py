"""The guard: whether a step may start now without breaking a constraint (MODEL 6)."""

from __future__ import annotations

from patchopt.compiling.jit import inner
from patchopt.model import windows
from patchopt.simulator.loop import layout as at
from patchopt.simulator.loop.layout import Fixed, State

window_close = inner(windows.window_close)
next_opening = inner(windows.next_opening)
closed_time = inner(windows.closed_time)


@inner
def guard(fixed: Fixed, state: State, step: int, hopeful: bool) -> int:
    """Return the reason why a step must wait, `R_NONE` if it may start.

    The window comes last: whoever waits for it alone will start when one opens.
    `hopeful` asks whether it could start were every node that has failed back, which
    makes sense while nothing is under way.
    """
    state.counters[at.K_DETAIL] = 0
    action = fixed.steps[step, at.S_ACTION]
    if action == at.PAUSE:
        return at.R_NONE
    if action != at.SWITCH:
        reason = _guard_crew(fixed, state, step, action)
        if reason == at.R_NONE:
            reason = _guard_nodes(fixed, state, step, action, hopeful)
        if reason == at.R_NONE:
            reason = _guard_services(fixed, state, step, hopeful)
        if reason != at.R_NONE:
            return reason
    period = fixed.limits[at.L_PERIOD]
    if period == 0:
        return at.R_NONE
    now = state.counters[at.K_NOW]
    close = window_close(now, period, fixed.windows[0], fixed.windows[1])
    return at.R_WINDOW if close < now + fixed.steps[step, at.S_LENGTH] else at.R_NONE


@inner
def _guard_crew(fixed: Fixed, state: State, step: int, action: int) -> int:
    nodes = fixed.steps[step, at.S_NODES]
    crew = fixed.limits[at.L_CREW]
    if crew >= 0 and state.counters[at.K_CREW] + nodes > crew:
        return at.R_CREW
    surge = fixed.limits[at.L_SURGE]
    if action == at.BUILD and surge >= 0 and state.counters[at.K_SURGE] + nodes > surge:
        return at.R_SURGE
    return at.R_NONE


@inner
def _guard_nodes(fixed: Fixed, state: State, step: int, action: int, hopeful: bool) -> int:
    strict = fixed.limits[at.L_STRICT] == 1
    # A node that has failed is waited for if it can come back, and left out if not.
    waits = action == at.PATCH and fixed.limits[at.L_REPAIR] >= 0 and not hopeful
    for job in range(fixed.steps[step, at.S_JOB_BEGIN], fixed.steps[step, at.S_JOB_END]):
        for place in range(fixed.jobs[job, at.J_NODE_BEGIN], fixed.jobs[job, at.J_NODE_END]):
            node = fixed.pool[place]
            state.counters[at.K_DETAIL] = node
            if strict:
                component = fixed.units[fixed.nodes[node, at.N_UNIT], at.U_COMPONENT]
                if state.components[component, at.CS_OPEN] > 0:
                    return at.R_ORDER
            if waits and state.nodes[node, at.NS_FAILED] > 0:
                return at.R_NODE
            # More reasons not to serve than its own: a host is out.
            if state.nodes[node, at.NS_BLOCKED] > state.nodes[node, at.NS_OUT] and not hopeful:
                return at.R_HOST
    if fixed.steps[step, at.S_CONFLICT] >= 0:
        state.counters[at.K_DETAIL] = fixed.steps[step, at.S_CONFLICT]
        return at.R_HOST
    for place in range(fixed.steps[step, at.S_DOWN_BEGIN], fixed.steps[step, at.S_DOWN_END]):
        if state.nodes[fixed.pool[place], at.NS_WORKING] == 1:
            state.counters[at.K_DETAIL] = fixed.pool[place]
            return at.R_HOST
    return at.R_NONE


@inner
def _guard_services(fixed: Fixed, state: State, step: int, hopeful: bool) -> int:
    services = state.services
    for place in range(fixed.steps[step, at.S_DOWN_BEGIN], fixed.steps[step, at.S_DOWN_END]):
        node = fixed.pool[place]
        service = fixed.nodes[node, at.N_SERVICE]
        if service >= 0 and state.nodes[node, at.NS_BLOCKED] == 0:
            services[service, at.VS_LOSS] += 1
    reason = at.R_NONE
    for place in range(fixed.steps[step, at.S_TOUCH_BEGIN], fixed.steps[step, at.S_TOUCH_END], 3):
        service = fixed.pool[place]
        rest = fixed.services[service, at.V_INSTANCES] - fixed.pool[place + 1]
        others = services[service, at.VS_SERVING] - services[service, at.VS_LOSS]
        services[service, at.VS_LOSS] = 0
        if hopeful:
            others = rest
        needed = fixed.services[service, at.V_MIN_UP]
        if fixed.pool[place + 2] == 1:
            needed = min(needed, rest)
        if reason == at.R_NONE and others < needed:
            reason = at.R_SERVICE
            state.counters[at.K_DETAIL] = service
    return reason
