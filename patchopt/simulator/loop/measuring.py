"""How time passes: what is integrated over it, and what a run amounts to (MODEL 7)."""

from __future__ import annotations

from patchopt.compiling.jit import inner
from patchopt.simulator.loop.asking import closed_time
from patchopt.simulator.loop.bundles import Fixed, State
from patchopt.simulator.loop.codes import Latency, Reason


@inner
def advance(fixed: Fixed, state: State, coming: int) -> None:
    """Let time pass until an instant; nothing changes before it."""
    counters, measures = state.counters, state.measures
    now = counters.now
    elapsed = coming - now
    counters.now = coming
    measures.total_exposure += counters.old_weight * elapsed
    measures.lost_capacity += counters.not_serving * elapsed
    if counters.below > 0:
        measures.downtime += counters.below * elapsed
        measures.unplanned_downtime += counters.unplanned * elapsed
    if counters.outages > 0:
        measures.outage += counters.outages * elapsed
    if counters.impaired > 0:
        measures.impaired_time += counters.impaired * elapsed
    if counters.crew > 0:
        _integrate_work(fixed, state, now, coming)
    if counters.surge > 0:
        measures.surge_node_seconds += counters.surge * elapsed
        if 0 <= fixed.limits.surge < counters.surge:
            measures.surge_overrun += (counters.surge - fixed.limits.surge) * elapsed
    if counters.mixed > 0:
        measures.mixed_edge_seconds += counters.mixed * elapsed
        measures.mixed_time += elapsed
        if counters.mixed_degraded > 0:
            measures.degraded_time += elapsed
        if counters.mixed_incompatible > 0:
            measures.violation_time += elapsed


@inner
def _integrate_work(fixed: Fixed, state: State, begin: int, end: int) -> None:
    counters, measures = state.counters, state.measures
    measures.work_seconds += counters.crew * (end - begin)
    if 0 <= fixed.limits.crew < counters.crew:
        measures.crew_overrun += (counters.crew - fixed.limits.crew) * (end - begin)
    period_s = fixed.limits.period_s
    if period_s > 0 and counters.crew > counters.reverting_crew:
        starts_s, lengths_s = fixed.window_starts_s, fixed.window_lengths_s
        measures.window_overrun += closed_time(begin, end, period_s, starts_s, lengths_s)


@inner
def close(fixed: Fixed, state: State) -> None:
    """Measure what is left to measure at O, which is now."""
    counters, measures = state.counters, state.measures
    if measures.failures > 0 or fixed.limits.background == 1:
        for node in range(len(fixed.nodes)):
            measures.failed_nodes += 1 if state.nodes[node].failed > 0 else 0
            measures.bad_nodes += state.nodes[node].bad
    for node in range(len(state.troubles)):
        measures.latent_nodes += 1 if state.troubles[node].latency > Latency.NONE else 0
    for service in range(len(fixed.services)):
        since = state.services[service].below_since_s
        if since >= 0:
            measures.max_downtime = max(measures.max_downtime, counters.now - since)
    patchable = fixed.limits.patchable
    if patchable > 0:
        done = measures.patched == patchable
        measures.time_to_remediate = counters.last_commit_s if done else counters.now
    measures.residual_exposure = measures.total_exposure - measures.exposure
    measures.aborted = 1 if measures.abort_code != Reason.NONE else 0
    # What began in the very last instant has no length.
    measures.incompatibility_violations -= counters.violations
    measures.degraded_intervals -= counters.intervals
    overruns = measures.crew_overrun + measures.surge_overrun + measures.window_overrun
    broken = measures.incompatibility_violations + measures.order_violations
    if measures.unplanned_downtime + overruns + broken > 0:
        measures.breach = 1
