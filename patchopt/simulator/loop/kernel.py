"""The event loop: one replication of a plan after another over tables (MODEL 4 to 7, 11, 13).

At every instant first what is due ends and happens, then gates and budgets are judged, then
rollbacks in service, waiting attempts and steps start, until nothing changes; then services
and edges are judged and time jumps. The same source is compiled by Numba and, for its
reference, run uncompiled (`patchopt.simulator.loop.compile.uncompiled`).
"""

from __future__ import annotations

from patchopt.compiling.jit import inner, outer
from patchopt.model.base import Bits, Ints
from patchopt.model.windows import FOREVER
from patchopt.simulator.loop.attempts import is_unlucky
from patchopt.simulator.loop.bundles import Fixed, Rows, State
from patchopt.simulator.loop.codes import Action, Reason, Stop
from patchopt.simulator.loop.draws import draw
from patchopt.simulator.loop.jobs import end_phase, note_end
from patchopt.simulator.loop.measuring import advance, close
from patchopt.simulator.loop.queue import first_due_step, first_happening, make_ready, pop
from patchopt.simulator.loop.reset import copy_measures, reset
from patchopt.simulator.loop.resuming import resume
from patchopt.simulator.loop.reverting import end_rollback, start_rollbacks
from patchopt.simulator.loop.state import settle
from patchopt.simulator.loop.state_rows import Measures
from patchopt.simulator.loop.stopping import abort, end_waits, judge
from patchopt.simulator.loop.streams import STREAM_DEFECT
from patchopt.simulator.loop.trouble import let_happen, resumption
from patchopt.simulator.loop.waiting import (
    leave_one_out,
    may_hope,
    note_waits,
    opening,
    start_pending,
    start_ready,
)


@outer
def run(fixed: Fixed, state: State, keys: Bits, defects: Ints, measures: Rows[Measures]) -> None:
    """Simulate a block of replications.

    Where only attempts can go wrong, replications in which no first attempt does are all
    alike: the first of a block is simulated, the others are copies of it.

    Parameters
    ----------
    fixed : Fixed
        The plan on its infrastructure.
    state : State
        Scratch; it holds the events of the last replication simulated afterwards. Its
        `interrupt` may be set meanwhile: the run ends at once, and is void.
    keys : ndarray of uint64, shape (replications,)
        Of the draws of each (`patchopt.simulator.loop.draws.replication_keys`).
    defects : ndarray of int64, shape (replications, releases) or (0, releases)
        Which releases are defective; without rows this is drawn.
    measures : table of Measures, shape (replications,)
        Filled in, up to the first replication for which ``state.queue`` is too short:
        then `Counters.queue_short` is 1.
    """
    alike = fixed.limits.variable == 0 and fixed.limits.background == 0
    lucky = -1
    for replication in range(len(keys)):
        key = keys[replication]
        for release in range(len(fixed.releases)):
            if len(defects) > 0:
                defective = defects[replication][release]
            else:
                luck = fixed.releases[release].defect_luck
                of_release = fixed.releases[release].key
                defective = 1 if draw(key, STREAM_DEFECT, of_release, 0) < luck else 0
            state.defective[release] = defective
        state.counters.seed = key
        is_lucky = alike and _is_lucky(fixed, state)
        if is_lucky and lucky >= 0:
            copy_measures(measures[replication], measures[lucky])
            continue
        if is_lucky:
            lucky = replication
        reset(fixed, state)
        _replicate(fixed, state)
        if state.counters.queue_short == 1 or state.interrupt[0] == 1:
            return
        copy_measures(measures[replication], state.measures)


@inner
def _is_lucky(fixed: Fixed, state: State) -> bool:
    """Say whether every first attempt of the plan would do well."""
    for job in range(len(fixed.jobs)):
        if fixed.steps[fixed.jobs[job].step].action > Action.BUILD:
            continue
        for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
            node = fixed.pool[place]
            if is_unlucky(fixed, state, node, 1, state.defective[fixed.nodes[node].release]):
                return False
    return True


@inner
def _replicate(fixed: Fixed, state: State) -> None:
    """Run the plan, and what goes on by itself until O, which may make the plan go on."""
    counters = state.counters
    while True:
        _instant(fixed, state)
        settle(fixed, state)
        if counters.queue_short == 1 or state.interrupt[0] == 1:
            return
        if counters.over == 0 and _is_over(state):
            _end_plan(state)
        if counters.over == 1:
            ends_s = max(fixed.limits.horizon_s, counters.over_s)
            if counters.now == ends_s:
                break
            coming = ends_s
            if counters.queued > 0:
                coming = min(coming, state.queue[0].time_s)
            advance(fixed, state, coming)
            continue
        if counters.now >= fixed.limits.end_s:
            _cut_plan(state)
            break
        if counters.stop == Stop.NO and counters.pending + counters.unnoted > 0:
            note_waits(fixed, state)
        advance(fixed, state, min(_next_time(fixed, state), fixed.limits.end_s))
    close(fixed, state)


@inner
def _is_over(state: State) -> bool:
    """Say whether nothing of the plan is left to do."""
    counters = state.counters
    if counters.running > 0 or counters.stop == Stop.PASSING:
        return False
    left = counters.pending + counters.ready + counters.due
    return bool(counters.stop == Stop.FOR_GOOD or left == 0)


@inner
def _end_plan(state: State) -> None:
    """Note that the plan is over; it counts as aborted if something was left out."""
    counters = state.counters
    counters.over = 1
    counters.over_s = counters.now
    if counters.stop == Stop.NO and counters.left_code != Reason.NONE:
        abort(state, counters.left_code, counters.left_step, counters.left_detail)


@inner
def _cut_plan(state: State) -> None:
    """Stop a run that does not end: T and O are now."""
    note_end(state)
    end_waits(state)
    abort(state, Reason.ENDLESS, -1, 0)


@inner
def _instant(fixed: Fixed, state: State) -> None:
    """Let end what is due and start what may, until nothing changes."""
    counters, queue = state.counters, state.queue
    while True:
        while counters.queued > 0 and queue[0].time_s == counters.now:
            _let_come(fixed, state, pop(state))
        counters.again = 0  # what has ended by now may be followed in this pass
        if counters.gates + counters.judge > 0:
            judge(fixed, state)
        if counters.rollbacks > 0:
            start_rollbacks(fixed, state)
        if counters.over == 0 and counters.stop == Stop.NO:
            if counters.pending > 0:
                start_pending(fixed, state)
            if counters.ready > 0:
                start_ready(fixed, state)
            if counters.pending + counters.ready > 0:
                _leave_out(fixed, state)
        if counters.again == 0 and (counters.queued == 0 or queue[0].time_s > counters.now):
            break


@inner
def _let_come(fixed: Fixed, state: State, subject: int) -> None:
    """Let come what is due."""
    if subject < len(fixed.jobs):
        end_phase(fixed, state, subject)
    elif subject < first_due_step(fixed):
        end_rollback(fixed, state, subject - len(fixed.jobs))
    elif subject < first_happening(fixed):
        state.counters.due -= 1
        make_ready(state, subject - first_due_step(fixed))
    elif subject == resumption(fixed):
        resume(fixed, state)
    else:
        let_happen(fixed, state, subject - first_happening(fixed))


@inner
def _leave_out(fixed: Fixed, state: State) -> None:
    """Leave one out of what waits, if nothing that is under way or due could let any start."""
    counters = state.counters
    if counters.again + counters.running + counters.reverting + counters.due > 0:
        return
    if counters.queued > 0 and state.queue[0].time_s == counters.now:
        return
    if opening(fixed, state) == FOREVER and not may_hope(fixed, state):
        leave_one_out(fixed, state)


@inner
def _next_time(fixed: Fixed, state: State) -> int:
    """Return the next instant at which something is due, or a window lets something in."""
    coming = FOREVER
    if state.counters.stop == Stop.NO:
        coming = opening(fixed, state)
    if state.counters.queued > 0:
        coming = min(coming, state.queue[0].time_s)
    return coming
