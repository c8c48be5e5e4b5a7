"""What happens to nodes by itself: crashes, repairs, latent failures and their detection.

MODEL 11. Everything here is work of no step, but `draw_latent`, with which a commit begins
what may come of it. A rollback after a detection takes a crew place like any other work.
Nothing of it is called unless the scenario asks for it (`LimitsRow.background`).
"""

from __future__ import annotations

from patchopt.compiling.jit import inner
from patchopt.model.events import EventKind
from patchopt.simulator.loop.bundles import Fixed, State
from patchopt.simulator.loop.codes import Down, Happening, Latency
from patchopt.simulator.loop.crew import free_crew, take_crew
from patchopt.simulator.loop.draws import draw, lognormal, weibull
from patchopt.simulator.loop.failing import (
    bring_back,
    check_failures,
    check_share,
    count_unlucky,
    let_fail,
    rollback_fails,
    rollback_time,
)
from patchopt.simulator.loop.queue import happen, push
from patchopt.simulator.loop.state import record, set_out, set_version
from patchopt.simulator.loop.streams import (
    STREAM_ALARM,
    STREAM_DETECTION,
    STREAM_DETECTION_DELAY,
    STREAM_LATENT,
    STREAM_LATENT_DELAY,
)

#: False alarms come after all that happens to nodes.
_HAPPENINGS = len(Happening)


@inner
def await_alarm(fixed: Fixed, state: State) -> None:
    """Draw when the next false alarm comes: they are a Poisson process."""
    count = state.measures.false_alarms + 1
    mean = fixed.limits.alarm_mean_s
    wait = weibull(state.counters.seed, STREAM_ALARM, 0, count, mean, 1.0)
    item = len(fixed.jobs) + len(fixed.steps) + _HAPPENINGS * len(fixed.nodes)
    push(state, state.counters.now + wait, item)


@inner
def draw_latent(fixed: Fixed, state: State, node: int, step: int, attempt: int) -> None:
    """Draw whether a node that has just become new will turn out bad in service."""
    luck = fixed.nodes[node].latent_luck
    release = fixed.nodes[node].release
    if state.defective[release] == 1:
        luck = fixed.releases[release].latent_luck
    seed, key = state.counters.seed, fixed.nodes[node].key
    if luck == 0 or draw(seed, STREAM_LATENT, key, attempt) >= luck:
        return
    state.troubles[node].latency = Latency.LATENT
    state.troubles[node].step = step
    state.troubles[node].attempt = attempt
    state.measures.latent_failures += 1
    record(state, EventKind.LATENT_FAILURE, node, step, attempt)
    nominal, sigma = fixed.nodes[node].latent_delay_s, fixed.spreads[node].latent
    delay = lognormal(seed, STREAM_LATENT_DELAY, key, attempt, nominal, sigma)
    happen(fixed, state, delay, Happening.ONSET, node)


@inner
def let_happen(fixed: Fixed, state: State, number: int) -> None:
    """Let happen what was due; `number` counts from the first crash in the queue."""
    nodes = len(fixed.nodes)
    what, node = number // nodes, number % nodes
    if what == Happening.CRASH:
        _crash(fixed, state, node)
    elif what == Happening.REPAIR:
        _repair(fixed, state, node)
    elif what == Happening.ONSET:
        _impair(fixed, state, node)
    elif what == Happening.DETECTION:
        _detect(fixed, state, node)
    elif what == Happening.REVERSAL:
        _reverse(fixed, state, node)
    else:
        state.measures.false_alarms += 1
        record(state, EventKind.FALSE_ALARM, 0, 0, 0)
        await_alarm(fixed, state)


@inner
def _crash(fixed: Fixed, state: State, node: int) -> None:
    state.troubles[node].living = 0
    if state.nodes[node].out == 1:
        return  # being worked on, or FAILED already: the next life begins when it is back
    state.measures.crashes += 1
    record(state, EventKind.NODE_CRASHED, node, 0, 0)
    if state.troubles[node].latency == Latency.IMPAIRED:
        state.counters.impaired -= 1
    state.troubles[node].latency = 0
    let_fail(fixed, state, node, Down.CRASHED)


@inner
def _repair(fixed: Fixed, state: State, node: int) -> None:
    failed = state.nodes[node].failed > 0
    if not failed or state.troubles[node].returns_s != state.counters.now:
        return  # a switch to its copy came first
    state.nodes[node].failed = 0
    state.measures.repairs += 1
    if state.nodes[node].new == 1:
        set_version(fixed, state, node, 0)
    record(state, EventKind.NODE_REPAIRED, node, 0, 0)
    bring_back(fixed, state, node)


@inner
def _impair(fixed: Fixed, state: State, node: int) -> None:
    if state.troubles[node].latency != Latency.LATENT:
        return
    state.troubles[node].latency = Latency.IMPAIRED
    state.counters.impaired += 1
    record(state, EventKind.NODE_IMPAIRED, node, 0, 0)
    seed, key = state.counters.seed, fixed.nodes[node].key
    attempt = state.troubles[node].attempt
    if draw(seed, STREAM_DETECTION, key, attempt) < fixed.limits.detection_luck:
        nominal, sigma = fixed.limits.detection_delay_s, fixed.limits.detection_sigma
        delay = lognormal(seed, STREAM_DETECTION_DELAY, key, attempt, nominal, sigma)
        happen(fixed, state, delay, Happening.DETECTION, node)


@inner
def _detect(fixed: Fixed, state: State, node: int) -> None:
    if state.troubles[node].latency != Latency.IMPAIRED:
        return
    state.measures.detections += 1
    record(state, EventKind.FAILURE_DETECTED, node, 0, 0)
    count_unlucky(fixed, state, node)
    step = state.troubles[node].step
    check_failures(fixed, state, step)
    check_share(fixed, state, node, step)
    if fixed.nodes[node].rollback_s >= 0:
        state.rollbacks[state.counters.rollbacks] = node
        state.counters.rollbacks += 1


@inner
def start_rollbacks(fixed: Fixed, state: State) -> None:
    """Start rolling back detected nodes, in the order of their detection, as crew allows."""
    kept = 0
    for place in range(state.counters.rollbacks):
        node = state.rollbacks[place]
        if state.troubles[node].latency != Latency.IMPAIRED:
            continue  # it has crashed
        if _must_wait(fixed, state, node):
            state.rollbacks[kept] = node
            kept += 1
        else:
            _start_rollback(fixed, state, node)
    state.counters.rollbacks = kept


@inner
def _must_wait(fixed: Fixed, state: State, node: int) -> bool:
    crew = fixed.limits.crew
    if crew >= 0 and state.counters.crew >= crew:
        return True
    if state.nodes[node].working == 1:
        return True  # its own work is not over
    if state.nodes[node].blocked > state.nodes[node].out:
        return True  # a host is out
    if fixed.nodes[node].restart == 1:
        for place in range(fixed.nodes[node].guest_begin, fixed.nodes[node].guest_end):
            if state.nodes[fixed.pool[place]].working == 1:
                return True
    return False


@inner
def _start_rollback(fixed: Fixed, state: State, node: int) -> None:
    step, attempt = state.troubles[node].step, state.troubles[node].attempt
    state.counters.running += 1
    take_crew(state, node)
    record(state, EventKind.ROLLBACK_START, node, step, attempt)
    if fixed.nodes[node].restart == 1:
        state.troubles[node].latency = Latency.REVERTING
        state.counters.impaired -= 1
        record(state, EventKind.NODE_DOWN, node, step, attempt)
        set_out(fixed, state, node, 1)
    happen(fixed, state, rollback_time(fixed, state, node, attempt), Happening.REVERSAL, node)


@inner
def _reverse(fixed: Fixed, state: State, node: int) -> None:
    """End a rollback after a detection: the node is old again."""
    step, attempt = state.troubles[node].step, state.troubles[node].attempt
    state.counters.running -= 1
    free_crew(state, node)
    state.measures.completion_time = state.counters.now
    if state.troubles[node].latency == 0:  # it crashed meanwhile: its repair makes it old
        record(state, EventKind.WORK_OVER, node, step, attempt)
        return
    if state.troubles[node].latency == Latency.IMPAIRED:
        state.counters.impaired -= 1
    state.troubles[node].latency = 0
    set_version(fixed, state, node, 0)
    if rollback_fails(fixed, state, node, attempt):
        state.measures.failed_rollbacks += 1
        record(state, EventKind.ROLLBACK_FAILED, node, step, attempt)
        record(state, EventKind.NODE_FAILED, node, step, attempt)
        let_fail(fixed, state, node, Down.BY_WORK)
        return
    state.measures.rollbacks += 1
    record(state, EventKind.ROLLED_BACK, node, step, attempt)
    if fixed.nodes[node].restart == 1:
        record(state, EventKind.NODE_SERVING, node, step, attempt)
        bring_back(fixed, state, node)
