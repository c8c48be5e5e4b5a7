"""The event loop: one replication of a plan after another over flat arrays (MODEL 4 to 7, 11).

At every instant first what is due ends, then rollbacks and steps start, steps in order
of their ids, until nothing changes; then services and edges are judged and time jumps.
The same source is compiled by Numba and, for its reference, run uncompiled
(`patchopt.simulator.loop.compile.uncompiled`).
"""

from __future__ import annotations

from patchopt.compiling.jit import inner, outer
from patchopt.simulator.loop import layout as at
from patchopt.simulator.loop.draws import draw
from patchopt.simulator.loop.guard import closed_time, guard, next_opening
from patchopt.simulator.loop.layout import Fixed, Ints, State
from patchopt.simulator.loop.queue import make_ready, pop, push
from patchopt.simulator.loop.state import record, reset_order, settle
from patchopt.simulator.loop.streams import STREAM_DEFECT
from patchopt.simulator.loop.trouble import (
    abort,
    await_alarm,
    begin_life,
    let_happen,
    start_rollbacks,
)
from patchopt.simulator.loop.work import end_phase, is_unlucky, start_step

_NEVER = 2**62


@outer
def run(fixed: Fixed, state: State, seeds: Ints, defects: Ints, metrics: Ints) -> None:
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
    metrics : ndarray of int64, shape (replications, OUTPUTS)
        Filled in.
    """
    alike = fixed.limits[at.L_VARIABLE] == 0 and fixed.limits[at.L_BACKGROUND] == 0
    lucky = -1
    for replication in range(seeds.shape[0]):
        seed = seeds[replication]
        for release in range(fixed.releases.shape[0]):
            if defects.shape[0] > 0:
                defective = defects[replication, release]
            else:
                luck = fixed.releases[release, at.R_DEFECT_LUCK]
                key = fixed.releases[release, at.R_KEY]
                defective = 1 if draw(seed, STREAM_DEFECT, key, 0) < luck else 0
            state.releases[release, at.RS_DEFECTIVE] = defective
        state.counters[at.K_SEED] = seed
        is_lucky = alike and _is_lucky(fixed, state)
        if is_lucky and lucky >= 0:
            for column in range(at.OUTPUTS):
                metrics[replication, column] = metrics[lucky, column]
            continue
        if is_lucky:
            lucky = replication
        _reset(fixed, state)
        _replicate(fixed, state)
        for column in range(at.OUTPUTS):
            metrics[replication, column] = state.metrics[column]


@inner
def _is_lucky(fixed: Fixed, state: State) -> bool:
    """Say whether every first attempt of the plan would do well."""
    for job in range(fixed.jobs.shape[0]):
        if fixed.steps[fixed.jobs[job, at.J_STEP], at.S_ACTION] > at.BUILD:
            continue
        for place in range(fixed.jobs[job, at.J_NODE_BEGIN], fixed.jobs[job, at.J_NODE_END]):
            if is_unlucky(fixed, state, fixed.pool[place], 1):
                return False
    return True


@inner
def _reset(fixed: Fixed, state: State) -> None:
    """Put everything back to the start but the seed and the releases' defects."""
    seed = state.counters[at.K_SEED]
    state.metrics[:] = 0
    state.counters[:] = 0
    state.counters[at.K_SEED] = seed
    state.nodes[:] = 0
    state.troubles[:] = 0
    state.jobs[:] = 0
    state.edges[:] = 0
    state.groups[:] = 0
    state.dirty[:] = 0
    state.releases[:, at.RS_ATTEMPTED] = 0
    state.releases[:, at.RS_UNLUCKY] = 0
    services = fixed.services.shape[0]
    for service in range(services):
        # A service without instances has none to lose: it is never judged at all.
        state.services[service, at.VS_SERVING] = fixed.services[service, at.V_INSTANCES]
        state.services[service, at.VS_BELOW_SINCE] = -1
        state.services[service, at.VS_OUTAGE] = 0
        state.services[service, at.VS_DIRTY] = 0
        state.services[service, at.VS_LOSS] = 0
    for node in range(fixed.nodes.shape[0]):
        if fixed.nodes[node, at.N_PATCHED] == 1:
            state.groups[services + node, at.GS_OLD] = 1
            if fixed.nodes[node, at.N_SERVICE] >= 0:
                state.groups[fixed.nodes[node, at.N_SERVICE], at.GS_OLD] += 1
    for unit in range(fixed.units.shape[0]):
        state.units[unit] = fixed.units[unit, at.U_SIZE]
    reset_order(fixed, state)
    if fixed.limits[at.L_CRASHES] == 1:
        for node in range(fixed.nodes.shape[0]):
            begin_life(fixed, state, node)
    if fixed.limits[at.L_ALARMS] == 1:
        await_alarm(fixed, state)
    for step in range(fixed.steps.shape[0]):
        jobs = fixed.steps[step, at.S_JOB_END] - fixed.steps[step, at.S_JOB_BEGIN]
        state.steps[step, at.SS_WAITS_FOR] = fixed.steps[step, at.S_WAITS_FOR]
        state.steps[step, at.SS_JOBS_LEFT] = jobs
        state.steps[step, at.SS_WAIT_SINCE] = -1
        state.steps[step, at.SS_REASON] = at.R_NONE
        if fixed.steps[step, at.S_WAITS_FOR] == 0:
            release_step(fixed, state, step)


@inner
def release_step(fixed: Fixed, state: State, step: int) -> None:
    """Let a step start whose predecessors have ended, now or when it is due."""
    due = fixed.steps[step, at.S_NOT_BEFORE]
    if due > state.counters[at.K_NOW]:
        state.counters[at.K_DUE] += 1
        push(state, due, fixed.jobs.shape[0] + step)
    else:
        make_ready(state, step)


@inner
def _replicate(fixed: Fixed, state: State) -> None:
    counters, metrics = state.counters, state.metrics
    while True:
        _instant(fixed, state)
        settle(fixed, state)
        if metrics[at.M_ABORTED] == 0 and counters[at.K_READY] > 0:
            _note_waits(fixed, state)
        if counters[at.K_RUNNING] == 0 and (
            metrics[at.M_ABORTED] == 1 or counters[at.K_DUE] + counters[at.K_READY] == 0
        ):
            break
        coming = _next_time(fixed, state)
        if coming == _NEVER:
            step = state.ready[0]
            reason = guard(fixed, state, step, False)
            abort(state, reason, step, counters[at.K_DETAIL])
            break
        if coming > fixed.limits[at.L_LATEST]:
            abort(state, at.R_LATEST, -1, 0)
            metrics[at.M_COMPLETION] = counters[at.K_NOW]
            break
        _advance(fixed, state, coming)
    _close(fixed, state)


@inner
def _instant(fixed: Fixed, state: State) -> None:
    """Let end what is due and start what may, until nothing changes."""
    jobs, steps = fixed.jobs.shape[0], fixed.steps.shape[0]
    counters, heap = state.counters, state.heap
    while True:
        while counters[at.K_HEAP] > 0 and heap[0, at.H_TIME] == counters[at.K_NOW]:
            item = pop(state)
            if item >= jobs + steps:
                let_happen(fixed, state, item - jobs - steps)
            elif item >= jobs:
                counters[at.K_DUE] -= 1
                make_ready(state, item - jobs)
            elif end_phase(fixed, state, item):
                _release_next(fixed, state, fixed.jobs[item, at.J_STEP])
        if counters[at.K_ROLLBACKS] > 0:
            start_rollbacks(fixed, state)
        if state.metrics[at.M_ABORTED] == 0:
            _start_ready(fixed, state)
        if counters[at.K_HEAP] == 0 or heap[0, at.H_TIME] > counters[at.K_NOW]:
            break


@inner
def _release_next(fixed: Fixed, state: State, step: int) -> None:
    for place in range(fixed.steps[step, at.S_NEXT_BEGIN], fixed.steps[step, at.S_NEXT_END]):
        following = fixed.pool[place]
        state.steps[following, at.SS_WAITS_FOR] -= 1
        if state.steps[following, at.SS_WAITS_FOR] == 0:
            release_step(fixed, state, following)


@inner
def _start_ready(fixed: Fixed, state: State) -> None:
    kept = 0
    counters = state.counters
    for place in range(counters[at.K_READY]):
        step = state.ready[place]
        reason = at.R_NONE
        if fixed.steps[step, at.S_GUARDED] == 1:
            reason = guard(fixed, state, step, False)
        state.steps[step, at.SS_REASON] = reason
        if reason != at.R_NONE:
            state.ready[kept] = step
            kept += 1
            continue
        since = state.steps[step, at.SS_WAIT_SINCE]
        if since >= 0:
            state.metrics[at.M_WAIT] += counters[at.K_NOW] - since
        if counters[at.K_IDLE] > 0:  # the plan goes on, so the idle time before counts
            idle = counters[at.K_IDLE]
            counters[at.K_IDLE] = 0
            _integrate(state, idle)
        record(state, at.EV_STEP_START, step, 0, 0)
        start_step(fixed, state, step)
    counters[at.K_READY] = kept


@inner
def _note_waits(fixed: Fixed, state: State) -> None:
    """Count those that could have started at this instant but for the guard."""
    for place in range(state.counters[at.K_READY]):
        step = state.ready[place]
        if state.steps[step, at.SS_WAIT_SINCE] < 0:
            state.steps[step, at.SS_WAIT_SINCE] = state.counters[at.K_NOW]
            state.metrics[at.M_PAUSES] += 1
            reason = guard(fixed, state, step, False)
            record(state, at.EV_STEP_WAIT, step, reason, state.counters[at.K_DETAIL])


@inner
def _next_time(fixed: Fixed, state: State) -> int:
    """Return the next instant at which something ends, is due, or a window lets a step in.

    What happens by itself alone is worth waiting for only if it may bring a node back
    that a step needs; else nothing could ever let a step start.
    """
    coming = _NEVER
    if state.metrics[at.M_ABORTED] == 0 and fixed.limits[at.L_PERIOD] > 0:
        for place in range(state.counters[at.K_READY]):
            step = state.ready[place]
            if state.steps[step, at.SS_REASON] == at.R_WINDOW:
                opening = next_opening(
                    state.counters[at.K_NOW],
                    fixed.steps[step, at.S_LENGTH],
                    fixed.limits[at.L_PERIOD],
                    fixed.windows[0],
                    fixed.windows[1],
                )
                coming = min(coming, opening)
    if state.counters[at.K_HEAP] == 0:
        return coming
    if (
        coming < _NEVER
        or fixed.limits[at.L_BACKGROUND] == 0
        or state.counters[at.K_RUNNING] + state.counters[at.K_DUE] > 0
        or _may_hope(fixed, state)
    ):
        coming = min(coming, state.heap[0, at.H_TIME])
    return coming


@inner
def _may_hope(fixed: Fixed, state: State) -> bool:
    """Say whether some step could start if what has failed were repaired."""
    if fixed.limits[at.L_REPAIR] < 0:
        return False
    for place in range(state.counters[at.K_READY]):
        reason = guard(fixed, state, state.ready[place], True)
        if reason == at.R_NONE or reason == at.R_WINDOW:  # noqa: PLR1714 - as above in work.py
            return True
    return False


@inner
def _advance(fixed: Fixed, state: State, coming: int) -> None:
    now = state.counters[at.K_NOW]
    elapsed = coming - now
    if state.counters[at.K_RUNNING] == 0 and fixed.limits[at.L_BACKGROUND] == 0:
        # Nothing changes until a step starts; if none does any more, T lies before this.
        state.counters[at.K_IDLE] += elapsed
    else:
        _integrate(state, elapsed)
        if state.counters[at.K_CREW] > 0 and fixed.limits[at.L_PERIOD] > 0:
            closed = closed_time(
                now, coming, fixed.limits[at.L_PERIOD], fixed.windows[0], fixed.windows[1]
            )
            state.metrics[at.M_OVERRUN] += closed
    state.counters[at.K_NOW] = coming


@inner
def _integrate(state: State, elapsed: int) -> None:
    metrics, counters = state.metrics, state.counters
    metrics[at.M_DOWNTIME] += counters[at.K_BELOW] * elapsed
    metrics[at.M_OUTAGE] += counters[at.K_OUTAGES] * elapsed
    metrics[at.M_LOST_CAPACITY] += counters[at.K_NOT_SERVING] * elapsed
    metrics[at.M_WORK] += counters[at.K_CREW] * elapsed
    metrics[at.M_SURGE_SECONDS] += counters[at.K_SURGE] * elapsed
    metrics[at.M_IMPAIRED_TIME] += counters[at.K_IMPAIRED] * elapsed
    if counters[at.K_MIXED] == 0:
        return
    metrics[at.M_MIXED_EDGE_SECONDS] += counters[at.K_MIXED] * elapsed
    metrics[at.M_MIXED_TIME] += elapsed
    if counters[at.K_MIXED_DEGRADED] > 0:
        metrics[at.M_DEGRADED_TIME] += elapsed
    if counters[at.K_MIXED_INCOMPATIBLE] > 0:
        metrics[at.M_VIOLATION_TIME] += elapsed


@inner
def _close(fixed: Fixed, state: State) -> None:
    metrics = state.metrics
    if fixed.limits[at.L_BACKGROUND] == 1:
        # Nodes have come and gone while the plan waited in vain: its end is the abort.
        metrics[at.M_COMPLETION] = state.counters[at.K_NOW]
    end = metrics[at.M_COMPLETION]
    left = max(0, fixed.limits[at.L_HORIZON] - end)
    for node in range(fixed.nodes.shape[0]):
        if fixed.nodes[node, at.N_PATCHED] == 1 and state.nodes[node, at.NS_NEW] == 0:
            metrics[at.M_EXPOSURE] += fixed.nodes[node, at.N_WEIGHT] * end
            metrics[at.M_RESIDUAL] += fixed.nodes[node, at.N_WEIGHT] * left
        if state.nodes[node, at.NS_FAILED] > 0:
            metrics[at.M_FAILED_NODES] += 1
    for node in range(state.troubles.shape[0]):
        if state.troubles[node, at.T_BAD] > 0:
            metrics[at.M_LATENT_NODES] += 1
    for service in range(fixed.services.shape[0]):
        since = state.services[service, at.VS_BELOW_SINCE]
        if since >= 0:
            longest = metrics[at.M_MAX_DOWNTIME]
            metrics[at.M_MAX_DOWNTIME] = max(longest, end - since)
