"""Work on units: attempts, draws, commits, rollbacks, builds, switches, gates (MODEL 4 to 6)."""

from __future__ import annotations

from patchopt.compiling.jit import inner
from patchopt.model.events import EventKind
from patchopt.simulator.loop.bundles import Fixed, State
from patchopt.simulator.loop.codes import Action, Down, Phase, Reason
from patchopt.simulator.loop.crew import free_crew, free_surge, take_crew, take_surge
from patchopt.simulator.loop.draws import draw, lognormal
from patchopt.simulator.loop.failing import (
    abort,
    bring_back,
    check_failures,
    check_share,
    count_unlucky,
    let_fail,
    rollback_fails,
    rollback_time,
)
from patchopt.simulator.loop.queue import push
from patchopt.simulator.loop.state import finish, record, set_out, set_version
from patchopt.simulator.loop.streams import STREAM_DURATION, STREAM_FAILURE
from patchopt.simulator.loop.trouble import draw_latent


@inner
def start_step(fixed: Fixed, state: State, step: int) -> None:
    """Start every job of a step."""
    action = fixed.steps[step].action
    for job in range(fixed.steps[step].job_begin, fixed.steps[step].job_end):
        state.counters.running += 1
        if action > Action.BUILD:
            _enter(state, job, Phase.WORKING, fixed.jobs[job].first_s)
        elif action == Action.PATCH and _leave_out(fixed, state, job, step):
            _enter(state, job, Phase.LEFT_OUT, 0)
        else:
            for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
                take_crew(state, fixed.pool[place])
                if action == Action.BUILD:
                    take_surge(state)
            start_attempt(fixed, state, job, action)


@inner
def _leave_out(fixed: Fixed, state: State, job: int, step: int) -> bool:
    """Say whether a member has FAILED, so that nothing can be done."""
    if fixed.limits.background == 0:
        return False  # no node fails before its own work
    found = False
    for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
        node = fixed.pool[place]
        if state.nodes[node].failed > 0:
            found = True
            record(state, EventKind.NODE_LEFT_OUT, node, step, 0)
    return found


@inner
def _enter(state: State, job: int, phase: int, lasts: int) -> None:
    state.jobs[job].phase = phase
    push(state, state.counters.now + lasts, job)


@inner
def start_attempt(fixed: Fixed, state: State, job: int, action: int) -> None:
    """Start an attempt of a job: its nodes go down, unless they are built or patched live."""
    attempt = state.jobs[job].attempt + 1
    state.jobs[job].attempt = attempt
    step = fixed.jobs[job].step
    begin, end = fixed.jobs[job].node_begin, fixed.jobs[job].node_end
    for place in range(begin, end):
        node = fixed.pool[place]
        if action == Action.PATCH and fixed.nodes[node].restart == 1:
            record(state, EventKind.NODE_DOWN, node, step, attempt)
            set_out(fixed, state, node, 1)
    if attempt > 1:
        state.measures.retries += end - begin
    lasts = fixed.jobs[job].first_s
    if fixed.limits.variable == 1:
        lasts = fixed.limits.overhead_s + _longest(fixed, state, begin, end, attempt)
    _enter(state, job, Phase.WORKING, lasts)


@inner
def _longest(fixed: Fixed, state: State, begin: int, end: int, attempt: int) -> int:
    """Draw the duration of each member; return the longest."""
    longest = 0
    for place in range(begin, end):
        node = fixed.pool[place]
        lasts = lognormal(
            state.counters.seed,
            STREAM_DURATION,
            fixed.nodes[node].key,
            attempt,
            fixed.nodes[node].duration_s,
            fixed.spreads[node].duration,
        )
        longest = max(longest, lasts)
    return longest


@inner
def end_phase(fixed: Fixed, state: State, job: int) -> bool:
    """Let a job's phase end; return whether its whole step has ended with it."""
    step = fixed.jobs[job].step
    action = fixed.steps[step].action
    phase = state.jobs[job].phase
    again = False
    over = True
    if action == Action.SWITCH:
        _switch(fixed, state, job)
    elif action == Action.PAUSE or phase == Phase.LEFT_OUT:
        pass
    elif phase == Phase.WARMING:
        _finish(fixed, state, job, action)
    elif phase == Phase.ROLLING_BACK:
        again = _rolled_back(fixed, state, job)
    elif not draw_failures(fixed, state, job, action):
        over = _succeed(fixed, state, job, action)
    elif action == Action.PATCH:
        over = _fail(fixed, state, job)
    else:
        again = _throw_away(fixed, state, job)
    if again:
        start_attempt(fixed, state, job, action)
        return False
    if not over:
        return False
    state.counters.running -= 1
    state.measures.completion_time = state.counters.now
    state.steps[step].jobs_left -= 1
    if state.steps[step].jobs_left > 0:
        return False
    record(state, EventKind.STEP_END, step, 0, 0)
    if action == Action.PAUSE:
        _check_gate(fixed, state, step)
    return True


@inner
def draw_failures(fixed: Fixed, state: State, job: int, action: int) -> bool:
    """Draw for each member of a job; return whether any fails."""
    attempt, step = state.jobs[job].attempt, fixed.jobs[job].step
    begin, end = fixed.jobs[job].node_begin, fixed.jobs[job].node_end
    failed = False
    for place in range(begin, end):
        node = fixed.pool[place]
        if attempt == 1:
            state.releases[fixed.nodes[node].release].attempted += 1
        crashed = action == Action.PATCH and _has_crashed(fixed, state, node)
        if not crashed and not is_unlucky(fixed, state, node, attempt):
            continue
        failed = True
        state.measures.failures += 1
        count_unlucky(fixed, state, node)
        code = EventKind.PATCH_FAILED if action == Action.PATCH else EventKind.BUILD_FAILED
        record(state, code, node, step, attempt)
    if failed:
        check_failures(fixed, state, step)
        for place in range(begin, end):
            check_share(fixed, state, fixed.pool[place], step)
    return failed


@inner
def is_unlucky(fixed: Fixed, state: State, node: int, attempt: int) -> bool:
    """Draw whether an attempt on a node fails."""
    luck = fixed.nodes[node].failure_luck
    release = fixed.nodes[node].release
    if state.defective[release] == 1:
        luck = fixed.releases[release].failure_luck
    key = fixed.nodes[node].key
    return bool(luck > 0 and draw(state.counters.seed, STREAM_FAILURE, key, attempt) < luck)


@inner
def _has_crashed(fixed: Fixed, state: State, node: int) -> bool:
    """Say whether a node, or a host that it runs on, has crashed: then its work fails."""
    if fixed.limits.crashes == 0:
        return False
    while node >= 0:
        if state.nodes[node].failed == Down.CRASHED:
            return True
        node = fixed.nodes[node].host
    return False


@inner
def _succeed(fixed: Fixed, state: State, job: int, action: int) -> bool:
    """Commit what was patched; return whether the job is over."""
    if action == Action.PATCH:
        step, attempt = fixed.jobs[job].step, state.jobs[job].attempt
        for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
            node = fixed.pool[place]
            set_version(fixed, state, node, 1)
            record(state, EventKind.NODE_PATCHED, node, step, attempt)
            if fixed.limits.background == 1:
                draw_latent(fixed, state, node, step, attempt)
    if fixed.jobs[job].warmup_s > 0:
        _enter(state, job, Phase.WARMING, fixed.jobs[job].warmup_s)
        return False
    _finish(fixed, state, job, action)
    return True


@inner
def _finish(fixed: Fixed, state: State, job: int, action: int) -> None:
    """End good work: patched nodes serve again, built copies wait for their switch."""
    step, attempt = fixed.jobs[job].step, state.jobs[job].attempt
    if action == Action.PATCH:
        _release(fixed, state, job)
        for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
            finish(fixed, state, fixed.pool[place])
        return
    for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
        node = fixed.pool[place]
        free_crew(state, node)
        # The attempt is kept for the switch to report.
        state.nodes[node].built = attempt
        record(state, EventKind.BUILT, node, step, attempt)


@inner
def _release(fixed: Fixed, state: State, job: int) -> None:
    """Let the members that did not fail for good serve again, and their crew go."""
    step, attempt = fixed.jobs[job].step, state.jobs[job].attempt
    for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
        node = fixed.pool[place]
        if state.nodes[node].working == 0:
            continue
        free_crew(state, node)
        if fixed.nodes[node].restart == 1:
            record(state, EventKind.NODE_SERVING, node, step, attempt)
            bring_back(fixed, state, node)


@inner
def _fail(fixed: Fixed, state: State, job: int) -> bool:
    """End a bad attempt: FAILED without a rollback; return whether the job is over."""
    step, attempt = fixed.jobs[job].step, state.jobs[job].attempt
    lasts = -1
    for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
        node = fixed.pool[place]
        if fixed.nodes[node].rollback_s >= 0:
            lasts = max(lasts, rollback_time(fixed, state, node, attempt))
            continue
        free_crew(state, node)
        if state.nodes[node].failed > 0:  # crashed
            record(state, EventKind.WORK_OVER, node, step, attempt)
            continue
        record(state, EventKind.NODE_FAILED, node, step, attempt)
        let_fail(fixed, state, node, Down.BY_WORK)
    if lasts < 0:
        return True
    _enter(state, job, Phase.ROLLING_BACK, lasts)
    return False


@inner
def _throw_away(fixed: Fixed, state: State, job: int) -> bool:
    """Throw a bad copy away; return whether it is built again."""
    if state.jobs[job].attempt <= fixed.limits.retries:
        return True
    for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
        free_crew(state, fixed.pool[place])
        free_surge(state)
    return False


@inner
def _rolled_back(fixed: Fixed, state: State, job: int) -> bool:
    """End a rollback of all members together; return whether they are tried again."""
    step, attempt = fixed.jobs[job].step, state.jobs[job].attempt
    whole = True
    for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
        node = fixed.pool[place]
        if state.nodes[node].working == 0:
            whole = False  # FAILED without a rollback
        elif state.nodes[node].failed > 0:
            whole = False  # crashed
            free_crew(state, node)
            record(state, EventKind.WORK_OVER, node, step, attempt)
        elif rollback_fails(fixed, state, node, attempt):
            whole = False
            free_crew(state, node)
            state.measures.failed_rollbacks += 1
            record(state, EventKind.ROLLBACK_FAILED, node, step, attempt)
            record(state, EventKind.NODE_FAILED, node, step, attempt)
            let_fail(fixed, state, node, Down.BY_WORK)
        else:
            state.measures.rollbacks += 1
            record(state, EventKind.ROLLED_BACK, node, step, attempt)
    if whole and attempt <= fixed.limits.retries:
        return True
    _release(fixed, state, job)
    return False


@inner
def _switch(fixed: Fixed, state: State, job: int) -> None:
    step = fixed.jobs[job].step
    for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
        node = fixed.pool[place]
        attempt = state.nodes[node].built
        if attempt == 0:
            continue
        state.nodes[node].built = 0
        free_surge(state)
        set_version(fixed, state, node, 1)
        finish(fixed, state, node)
        record(state, EventKind.SWITCHED, node, step, attempt)
        if fixed.limits.background == 1:
            draw_latent(fixed, state, node, step, attempt)
            if state.nodes[node].failed > 0:  # the copy takes its place
                state.nodes[node].failed = 0
                bring_back(fixed, state, node)


@inner
def _check_gate(fixed: Fixed, state: State, step: int) -> None:
    limit = fixed.steps[step].gate
    unlucky = state.counters.unlucky + state.measures.false_alarms
    if limit >= 0 and unlucky > limit and state.measures.aborted == 0:
        record(state, EventKind.GATE_FAILED, Reason.GATE, step, unlucky)
        abort(state, Reason.GATE, step, unlucky)
