"""What serves, at which version, and what that means for services and edges.

Nodes change one at a time; services and edges are judged once an instant, after all
that happens in it, by `settle`. So a state that lasts zero seconds is never seen.
"""

from __future__ import annotations

from patchopt.compiling.jit import inner
from patchopt.simulator.loop import layout as at
from patchopt.simulator.loop.layout import Fixed, State


@inner
def record(state: State, code: int, a: int, b: int, c: int) -> None:
    """Write an event if there is room; count it in any case."""
    place = state.counters[at.K_EVENTS]
    state.counters[at.K_EVENTS] = place + 1
    if place < state.events.shape[0]:
        event = state.events
        event[place, 0] = state.counters[at.K_NOW]
        event[place, 1] = code
        event[place, 2] = a
        event[place, 3] = b
        event[place, 4] = c


@inner
def _touch_group(fixed: Fixed, state: State, group: int, column: int, change: int) -> None:
    state.groups[group, column] += change
    edges = fixed.groups[group, at.G_EDGE_END] - fixed.groups[group, at.G_EDGE_BEGIN]
    if edges > 0 and state.dirty[group] == 0:
        state.dirty[group] = 1
        state.dirty_groups[state.counters[at.K_DIRTY_GROUPS]] = group
        state.counters[at.K_DIRTY_GROUPS] += 1


@inner
def _count_version(fixed: Fixed, state: State, node: int, column: int, change: int) -> None:
    _touch_group(fixed, state, fixed.services.shape[0] + node, column, change)
    service = fixed.nodes[node, at.N_SERVICE]
    if service >= 0:
        _touch_group(fixed, state, service, column, change)


@inner
def _serving_changes(fixed: Fixed, state: State, node: int, change: int) -> None:
    state.counters[at.K_NOT_SERVING] -= change
    service = fixed.nodes[node, at.N_SERVICE]
    if service >= 0:
        state.services[service, at.VS_SERVING] += change
        if state.services[service, at.VS_DIRTY] == 0:
            state.services[service, at.VS_DIRTY] = 1
            state.dirty_services[state.counters[at.K_DIRTY_SERVICES]] = service
            state.counters[at.K_DIRTY_SERVICES] += 1
    if fixed.nodes[node, at.N_PATCHED] == 1:
        column = at.GS_NEW if state.nodes[node, at.NS_NEW] == 1 else at.GS_OLD
        _count_version(fixed, state, node, column, change)


@inner
def set_out(fixed: Fixed, state: State, node: int, out: int) -> None:
    """Take a node out of service (1) or back (0), with all that runs on it."""
    if state.nodes[node, at.NS_OUT] == out:
        return
    state.nodes[node, at.NS_OUT] = out
    change = 1 if out == 1 else -1
    begin = fixed.nodes[node, at.N_GUEST_BEGIN]
    # The node itself comes before its guests.
    for place in range(begin - 1, fixed.nodes[node, at.N_GUEST_END]):
        which = node if place < begin else fixed.pool[place]
        before = state.nodes[which, at.NS_BLOCKED]
        state.nodes[which, at.NS_BLOCKED] = before + change
        if (before == 0) != (before + change == 0):
            _serving_changes(fixed, state, which, -change)


@inner
def set_version(fixed: Fixed, state: State, node: int, new: int) -> None:
    """Make a node new (1), which ends its exposure, or old again (0)."""
    serves = state.nodes[node, at.NS_BLOCKED] == 0
    if serves:
        _count_version(fixed, state, node, at.GS_OLD + 1 - new, -1)
    state.nodes[node, at.NS_NEW] = new
    if serves:
        _count_version(fixed, state, node, at.GS_OLD + new, 1)
    sign = 1 if new == 1 else -1
    state.metrics[at.M_EXPOSURE] += sign * fixed.nodes[node, at.N_WEIGHT] * state.counters[at.K_NOW]
    state.metrics[at.M_PATCHED] += sign


@inner
def commit(fixed: Fixed, state: State, node: int) -> None:
    """Make a node new; what depends on its unit may start once all members are."""
    set_version(fixed, state, node, 1)
    unit = fixed.nodes[node, at.N_UNIT]
    state.units[unit] -= 1
    if fixed.limits[at.L_STRICT] == 1 and state.units[unit] == 0:
        component = fixed.units[unit, at.U_COMPONENT]
        state.components[component, at.CS_UNITS] -= 1
        _finish_components(fixed, state, component)


@inner
def _is_done(state: State, component: int) -> bool:
    left = state.components[component, at.CS_UNITS] + state.components[component, at.CS_OPEN]
    return left == 0  # type: ignore[no-any-return]  # NumPy truth value


@inner
def _finish_components(fixed: Fixed, state: State, component: int) -> None:
    """Pass on that a component is done, to those that depend on it, and so on up."""
    if not _is_done(state, component):
        return
    state.stack[0] = component
    size = 1
    while size > 0:
        size -= 1
        done = state.stack[size]
        for place in range(
            fixed.components[done, at.C_USER_BEGIN], fixed.components[done, at.C_USER_END]
        ):
            user = fixed.pool[place]
            state.components[user, at.CS_OPEN] -= 1
            if _is_done(state, user):
                state.stack[size] = user
                size += 1


@inner
def reset_order(fixed: Fixed, state: State) -> None:
    """Start the dependency order: components without units are done with their dependencies."""
    if fixed.limits[at.L_STRICT] == 0:
        return
    count = fixed.components.shape[0]
    for component in range(count):
        state.components[component, at.CS_UNITS] = fixed.components[component, at.C_UNITS]
        state.components[component, at.CS_OPEN] = fixed.components[component, at.C_OPEN]
    for component in range(count):
        if fixed.components[component, at.C_OPEN] == 0:
            _finish_components(fixed, state, component)


@inner
def settle(fixed: Fixed, state: State) -> None:
    """Judge the services and edges that an instant has touched."""
    counters = state.counters
    for place in range(counters[at.K_DIRTY_SERVICES]):
        _settle_service(fixed, state, state.dirty_services[place])
    counters[at.K_DIRTY_SERVICES] = 0
    if counters[at.K_DIRTY_GROUPS] == 0:
        return
    for place in range(counters[at.K_DIRTY_GROUPS]):
        group = state.dirty_groups[place]
        state.dirty[group] = 0
        for entry in range(
            fixed.groups[group, at.G_EDGE_BEGIN], fixed.groups[group, at.G_EDGE_END]
        ):
            other = fixed.adjacent[entry, at.A_OTHER]
            _settle_edge(fixed, state, fixed.adjacent[entry, at.A_EDGE], group, other)
    counters[at.K_DIRTY_GROUPS] = 0
    degraded = 1 if counters[at.K_MIXED_DEGRADED] > 0 else 0
    if degraded == 1 and counters[at.K_WAS_DEGRADED] == 0:
        state.metrics[at.M_DEGRADED_INTERVALS] += 1
    counters[at.K_WAS_DEGRADED] = degraded


@inner
def _settle_service(fixed: Fixed, state: State, service: int) -> None:
    services = state.services
    services[service, at.VS_DIRTY] = 0
    serving = services[service, at.VS_SERVING]
    outage = 1 if serving == 0 else 0
    state.counters[at.K_OUTAGES] += outage - services[service, at.VS_OUTAGE]
    services[service, at.VS_OUTAGE] = outage
    below = serving < fixed.services[service, at.V_MIN_UP]
    since = services[service, at.VS_BELOW_SINCE]
    if below == (since >= 0):
        return
    now = state.counters[at.K_NOW]
    if below:
        services[service, at.VS_BELOW_SINCE] = now
        state.counters[at.K_BELOW] += 1
        record(state, at.EV_SERVICE_BELOW, service, serving, 0)
    else:
        longest = state.metrics[at.M_MAX_DOWNTIME]
        state.metrics[at.M_MAX_DOWNTIME] = max(longest, now - since)
        services[service, at.VS_BELOW_SINCE] = -1
        state.counters[at.K_BELOW] -= 1
        record(state, at.EV_SERVICE_RESTORED, service, serving, 0)


@inner
def _settle_edge(fixed: Fixed, state: State, edge: int, end: int, other: int) -> None:
    groups = state.groups
    old_new = groups[end, at.GS_OLD] > 0 and groups[other, at.GS_NEW] > 0
    new_old = groups[end, at.GS_NEW] > 0 and groups[other, at.GS_OLD] > 0
    mixed = 1 if old_new or new_old else 0
    if mixed == state.edges[edge]:
        return
    state.edges[edge] = mixed
    change = 1 if mixed == 1 else -1
    state.counters[at.K_MIXED] += change
    kind = fixed.edges[edge]
    if kind == at.DEGRADED:
        state.counters[at.K_MIXED_DEGRADED] += change
    elif kind == at.INCOMPATIBLE:
        state.counters[at.K_MIXED_INCOMPATIBLE] += change
        if mixed == 1:
            state.metrics[at.M_VIOLATIONS] += 1
    record(state, at.EV_EDGE_MIXED if mixed == 1 else at.EV_EDGE_SETTLED, edge, 0, 0)
