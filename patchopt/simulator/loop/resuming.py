"""How a stopped plan goes on: with new releases, or as it is after a review (MODEL 13)."""

from __future__ import annotations

from patchopt.compiling.jit import inner, rare
from patchopt.model.events import EventKind
from patchopt.simulator.loop.asking import is_open
from patchopt.simulator.loop.bundles import Fixed, State
from patchopt.simulator.loop.codes import Action, Down, Late, Phase, Reason, Stage, Stop
from patchopt.simulator.loop.copies import settle_copy
from patchopt.simulator.loop.crew import throw_copy_away
from patchopt.simulator.loop.draws import draw
from patchopt.simulator.loop.jobs import look_again, wait_late
from patchopt.simulator.loop.queue import first_due_step, release_step, remove
from patchopt.simulator.loop.state import count_active, record
from patchopt.simulator.loop.streams import STREAM_RESPIN_DEFECT


@rare
def resume(fixed: Fixed, state: State) -> None:
    """Let a stopped plan go on."""
    counters, measures = state.counters, state.measures
    measures.stopped_time += counters.now - counters.stopped_s
    measures.abort_code = Reason.NONE
    counters.stop = Stop.NO
    counters.alarms = measures.false_alarms
    counters.failures = measures.failures
    _excuse(fixed, state)
    if counters.respin == 1:
        measures.respins += 1
        counters.left_code = Reason.NONE  # all of it has another chance
        for release in range(len(fixed.releases)):
            if state.releases[release].replaced == 1:
                _replace(fixed, state, release)
        record(state, EventKind.PLAN_RESUMED, 1, 0, 0)
        _open_again(fixed, state)
    else:
        measures.reviews += 1
        record(state, EventKind.PLAN_RESUMED, 0, 0, 0)
        for job in range(len(fixed.jobs)):
            _review(fixed, state, job)
    for node in range(len(fixed.nodes)):
        settle_copy(fixed, state, node)


@inner
def _excuse(fixed: Fixed, state: State) -> None:
    """Let nodes that are bad by now count no more."""
    for node in range(len(fixed.nodes)):
        state.nodes[node].excused = state.nodes[node].bad
    for release in range(len(fixed.releases)):
        state.releases[release].bad = 0
    state.counters.bad = 0
    state.counters.judge = 0


# A new release ---------------------------------------------------------------------------


@inner
def _replace(fixed: Fixed, state: State, release: int) -> None:
    """Draw the next generation of a release; copies of the last are of no use."""
    generation = state.releases[release].generation + 1
    state.releases[release].generation = generation
    seed, key = state.counters.seed, fixed.releases[release].key
    defective = draw(seed, STREAM_RESPIN_DEFECT, key, generation) < fixed.limits.respin_luck
    state.defective[release] = 1 if defective else 0
    record(state, EventKind.RELEASE_REPLACED, release, generation, 0)
    for node in range(len(fixed.nodes)):
        if state.nodes[node].built > 0 and fixed.nodes[node].release == release:
            throw_copy_away(state, node)


@inner
def _open_again(fixed: Fixed, state: State) -> None:
    """Open every step for what of it is old; what comes after what is counted anew."""
    state.counters.ready = 0
    state.counters.due = 0
    first = first_due_step(fixed)
    remove(state, first, first + len(fixed.steps))
    for step in range(len(fixed.steps)):
        state.steps[step].left_out = 0
        state.steps[step].waits_for = fixed.steps[step].waits_for
        if fixed.steps[step].action <= Action.BUILD:
            _open_work(fixed, state, step)
        elif state.steps[step].stage != Stage.RUNNING:
            _open_other(fixed, state, step)
    for step in range(len(fixed.steps)):
        if state.steps[step].stage == Stage.ENDED:
            for place in range(fixed.steps[step].next_begin, fixed.steps[step].next_end):
                state.steps[fixed.pool[place]].waits_for -= 1
    for step in range(len(fixed.steps)):
        if state.steps[step].stage == Stage.WAITING and state.steps[step].waits_for == 0:
            release_step(fixed, state, step)


@inner
def _open_other(fixed: Fixed, state: State, step: int) -> None:
    """Open a pause, or a switch of which some node is old."""
    job = fixed.steps[step].job_begin
    opened = fixed.steps[step].action == Action.PAUSE
    state.steps[step].partial = 0
    for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
        if state.nodes[fixed.pool[place]].new == 0:
            opened = True
        else:
            state.steps[step].partial = 1
    state.steps[step].stage = Stage.ENDED
    if not opened:
        return
    state.steps[step].stage = Stage.WAITING
    state.steps[step].jobs_left = 1
    state.jobs[job].phase = Phase.OPEN
    for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
        state.nodes[fixed.pool[place]].late_switch = 0


@inner
def _is_at_work(state: State, job: int) -> bool:
    return bool(Phase.WORKING <= state.jobs[job].phase <= Phase.ROLLING_BACK)


@inner
def _is_to_be_opened(fixed: Fixed, state: State, job: int) -> bool:
    """Say whether a job that is not at work has anything left to do."""
    if _is_at_work(state, job):
        return False
    for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
        if is_open(state, fixed.pool[place]):
            return True
    return False


@rare
def _open_work(fixed: Fixed, state: State, step: int) -> None:
    """Open a step's jobs that are not at work; while others are, they wait apart from it."""
    begin, end = fixed.steps[step].job_begin, fixed.steps[step].job_end
    at_work, opened, nodes = 0, 0, 0
    for job in range(begin, end):
        if _is_at_work(state, job):
            at_work += 1
            if state.jobs[job].late == Late.ACTIVE:
                count_active(fixed, state, step, -1)
            state.jobs[job].late = Late.NOT
        elif _is_to_be_opened(fixed, state, job):
            opened += 1
            for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
                nodes += 1 if is_open(state, fixed.pool[place]) else 0
    running = state.steps[step].stage == Stage.RUNNING
    state.steps[step].jobs_left = at_work if at_work > 0 else opened
    state.steps[step].partial = 1 if nodes < fixed.steps[step].nodes else 0
    if at_work > 0:
        state.steps[step].stage = Stage.RUNNING
        if not running:
            count_active(fixed, state, step, 1)
    else:
        state.steps[step].stage = Stage.WAITING if opened > 0 else Stage.ENDED
    for job in range(begin, end):
        if not _is_to_be_opened(fixed, state, job):
            if not _is_at_work(state, job):
                state.jobs[job].phase = Phase.OVER
            continue
        state.jobs[job].most = state.jobs[job].attempt + 1 + fixed.limits.retries
        state.jobs[job].put_off = 0
        state.jobs[job].hoping = 0
        state.jobs[job].phase = Phase.OVER if at_work > 0 else Phase.OPEN
        if at_work > 0:
            wait_late(fixed, state, job)


# A review --------------------------------------------------------------------------------


@inner
def _review(fixed: Fixed, state: State, job: int) -> None:
    """Grant a job one more attempt if a member is bad, and is old or will be."""
    step = fixed.jobs[job].step
    if fixed.steps[step].action > Action.BUILD or state.steps[step].left_out == 1:
        return
    if state.jobs[job].phase == Phase.OPEN or not _is_hoping(fixed, state, job):
        return
    if _is_at_work(state, job):
        state.jobs[job].again = 1
    else:
        look_again(fixed, state, job)


@inner
def _is_hoping(fixed: Fixed, state: State, job: int) -> bool:
    for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
        node = fixed.pool[place]
        goes_back = state.nodes[node].failed == Down.NOT and fixed.nodes[node].rollback_s >= 0
        will_be_old = state.nodes[node].new == 1 and goes_back
        if state.nodes[node].bad == 1 and (will_be_old or is_open(state, node)):
            return True
    return False
