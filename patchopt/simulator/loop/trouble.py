"""What happens to nodes by itself: crashes, repairs, latent failures and their detection.

MODEL 11. Everything here is work of no step, but `draw_latent`, with which a commit begins
what may come of it. Nothing of it is called unless the scenario asks for it
(`LimitsRow.background`).
"""

from __future__ import annotations

from patchopt.compiling.jit import inner, rare
from patchopt.model.events import EventKind
from patchopt.simulator.loop.bundles import Fixed, State
from patchopt.simulator.loop.codes import Down, Happening, Latency
from patchopt.simulator.loop.draws import draw, lognormal, weibull
from patchopt.simulator.loop.failing import let_fail, make_bad, restore
from patchopt.simulator.loop.queue import first_happening, happen, push, remove
from patchopt.simulator.loop.state import record, set_version
from patchopt.simulator.loop.streams import (
    STREAM_ALARM,
    STREAM_DETECTION,
    STREAM_DETECTION_DELAY,
    STREAM_LATENT,
    STREAM_LATENT_DELAY,
)

_HAPPENINGS = len(Happening)


@inner
def _alarm(fixed: Fixed) -> int:
    """Return the subject of a false alarm: it comes after all that happens to nodes."""
    return first_happening(fixed) + _HAPPENINGS * len(fixed.nodes)


@inner
def resumption(fixed: Fixed) -> int:
    """Return the subject of a plan that goes on."""
    return _alarm(fixed) + 1


@rare
def await_alarm(fixed: Fixed, state: State) -> None:
    """Draw when the next false alarm comes: they are a Poisson process."""
    count = state.measures.false_alarms + 1
    mean = fixed.limits.alarm_mean_s
    wait = weibull(state.counters.seed, STREAM_ALARM, 0, count, mean, 1.0)
    push(state, state.counters.now + wait, _alarm(fixed))


@rare
def draw_latent(fixed: Fixed, state: State, node: int, step: int, attempt: int) -> None:
    """Draw whether a node that has just become new will turn out bad in service."""
    _forget(fixed, state, node)
    state.troubles[node].step = step
    state.troubles[node].attempt = attempt
    luck = fixed.nodes[node].latent_luck
    if state.nodes[node].defective == 1:
        luck = fixed.releases[fixed.nodes[node].release].latent_luck
    seed, key = state.counters.seed, fixed.nodes[node].key
    if luck == 0 or draw(seed, STREAM_LATENT, key, attempt) >= luck:
        return
    state.troubles[node].latency = Latency.LATENT
    state.measures.latent_failures += 1
    record(state, EventKind.LATENT_FAILURE, node, step, attempt)
    nominal, sigma = fixed.nodes[node].latent_delay_s, fixed.spreads[node].latent
    delay = lognormal(seed, STREAM_LATENT_DELAY, key, attempt, nominal, sigma)
    _show(fixed, state, delay, Happening.ONSET, node)


@inner
def _show(fixed: Fixed, state: State, after: int, what: int, node: int) -> None:
    """Let a latent failure come further after some seconds."""
    state.troubles[node].shows_s = state.counters.now + after
    happen(fixed, state, after, what, node)


@inner
def _forget(fixed: Fixed, state: State, node: int) -> None:
    """Take away what is still due of a latent failure that has been undone.

    So what is due of one failure never counts for the next, and the queue's size is known.
    """
    if state.troubles[node].shows_s < state.counters.now:
        return
    state.troubles[node].shows_s = 0
    first, nodes = first_happening(fixed), len(fixed.nodes)
    for what in (Happening.ONSET, Happening.DETECTION):
        subject = first + what * nodes + node
        remove(state, subject, subject + 1)


@rare
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
    state.troubles[node].crashed_s = state.counters.now
    record(state, EventKind.NODE_CRASHED, node, 0, 0)
    if state.troubles[node].latency == Latency.IMPAIRED:
        state.counters.impaired -= 1
    state.troubles[node].latency = Latency.NONE
    if state.troubles[node].reverting > 0:  # its rollback comes to nothing
        state.troubles[node].reverting = -state.troubles[node].reverting
    let_fail(fixed, state, node, Down.CRASHED)


@inner
def _repair(fixed: Fixed, state: State, node: int) -> None:
    state.measures.repairs += 1
    if state.nodes[node].new == 1:
        set_version(fixed, state, node, 0)
    record(state, EventKind.NODE_REPAIRED, node, 0, 0)
    restore(fixed, state, node)


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
        _show(fixed, state, delay, Happening.DETECTION, node)


@inner
def _detect(fixed: Fixed, state: State, node: int) -> None:
    if state.troubles[node].latency != Latency.IMPAIRED:
        return
    state.measures.detections += 1
    record(state, EventKind.FAILURE_DETECTED, node, 0, 0)
    make_bad(fixed, state, node)
    if fixed.nodes[node].rollback_s >= 0:
        state.rollbacks[state.counters.rollbacks] = node
        state.counters.rollbacks += 1
