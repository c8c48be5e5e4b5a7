"""What waits for the guard, and what it waits for (MODEL 6).

Jobs wait for their next attempt, steps for their start. Of what nothing could ever let
start one is left out at a time, since that may let another start.
"""

from __future__ import annotations

from patchopt.compiling.jit import inner, rare
from patchopt.model.events import EventKind
from patchopt.model.windows import FOREVER
from patchopt.simulator.loop.asking import missing, next_opening, nominal_s
from patchopt.simulator.loop.attempts import start_attempt
from patchopt.simulator.loop.bundles import Fixed, State
from patchopt.simulator.loop.codes import Action, Down, Late, Phase, Reason
from patchopt.simulator.loop.guard import guard
from patchopt.simulator.loop.guard_jobs import guard_jobs
from patchopt.simulator.loop.jobs import (
    end_wait,
    leave_job_out,
    leave_step_out,
    name_job,
    put_off,
    release_next,
    start_step,
)
from patchopt.simulator.loop.reverting import falls_short
from patchopt.simulator.loop.state import count_active, is_watched, record


@rare
def start_pending(fixed: Fixed, state: State) -> None:
    """Start the attempts that wait and may."""
    kept = 0
    for place in range(state.counters.pending):
        job = state.pending[place]
        if _stays(fixed, state, job):
            state.pending[kept] = job
            kept += 1
    state.counters.pending = kept


@inner
def _stays(fixed: Fixed, state: State, job: int) -> bool:
    """Start a job's attempt if it may; return whether it goes on waiting."""
    node = missing(fixed, state, job)
    if node >= 0:
        state.jobs[job].reason = Reason.NODE
        return put_off(fixed, state, job, node)
    reason = _why_job(fixed, state, job, False)
    state.jobs[job].reason = reason
    if reason != Reason.NONE:
        return True
    end_wait(state, state.jobs[job])
    if is_watched(state):
        name_job(fixed, state, job, EventKind.ATTEMPT_START, Reason.NONE, 0)
    state.jobs[job].put_off = 0
    state.jobs[job].hoping = 0
    state.counters.alarms = state.measures.false_alarms
    step = fixed.jobs[job].step
    if state.jobs[job].late == Late.WAITING:
        state.jobs[job].late = Late.ACTIVE
        count_active(fixed, state, step, 1)
    start_attempt(fixed, state, job, fixed.steps[step].action)
    return False


@rare
def _why_job(fixed: Fixed, state: State, job: int, hopeful: bool) -> Reason:
    """Return why a job, all of whose nodes are there, must wait."""
    if state.jobs[job].hoping == 1:
        node = _going_back(fixed, state, job, hopeful)
        if node >= 0:
            state.counters.detail = node
            return Reason.NODE
    if fixed.steps[fixed.jobs[job].step].guarded == 0:
        return Reason.NONE
    return guard_jobs(fixed, state, job, job + 1, Phase.PENDING, hopeful)


@inner
def _going_back(fixed: Fixed, state: State, job: int, hopeful: bool) -> int:
    """Return a bad member that is still to be rolled back in service, -1 if there is none."""
    for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
        node = fixed.pool[place]
        if state.nodes[node].bad == 0 or state.nodes[node].new == 0:
            continue
        if fixed.nodes[node].rollback_s < 0:
            continue  # it stays as it is
        if not hopeful:
            return node
        if state.nodes[node].failed != Down.NOT or state.troubles[node].reverting != 0:
            continue
        guarded = fixed.steps[state.troubles[node].step].guarded == 1
        if guarded and falls_short(fixed, state, node, True):
            return node
    return -1


@inner
def start_ready(fixed: Fixed, state: State) -> None:
    """Start the steps that may, in the order of their ids."""
    kept = 0
    counters = state.counters
    counters.starting, counters.unnoted = 1, 0
    for place in range(counters.ready):
        step = state.ready[place]
        reason = Reason.NONE
        if fixed.steps[step].guarded == 1:
            reason = guard(fixed, state, step, False)
        state.steps[step].reason = reason
        if reason != Reason.NONE:
            state.ready[kept] = step
            kept += 1
            if state.steps[step].wait_since_s < 0:
                counters.unnoted = 1
            continue
        end_wait(state, state.steps[step])
        start_step(fixed, state, step)
    counters.ready = kept
    counters.starting = 0
    for place in range(counters.ended):
        release_next(fixed, state, state.gates[place])
    counters.ended = 0


@rare
def note_waits(fixed: Fixed, state: State) -> None:
    """Count those that could have started at this instant but for the guard."""
    for place in range(state.counters.pending):
        job = state.pending[place]
        reason = state.jobs[job].reason
        if state.jobs[job].wait_since_s >= 0 or reason == Reason.NODE:
            continue
        state.jobs[job].wait_since_s = state.counters.now
        _count_wait(state)
        if is_watched(state):
            reason = _why_job(fixed, state, job, False)
            name_job(fixed, state, job, EventKind.ATTEMPT_WAIT, reason, state.counters.detail)
    for place in range(state.counters.ready):
        step = state.ready[place]
        if state.steps[step].wait_since_s < 0:
            state.steps[step].wait_since_s = state.counters.now
            _count_wait(state)
            if is_watched(state):
                reason = guard(fixed, state, step, False)
                record(state, EventKind.STEP_WAIT, step, reason, state.counters.detail)


@inner
def _count_wait(state: State) -> None:
    state.measures.guard_waits += 1
    state.measures.guardrail_pauses += 1


@inner
def opening(fixed: Fixed, state: State) -> int:
    """Return when a window next opens for what waits for nothing else, `FOREVER` if never."""
    return FOREVER if fixed.limits.period_s == 0 else _next_opening(fixed, state)


@rare
def _next_opening(fixed: Fixed, state: State) -> int:
    coming = FOREVER
    for place in range(state.counters.ready):
        step = state.ready[place]
        if state.steps[step].reason == Reason.WINDOW:
            coming = min(coming, _opens(fixed, state, _length_s(fixed, state, step)))
    for place in range(state.counters.pending):
        job = state.pending[place]
        if state.jobs[job].reason == Reason.WINDOW:
            coming = min(coming, _opens(fixed, state, nominal_s(fixed, state, job)))
    return coming


@inner
def _opens(fixed: Fixed, state: State, lasts: int) -> int:
    starts_s, lengths_s = fixed.window_starts_s, fixed.window_lengths_s
    return next_opening(state.counters.now, lasts, fixed.limits.period_s, starts_s, lengths_s)


@inner
def _length_s(fixed: Fixed, state: State, step: int) -> int:
    """Return how long those jobs of a step take, as planned, that would start now."""
    whole = state.counters.failed == 0 and state.steps[step].partial == 0
    if whole or fixed.steps[step].action > Action.BUILD:
        return fixed.steps[step].length_s
    longest = 0
    for job in range(fixed.steps[step].job_begin, fixed.steps[step].job_end):
        if state.jobs[job].phase == Phase.OPEN and missing(fixed, state, job) < 0:
            longest = max(longest, nominal_s(fixed, state, job))
    return longest


@rare
def may_hope(fixed: Fixed, state: State) -> bool:
    """Say whether something could start if all that has failed were repaired."""
    if fixed.limits.repair_s < 0:
        return False
    for place in range(state.counters.pending):
        if _is_hopeful(_why_job(fixed, state, state.pending[place], True)):
            return True
    for place in range(state.counters.ready):
        if _is_hopeful(guard(fixed, state, state.ready[place], True)):
            return True
    return False


@inner
def _is_hopeful(reason: Reason) -> bool:
    return bool(reason == Reason.NONE or reason == Reason.WINDOW)  # noqa: PLR1714 - compiled


@rare
def leave_one_out(fixed: Fixed, state: State) -> None:
    """Leave out the first that waits: a job, else a step."""
    counters = state.counters
    if counters.pending > 0:
        job = state.pending[0]
        counters.pending -= 1
        for place in range(counters.pending):
            state.pending[place] = state.pending[place + 1]
        node = missing(fixed, state, job)
        if node >= 0:
            leave_job_out(fixed, state, job, Reason.NODE, node)
        else:
            reason = _why_job(fixed, state, job, False)
            leave_job_out(fixed, state, job, reason, counters.detail)
        return
    step = state.ready[0]
    counters.ready -= 1
    for place in range(counters.ready):
        state.ready[place] = state.ready[place + 1]
    reason = guard(fixed, state, step, False)
    leave_step_out(fixed, state, step, reason, counters.detail)
