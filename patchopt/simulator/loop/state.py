"""What serves, at which version, and what that means for services and edges.

Nodes change one at a time; services and edges are judged once an instant, after all
that happens in it, by `settle`. So a state that lasts zero seconds is never seen.
"""

from __future__ import annotations

from patchopt.compiling.jit import inner
from patchopt.model.events import EventKind
from patchopt.simulator.loop.bundles import Fixed, State
from patchopt.simulator.loop.codes import EdgeKind


@inner
def is_watched(state: State) -> bool:
    """Say whether somebody asks for events; else none need be named."""
    return len(state.events) > 0


@inner
def record(state: State, kind: int, first: int, second: int, third: int) -> None:
    """Write an event if there is room; count it if somebody asks for any."""
    if not is_watched(state):
        return
    place = state.counters.events
    state.counters.events = place + 1
    if place < len(state.events):
        event = state.events[place]
        event.time_s = state.counters.now
        event.kind = kind
        event.first = first
        event.second = second
        event.third = third


@inner
def _touch_group(fixed: Fixed, state: State, group: int, new: int, change: int) -> None:
    if fixed.groups[group].end_end == fixed.groups[group].end_begin:
        return  # no edge asks
    if new == 1:
        state.groups[group].new += change
    else:
        state.groups[group].old += change
    if state.dirty[group] == 0:
        state.dirty[group] = 1
        state.dirty_groups[state.counters.dirty_groups] = group
        state.counters.dirty_groups += 1


@inner
def _count_version(fixed: Fixed, state: State, node: int, new: int, change: int) -> None:
    _touch_group(fixed, state, len(fixed.services) + node, new, change)
    service = fixed.nodes[node].service
    if service >= 0:
        _touch_group(fixed, state, service, new, change)


@inner
def _touch_service(state: State, service: int) -> None:
    """Let a service be judged at the end of the instant."""
    if state.services[service].dirty == 0:
        state.services[service].dirty = 1
        state.dirty_services[state.counters.dirty_services] = service
        state.counters.dirty_services += 1


@inner
def count_active(fixed: Fixed, state: State, step: int, change: int) -> None:
    """Count one reason more or less why a step is running; its waivers hold while it is."""
    before = state.steps[step].active
    state.steps[step].active = before + change
    if (before == 0) == (before + change == 0):
        return
    for place in range(fixed.steps[step].waive_begin, fixed.steps[step].waive_end):
        service = fixed.pool[place]
        state.services[service].waived += change
        _touch_service(state, service)


@inner
def _serving_changes(fixed: Fixed, state: State, node: int, change: int) -> None:
    state.counters.not_serving -= change
    service = fixed.nodes[node].service
    if service >= 0:
        state.services[service].serving += change
        _touch_service(state, service)
    if fixed.nodes[node].patched == 1:
        _count_version(fixed, state, node, state.nodes[node].new, change)


@inner
def set_out(fixed: Fixed, state: State, node: int, out: int) -> None:
    """Take a node out of service (1) or back (0), with all that runs on it."""
    if state.nodes[node].out == out:
        return
    state.nodes[node].out = out
    change = 1 if out == 1 else -1
    begin = fixed.nodes[node].guest_begin
    # The node itself comes before its guests.
    for place in range(begin - 1, fixed.nodes[node].guest_end):
        which = node if place < begin else fixed.pool[place]
        before = state.nodes[which].blocked
        state.nodes[which].blocked = before + change
        if (before == 0) != (before + change == 0):
            _serving_changes(fixed, state, which, -change)


@inner
def set_version(fixed: Fixed, state: State, node: int, new: int) -> None:
    """Make a node new (1), which ends its exposure, or old again (0)."""
    serves = state.nodes[node].blocked == 0
    if serves:
        _count_version(fixed, state, node, 1 - new, -1)
    state.nodes[node].new = new
    if serves:
        _count_version(fixed, state, node, new, 1)
    sign = 1 if new == 1 else -1
    state.counters.old_weight -= sign * fixed.nodes[node].weight_milli
    state.measures.patched += sign


@inner
def finish(fixed: Fixed, state: State, node: int) -> None:
    """Note, once and for all, that a node has committed and is past its warm-up.

    What depends on its unit may start once all members are.
    """
    if fixed.limits.strict == 0 or state.nodes[node].finished == 1:
        return
    state.nodes[node].finished = 1
    unit = fixed.nodes[node].unit
    state.units[unit] -= 1
    if state.units[unit] == 0:
        component = fixed.units[unit].component
        state.components[component].units -= 1
        _finish_components(fixed, state, component)


@inner
def _is_done(state: State, component: int) -> bool:
    left = state.components[component].units + state.components[component].open
    return left == 0


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
        for place in range(fixed.components[done].user_begin, fixed.components[done].user_end):
            user = fixed.pool[place]
            state.components[user].open -= 1
            if _is_done(state, user):
                state.stack[size] = user
                size += 1


@inner
def reset_order(fixed: Fixed, state: State) -> None:
    """Start the dependency order: components without units are done with their dependencies."""
    if fixed.limits.strict == 0:
        return
    count = len(fixed.components)
    for component in range(count):
        state.components[component].units = fixed.components[component].units
        state.components[component].open = fixed.components[component].open
    for component in range(count):
        if fixed.components[component].open == 0:
            _finish_components(fixed, state, component)


@inner
def settle(fixed: Fixed, state: State) -> None:
    """Judge the services and edges that an instant has touched."""
    counters = state.counters
    for place in range(counters.dirty_services):
        _settle_service(fixed, state, state.dirty_services[place])
    counters.dirty_services = 0
    counters.violations = 0
    counters.intervals = 0
    if counters.dirty_groups == 0:
        return
    for place in range(counters.dirty_groups):
        group = state.dirty_groups[place]
        state.dirty[group] = 0
        for entry in range(fixed.groups[group].end_begin, fixed.groups[group].end_end):
            other = fixed.ends[entry].other
            _settle_edge(fixed, state, fixed.ends[entry].edge, group, other)
    counters.dirty_groups = 0
    degraded = 1 if counters.mixed_degraded > 0 else 0
    if degraded == 1 and counters.was_degraded == 0:
        state.measures.degraded_intervals += 1
        counters.intervals = 1
    counters.was_degraded = degraded


@inner
def _settle_service(fixed: Fixed, state: State, service: int) -> None:
    services = state.services
    services[service].dirty = 0
    serving = services[service].serving
    outage = 1 if serving == 0 and fixed.services[service].instances > 0 else 0
    state.counters.outages += outage - services[service].outage
    services[service].outage = outage
    below = serving < fixed.services[service].min_up
    unplanned = 1 if below and services[service].waived == 0 else 0
    state.counters.unplanned += unplanned - services[service].unplanned
    services[service].unplanned = unplanned
    since = services[service].below_since_s
    if below == (since >= 0):
        return
    now = state.counters.now
    if below:
        services[service].below_since_s = now
        state.counters.below += 1
        record(state, EventKind.SERVICE_BELOW, service, serving, 0)
    else:
        longest = state.measures.max_downtime
        state.measures.max_downtime = max(longest, now - since)
        services[service].below_since_s = -1
        state.counters.below -= 1
        record(state, EventKind.SERVICE_RESTORED, service, serving, 0)


@inner
def _settle_edge(fixed: Fixed, state: State, edge: int, end: int, other: int) -> None:
    groups = state.groups
    old_new = groups[end].old > 0 and groups[other].new > 0
    new_old = groups[end].new > 0 and groups[other].old > 0
    mixed = 1 if old_new or new_old else 0
    if mixed == state.edges[edge]:
        return
    state.edges[edge] = mixed
    change = 1 if mixed == 1 else -1
    state.counters.mixed += change
    kind = fixed.edges[edge]
    if kind == EdgeKind.DEGRADED:
        state.counters.mixed_degraded += change
    elif kind == EdgeKind.INCOMPATIBLE:
        state.counters.mixed_incompatible += change
        if mixed == 1:
            state.measures.incompatibility_violations += 1
            state.counters.violations += 1
    record(state, EventKind.EDGE_MIXED if mixed == 1 else EventKind.EDGE_SETTLED, edge, 0, 0)
