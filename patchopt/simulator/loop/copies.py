"""Copies built beside: switched, late or not, and thrown away (MODEL 6)."""

from __future__ import annotations

from patchopt.compiling.jit import inner, rare
from patchopt.model.events import EventKind
from patchopt.simulator.loop.bundles import Fixed, State
from patchopt.simulator.loop.codes import Stop
from patchopt.simulator.loop.crew import free_surge, throw_copy_away
from patchopt.simulator.loop.failing import make_good, take_back
from patchopt.simulator.loop.state import finish, record, set_version
from patchopt.simulator.loop.trouble import draw_latent


@inner
def commit(fixed: Fixed, state: State, node: int, step: int, attempt: int) -> None:
    """Let a node be new: it is exposed no more, and not bad."""
    set_version(fixed, state, node, 1)
    make_good(fixed, state, node)
    state.nodes[node].failing = 0
    state.counters.last_commit_s = state.counters.now


def _flip(fixed: Fixed, state: State, node: int, step: int) -> None:
    """Let the copy of a node take its place."""
    attempt = state.nodes[node].built  # that has built it
    state.nodes[node].built = 0
    free_surge(state)
    commit(fixed, state, node, step, attempt)
    finish(fixed, state, node)
    record(state, EventKind.SWITCHED, node, step, attempt)
    if fixed.limits.background == 1:
        draw_latent(fixed, state, node, step, attempt)
        if state.nodes[node].failed > 0:
            take_back(fixed, state, node)


#: The one is part of a switch, the other of all that is done to copies apart from it.
_flip_in_switch = inner(_flip)
_flip_apart = rare(_flip)


@inner
def settle_copy(fixed: Fixed, state: State, node: int) -> None:
    """Switch a copy whose switch has been; throw it away if none will take it."""
    if state.nodes[node].built == 0 or state.nodes[node].switching == 1:
        return
    late = state.nodes[node].late_switch
    if state.counters.stop == Stop.FOR_GOOD or late < 0:
        throw_copy_away(state, node)
    elif late > 0 and state.counters.stop == Stop.NO:
        _flip_apart(fixed, state, node, late - 1)


@inner
def begin_switch(fixed: Fixed, state: State, job: int) -> None:
    """Let copies wait for the switch that is under way."""
    for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
        state.nodes[fixed.pool[place]].switching = 1


@inner
def end_switch(fixed: Fixed, state: State, job: int) -> None:
    """Switch all copies that are ready by now; others are switched when they are."""
    step = fixed.jobs[job].step
    for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
        node = fixed.pool[place]
        state.nodes[node].switching = 0
        if state.nodes[node].built > 0:
            _flip_in_switch(fixed, state, node, step)
        state.nodes[node].late_switch = step + 1


@rare
def leave_switch_out(fixed: Fixed, state: State, job: int) -> None:
    """Throw the copies away that no step will switch any more, now and as they are built."""
    for place in range(fixed.jobs[job].node_begin, fixed.jobs[job].node_end):
        node = fixed.pool[place]
        state.nodes[node].late_switch = -1
        settle_copy(fixed, state, node)
