"""Jobs and steps: how they start, wait for attempts of their own, and end (MODEL 5 and 6)."""

from __future__ import annotations

from patchopt.compiling.jit import inner, rare
from patchopt.model.events import EventKind
from patchopt.simulator.loop.asking import is_open, missing
from patchopt.simulator.loop.attempts import (
    draw_failures,
    enter,
    fail,
    finish_job,
    roll_back,
    start_attempt,
    succeed,
    throw_away,
)
from patchopt.simulator.loop.bundles import Fixed, State
from patchopt.simulator.loop.codes import Action, Late, Phase, Reason, Stage, Stop
from patchopt.simulator.loop.copies import begin_switch, end_switch, leave_switch_out
from patchopt.simulator.loop.failing import give_up
from patchopt.simulator.loop.queue import make_pending, release_step
from patchopt.simulator.loop.state import count_active, record
from patchopt.simulator.loop.state_rows import JobState, StepState


@inner
def start_step(fixed: Fixed, state: State, step: int) -> None:
    """Start those jobs of a step that can; the others are put off or left out."""
    action = fixed.steps[step].action
    record(state, EventKind.STEP_START, step, state.steps[step].partial, 0)
    if state.steps[step].partial == 1:
        _name_opened(fixed, state, step)
    if action == Action.PAUSE:
        state.measures.guardrail_pauses += 1
    else:
        state.counters.alarms = state.measures.false_alarms
    state.steps[step].stage = Stage.RUNNING
    count_active(fixed, state, step, 1)
    for job in range(fixed.steps[step].job_begin, fixed.steps[step].job_end):
        if state.jobs[job].phase != Phase.OPEN:
            continue  # it was not opened again
        if action > Action.BUILD:
            state.counters.running += 1
            enter(state, job, Phase.WORKING, fixed.jobs[job].first_s)
            if action == Action.SWITCH:
                begin_switch(fixed, state, job)
        else:
            node = missing(fixed, state, job)
            if node < 0:
                start_attempt(fixed, state, job, action)
            elif put_off(fixed, state, job, node):
                make_pending(state, job)


@rare
def _name_opened(fixed: Fixed, state: State, step: int) -> None:
    for job in range(fixed.steps[step].job_begin, fixed.steps[step].job_end):
        if state.jobs[job].phase != Phase.OPEN:
            continue
        for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
            node = fixed.pool[place]
            if fixed.steps[step].action != Action.SWITCH or state.nodes[node].new == 0:
                record(state, EventKind.MEMBER, node, 0, 0)


# Ends ------------------------------------------------------------------------------------


@inner
def end_phase(fixed: Fixed, state: State, job: int) -> None:
    """Let a job's phase end, and what ends with it."""
    action = fixed.steps[fixed.jobs[job].step].action
    phase = state.jobs[job].phase
    over, well = True, True
    if action == Action.SWITCH:
        end_switch(fixed, state, job)
    elif action == Action.PAUSE:
        state.gates[state.counters.gates] = fixed.jobs[job].step
        state.counters.gates += 1
    elif phase == Phase.WARMING:
        finish_job(fixed, state, job, action)
    elif phase == Phase.ROLLING_BACK:
        well = False
        roll_back(fixed, state, job)
    elif not draw_failures(fixed, state, job, action):
        over = succeed(fixed, state, job, action)
    elif action == Action.PATCH:
        well = False
        over = fail(fixed, state, job)
    else:
        well = False
        throw_away(fixed, state, job)
    note_end(state)
    if not over:
        return
    state.counters.running -= 1
    if well:
        _close_well(fixed, state, job)
    else:
        _try_again(fixed, state, job)


@inner
def note_end(state: State) -> None:
    """Note that work of a step or a pause has ended: T is not before."""
    state.measures.completion_time = state.counters.now
    state.measures.exposure = state.measures.total_exposure


@inner
def _try_again(fixed: Fixed, state: State, job: int) -> None:
    """Let a job whose attempt has failed wait for the next one, if there is one."""
    going_on = state.counters.stop == Stop.NO
    if going_on and state.jobs[job].again == 1:
        give_up(fixed, state, job)
        look_again(fixed, state, job)
    elif going_on and state.jobs[job].lost == 0 and state.jobs[job].attempt < state.jobs[job].most:
        _wait(state, job)
    else:
        state.jobs[job].again = 0
        give_up(fixed, state, job)
        close_job(fixed, state, job)


@inner
def _wait(state: State, job: int) -> None:
    state.jobs[job].phase = Phase.PENDING
    state.jobs[job].reason = Reason.NONE
    make_pending(state, job)


@inner
def look_again(fixed: Fixed, state: State, job: int) -> None:
    """Let a job wait for one more attempt, which a review has granted."""
    state.jobs[job].again = 0
    state.jobs[job].most = state.jobs[job].attempt + 1
    state.jobs[job].hoping = 1
    wait_late(fixed, state, job)


@rare
def wait_late(fixed: Fixed, state: State, job: int) -> None:
    """Let a job wait apart from its step, as one that has been put off does."""
    _set_apart(fixed, state, job)
    make_pending(state, job)


@inner
def _set_apart(fixed: Fixed, state: State, job: int) -> None:
    close_job(fixed, state, job)
    state.jobs[job].late = Late.WAITING
    state.jobs[job].put_off = 1
    state.jobs[job].phase = Phase.PENDING
    state.jobs[job].reason = Reason.NODE


@rare
def put_off(fixed: Fixed, state: State, job: int, node: int) -> bool:
    """Let a job wait for the repair of a node, or leave it out; return whether it waits."""
    if fixed.limits.repair_s < 0:
        leave_job_out(fixed, state, job, Reason.NODE, node)
        return False
    if state.jobs[job].put_off == 0:
        name_job(fixed, state, job, EventKind.NODE_PUT_OFF, Reason.NODE, node)
        _set_apart(fixed, state, job)
    return True


@rare
def name_job(fixed: Fixed, state: State, job: int, kind: int, reason: int, detail: int) -> None:
    """Record what happens to a job before its next attempt, and whom it concerns."""
    step, attempt = fixed.jobs[job].step, state.jobs[job].attempt + 1
    record(state, kind, step, attempt, reason)
    for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
        if is_open(state, fixed.pool[place]):
            record(state, EventKind.MEMBER, fixed.pool[place], detail, reason)


# Left out --------------------------------------------------------------------------------


@rare
def leave_job_out(fixed: Fixed, state: State, job: int, reason: int, detail: int) -> None:
    """Give up a job that nothing could ever let start."""
    step = fixed.jobs[job].step
    _note_left_out(state, reason, step, detail)
    end_wait(state, state.jobs[job])
    _name_left_out(fixed, state, job)
    give_up(fixed, state, job)
    close_job(fixed, state, job)


@rare
def leave_step_out(fixed: Fixed, state: State, step: int, reason: int, detail: int) -> None:
    """Give up a step that nothing could ever let start: those after it need not wait."""
    _note_left_out(state, reason, step, detail)
    end_wait(state, state.steps[step])
    state.steps[step].left_out = 1
    for job in range(fixed.steps[step].job_begin, fixed.steps[step].job_end):
        if state.jobs[job].phase == Phase.OPEN:
            _name_left_out(fixed, state, job)
            state.jobs[job].phase = Phase.OVER
            if fixed.steps[step].action == Action.SWITCH:
                leave_switch_out(fixed, state, job)
    pass_over(fixed, state, step)


@inner
def _note_left_out(state: State, reason: int, step: int, detail: int) -> None:
    """Keep why something was left out first; whatever it held up may go on."""
    state.counters.again = 1
    if state.counters.left_code == Reason.NONE:
        state.counters.left_code = reason
        state.counters.left_step = step
        state.counters.left_detail = detail


@inner
def _name_left_out(fixed: Fixed, state: State, job: int) -> None:
    switch = fixed.steps[fixed.jobs[job].step].action == Action.SWITCH
    for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
        node = fixed.pool[place]
        hoped_for = state.jobs[job].hoping == 1 and state.nodes[node].bad == 1
        if switch or hoped_for or is_open(state, node):
            record(state, EventKind.NODE_LEFT_OUT, node, fixed.jobs[job].step, 0)


@inner
def end_wait(state: State, waiting: JobState | StepState) -> None:
    """Let the wait for the guard of a job or a step end, if there is one."""
    since = waiting.wait_since_s
    if since >= 0:
        state.measures.guard_wait_time += state.counters.now - since
        waiting.wait_since_s = -1


def _close_job(fixed: Fixed, state: State, job: int) -> None:
    """Let a job hold its step no longer; a step ends with its last."""
    step = fixed.jobs[job].step
    before = state.jobs[job].phase
    late = state.jobs[job].late
    state.jobs[job].phase = Phase.OVER
    state.jobs[job].late = Late.NOT
    if late == Late.ACTIVE:
        count_active(fixed, state, step, -1)
    if late != Late.NOT or before == Phase.OVER:
        return
    state.steps[step].jobs_left -= 1
    if state.steps[step].jobs_left == 0 and state.steps[step].stage == Stage.RUNNING:
        end_step(fixed, state, step)


#: The one is part of what ends good work, most of a run's; the other of all else.
_close_well = inner(_close_job)
close_job = rare(_close_job)


@inner
def end_step(fixed: Fixed, state: State, step: int) -> None:
    """End a step that runs."""
    count_active(fixed, state, step, -1)
    record(state, EventKind.STEP_END, step, 0, 0)
    pass_over(fixed, state, step)


@inner
def pass_over(fixed: Fixed, state: State, step: int) -> None:
    """Let a step be over for those after it: at once, or when all have started that may."""
    state.steps[step].stage = Stage.ENDED
    if state.counters.starting == 1:
        state.gates[state.counters.ended] = step
        state.counters.ended += 1
    else:
        release_next(fixed, state, step)


@inner
def release_next(fixed: Fixed, state: State, step: int) -> None:
    """Let the steps after one that is over start, but for others that they are after."""
    state.counters.again = 1
    for place in range(fixed.steps[step].next_begin, fixed.steps[step].next_end):
        following = fixed.pool[place]
        state.steps[following].waits_for -= 1
        waiting = state.steps[following].stage == Stage.WAITING
        if waiting and state.steps[following].waits_for == 0:
            release_step(fixed, state, following)
