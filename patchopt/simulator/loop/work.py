"""Work on units: attempts, draws, commits, rollbacks, builds, switches, gates (MODEL 4 to 6)."""

from __future__ import annotations

from patchopt.compiling.jit import inner
from patchopt.simulator.loop import layout as at
from patchopt.simulator.loop.draws import draw, lognormal
from patchopt.simulator.loop.layout import Fixed, State
from patchopt.simulator.loop.queue import push
from patchopt.simulator.loop.state import commit, record, set_out
from patchopt.simulator.loop.streams import STREAM_DURATION, STREAM_FAILURE
from patchopt.simulator.loop.trouble import (
    abort,
    bring_back,
    check_failures,
    check_share,
    count_unlucky,
    draw_latent,
    let_fail,
    rollback_fails,
    rollback_time,
)


@inner
def start_step(fixed: Fixed, state: State, step: int) -> None:
    """Start every job of a step."""
    action = fixed.steps[step, at.S_ACTION]
    for job in range(fixed.steps[step, at.S_JOB_BEGIN], fixed.steps[step, at.S_JOB_END]):
        state.counters[at.K_RUNNING] += 1
        if action == at.PATCH or action == at.BUILD:  # noqa: PLR1714 - a tuple costs the compiler
            if action == at.PATCH and _leave_out(fixed, state, job, step):
                _enter(state, job, at.LEFT_OUT, 0)
                continue
            nodes = fixed.jobs[job, at.J_NODE_END] - fixed.jobs[job, at.J_NODE_BEGIN]
            state.counters[at.K_CREW] += nodes
            if action == at.BUILD:
                state.counters[at.K_SURGE] += nodes
            start_attempt(fixed, state, job, action)
        else:
            _enter(state, job, at.WORKING, fixed.jobs[job, at.J_FIRST])
    metrics, counters = state.metrics, state.counters
    metrics[at.M_PEAK_PARALLEL] = max(metrics[at.M_PEAK_PARALLEL], counters[at.K_CREW])
    metrics[at.M_PEAK_SURGE] = max(metrics[at.M_PEAK_SURGE], counters[at.K_SURGE])


@inner
def _leave_out(fixed: Fixed, state: State, job: int, step: int) -> bool:
    """Say whether a member has FAILED, so that nothing can be done."""
    if fixed.limits[at.L_BACKGROUND] == 0:
        return False  # no node fails before its own work
    found = False
    for place in range(fixed.jobs[job, at.J_NODE_BEGIN], fixed.jobs[job, at.J_NODE_END]):
        node = fixed.pool[place]
        if state.nodes[node, at.NS_FAILED] > 0:
            found = True
            record(state, at.EV_LEFT_OUT, node, step, 0)
    return found


@inner
def _enter(state: State, job: int, phase: int, lasts: int) -> None:
    state.jobs[job, at.JS_PHASE] = phase
    push(state, state.counters[at.K_NOW] + lasts, job)


@inner
def start_attempt(fixed: Fixed, state: State, job: int, action: int) -> None:
    """Start an attempt of a job: its nodes go down, unless they are built or patched live."""
    attempt = state.jobs[job, at.JS_ATTEMPT] + 1
    state.jobs[job, at.JS_ATTEMPT] = attempt
    step = fixed.jobs[job, at.J_STEP]
    begin, end = fixed.jobs[job, at.J_NODE_BEGIN], fixed.jobs[job, at.J_NODE_END]
    for place in range(begin, end):
        node = fixed.pool[place]
        state.nodes[node, at.NS_WORKING] = 1
        if action == at.PATCH and fixed.nodes[node, at.N_RESTART] == 1:
            record(state, at.EV_NODE_DOWN, node, step, attempt)
            set_out(fixed, state, node, 1)
    if attempt > 1:
        state.metrics[at.M_RETRIES] += end - begin
    lasts = fixed.jobs[job, at.J_FIRST]
    if fixed.limits[at.L_VARIABLE] == 1:
        lasts = fixed.limits[at.L_OVERHEAD] + _longest(fixed, state, begin, end, attempt)
    _enter(state, job, at.WORKING, lasts)


@inner
def _longest(fixed: Fixed, state: State, begin: int, end: int, attempt: int) -> int:
    """Draw the duration of each member; return the longest."""
    longest = 0
    for place in range(begin, end):
        node = fixed.pool[place]
        lasts = lognormal(
            state.counters[at.K_SEED],
            STREAM_DURATION,
            fixed.nodes[node, at.N_KEY],
            attempt,
            fixed.nodes[node, at.N_DURATION],
            fixed.sigmas[node, at.G_DURATION],
        )
        longest = max(longest, lasts)
    return longest


@inner
def end_phase(fixed: Fixed, state: State, job: int) -> bool:
    """Let a job's phase end; return whether its whole step has ended with it."""
    step = fixed.jobs[job, at.J_STEP]
    action = fixed.steps[step, at.S_ACTION]
    phase = state.jobs[job, at.JS_PHASE]
    again = False
    over = True
    if action == at.SWITCH:
        _switch(fixed, state, job)
    elif action == at.PAUSE or phase == at.LEFT_OUT:
        pass
    elif phase == at.WARMING:
        _finish(fixed, state, job, action)
    elif phase == at.ROLLING_BACK:
        again = _rolled_back(fixed, state, job)
    elif not draw_failures(fixed, state, job, action):
        over = _succeed(fixed, state, job, action)
    elif action == at.PATCH:
        over = _fail(fixed, state, job)
    else:
        again = _throw_away(fixed, state, job)
    if again:
        start_attempt(fixed, state, job, action)
        return False
    if not over:
        return False
    state.counters[at.K_RUNNING] -= 1
    state.metrics[at.M_COMPLETION] = state.counters[at.K_NOW]
    state.steps[step, at.SS_JOBS_LEFT] -= 1
    if state.steps[step, at.SS_JOBS_LEFT] > 0:
        return False
    record(state, at.EV_STEP_END, step, 0, 0)
    if action == at.PAUSE:
        _check_gate(fixed, state, step)
    return True


@inner
def draw_failures(fixed: Fixed, state: State, job: int, action: int) -> bool:
    """Draw for each member of a job; return whether any fails."""
    attempt, step = state.jobs[job, at.JS_ATTEMPT], fixed.jobs[job, at.J_STEP]
    begin, end = fixed.jobs[job, at.J_NODE_BEGIN], fixed.jobs[job, at.J_NODE_END]
    failed = False
    for place in range(begin, end):
        node = fixed.pool[place]
        if attempt == 1:
            state.releases[fixed.nodes[node, at.N_RELEASE], at.RS_ATTEMPTED] += 1
        crashed = action == at.PATCH and _has_crashed(fixed, state, node)
        if not crashed and not is_unlucky(fixed, state, node, attempt):
            continue
        failed = True
        state.metrics[at.M_FAILURES] += 1
        count_unlucky(fixed, state, node)
        code = at.EV_PATCH_FAILED if action == at.PATCH else at.EV_BUILD_FAILED
        record(state, code, node, step, attempt)
    if failed:
        check_failures(fixed, state, step)
        for place in range(begin, end):
            check_share(fixed, state, fixed.pool[place], step)
    return failed


@inner
def is_unlucky(fixed: Fixed, state: State, node: int, attempt: int) -> bool:
    """Draw whether an attempt on a node fails."""
    luck = fixed.nodes[node, at.N_LUCK]
    release = fixed.nodes[node, at.N_RELEASE]
    if state.releases[release, at.RS_DEFECTIVE] == 1:
        luck = fixed.releases[release, at.R_FAILURE_LUCK]
    key = fixed.nodes[node, at.N_KEY]
    return bool(luck > 0 and draw(state.counters[at.K_SEED], STREAM_FAILURE, key, attempt) < luck)


@inner
def _has_crashed(fixed: Fixed, state: State, node: int) -> bool:
    """Say whether a node, or a host that it runs on, has crashed: then its work fails."""
    if fixed.limits[at.L_CRASHES] == 0:
        return False
    while node >= 0:
        if state.nodes[node, at.NS_FAILED] == at.CRASHED:
            return True
        node = fixed.nodes[node, at.N_HOST]
    return False


@inner
def _succeed(fixed: Fixed, state: State, job: int, action: int) -> bool:
    """Commit what was patched; return whether the job is over."""
    if action == at.PATCH:
        step, attempt = fixed.jobs[job, at.J_STEP], state.jobs[job, at.JS_ATTEMPT]
        for place in range(fixed.jobs[job, at.J_NODE_BEGIN], fixed.jobs[job, at.J_NODE_END]):
            node = fixed.pool[place]
            commit(fixed, state, node)
            record(state, at.EV_NODE_PATCHED, node, step, attempt)
            if fixed.limits[at.L_BACKGROUND] == 1:
                draw_latent(fixed, state, node, step, attempt)
    if fixed.jobs[job, at.J_WARMUP] > 0:
        _enter(state, job, at.WARMING, fixed.jobs[job, at.J_WARMUP])
        return False
    _finish(fixed, state, job, action)
    return True


@inner
def _finish(fixed: Fixed, state: State, job: int, action: int) -> None:
    """End good work: patched nodes serve again, built copies wait for their switch."""
    if action == at.PATCH:
        _release(fixed, state, job)
        return
    step, attempt = fixed.jobs[job, at.J_STEP], state.jobs[job, at.JS_ATTEMPT]
    for place in range(fixed.jobs[job, at.J_NODE_BEGIN], fixed.jobs[job, at.J_NODE_END]):
        node = fixed.pool[place]
        state.nodes[node, at.NS_WORKING] = 0
        # The attempt is kept for the switch to report.
        state.nodes[node, at.NS_BUILT] = attempt
        state.counters[at.K_CREW] -= 1
        record(state, at.EV_BUILT, node, step, attempt)


@inner
def _release(fixed: Fixed, state: State, job: int) -> None:
    """Let the members that did not fail for good serve again, and their crew go."""
    step, attempt = fixed.jobs[job, at.J_STEP], state.jobs[job, at.JS_ATTEMPT]
    for place in range(fixed.jobs[job, at.J_NODE_BEGIN], fixed.jobs[job, at.J_NODE_END]):
        node = fixed.pool[place]
        if state.nodes[node, at.NS_WORKING] == 0:
            continue
        _stop_work(state, node)
        if fixed.nodes[node, at.N_RESTART] == 1:
            record(state, at.EV_NODE_SERVING, node, step, attempt)
            bring_back(fixed, state, node)


@inner
def _stop_work(state: State, node: int) -> None:
    state.nodes[node, at.NS_WORKING] = 0
    state.counters[at.K_CREW] -= 1


@inner
def _fail(fixed: Fixed, state: State, job: int) -> bool:
    """End a bad attempt: FAILED without a rollback; return whether the job is over."""
    step, attempt = fixed.jobs[job, at.J_STEP], state.jobs[job, at.JS_ATTEMPT]
    lasts = -1
    for place in range(fixed.jobs[job, at.J_NODE_BEGIN], fixed.jobs[job, at.J_NODE_END]):
        node = fixed.pool[place]
        if fixed.nodes[node, at.N_ROLLBACK] >= 0:
            lasts = max(lasts, rollback_time(fixed, state, node, attempt))
            continue
        _stop_work(state, node)
        if state.nodes[node, at.NS_FAILED] > 0:  # crashed
            record(state, at.EV_WORK_OVER, node, step, attempt)
            continue
        record(state, at.EV_NODE_FAILED, node, step, attempt)
        let_fail(fixed, state, node, 1)
    if lasts < 0:
        return True
    _enter(state, job, at.ROLLING_BACK, lasts)
    return False


@inner
def _throw_away(fixed: Fixed, state: State, job: int) -> bool:
    """Throw a bad copy away; return whether it is built again."""
    if state.jobs[job, at.JS_ATTEMPT] <= fixed.limits[at.L_RETRIES]:
        return True
    for place in range(fixed.jobs[job, at.J_NODE_BEGIN], fixed.jobs[job, at.J_NODE_END]):
        _stop_work(state, fixed.pool[place])
        state.counters[at.K_SURGE] -= 1
    return False


@inner
def _rolled_back(fixed: Fixed, state: State, job: int) -> bool:
    """End a rollback of all members together; return whether they are tried again."""
    step, attempt = fixed.jobs[job, at.J_STEP], state.jobs[job, at.JS_ATTEMPT]
    whole = True
    for place in range(fixed.jobs[job, at.J_NODE_BEGIN], fixed.jobs[job, at.J_NODE_END]):
        node = fixed.pool[place]
        if state.nodes[node, at.NS_WORKING] == 0:
            whole = False  # FAILED without a rollback
        elif state.nodes[node, at.NS_FAILED] > 0:
            whole = False  # crashed
            _stop_work(state, node)
            record(state, at.EV_WORK_OVER, node, step, attempt)
        elif rollback_fails(fixed, state, node, attempt):
            whole = False
            _stop_work(state, node)
            state.metrics[at.M_FAILED_ROLLBACKS] += 1
            record(state, at.EV_ROLLBACK_FAILED, node, step, attempt)
            record(state, at.EV_NODE_FAILED, node, step, attempt)
            let_fail(fixed, state, node, 1)
        else:
            state.metrics[at.M_ROLLBACKS] += 1
            record(state, at.EV_ROLLED_BACK, node, step, attempt)
    if whole and attempt <= fixed.limits[at.L_RETRIES]:
        return True
    _release(fixed, state, job)
    return False


@inner
def _switch(fixed: Fixed, state: State, job: int) -> None:
    step = fixed.jobs[job, at.J_STEP]
    for place in range(fixed.jobs[job, at.J_NODE_BEGIN], fixed.jobs[job, at.J_NODE_END]):
        node = fixed.pool[place]
        attempt = state.nodes[node, at.NS_BUILT]
        if attempt == 0:
            continue
        state.nodes[node, at.NS_BUILT] = 0
        state.counters[at.K_SURGE] -= 1
        commit(fixed, state, node)
        record(state, at.EV_SWITCHED, node, step, attempt)
        if fixed.limits[at.L_BACKGROUND] == 1:
            draw_latent(fixed, state, node, step, attempt)
            if state.nodes[node, at.NS_FAILED] > 0:  # the copy takes its place
                state.nodes[node, at.NS_FAILED] = 0
                bring_back(fixed, state, node)


@inner
def _check_gate(fixed: Fixed, state: State, step: int) -> None:
    limit = fixed.steps[step, at.S_GATE]
    unlucky = state.counters[at.K_UNLUCKY] + state.metrics[at.M_FALSE_ALARMS]
    if limit >= 0 and unlucky > limit and state.metrics[at.M_ABORTED] == 0:
        record(state, at.EV_GATE_FAILED, at.R_GATE, step, unlucky)
        abort(state, at.R_GATE, step, unlucky)
