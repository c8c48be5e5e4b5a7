"""Gates, budgets, and what a stop ends (MODEL 6 and 13)."""

from __future__ import annotations

from patchopt.compiling.jit import inner, rare
from patchopt.model.events import EventKind
from patchopt.simulator.loop.bundles import Fixed, State
from patchopt.simulator.loop.codes import Action, Reason, Stage, Stop
from patchopt.simulator.loop.copies import settle_copy
from patchopt.simulator.loop.draws import lognormal
from patchopt.simulator.loop.failing import give_up
from patchopt.simulator.loop.jobs import close_job, end_wait, note_end
from patchopt.simulator.loop.queue import push, remove
from patchopt.simulator.loop.state import record
from patchopt.simulator.loop.streams import STREAM_RESPIN_DELAY, STREAM_REVIEW
from patchopt.simulator.loop.trouble import resumption


@rare
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


@rare
def _stop(fixed: Fixed, state: State, reason: int, step: int, detail: int) -> None:
    """Stop the plan: nothing of it starts any more, unless it goes on later.

    A plan that is over can only be stopped to go on.
    """
    counters = state.counters
    if counters.over == 1 and _goes_on_after(fixed, state) < 0:
        return
    counters.over = 0
    counters.stop = Stop.PASSING
    counters.stopped_s = counters.now
    abort(state, reason, step, detail)
    end_waits(state)
    _cut_pauses(fixed, state)
    for place in range(counters.pending):
        job = state.pending[place]
        give_up(fixed, state, job)
        close_job(fixed, state, job)
    counters.pending = 0
    delay = _goes_on_after(fixed, state)
    counters.stops += 1
    if delay >= 0:
        push(state, counters.now + delay, resumption(fixed))
        return
    counters.stop = Stop.FOR_GOOD
    for node in range(len(fixed.nodes)):
        settle_copy(fixed, state, node)


@inner
def abort(state: State, reason: int, step: int, detail: int) -> None:
    """Note that the plan is aborted, and why."""
    state.measures.abort_code = reason
    state.measures.abort_step = step
    state.measures.abort_detail = detail
    record(state, EventKind.ABORT, reason, step, detail)


@inner
def end_waits(state: State) -> None:
    """Let all waits for the guard end: nothing waits any more."""
    for place in range(state.counters.ready):
        end_wait(state, state.steps[state.ready[place]])
    for place in range(state.counters.pending):
        end_wait(state, state.jobs[state.pending[place]])


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
def _goes_on_after(fixed: Fixed, state: State) -> int:
    """Return the seconds after which the plan goes on, -1 if never; note what is replaced."""
    state.counters.respin = 0
    delay = -1
    if fixed.limits.respin_s >= 0:
        delay = _respin_delay(fixed, state)
    if state.counters.respin == 0 and fixed.limits.review_s >= 0:
        nominal, sigma = fixed.limits.review_s, fixed.limits.review_sigma
        seed, count = state.counters.seed, state.counters.stops + 1
        delay = lognormal(seed, STREAM_REVIEW, 0, count, nominal, sigma)
    return delay if state.counters.now + delay < fixed.limits.horizon_s else -1


@inner
def _respin_delay(fixed: Fixed, state: State) -> int:
    """Draw when the defective releases with bad nodes are replaced, -1 if there are none."""
    for release in range(len(fixed.releases)):
        state.releases[release].replaced = 0
    for node in range(len(fixed.nodes)):
        release = fixed.nodes[node].release
        if state.nodes[node].bad == 1 and state.defective[release] == 1:
            state.releases[release].replaced = 1
            state.counters.respin = 1
    longest = -1
    nominal, sigma = fixed.limits.respin_s, fixed.limits.respin_sigma
    for release in range(len(fixed.releases)):
        if state.releases[release].replaced == 1:
            generation = state.releases[release].generation + 1
            seed, key = state.counters.seed, fixed.releases[release].key
            delay = lognormal(seed, STREAM_RESPIN_DELAY, key, generation, nominal, sigma)
            longest = max(longest, delay)
    return longest
