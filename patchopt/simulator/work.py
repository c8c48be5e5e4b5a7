"""Work on units: attempts, draws, commits, rollbacks, builds, switches, gates (MODEL 4 to 6)."""

from __future__ import annotations

from patchopt.simulator.draws import STREAM_FAILURE, draw
from patchopt.simulator.jit import inner
from patchopt.simulator.layout import (
    BUILD,
    EV_ABORT,
    EV_BUILD_FAILED,
    EV_BUILT,
    EV_GATE_FAILED,
    EV_NODE_DOWN,
    EV_NODE_FAILED,
    EV_NODE_PATCHED,
    EV_NODE_SERVING,
    EV_PATCH_FAILED,
    EV_ROLLED_BACK,
    EV_STEP_END,
    EV_SWITCHED,
    J_FIRST,
    J_NODE_BEGIN,
    J_NODE_END,
    J_ROLLBACK,
    J_STEP,
    J_WARMUP,
    JOBS,
    JS_ATTEMPT,
    JS_PHASE,
    K_CREW,
    K_NOW,
    K_READY,
    K_RUNNING,
    K_SEED,
    K_SURGE,
    K_UNLUCKY,
    L_ABORT_AFTER,
    L_RETRIES,
    M_ABORT_CODE,
    M_ABORT_DETAIL,
    M_ABORT_STEP,
    M_ABORTED,
    M_COMPLETION,
    M_FAILURES,
    M_PEAK_PARALLEL,
    M_PEAK_SURGE,
    M_RETRIES,
    M_ROLLBACKS,
    M_WAIT,
    N_KEY,
    N_LUCK,
    N_RELEASE,
    N_RESTART,
    N_ROLLBACK,
    NODES,
    NS_BUILT,
    NS_FAILED,
    NS_UNLUCKY,
    NS_WORKING,
    PATCH,
    PAUSE,
    R_FAILURE_LUCK,
    R_FAILURES,
    R_GATE,
    READY,
    RELEASES,
    ROLLING_BACK,
    RS_DEFECTIVE,
    S_ACTION,
    S_GATE,
    S_JOB_BEGIN,
    S_JOB_END,
    SS_JOBS_LEFT,
    SS_WAIT_SINCE,
    STEPS,
    SWITCH,
    WARMING,
    WORKING,
    Ints,
    row,
)
from patchopt.simulator.queue import push
from patchopt.simulator.state import commit, record, set_out


@inner
def start_step(fixed: Ints, state: Ints, step: int) -> None:
    """Start every job of a step."""
    action = fixed[row(fixed, STEPS, step) + S_ACTION]
    for job in range(
        fixed[row(fixed, STEPS, step) + S_JOB_BEGIN], fixed[row(fixed, STEPS, step) + S_JOB_END]
    ):
        nodes = (
            fixed[row(fixed, JOBS, job) + J_NODE_END] - fixed[row(fixed, JOBS, job) + J_NODE_BEGIN]
        )
        state[K_RUNNING] += 1
        if action == BUILD:
            state[K_SURGE] += nodes
        if action in (PATCH, BUILD):
            state[K_CREW] += nodes
            _attempt(fixed, state, job, action)
        else:
            _enter(state, job, WORKING, fixed[row(fixed, JOBS, job) + J_FIRST])
    state[M_PEAK_PARALLEL] = max(state[M_PEAK_PARALLEL], state[K_CREW])
    state[M_PEAK_SURGE] = max(state[M_PEAK_SURGE], state[K_SURGE])


@inner
def _enter(state: Ints, job: int, phase: int, lasts: int) -> None:
    state[row(state, JOBS, job) + JS_PHASE] = phase
    push(state, state[K_NOW] + lasts, job)


@inner
def _attempt(fixed: Ints, state: Ints, job: int, action: int) -> None:
    state[row(state, JOBS, job) + JS_ATTEMPT] += 1
    attempt = state[row(state, JOBS, job) + JS_ATTEMPT]
    step = fixed[row(fixed, JOBS, job) + J_STEP]
    for at in range(
        fixed[row(fixed, JOBS, job) + J_NODE_BEGIN], fixed[row(fixed, JOBS, job) + J_NODE_END]
    ):
        node = fixed[at]
        state[row(state, NODES, node) + NS_WORKING] = 1
        if attempt > 1:
            state[M_RETRIES] += 1
        if action == PATCH and fixed[row(fixed, NODES, node) + N_RESTART] == 1:
            record(state, EV_NODE_DOWN, node, step, attempt)
            set_out(fixed, state, node, 1)
    _enter(state, job, WORKING, fixed[row(fixed, JOBS, job) + J_FIRST])


@inner
def end_phase(fixed: Ints, state: Ints, job: int) -> bool:
    """Let a job's phase end; give whether its whole step has ended with it."""
    step = fixed[row(fixed, JOBS, job) + J_STEP]
    action = fixed[row(fixed, STEPS, step) + S_ACTION]
    phase = state[row(state, JOBS, job) + JS_PHASE]
    if action == PAUSE:
        _end_job(state, step)
    elif action == SWITCH:
        _switch(fixed, state, job)
        _end_job(state, step)
    elif phase == WORKING:
        if _draw(fixed, state, job, action):
            _fail(fixed, state, job, action)
        else:
            _succeed(fixed, state, job, action)
    elif phase == WARMING:
        _finish(fixed, state, job, action)
    else:
        _rolled_back(fixed, state, job)
    if state[row(state, STEPS, step) + SS_JOBS_LEFT] == 0:
        record(state, EV_STEP_END, step, 0, 0)
        if action == PAUSE:
            _check_gate(fixed, state, step)
        return True
    return False


@inner
def _end_job(state: Ints, step: int) -> None:
    state[K_RUNNING] -= 1
    state[row(state, STEPS, step) + SS_JOBS_LEFT] -= 1
    state[M_COMPLETION] = state[K_NOW]


@inner
def _draw(fixed: Ints, state: Ints, job: int, action: int) -> bool:
    """Draw for each member; give whether any fails."""
    attempt = state[row(state, JOBS, job) + JS_ATTEMPT]
    failed = False
    for at in range(
        fixed[row(fixed, JOBS, job) + J_NODE_BEGIN], fixed[row(fixed, JOBS, job) + J_NODE_END]
    ):
        node = fixed[at]
        given = row(fixed, NODES, node)
        release = fixed[given + N_RELEASE]
        threshold = fixed[given + N_LUCK]
        if state[row(state, RELEASES, release) + RS_DEFECTIVE] == 1:
            threshold = fixed[row(fixed, RELEASES, release) + R_FAILURE_LUCK]
        if draw(state[K_SEED], STREAM_FAILURE, fixed[given + N_KEY], attempt) >= threshold:
            continue
        failed = True
        state[M_FAILURES] += 1
        if state[row(state, NODES, node) + NS_UNLUCKY] == 0:
            state[row(state, NODES, node) + NS_UNLUCKY] = 1
            state[K_UNLUCKY] += 1
        code = EV_PATCH_FAILED if action == PATCH else EV_BUILD_FAILED
        record(state, code, node, fixed[row(fixed, JOBS, job) + J_STEP], attempt)
    limit = fixed[L_ABORT_AFTER]
    if failed and limit >= 0 and state[M_FAILURES] >= limit:
        abort(state, R_FAILURES, fixed[row(fixed, JOBS, job) + J_STEP], state[M_FAILURES])
    return failed


@inner
def _succeed(fixed: Ints, state: Ints, job: int, action: int) -> None:
    if action == PATCH:
        for at in range(
            fixed[row(fixed, JOBS, job) + J_NODE_BEGIN], fixed[row(fixed, JOBS, job) + J_NODE_END]
        ):
            node = fixed[at]
            commit(fixed, state, node)
            step = fixed[row(fixed, JOBS, job) + J_STEP]
            record(state, EV_NODE_PATCHED, node, step, state[row(state, JOBS, job) + JS_ATTEMPT])
    if fixed[row(fixed, JOBS, job) + J_WARMUP] > 0:
        _enter(state, job, WARMING, fixed[row(fixed, JOBS, job) + J_WARMUP])
    else:
        _finish(fixed, state, job, action)


@inner
def _finish(fixed: Ints, state: Ints, job: int, action: int) -> None:
    """End good work: patched nodes serve again, built copies wait for their switch."""
    if action == PATCH:
        _release(fixed, state, job)
    else:
        for at in range(
            fixed[row(fixed, JOBS, job) + J_NODE_BEGIN], fixed[row(fixed, JOBS, job) + J_NODE_END]
        ):
            node = fixed[at]
            state[row(state, NODES, node) + NS_WORKING] = 0
            # The attempt is kept for the switch to report.
            state[row(state, NODES, node) + NS_BUILT] = state[row(state, JOBS, job) + JS_ATTEMPT]
            state[K_CREW] -= 1
            record(
                state,
                EV_BUILT,
                node,
                fixed[row(fixed, JOBS, job) + J_STEP],
                state[row(state, JOBS, job) + JS_ATTEMPT],
            )
    _end_job(state, fixed[row(fixed, JOBS, job) + J_STEP])


@inner
def _release(fixed: Ints, state: Ints, job: int) -> None:
    """Let the members that did not fail for good serve again, and their crew go."""
    for at in range(
        fixed[row(fixed, JOBS, job) + J_NODE_BEGIN], fixed[row(fixed, JOBS, job) + J_NODE_END]
    ):
        node = fixed[at]
        if state[row(state, NODES, node) + NS_FAILED] == 1:
            continue
        state[row(state, NODES, node) + NS_WORKING] = 0
        state[K_CREW] -= 1
        if fixed[row(fixed, NODES, node) + N_RESTART] == 1:
            step = fixed[row(fixed, JOBS, job) + J_STEP]
            record(state, EV_NODE_SERVING, node, step, state[row(state, JOBS, job) + JS_ATTEMPT])
            set_out(fixed, state, node, 0)


@inner
def _fail(fixed: Ints, state: Ints, job: int, action: int) -> None:
    step = fixed[row(fixed, JOBS, job) + J_STEP]
    attempt = state[row(state, JOBS, job) + JS_ATTEMPT]
    if action == BUILD:
        _throw_away(fixed, state, job)
        return
    for at in range(
        fixed[row(fixed, JOBS, job) + J_NODE_BEGIN], fixed[row(fixed, JOBS, job) + J_NODE_END]
    ):
        node = fixed[at]
        if fixed[row(fixed, NODES, node) + N_ROLLBACK] < 0:
            state[row(state, NODES, node) + NS_FAILED] = 1
            state[row(state, NODES, node) + NS_WORKING] = 0
            state[K_CREW] -= 1
            record(state, EV_NODE_FAILED, node, step, attempt)
            set_out(fixed, state, node, 1)
    if fixed[row(fixed, JOBS, job) + J_ROLLBACK] >= 0:
        _enter(state, job, ROLLING_BACK, fixed[row(fixed, JOBS, job) + J_ROLLBACK])
    else:
        _end_job(state, step)


@inner
def _throw_away(fixed: Ints, state: Ints, job: int) -> None:
    if state[row(state, JOBS, job) + JS_ATTEMPT] <= fixed[L_RETRIES]:
        _attempt(fixed, state, job, BUILD)
        return
    for at in range(
        fixed[row(fixed, JOBS, job) + J_NODE_BEGIN], fixed[row(fixed, JOBS, job) + J_NODE_END]
    ):
        state[row(state, NODES, fixed[at]) + NS_WORKING] = 0
        state[K_CREW] -= 1
        state[K_SURGE] -= 1
    _end_job(state, fixed[row(fixed, JOBS, job) + J_STEP])


@inner
def _rolled_back(fixed: Ints, state: Ints, job: int) -> None:
    step = fixed[row(fixed, JOBS, job) + J_STEP]
    attempt = state[row(state, JOBS, job) + JS_ATTEMPT]
    whole = True
    for at in range(
        fixed[row(fixed, JOBS, job) + J_NODE_BEGIN], fixed[row(fixed, JOBS, job) + J_NODE_END]
    ):
        node = fixed[at]
        if state[row(state, NODES, node) + NS_FAILED] == 1:
            whole = False
        else:
            state[M_ROLLBACKS] += 1
            record(state, EV_ROLLED_BACK, node, step, attempt)
    if whole and attempt <= fixed[L_RETRIES]:
        _attempt(fixed, state, job, PATCH)
    else:
        _release(fixed, state, job)
        _end_job(state, step)


@inner
def _switch(fixed: Ints, state: Ints, job: int) -> None:
    for at in range(
        fixed[row(fixed, JOBS, job) + J_NODE_BEGIN], fixed[row(fixed, JOBS, job) + J_NODE_END]
    ):
        node = fixed[at]
        attempt = state[row(state, NODES, node) + NS_BUILT]
        if attempt > 0:
            state[row(state, NODES, node) + NS_BUILT] = 0
            state[K_SURGE] -= 1
            commit(fixed, state, node)
            record(state, EV_SWITCHED, node, fixed[row(fixed, JOBS, job) + J_STEP], attempt)


@inner
def _check_gate(fixed: Ints, state: Ints, step: int) -> None:
    limit = fixed[row(fixed, STEPS, step) + S_GATE]
    unlucky = state[K_UNLUCKY]
    if limit >= 0 and unlucky > limit and state[M_ABORTED] == 0:
        record(state, EV_GATE_FAILED, R_GATE, step, unlucky)
        abort(state, R_GATE, step, unlucky)


@inner
def abort(state: Ints, reason: int, step: int, detail: int) -> None:
    """Abort the plan, once: what waits will not start, and has waited until now."""
    if state[M_ABORTED] == 1:
        return
    state[M_ABORTED] = 1
    state[M_ABORT_CODE] = reason
    state[M_ABORT_STEP] = step
    state[M_ABORT_DETAIL] = detail
    record(state, EV_ABORT, reason, step, detail)
    for at in range(state[K_READY]):
        since = state[row(state, STEPS, state[row(state, READY, at)]) + SS_WAIT_SINCE]
        if since >= 0:
            state[M_WAIT] += state[K_NOW] - since
    state[K_READY] = 0
