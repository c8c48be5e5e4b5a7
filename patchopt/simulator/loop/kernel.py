"""The event loop: one replication of a plan after another over tables (MODEL 4 to 7, 11).

At every instant first what is due ends, then rollbacks and steps start, steps in order
of their ids, until nothing changes; then services and edges are judged and time jumps.
The same source is compiled by Numba and, for its reference, run uncompiled
(`patchopt.simulator.loop.compile.uncompiled`).
"""

from __future__ import annotations

from patchopt.compiling.jit import inner, outer
from patchopt.model.base import Ints
from patchopt.model.events import EventKind
from patchopt.simulator.loop.bundles import Fixed, Rows, State
from patchopt.simulator.loop.codes import Action, Reason
from patchopt.simulator.loop.draws import draw
from patchopt.simulator.loop.failing import abort
from patchopt.simulator.loop.guard import closed_time, guard, next_opening
from patchopt.simulator.loop.queue import make_ready, pop, release_step
from patchopt.simulator.loop.reset import copy_measures, reset
from patchopt.simulator.loop.rows import Measures
from patchopt.simulator.loop.state import record, settle
from patchopt.simulator.loop.streams import STREAM_DEFECT
from patchopt.simulator.loop.trouble import let_happen, start_rollbacks
from patchopt.simulator.loop.work import end_phase, is_unlucky, start_step

_NEVER = 2**62


@outer
def run(fixed: Fixed, state: State, seeds: Ints, defects: Ints, measures: Rows[Measures]) -> None:
    """Simulate a block of replications.

    Where only attempts can go wrong, replications in which no first attempt does are all
    alike: the first of a block is simulated, the others are copies of it.

    Parameters
    ----------
    fixed : Fixed
        The plan on its infrastructure.
    state : State
        Scratch; it holds the events of the last replication simulated afterwards.
    seeds : ndarray of int64, shape (replications,)
        Seed of each.
    defects : ndarray of int64, shape (replications, releases) or (0, releases)
        Which releases are defective; without rows this is drawn.
    measures : table of Measures, shape (replications,)
        Filled in, up to the first replication for which ``state.queue`` is too short:
        then `Counters.queue_short` is 1.
    """
    alike = fixed.limits.variable == 0 and fixed.limits.background == 0
    lucky = -1
    for replication in range(len(seeds)):
        seed = seeds[replication]
        for release in range(len(fixed.releases)):
            if len(defects) > 0:
                defective = defects[replication][release]
            else:
                luck = fixed.releases[release].defect_luck
                key = fixed.releases[release].key
                defective = 1 if draw(seed, STREAM_DEFECT, key, 0) < luck else 0
            state.defective[release] = defective
        state.counters.seed = seed
        is_lucky = alike and _is_lucky(fixed, state)
        if is_lucky and lucky >= 0:
            copy_measures(measures[replication], measures[lucky])
            continue
        if is_lucky:
            lucky = replication
        reset(fixed, state)
        _replicate(fixed, state)
        if state.counters.queue_short == 1:
            return
        copy_measures(measures[replication], state.measures)


@inner
def _is_lucky(fixed: Fixed, state: State) -> bool:
    """Say whether every first attempt of the plan would do well."""
    for job in range(len(fixed.jobs)):
        if fixed.steps[fixed.jobs[job].step].action > Action.BUILD:
            continue
        for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
            if is_unlucky(fixed, state, fixed.pool[place], 1):
                return False
    return True


@inner
def _replicate(fixed: Fixed, state: State) -> None:
    counters, measures = state.counters, state.measures
    while True:
        _instant(fixed, state)
        if counters.queue_short == 1:
            return
        settle(fixed, state)
        if measures.aborted == 0 and counters.ready > 0:
            _note_waits(fixed, state)
        if counters.running == 0 and (measures.aborted == 1 or counters.due + counters.ready == 0):
            break
        coming = _next_time(fixed, state)
        if coming == _NEVER:
            step = state.ready[0]
            reason = guard(fixed, state, step, False)
            abort(state, reason, step, counters.detail)
            break
        if coming > fixed.limits.latest_s:
            abort(state, Reason.LATEST, -1, 0)
            measures.completion_time = counters.now
            break
        _advance(fixed, state, coming)
    _close(fixed, state)


@inner
def _instant(fixed: Fixed, state: State) -> None:
    """Let end what is due and start what may, until nothing changes."""
    jobs, steps = len(fixed.jobs), len(fixed.steps)
    counters, queue = state.counters, state.queue
    while True:
        while counters.queued > 0 and queue[0].time_s == counters.now:
            subject = pop(state)
            if subject >= jobs + steps:
                let_happen(fixed, state, subject - jobs - steps)
            elif subject >= jobs:
                counters.due -= 1
                make_ready(state, subject - jobs)
            elif end_phase(fixed, state, subject):
                _release_next(fixed, state, fixed.jobs[subject].step)
        if counters.rollbacks > 0:
            start_rollbacks(fixed, state)
        if state.measures.aborted == 0:
            _start_ready(fixed, state)
        if counters.queued == 0 or queue[0].time_s > counters.now:
            break


@inner
def _release_next(fixed: Fixed, state: State, step: int) -> None:
    for place in range(fixed.steps[step].next_begin, fixed.steps[step].next_end):
        following = fixed.pool[place]
        state.steps[following].waits_for -= 1
        if state.steps[following].waits_for == 0:
            release_step(fixed, state, following)


@inner
def _start_ready(fixed: Fixed, state: State) -> None:
    kept = 0
    counters = state.counters
    for place in range(counters.ready):
        step = state.ready[place]
        reason = Reason.NONE
        if fixed.steps[step].guarded == 1:
            reason = guard(fixed, state, step, False)
        state.steps[step].reason = reason
        if reason != Reason.NONE:
            state.ready[kept] = step
            kept += 1
            continue
        since = state.steps[step].wait_since_s
        if since >= 0:
            state.measures.guardrail_wait += counters.now - since
        if counters.idle_s > 0:  # the plan goes on, so the idle time before counts
            idle = counters.idle_s
            counters.idle_s = 0
            _integrate(state, idle)
        record(state, EventKind.STEP_START, step, 0, 0)
        start_step(fixed, state, step)
    counters.ready = kept


@inner
def _note_waits(fixed: Fixed, state: State) -> None:
    """Count those that could have started at this instant but for the guard."""
    for place in range(state.counters.ready):
        step = state.ready[place]
        if state.steps[step].wait_since_s < 0:
            state.steps[step].wait_since_s = state.counters.now
            state.measures.guardrail_pauses += 1
            reason = guard(fixed, state, step, False)
            record(state, EventKind.STEP_WAIT, step, reason, state.counters.detail)


@inner
def _next_time(fixed: Fixed, state: State) -> int:
    """Return the next instant at which something ends, is due, or a window lets a step in.

    What happens by itself alone is worth waiting for only if it may bring a node back
    that a step needs; else nothing could ever let a step start.
    """
    coming = _NEVER
    if state.measures.aborted == 0 and fixed.limits.period_s > 0:
        for place in range(state.counters.ready):
            step = state.ready[place]
            if state.steps[step].reason == Reason.WINDOW:
                opening = next_opening(
                    state.counters.now,
                    fixed.steps[step].length_s,
                    fixed.limits.period_s,
                    fixed.window_starts_s,
                    fixed.window_lengths_s,
                )
                coming = min(coming, opening)
    if state.counters.queued == 0:
        return coming
    if (
        coming < _NEVER
        or fixed.limits.background == 0
        or state.counters.running + state.counters.due > 0
        or _may_hope(fixed, state)
    ):
        coming = min(coming, state.queue[0].time_s)
    return coming


@inner
def _may_hope(fixed: Fixed, state: State) -> bool:
    """Say whether some step could start if what has failed were repaired."""
    if fixed.limits.repair_s < 0:
        return False
    for place in range(state.counters.ready):
        reason = guard(fixed, state, state.ready[place], True)
        if reason == Reason.NONE or reason == Reason.WINDOW:  # noqa: PLR1714 - as above in work.py
            return True
    return False


@inner
def _advance(fixed: Fixed, state: State, coming: int) -> None:
    now = state.counters.now
    elapsed = coming - now
    if state.counters.running == 0 and fixed.limits.background == 0:
        # Nothing changes until a step starts; if none does any more, T lies before this.
        state.counters.idle_s += elapsed
    else:
        _integrate(state, elapsed)
        if state.counters.crew > 0 and fixed.limits.period_s > 0:
            closed = closed_time(
                now, coming, fixed.limits.period_s, fixed.window_starts_s, fixed.window_lengths_s
            )
            state.measures.window_overrun += closed
    state.counters.now = coming


@inner
def _integrate(state: State, elapsed: int) -> None:
    measures, counters = state.measures, state.counters
    measures.downtime += counters.below * elapsed
    measures.outage += counters.outages * elapsed
    measures.lost_capacity += counters.not_serving * elapsed
    measures.work_seconds += counters.crew * elapsed
    measures.surge_node_seconds += counters.surge * elapsed
    measures.impaired_time += counters.impaired * elapsed
    if counters.mixed == 0:
        return
    measures.mixed_edge_seconds += counters.mixed * elapsed
    measures.mixed_time += elapsed
    if counters.mixed_degraded > 0:
        measures.degraded_time += elapsed
    if counters.mixed_incompatible > 0:
        measures.violation_time += elapsed


@inner
def _close(fixed: Fixed, state: State) -> None:
    measures = state.measures
    if fixed.limits.background == 1:
        # Nodes have come and gone while the plan waited in vain: its end is the abort.
        measures.completion_time = state.counters.now
    end = measures.completion_time
    left = max(0, fixed.limits.horizon_s - end)
    for node in range(len(fixed.nodes)):
        if fixed.nodes[node].patched == 1 and state.nodes[node].new == 0:
            measures.exposure += fixed.nodes[node].weight_milli * end
            measures.residual_exposure += fixed.nodes[node].weight_milli * left
        if state.nodes[node].failed > 0:
            measures.failed_nodes += 1
    for node in range(len(state.troubles)):
        if state.troubles[node].latency > 0:
            measures.latent_nodes += 1
    for service in range(len(fixed.services)):
        since = state.services[service].below_since_s
        if since >= 0:
            longest = measures.max_downtime
            measures.max_downtime = max(longest, end - since)
