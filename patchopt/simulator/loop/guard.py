"""The guard: whether work may start now without breaking a constraint (MODEL 6)."""

from __future__ import annotations

from patchopt.compiling.jit import inner, rare
from patchopt.model import windows
from patchopt.simulator.loop.bundles import Fixed, State
from patchopt.simulator.loop.codes import Action, Phase, Reason

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
    lasts = fixed.steps[step].length_s
    if action == Action.SWITCH:
        return _guard_window(fixed, state, lasts)
    if state.counters.failed > 0 or state.steps[step].partial == 1:
        begin, end = fixed.steps[step].job_begin, fixed.steps[step].job_end
        return guard_jobs(fixed, state, begin, end, Phase.OPEN, hopeful)
    reason = _guard_crew(fixed, state, action, fixed.steps[step].nodes)
    if reason == Reason.NONE:
        reason = _guard_nodes(fixed, state, step)
    if reason == Reason.NONE:
        reason = _guard_services(fixed, state, step, hopeful)
    if reason == Reason.NONE:
        reason = _guard_window(fixed, state, lasts)
    return reason


@inner
def _guard_window(fixed: Fixed, state: State, lasts: int) -> Reason:
    period = fixed.limits.period_s
    if period == 0:
        return Reason.NONE
    now = state.counters.now
    close = window_close(now, period, fixed.window_starts_s, fixed.window_lengths_s)
    return Reason.WINDOW if close < now + lasts else Reason.NONE


@inner
def _guard_crew(fixed: Fixed, state: State, action: int, nodes: int) -> Reason:
    crew = fixed.limits.crew
    if crew >= 0 and state.counters.crew + nodes > crew:
        return Reason.CREW
    surge = fixed.limits.surge
    if action == Action.BUILD and surge >= 0 and state.counters.surge + nodes > surge:
        return Reason.SURGE
    return Reason.NONE


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
def waits_for_order(fixed: Fixed, state: State, node: int) -> bool:
    """Say whether, under strict order, something that a node's unit depends on has not finished."""
    if fixed.limits.strict == 0:
        return False
    component = fixed.units[fixed.nodes[node].unit].component
    return bool(state.components[component].open > 0)


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


# Some of a step's jobs, whatever their members are at ------------------------------------


@inner
def missing(fixed: Fixed, state: State, job: int) -> int:
    """Return the first node for whose sake a job cannot start, -1 if there is none.

    That is a member, or a host above one, which is FAILED or has crashed; a build minds
    only the host. A member on which the rollback goes on that its crash has cut short
    counts too.
    """
    if state.counters.failed + state.counters.reverting == 0:
        return -1
    return _first_missing(fixed, state, job)


@rare
def _first_missing(fixed: Fixed, state: State, job: int) -> int:
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
    reason = _guard_crew(fixed, state, action, nodes)
    if reason == Reason.NONE:
        reason = _guard_members(fixed, state, begin, end, action, hopeful)
    if reason == Reason.NONE and action == Action.PATCH:
        reason = _guard_losses(fixed, state, step, begin, end, hopeful)
    if reason == Reason.NONE:
        reason = _guard_window(fixed, state, lasts)
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
