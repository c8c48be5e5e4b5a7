"""The event loop: one replication of a plan after another over flat arrays (MODEL 4 to 7).

At every instant first what is due ends, then steps start in order of their ids,
until nothing changes; then services and edges are judged and time jumps. The same
source is compiled by Numba and, for its reference, run uncompiled
(`patchopt.simulator.compile.uncompiled`).
"""

from __future__ import annotations

from patchopt.simulator.draws import STREAM_DEFECT, draw
from patchopt.simulator.guard import closed_time, guard, next_opening, window_row
from patchopt.simulator.jit import inner, outer
from patchopt.simulator.layout import (
    DIRECTORY,
    EV_STEP_START,
    EV_STEP_WAIT,
    EVENTS,
    GROUPS,
    GS_OLD,
    H_TIME,
    HEAP,
    J_STEP,
    JOBS,
    K_BELOW,
    K_CREW,
    K_DETAIL,
    K_HEAP,
    K_IDLE,
    K_MIXED,
    K_MIXED_DEGRADED,
    K_MIXED_INCOMPATIBLE,
    K_NOT_SERVING,
    K_NOW,
    K_OUTAGES,
    K_READY,
    K_RUNNING,
    K_SEED,
    L_HORIZON,
    L_PERIOD,
    M_ABORTED,
    M_COMPLETION,
    M_DEGRADED_TIME,
    M_DOWNTIME,
    M_EXPOSURE,
    M_FAILED_NODES,
    M_LOST_CAPACITY,
    M_MAX_DOWNTIME,
    M_MIXED_EDGE_SECONDS,
    M_MIXED_TIME,
    M_OUTAGE,
    M_OVERRUN,
    M_PAUSES,
    M_RESIDUAL,
    M_VIOLATION_TIME,
    M_WAIT,
    M_WORK,
    N_PATCHED,
    N_SERVICE,
    N_WEIGHT,
    NODES,
    NS_FAILED,
    NS_NEW,
    OUTPUTS,
    R_DEFECT_LUCK,
    R_KEY,
    R_NONE,
    R_WINDOW,
    READY,
    RELEASES,
    RS_DEFECTIVE,
    S_GUARDED,
    S_JOB_BEGIN,
    S_JOB_END,
    S_LENGTH,
    S_NEXT_BEGIN,
    S_NEXT_END,
    S_NOT_BEFORE,
    S_WAITS_FOR,
    SERVICES,
    SS_JOBS_LEFT,
    SS_REASON,
    SS_WAIT_SINCE,
    SS_WAITS_FOR,
    STEPS,
    U_SIZE,
    UNITS,
    US_LEFT,
    V_INSTANCES,
    VS_BELOW_SINCE,
    VS_SERVING,
    Ints,
    row,
    rows,
)
from patchopt.simulator.queue import make_ready, pop, push
from patchopt.simulator.state import record, reset_order, settle
from patchopt.simulator.work import abort, end_phase, start_step

_NEVER = 2**62


@outer
def run(fixed: Ints, state: Ints, seeds: Ints, metrics: Ints) -> None:
    """Simulate a block of replications.

    Parameters
    ----------
    fixed : ndarray of int64
        The plan on its infrastructure; see `patchopt.simulator.layout`.
    state : ndarray of int64
        Scratch; it holds the events of the last replication afterwards.
    seeds : ndarray of int64, shape (replications,)
        Seed of each.
    metrics : ndarray of int64, shape (replications, OUTPUTS)
        Filled in.
    """
    for replication in range(seeds.shape[0]):
        _reset(fixed, state, seeds[replication])
        _replicate(fixed, state)
        for column in range(OUTPUTS):
            metrics[replication, column] = state[DIRECTORY + column]


@inner
def _reset(fixed: Ints, state: Ints, seed: int) -> None:
    # Everything but the directory and old events, which nothing reads.
    for place in range(DIRECTORY, state[EVENTS]):
        state[place] = 0
    state[K_SEED] = seed
    services = rows(fixed, SERVICES)
    for service in range(services):
        place = row(state, SERVICES, service)
        # A service without instances has none to lose: it is never judged at all.
        state[place + VS_SERVING] = fixed[row(fixed, SERVICES, service) + V_INSTANCES]
        state[place + VS_BELOW_SINCE] = -1
    for node in range(rows(fixed, NODES)):
        given = row(fixed, NODES, node)
        if fixed[given + N_PATCHED] == 1:
            state[row(state, GROUPS, services + node) + GS_OLD] = 1
            if fixed[given + N_SERVICE] >= 0:
                state[row(state, GROUPS, fixed[given + N_SERVICE]) + GS_OLD] += 1
    for unit in range(rows(fixed, UNITS)):
        state[row(state, UNITS, unit) + US_LEFT] = fixed[row(fixed, UNITS, unit) + U_SIZE]
    for release in range(rows(fixed, RELEASES)):
        given = row(fixed, RELEASES, release)
        if draw(seed, STREAM_DEFECT, fixed[given + R_KEY], 0) < fixed[given + R_DEFECT_LUCK]:
            state[row(state, RELEASES, release) + RS_DEFECTIVE] = 1
    reset_order(fixed, state)
    for step in range(rows(fixed, STEPS)):
        given = row(fixed, STEPS, step)
        place = row(state, STEPS, step)
        state[place + SS_WAITS_FOR] = fixed[given + S_WAITS_FOR]
        state[place + SS_JOBS_LEFT] = fixed[given + S_JOB_END] - fixed[given + S_JOB_BEGIN]
        state[place + SS_WAIT_SINCE] = -1
        if fixed[given + S_WAITS_FOR] == 0:
            release_step(fixed, state, step)


@inner
def release_step(fixed: Ints, state: Ints, step: int) -> None:
    """Let a step start whose predecessors have ended, now or when it is due."""
    due = fixed[row(fixed, STEPS, step) + S_NOT_BEFORE]
    if due > state[K_NOW]:
        push(state, due, rows(fixed, JOBS) + step)
    else:
        make_ready(state, step)


@inner
def _replicate(fixed: Ints, state: Ints) -> None:
    while True:
        _instant(fixed, state)
        settle(fixed, state)
        if state[M_ABORTED] == 0:
            _note_waits(fixed, state)
        if state[K_RUNNING] == 0 and (state[M_ABORTED] == 1 or state[K_HEAP] + state[K_READY] == 0):
            break
        coming = _next_time(fixed, state)
        if coming == _NEVER:
            step = state[row(state, READY, 0)]
            reason = guard(fixed, state, step)
            abort(state, reason, step, state[K_DETAIL])
            break
        _advance(fixed, state, coming)
    _close(fixed, state)


@inner
def _instant(fixed: Ints, state: Ints) -> None:
    """Let end what is due and start what may, until nothing changes."""
    jobs = rows(fixed, JOBS)
    while True:
        while state[K_HEAP] > 0 and state[row(state, HEAP, 0) + H_TIME] == state[K_NOW]:
            item = pop(state)
            if item >= jobs:
                make_ready(state, item - jobs)
            elif end_phase(fixed, state, item):
                _release_next(fixed, state, fixed[row(fixed, JOBS, item) + J_STEP])
        if state[M_ABORTED] == 0:
            _start_ready(fixed, state)
        if state[K_HEAP] == 0 or state[row(state, HEAP, 0) + H_TIME] > state[K_NOW]:
            break


@inner
def _release_next(fixed: Ints, state: Ints, step: int) -> None:
    for at in range(
        fixed[row(fixed, STEPS, step) + S_NEXT_BEGIN], fixed[row(fixed, STEPS, step) + S_NEXT_END]
    ):
        following = fixed[at]
        state[row(state, STEPS, following) + SS_WAITS_FOR] -= 1
        if state[row(state, STEPS, following) + SS_WAITS_FOR] == 0:
            release_step(fixed, state, following)


@inner
def _start_ready(fixed: Ints, state: Ints) -> None:
    kept = 0
    for at in range(state[K_READY]):
        step = state[row(state, READY, at)]
        reason = R_NONE
        if fixed[row(fixed, STEPS, step) + S_GUARDED] == 1:
            reason = guard(fixed, state, step)
        state[row(state, STEPS, step) + SS_REASON] = reason
        if reason != R_NONE:
            state[row(state, READY, kept)] = step
            kept += 1
            continue
        since = state[row(state, STEPS, step) + SS_WAIT_SINCE]
        if since >= 0:
            state[M_WAIT] += state[K_NOW] - since
        if state[K_IDLE] > 0:  # the plan goes on, so the idle time before counts
            idle = state[K_IDLE]
            state[K_IDLE] = 0
            _integrate(fixed, state, idle)
        record(state, EV_STEP_START, step, 0, 0)
        start_step(fixed, state, step)
    state[K_READY] = kept


@inner
def _note_waits(fixed: Ints, state: Ints) -> None:
    """Count those that could have started at this instant but for the guard."""
    for at in range(state[K_READY]):
        step = state[row(state, READY, at)]
        if state[row(state, STEPS, step) + SS_WAIT_SINCE] < 0:
            state[row(state, STEPS, step) + SS_WAIT_SINCE] = state[K_NOW]
            state[M_PAUSES] += 1
            reason = guard(fixed, state, step)
            record(state, EV_STEP_WAIT, step, reason, state[K_DETAIL])


@inner
def _next_time(fixed: Ints, state: Ints) -> int:
    """Give the next instant at which something ends, is due, or a window lets a step in."""
    coming = _NEVER
    if state[K_HEAP] > 0:
        coming = state[row(state, HEAP, 0) + H_TIME]
    if state[M_ABORTED] == 1:
        return coming
    for at in range(state[K_READY]):
        step = state[row(state, READY, at)]
        if state[row(state, STEPS, step) + SS_REASON] == R_WINDOW:
            opening = next_opening(
                state[K_NOW],
                fixed[row(fixed, STEPS, step) + S_LENGTH],
                fixed[L_PERIOD],
                window_row(fixed, 0),
                window_row(fixed, 1),
            )
            coming = min(coming, opening)
    return coming


@inner
def _advance(fixed: Ints, state: Ints, coming: int) -> None:
    elapsed = coming - state[K_NOW]
    if state[K_RUNNING] == 0:
        # Nothing changes until a step starts; if none does any more, T lies before this.
        state[K_IDLE] += elapsed
    else:
        _integrate(fixed, state, elapsed)
        if state[K_CREW] > 0:
            state[M_OVERRUN] += closed_time(
                state[K_NOW],
                coming,
                fixed[L_PERIOD],
                window_row(fixed, 0),
                window_row(fixed, 1),
            )
    state[K_NOW] = coming


@inner
def _integrate(fixed: Ints, state: Ints, elapsed: int) -> None:
    state[M_DOWNTIME] += state[K_BELOW] * elapsed
    state[M_OUTAGE] += state[K_OUTAGES] * elapsed
    state[M_LOST_CAPACITY] += state[K_NOT_SERVING] * elapsed
    state[M_MIXED_EDGE_SECONDS] += state[K_MIXED] * elapsed
    state[M_WORK] += state[K_CREW] * elapsed
    if state[K_MIXED] > 0:
        state[M_MIXED_TIME] += elapsed
    if state[K_MIXED_DEGRADED] > 0:
        state[M_DEGRADED_TIME] += elapsed
    if state[K_MIXED_INCOMPATIBLE] > 0:
        state[M_VIOLATION_TIME] += elapsed


@inner
def _close(fixed: Ints, state: Ints) -> None:
    end = state[M_COMPLETION]
    left = max(0, fixed[L_HORIZON] - end)
    for node in range(rows(fixed, NODES)):
        if (
            fixed[row(fixed, NODES, node) + N_PATCHED] == 1
            and state[row(state, NODES, node) + NS_NEW] == 0
        ):
            state[M_EXPOSURE] += fixed[row(fixed, NODES, node) + N_WEIGHT] * end
            state[M_RESIDUAL] += fixed[row(fixed, NODES, node) + N_WEIGHT] * left
        state[M_FAILED_NODES] += state[row(state, NODES, node) + NS_FAILED]
    for service in range(rows(fixed, SERVICES)):
        since = state[row(state, SERVICES, service) + VS_BELOW_SINCE]
        if since >= 0:
            state[M_MAX_DOWNTIME] = max(state[M_MAX_DOWNTIME], end - since)
