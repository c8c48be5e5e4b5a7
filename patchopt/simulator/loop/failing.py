"""What any failed attempt needs: who is bad, rollbacks, nodes FAILED and back (MODEL 6).

Repairs and new lives are drawn here too, where the scenario asks for them.
"""

from __future__ import annotations

from patchopt.compiling.jit import inner, rare
from patchopt.model.events import EventKind
from patchopt.simulator.loop.bundles import Fixed, State
from patchopt.simulator.loop.codes import Down, Happening
from patchopt.simulator.loop.draws import draw, lognormal, weibull
from patchopt.simulator.loop.queue import first_happening, happen, remove
from patchopt.simulator.loop.state import record, set_out
from patchopt.simulator.loop.streams import (
    STREAM_CRASH,
    STREAM_REPAIR,
    STREAM_ROLLBACK,
    STREAM_ROLLBACK_TIME,
)


@inner
def make_bad(fixed: Fixed, state: State, node: int) -> None:
    """Let a node be bad, anew if it was excused; the budgets are to be judged."""
    if state.nodes[node].bad == 1 and state.nodes[node].excused == 0:
        return
    state.nodes[node].bad = 1
    state.nodes[node].excused = 0
    state.counters.bad += 1
    state.counters.judge = 1
    state.releases[fixed.nodes[node].release].bad += 1


@inner
def make_good(fixed: Fixed, state: State, node: int) -> None:
    """Let a node be bad no more: it has committed."""
    if state.nodes[node].bad == 0:
        return
    if state.nodes[node].excused == 0:
        state.counters.bad -= 1
        state.releases[fixed.nodes[node].release].bad -= 1
    state.nodes[node].bad = 0
    state.nodes[node].excused = 0


@inner
def give_up(fixed: Fixed, state: State, job: int) -> None:
    """Let the members on which a job has failed be bad: it is over without success."""
    for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
        node = fixed.pool[place]
        if state.nodes[node].failing == 1:
            state.nodes[node].failing = 0
            if state.nodes[node].failed != Down.CRASHED:
                make_bad(fixed, state, node)


@inner
def rollback_time(fixed: Fixed, state: State, node: int, attempt: int) -> int:
    """Draw the seconds that a rollback takes."""
    return lognormal(
        state.counters.seed,
        STREAM_ROLLBACK_TIME,
        fixed.nodes[node].key,
        attempt,
        fixed.nodes[node].rollback_s,
        fixed.spreads[node].rollback,
    )


@inner
def _rollback_fails(fixed: Fixed, state: State, node: int, attempt: int) -> bool:
    luck = fixed.nodes[node].rollback_luck
    if luck == 0:
        return False
    key = fixed.nodes[node].key
    return bool(draw(state.counters.seed, STREAM_ROLLBACK, key, attempt) < luck)


@inner
def go_back(fixed: Fixed, state: State, node: int, step: int, attempt: int) -> bool:
    """End a node's rollback: it is as before, or FAILED; return which."""
    if _rollback_fails(fixed, state, node, attempt):
        state.measures.failed_rollbacks += 1
        record(state, EventKind.ROLLBACK_FAILED, node, step, attempt)
        record(state, EventKind.NODE_FAILED, node, step, attempt)
        let_fail(fixed, state, node, Down.BY_WORK)
        return False
    state.measures.rollbacks += 1
    record(state, EventKind.ROLLED_BACK, node, step, attempt)
    return True


@inner
def serve(fixed: Fixed, state: State, node: int, step: int, attempt: int) -> None:
    """Put a node whose work is over back into service, unless it has served all the while."""
    if fixed.nodes[node].restart == 1:
        record(state, EventKind.NODE_SERVING, node, step, attempt)
        bring_back(fixed, state, node)


@rare
def let_fail(fixed: Fixed, state: State, node: int, how: int) -> None:
    """Make a node FAILED, until it is repaired if that is ever."""
    state.nodes[node].failed = how
    state.counters.failed += 1
    if how == Down.BY_WORK:
        make_bad(fixed, state, node)
    set_out(fixed, state, node, 1)
    nominal = fixed.limits.repair_s
    if nominal < 0:
        return
    state.troubles[node].repairs += 1
    count = state.troubles[node].repairs
    seed, key = state.counters.seed, fixed.nodes[node].key
    lasts = lognormal(seed, STREAM_REPAIR, key, count, nominal, fixed.limits.repair_sigma)
    happen(fixed, state, lasts, Happening.REPAIR, node)


@inner
def restore(fixed: Fixed, state: State, node: int) -> None:
    """Let a node that was FAILED or had crashed serve again."""
    state.nodes[node].failed = Down.NOT
    state.counters.failed -= 1
    bring_back(fixed, state, node)


@rare
def take_back(fixed: Fixed, state: State, node: int) -> None:
    """Let a node serve again whose place its copy takes: nothing is left to repair."""
    if fixed.limits.repair_s >= 0:
        repair = first_happening(fixed) + Happening.REPAIR * len(fixed.nodes) + node
        remove(state, repair, repair + 1)
    restore(fixed, state, node)


@inner
def bring_back(fixed: Fixed, state: State, node: int) -> None:
    """Put a node into service; a new life begins unless the last one goes on."""
    set_out(fixed, state, node, 0)
    if fixed.limits.crashes == 1 and state.troubles[node].living == 0:
        begin_life(fixed, state, node)


@rare
def begin_life(fixed: Fixed, state: State, node: int) -> None:
    """Draw when a node will crash."""
    state.troubles[node].living = 1
    state.troubles[node].lives += 1
    life = weibull(
        state.counters.seed,
        STREAM_CRASH,
        fixed.nodes[node].key,
        state.troubles[node].lives,
        fixed.limits.crash_scale_s,
        fixed.limits.crash_shape,
    )
    happen(fixed, state, life, Happening.CRASH, node)
