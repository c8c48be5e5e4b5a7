"""How a replication begins: everything back to the start."""

from __future__ import annotations

from patchopt.compiling.jit import inner
from patchopt.simulator.loop.bundles import Fixed, State, clearing, copying
from patchopt.simulator.loop.failing import begin_life
from patchopt.simulator.loop.queue import release_step
from patchopt.simulator.loop.state import reset_order
from patchopt.simulator.loop.state_rows import (
    Counters,
    JobState,
    Measures,
    NodeState,
    ReleaseState,
    ServiceState,
    StepState,
    TroubleState,
)
from patchopt.simulator.loop.trouble import await_alarm

copy_measures = inner(copying(Measures))
_clear_measures = inner(clearing(Measures))
_clear_counters = inner(clearing(Counters))
_clear_node = inner(clearing(NodeState))
_clear_trouble = inner(clearing(TroubleState))
_clear_job = inner(clearing(JobState))
_clear_step = inner(clearing(StepState))
_clear_service = inner(clearing(ServiceState))
_clear_release = inner(clearing(ReleaseState))


@inner
def reset(fixed: Fixed, state: State) -> None:
    """Put everything back to the start but the seed and which releases are defective."""
    seed = state.counters.seed
    _clear_measures(state.measures)
    _clear_counters(state.counters)
    state.counters.seed = seed
    state.counters.old_weight = fixed.limits.old_weight_milli
    for node in range(len(state.nodes)):
        _clear_node(state.nodes[node])
    for node in range(len(state.troubles)):
        _clear_trouble(state.troubles[node])
    for job in range(len(state.jobs)):
        _clear_job(state.jobs[job])
        state.jobs[job].most = 1 + fixed.limits.retries
    for release in range(len(state.releases)):
        _clear_release(state.releases[release])
    for unit in range(len(fixed.units)):
        state.units[unit] = fixed.units[unit].member_end - fixed.units[unit].member_begin
    _reset_edges(fixed, state)
    reset_order(fixed, state)
    _reset_troubles(fixed, state)
    _reset_steps(fixed, state)


@inner
def _reset_edges(fixed: Fixed, state: State) -> None:
    """Let all instances serve, none of them new."""
    for edge in range(len(state.edges)):
        state.edges[edge] = 0
    for group in range(len(state.groups)):
        state.groups[group].old = fixed.groups[group].old
        state.groups[group].new = 0
        state.dirty[group] = 0
    for service in range(len(fixed.services)):
        _clear_service(state.services[service])
        # A service without instances has none to lose: it is never judged at all.
        state.services[service].serving = fixed.services[service].instances


@inner
def _reset_troubles(fixed: Fixed, state: State) -> None:
    if fixed.limits.crashes == 1:
        for node in range(len(fixed.nodes)):
            begin_life(fixed, state, node)
    if fixed.limits.alarms == 1:
        await_alarm(fixed, state)


@inner
def _reset_steps(fixed: Fixed, state: State) -> None:
    for step in range(len(fixed.steps)):
        row = fixed.steps[step]
        _clear_step(state.steps[step])
        state.steps[step].waits_for = row.waits_for
        state.steps[step].jobs_left = row.job_end - row.job_begin
        if row.waits_for == 0:
            release_step(fixed, state, step)
