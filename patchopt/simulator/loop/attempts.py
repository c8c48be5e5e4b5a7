"""Attempts on units: their start, their draws, commits, rollbacks and builds (MODEL 4 and 6).

An attempt is on those members of a job that are to be worked on; while it lasts, each of
them takes a crew place (`NodeState.working`).
"""

from __future__ import annotations

from patchopt.compiling.jit import inner
from patchopt.model.events import EventKind
from patchopt.simulator.loop.asking import is_open, waits_for_order
from patchopt.simulator.loop.bundles import Fixed, State
from patchopt.simulator.loop.codes import Action, Down, Phase, Work
from patchopt.simulator.loop.copies import commit, settle_copy
from patchopt.simulator.loop.crew import free_crew, free_surge, take_crew, take_surge
from patchopt.simulator.loop.draws import draw, lognormal
from patchopt.simulator.loop.failing import go_back, let_fail, rollback_time, serve
from patchopt.simulator.loop.queue import push
from patchopt.simulator.loop.state import finish, record, set_out
from patchopt.simulator.loop.streams import STREAM_DURATION, STREAM_FAILURE
from patchopt.simulator.loop.trouble import draw_latent


@inner
def enter(state: State, job: int, phase: int, lasts: int) -> None:
    """Let a phase of a job begin that ends by itself."""
    state.jobs[job].phase = phase
    push(state, state.counters.now + lasts, job)


@inner
def start_attempt(fixed: Fixed, state: State, job: int, action: int) -> None:
    """Start an attempt: its nodes go down, unless they are built or patched live."""
    attempt = state.jobs[job].attempt + 1
    state.jobs[job].attempt = attempt
    state.jobs[job].since_s = state.counters.now
    state.jobs[job].lost = 0
    state.counters.running += 1
    step, nodes, early = fixed.jobs[job].step, 0, 0
    for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
        node = fixed.pool[place]
        if not is_open(state, node):
            continue
        nodes += 1
        if waits_for_order(fixed, state, node):
            early = 1
        state.nodes[node].defective = state.defective[fixed.nodes[node].release]
        take_crew(state, node, Work.ATTEMPT)
        if action == Action.BUILD:
            take_surge(state)
        elif fixed.nodes[node].restart == 1:
            record(state, EventKind.NODE_DOWN, node, step, attempt)
            set_out(fixed, state, node, 1)
    state.measures.order_violations += early
    if attempt > 1:
        state.measures.retries += nodes
    lasts = fixed.jobs[job].first_s
    if fixed.limits.variable == 1 or fixed.limits.background == 1:
        lasts = fixed.limits.overhead_s + _longest(fixed, state, job, attempt)
    enter(state, job, Phase.WORKING, lasts)


@inner
def _longest(fixed: Fixed, state: State, job: int, attempt: int) -> int:
    """Draw the duration of each member that is worked on; return the longest."""
    longest = 0
    for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
        node = fixed.pool[place]
        if state.nodes[node].working == Work.ATTEMPT:
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
def is_unlucky(fixed: Fixed, state: State, node: int, attempt: int, defective: int) -> bool:
    """Draw whether an attempt on a node fails."""
    luck = fixed.nodes[node].failure_luck
    if defective == 1:
        luck = fixed.releases[fixed.nodes[node].release].failure_luck
    key = fixed.nodes[node].key
    return bool(luck > 0 and draw(state.counters.seed, STREAM_FAILURE, key, attempt) < luck)


@inner
def draw_failures(fixed: Fixed, state: State, job: int, action: int) -> bool:
    """Draw for each member that is worked on; return whether any fails."""
    attempt, step = state.jobs[job].attempt, fixed.jobs[job].step
    since_s = state.jobs[job].since_s
    failed = False
    for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
        node = fixed.pool[place]
        if state.nodes[node].working != Work.ATTEMPT:
            continue
        unlucky = is_unlucky(fixed, state, node, attempt, state.nodes[node].defective)
        crashed = False
        if fixed.limits.crashes == 1:
            unlucky = unlucky or _host_has_crashed(fixed, state, node, since_s)
            crashed = action == Action.PATCH and state.troubles[node].crashed_s > since_s
        if not crashed and not unlucky:
            continue
        failed = True
        if not crashed:  # a crash of its own makes no node bad
            state.nodes[node].failing = 1
        state.measures.failures += 1
        kind = EventKind.PATCH_FAILED if action == Action.PATCH else EventKind.BUILD_FAILED
        record(state, kind, node, step, attempt)
    return failed


@inner
def _host_has_crashed(fixed: Fixed, state: State, node: int, since_s: int) -> bool:
    """Say whether a host above a node has crashed since."""
    host = fixed.nodes[node].host
    while host >= 0:
        if state.troubles[host].crashed_s > since_s:
            return True
        host = fixed.nodes[host].host
    return False


@inner
def succeed(fixed: Fixed, state: State, job: int, action: int) -> bool:
    """Commit what was patched; return whether the job is over."""
    step, attempt = fixed.jobs[job].step, state.jobs[job].attempt
    warmup = fixed.jobs[job].warmup_s
    if fixed.limits.background == 1:
        warmup = _warmup_s(fixed, state, job)
    if action == Action.PATCH:
        for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
            node = fixed.pool[place]
            if state.nodes[node].working == Work.ATTEMPT:
                commit(fixed, state, node, step, attempt)
                record(state, EventKind.NODE_PATCHED, node, step, attempt)
                if fixed.limits.background == 1:
                    draw_latent(fixed, state, node, step, attempt)
    if warmup > 0:
        enter(state, job, Phase.WARMING, warmup)
        return False
    finish_job(fixed, state, job, action)
    return True


@inner
def _warmup_s(fixed: Fixed, state: State, job: int) -> int:
    longest = 0
    for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
        node = fixed.pool[place]
        if state.nodes[node].working == Work.ATTEMPT:
            longest = max(longest, fixed.nodes[node].warmup_s)
    return longest


@inner
def finish_job(fixed: Fixed, state: State, job: int, action: int) -> None:
    """End good work: patched nodes serve again, built copies wait for their switch."""
    step, attempt = fixed.jobs[job].step, state.jobs[job].attempt
    begin, end = fixed.jobs[job].node_begin, fixed.jobs[job].node_end
    for place in range(begin, end):
        node = fixed.pool[place]
        if state.nodes[node].working != Work.ATTEMPT:
            continue
        free_crew(state, node)
        if action == Action.BUILD:
            # The attempt is kept for the switch to report.
            state.nodes[node].built = attempt
            state.nodes[node].failing = 0
            record(state, EventKind.BUILT, node, step, attempt)
            continue
        finish(fixed, state, node)
        serve(fixed, state, node, step, attempt)
    if action == Action.BUILD:
        for place in range(begin, end):
            settle_copy(fixed, state, fixed.pool[place])


@inner
def fail(fixed: Fixed, state: State, job: int) -> bool:
    """End a bad attempt in place: FAILED without a rollback; return whether none is needed."""
    step, attempt = fixed.jobs[job].step, state.jobs[job].attempt
    lasts = -1
    for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
        node = fixed.pool[place]
        if state.nodes[node].working != Work.ATTEMPT:
            continue
        if fixed.nodes[node].rollback_s >= 0:
            lasts = max(lasts, rollback_time(fixed, state, node, attempt))
            continue
        state.jobs[job].lost = 1
        free_crew(state, node)
        if state.nodes[node].failed > 0:  # crashed
            record(state, EventKind.WORK_OVER, node, step, attempt)
            continue
        record(state, EventKind.NODE_FAILED, node, step, attempt)
        let_fail(fixed, state, node, Down.BY_WORK)
    if lasts < 0:
        return True
    enter(state, job, Phase.ROLLING_BACK, lasts)
    return False


@inner
def throw_away(fixed: Fixed, state: State, job: int) -> None:
    """Throw bad copies away, and give back what they took."""
    for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
        node = fixed.pool[place]
        if state.nodes[node].working == Work.ATTEMPT:
            free_crew(state, node)
            free_surge(state)


@inner
def roll_back(fixed: Fixed, state: State, job: int) -> None:
    """End a rollback of all members together: they serve again, but those that are lost."""
    step, attempt = fixed.jobs[job].step, state.jobs[job].attempt
    begin, end = fixed.jobs[job].node_begin, fixed.jobs[job].node_end
    for place in range(begin, end):
        node = fixed.pool[place]
        if state.nodes[node].working != Work.ATTEMPT:
            continue
        if state.nodes[node].failed > 0:  # crashed
            state.jobs[job].lost = 1
            free_crew(state, node)
            record(state, EventKind.WORK_OVER, node, step, attempt)
        elif not go_back(fixed, state, node, step, attempt):
            state.jobs[job].lost = 1
            free_crew(state, node)
    for place in range(begin, end):
        node = fixed.pool[place]
        if state.nodes[node].working == Work.ATTEMPT:
            free_crew(state, node)
            serve(fixed, state, node, step, attempt)
