"""Crew places and surge slots: taken and freed here alone."""

from __future__ import annotations

from patchopt.compiling.jit import inner
from patchopt.simulator.loop.bundles import State
from patchopt.simulator.loop.codes import Work


@inner
def take_crew(state: State, node: int, work: int) -> None:
    """Let work on a node begin: it takes a crew place."""
    state.nodes[node].working = work
    state.counters.crew += 1
    state.measures.peak_parallel = max(state.measures.peak_parallel, state.counters.crew)


@inner
def free_crew(state: State, node: int) -> None:
    """Let work on a node be over."""
    state.nodes[node].working = Work.NONE
    state.counters.crew -= 1


@inner
def take_surge(state: State) -> None:
    """Let a copy take a surge slot."""
    state.counters.surge += 1
    state.measures.peak_surge = max(state.measures.peak_surge, state.counters.surge)


@inner
def free_surge(state: State) -> None:
    """Let a slot be free again: its copy is switched to or thrown away."""
    state.counters.surge -= 1


@inner
def throw_copy_away(state: State, node: int) -> None:
    """Give up a copy that waits for its switch."""
    state.nodes[node].built = 0
    free_surge(state)
