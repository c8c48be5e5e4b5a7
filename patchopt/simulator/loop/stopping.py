"""Gates, budgets, and what a stop ends (MODEL 6 and 13)."""

from __future__ import annotations

from patchopt.compiling.jit import inner
from patchopt.model.events import EventKind
from patchopt.simulator.loop.bundles import Fixed, State
from patchopt.simulator.loop.codes import Action, Phase, Reason, Stage, Stop
from patchopt.simulator.loop.copies import settle_copy
from patchopt.simulator.loop.draws import lognormal
from patchopt.simulator.loop.failing import give_up
from patchopt.simulator.loop.jobs import close_job, end_job_wait, end_step_wait, note_end
from patchopt.simulator.loop.queue import push, remove
from patchopt.simulator.loop.state import record
from patchopt.simulator.loop.streams import STREAM_RESPIN_DELAY, STREAM_REVIEW
from patchopt.simulator.loop.trouble import resumption


@inner
def judge(fixed: Fixed, state: State) -> None:
    """Judge the gates of the pauses that have ended, then the budgets; once stopped, none."""
    counters = state.counters
    for place in range(counters.gates):
        if counters.stop == Stop.NO:
            _judge_gate(fixed, state, state.gates[place])
    counters.gates = 0
    if counters.judge == 0 or counters.stop != Stop.NO:
        return
    counters.judge = 0
    most = fixed.limits.abort_after
    if most >= 0 and counters.bad >= most:
        _stop(fixed, state, Reason.BUDGET, -1, counters.bad)
    share_bp = fixed.limits.abort_share_bp
    if share_bp < 0:
        return
    for release in range(len(fixed.releases)):
        allowed = max(10_000, share_bp * fixed.releases[release].nodes)
        if counters.stop == Stop.NO and 10_000 * state.releases[release].bad > allowed:
            _stop(fixed, state, Reason.SHARE, -1, release)


@inner
def _judge_gate(fixed: Fixed, state: State, step: int) -> None:
    limit = fixed.steps[step].gate
    if limit < 0:
        return
    counters = state.counters
    reason, found = Reason.GATE, counters.bad
    if fixed.steps[step].gate_attempts == 1:
        reason, found = Reason.ATTEMPTS, state.measures.failures - counters.failures
    found += state.measures.false_alarms - counters.alarms
    if found > limit:
        record(state, EventKind.GATE_FAILED, reason, step, found)
        _stop(fixed, state, reason, step, found)


@inner
def _stop(fixed: Fixed, state: State, reason: int, step: int, detail: int) -> None:
    """Stop the plan: nothing of it starts any more, unless it goes on later."""
    counters, measures = state.counters, state.measures
    counters.stops += 1
    counters.stop = Stop.PASSING
    counters.stopped_s = counters.now
    measures.abort_code = reason
    measures.abort_step = step
    measures.abort_detail = detail
    record(state, EventKind.ABORT, reason, step, detail)
    for place in range(counters.ready):
        end_step_wait(state, state.ready[place])
    _cut_pauses(fixed, state)
    for place in range(counters.pending):
        job = state.pending[place]
        end_job_wait(state, job)
        give_up(fixed, state, job)
        close_job(fixed, state, job)
    counters.pending = 0
    _excuse(fixed, state)
    delay = _delay(fixed, state)
    if delay >= 0 and counters.now + delay < fixed.limits.horizon_s:
        push(state, counters.now + delay, resumption(fixed))
        return
    counters.stop = Stop.FOR_GOOD
    for node in range(len(fixed.nodes)):
        settle_copy(fixed, state, node)


@inner
def _cut_pauses(fixed: Fixed, state: State) -> None:
    """End the pauses that run; their gates are not judged."""
    for step in range(len(fixed.steps)):
        if fixed.steps[step].action != Action.PAUSE or state.steps[step].stage != Stage.RUNNING:
            continue
        job = fixed.steps[step].job_begin
        remove(state, job, job + 1)
        state.counters.running -= 1
        note_end(state)
        close_job(fixed, state, job)


@inner
def _excuse(fixed: Fixed, state: State) -> None:
    """Let nodes that are bad by now count no more; note whose releases are to be replaced."""
    state.counters.respin = 0
    for release in range(len(fixed.releases)):
        state.releases[release].bad = 0
        state.releases[release].replaced = 0
    for node in range(len(fixed.nodes)):
        if state.nodes[node].bad == 0:
            continue
        state.nodes[node].excused = 1
        release = fixed.nodes[node].release
        if state.defective[release] == 1 and fixed.limits.respin_s >= 0:
            state.releases[release].replaced = 1
            state.counters.respin = 1
    state.counters.bad = 0
    state.counters.judge = 0


@inner
def _delay(fixed: Fixed, state: State) -> int:
    """Draw the seconds after which the plan may go on; -1: never."""
    seed = state.counters.seed
    if state.counters.respin == 0:
        if fixed.limits.review_s < 0:
            return -1
        nominal, sigma = fixed.limits.review_s, fixed.limits.review_sigma
        return lognormal(seed, STREAM_REVIEW, 0, state.counters.stops, nominal, sigma)
    longest = -1
    nominal, sigma = fixed.limits.respin_s, fixed.limits.respin_sigma
    for release in range(len(fixed.releases)):
        if state.releases[release].replaced == 1:
            generation = state.releases[release].generation + 1
            key = fixed.releases[release].key
            delay = lognormal(seed, STREAM_RESPIN_DELAY, key, generation, nominal, sigma)
            longest = max(longest, delay)
    return longest
