"""What serves, at which version, and what that means for services and edges.

Nodes change one at a time; services and edges are judged once an instant, after all
that happens in it, by `settle`. So a state that lasts zero seconds is never seen.
"""

from __future__ import annotations

from patchopt.simulator.jit import inner
from patchopt.simulator.layout import (
    C_OPEN,
    C_UNITS,
    C_USER_BEGIN,
    C_USER_END,
    COMPONENTS,
    CS_OPEN,
    CS_UNITS,
    DEGRADED,
    DIRTY_GROUPS,
    DIRTY_SERVICES,
    E_KIND,
    E_SOURCE,
    E_TARGET,
    EDGES,
    ES_MIXED,
    EV_EDGE_MIXED,
    EV_EDGE_SETTLED,
    EV_SERVICE_BELOW,
    EV_SERVICE_RESTORED,
    EVENTS,
    G_EDGE_BEGIN,
    G_EDGE_END,
    GROUPS,
    GS_DIRTY,
    GS_NEW,
    GS_OLD,
    INCOMPATIBLE,
    K_BELOW,
    K_DIRTY_GROUPS,
    K_DIRTY_SERVICES,
    K_EVENTS,
    K_MIXED,
    K_MIXED_DEGRADED,
    K_MIXED_INCOMPATIBLE,
    K_NOT_SERVING,
    K_NOW,
    K_OUTAGES,
    K_WAS_DEGRADED,
    L_STRICT,
    M_DEGRADED_INTERVALS,
    M_EXPOSURE,
    M_MAX_DOWNTIME,
    M_PATCHED,
    M_VIOLATIONS,
    N_GUEST_BEGIN,
    N_GUEST_END,
    N_PATCHED,
    N_SERVICE,
    N_UNIT,
    N_WEIGHT,
    NODES,
    NS_BLOCKED,
    NS_NEW,
    NS_OUT,
    SERVICES,
    STACK,
    U_COMPONENT,
    UNITS,
    US_LEFT,
    V_MIN_UP,
    VS_BELOW_SINCE,
    VS_DIRTY,
    VS_OUTAGE,
    VS_SERVING,
    Ints,
    row,
    rows,
)


@inner
def record(state: Ints, code: int, a: int, b: int, c: int) -> None:
    """Write an event if there is room; count it in any case."""
    at = state[K_EVENTS]
    if at < rows(state, EVENTS):
        place = row(state, EVENTS, at)
        state[place] = state[K_NOW]
        state[place + 1] = code
        state[place + 2] = a
        state[place + 3] = b
        state[place + 4] = c
    state[K_EVENTS] = at + 1


@inner
def _touch_group(fixed: Ints, state: Ints, group: int, column: int, change: int) -> None:
    state[row(state, GROUPS, group) + column] += change
    edges = (
        fixed[row(fixed, GROUPS, group) + G_EDGE_END]
        - fixed[row(fixed, GROUPS, group) + G_EDGE_BEGIN]
    )
    if edges > 0 and state[row(state, GROUPS, group) + GS_DIRTY] == 0:
        state[row(state, GROUPS, group) + GS_DIRTY] = 1
        state[row(state, DIRTY_GROUPS, state[K_DIRTY_GROUPS])] = group
        state[K_DIRTY_GROUPS] += 1


@inner
def _count_version(fixed: Ints, state: Ints, node: int, column: int, change: int) -> None:
    services = rows(fixed, SERVICES)
    _touch_group(fixed, state, services + node, column, change)
    service = fixed[row(fixed, NODES, node) + N_SERVICE]
    if service >= 0:
        _touch_group(fixed, state, service, column, change)


@inner
def _serving_changes(fixed: Ints, state: Ints, node: int, change: int) -> None:
    state[K_NOT_SERVING] -= change
    service = fixed[row(fixed, NODES, node) + N_SERVICE]
    if service >= 0:
        state[row(state, SERVICES, service) + VS_SERVING] += change
        if state[row(state, SERVICES, service) + VS_DIRTY] == 0:
            state[row(state, SERVICES, service) + VS_DIRTY] = 1
            state[row(state, DIRTY_SERVICES, state[K_DIRTY_SERVICES])] = service
            state[K_DIRTY_SERVICES] += 1
    if fixed[row(fixed, NODES, node) + N_PATCHED] == 1:
        column = GS_NEW if state[row(state, NODES, node) + NS_NEW] == 1 else GS_OLD
        _count_version(fixed, state, node, column, change)


@inner
def _block(fixed: Ints, state: Ints, node: int, change: int) -> None:
    before = state[row(state, NODES, node) + NS_BLOCKED]
    state[row(state, NODES, node) + NS_BLOCKED] = before + change
    if before == 0:
        _serving_changes(fixed, state, node, -1)
    elif before + change == 0:
        _serving_changes(fixed, state, node, 1)


@inner
def set_out(fixed: Ints, state: Ints, node: int, out: int) -> None:
    """Take a node out of service (1) or back (0), with all that runs on it."""
    if state[row(state, NODES, node) + NS_OUT] == out:
        return
    state[row(state, NODES, node) + NS_OUT] = out
    change = 1 if out == 1 else -1
    _block(fixed, state, node, change)
    for at in range(
        fixed[row(fixed, NODES, node) + N_GUEST_BEGIN], fixed[row(fixed, NODES, node) + N_GUEST_END]
    ):
        _block(fixed, state, fixed[at], change)


@inner
def commit(fixed: Ints, state: Ints, node: int) -> None:
    """Make a node new: its exposure ends, and what depends on it may start."""
    serves = state[row(state, NODES, node) + NS_BLOCKED] == 0
    if serves:
        _count_version(fixed, state, node, GS_OLD, -1)
    state[row(state, NODES, node) + NS_NEW] = 1
    if serves:
        _count_version(fixed, state, node, GS_NEW, 1)
    state[M_EXPOSURE] += fixed[row(fixed, NODES, node) + N_WEIGHT] * state[K_NOW]
    state[M_PATCHED] += 1
    unit = fixed[row(fixed, NODES, node) + N_UNIT]
    state[row(state, UNITS, unit) + US_LEFT] -= 1
    if fixed[L_STRICT] == 1 and state[row(state, UNITS, unit) + US_LEFT] == 0:
        component = fixed[row(fixed, UNITS, unit) + U_COMPONENT]
        state[row(state, COMPONENTS, component) + CS_UNITS] -= 1
        _finish_components(fixed, state, component)


@inner
def _is_done(state: Ints, component: int) -> bool:
    place = row(state, COMPONENTS, component)
    return bool(state[place + CS_UNITS] == 0 and state[place + CS_OPEN] == 0)


@inner
def _finish_components(fixed: Ints, state: Ints, component: int) -> None:
    """Pass on that a component is done, to those that depend on it, and so on up."""
    if not _is_done(state, component):
        return
    state[row(state, STACK, 0)] = component
    size = 1
    while size > 0:
        size -= 1
        given = row(fixed, COMPONENTS, state[row(state, STACK, size)])
        for at in range(fixed[given + C_USER_BEGIN], fixed[given + C_USER_END]):
            user = fixed[at]
            state[row(state, COMPONENTS, user) + CS_OPEN] -= 1
            if _is_done(state, user):
                state[row(state, STACK, size)] = user
                size += 1


@inner
def reset_order(fixed: Ints, state: Ints) -> None:
    """Start the dependency order: components without units are done with their dependencies."""
    if fixed[L_STRICT] == 0:
        return
    count = rows(fixed, COMPONENTS)
    for component in range(count):
        given, place = row(fixed, COMPONENTS, component), row(state, COMPONENTS, component)
        state[place + CS_UNITS] = fixed[given + C_UNITS]
        state[place + CS_OPEN] = fixed[given + C_OPEN]
    for component in range(count):
        if fixed[row(fixed, COMPONENTS, component) + C_OPEN] == 0:
            _finish_components(fixed, state, component)


@inner
def settle(fixed: Ints, state: Ints) -> None:
    """Judge the services and edges that an instant has touched."""
    for at in range(state[K_DIRTY_SERVICES]):
        _settle_service(fixed, state, state[row(state, DIRTY_SERVICES, at)])
    state[K_DIRTY_SERVICES] = 0
    for at in range(state[K_DIRTY_GROUPS]):
        group = state[row(state, DIRTY_GROUPS, at)]
        state[row(state, GROUPS, group) + GS_DIRTY] = 0
        for place in range(
            fixed[row(fixed, GROUPS, group) + G_EDGE_BEGIN],
            fixed[row(fixed, GROUPS, group) + G_EDGE_END],
        ):
            _settle_edge(fixed, state, fixed[place])
    state[K_DIRTY_GROUPS] = 0
    degraded = 1 if state[K_MIXED_DEGRADED] > 0 else 0
    if degraded == 1 and state[K_WAS_DEGRADED] == 0:
        state[M_DEGRADED_INTERVALS] += 1
    state[K_WAS_DEGRADED] = degraded


@inner
def _settle_service(fixed: Ints, state: Ints, service: int) -> None:
    place = row(state, SERVICES, service)
    state[place + VS_DIRTY] = 0
    serving = state[place + VS_SERVING]
    outage = 1 if serving == 0 else 0
    state[K_OUTAGES] += outage - state[place + VS_OUTAGE]
    state[place + VS_OUTAGE] = outage
    below = serving < fixed[row(fixed, SERVICES, service) + V_MIN_UP]
    since = state[place + VS_BELOW_SINCE]
    if below and since < 0:
        state[place + VS_BELOW_SINCE] = state[K_NOW]
        state[K_BELOW] += 1
        record(state, EV_SERVICE_BELOW, service, serving, 0)
    elif not below and since >= 0:
        state[M_MAX_DOWNTIME] = max(state[M_MAX_DOWNTIME], state[K_NOW] - since)
        state[place + VS_BELOW_SINCE] = -1
        state[K_BELOW] -= 1
        record(state, EV_SERVICE_RESTORED, service, serving, 0)


@inner
def _settle_edge(fixed: Ints, state: Ints, edge: int) -> None:
    ends = row(fixed, EDGES, edge)
    source = row(state, GROUPS, fixed[ends + E_SOURCE])
    target = row(state, GROUPS, fixed[ends + E_TARGET])
    old_new = state[source + GS_OLD] > 0 and state[target + GS_NEW] > 0
    new_old = state[source + GS_NEW] > 0 and state[target + GS_OLD] > 0
    mixed = 1 if old_new or new_old else 0
    place = row(state, EDGES, edge) + ES_MIXED
    if mixed == state[place]:
        return
    state[place] = mixed
    change = 1 if mixed == 1 else -1
    state[K_MIXED] += change
    kind = fixed[ends + E_KIND]
    if kind == DEGRADED:
        state[K_MIXED_DEGRADED] += change
    elif kind == INCOMPATIBLE:
        state[K_MIXED_INCOMPATIBLE] += change
        if mixed == 1:
            state[M_VIOLATIONS] += 1
    record(state, EV_EDGE_MIXED if mixed == 1 else EV_EDGE_SETTLED, edge, 0, 0)
