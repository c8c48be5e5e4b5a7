"""What any failed attempt needs: budgets, aborts, rollbacks, nodes FAILED and back.

MODEL 6; repairs and new lives are drawn here too, where the scenario asks for them.
"""

from __future__ import annotations

from patchopt.compiling.jit import inner
from patchopt.model.events import EventKind
from patchopt.simulator.loop.bundles import Fixed, State
from patchopt.simulator.loop.codes import Happening, Reason
from patchopt.simulator.loop.draws import draw, lognormal, weibull
from patchopt.simulator.loop.queue import happen
from patchopt.simulator.loop.state import record, set_out
from patchopt.simulator.loop.streams import (
    STREAM_CRASH,
    STREAM_REPAIR,
    STREAM_ROLLBACK,
    STREAM_ROLLBACK_TIME,
)


@inner
def abort(state: State, reason: int, step: int, detail: int) -> None:
    """Abort the plan, once: what waits will not start, and has waited until now."""
    measures = state.measures
    if measures.aborted == 1:
        return
    measures.aborted = 1
    measures.abort_code = reason
    measures.abort_step = step
    measures.abort_detail = detail
    record(state, EventKind.ABORT, reason, step, detail)
    for place in range(state.counters.ready):
        since = state.steps[state.ready[place]].wait_since_s
        if since >= 0:
            measures.guardrail_wait += state.counters.now - since
    state.counters.ready = 0


@inner
def count_unlucky(fixed: Fixed, state: State, node: int) -> None:
    """Count a node that has failed, once."""
    if state.nodes[node].unlucky == 0:
        state.nodes[node].unlucky = 1
        state.counters.unlucky += 1
        state.releases[fixed.nodes[node].release].unlucky += 1


@inner
def check_failures(fixed: Fixed, state: State, step: int) -> None:
    """Abort if failed attempts, detected nodes among them, have reached their limit."""
    limit = fixed.limits.abort_after
    failures = state.measures.failures + state.measures.detections
    if limit >= 0 and failures >= limit:
        abort(state, Reason.FAILURES, step, failures)


@inner
def check_share(fixed: Fixed, state: State, node: int, step: int) -> None:
    """Abort if too large a share of the nodes attempted for a node's release has failed."""
    share = fixed.limits.abort_share_bp
    if share < 0:
        return
    release = fixed.nodes[node].release
    attempted = state.releases[release].attempted
    if state.releases[release].unlucky * 10_000 >= share * attempted:
        abort(state, Reason.SHARE, step, release)


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
def rollback_fails(fixed: Fixed, state: State, node: int, attempt: int) -> bool:
    """Draw whether a rollback leaves its node FAILED."""
    luck = fixed.nodes[node].rollback_luck
    if luck == 0:
        return False
    key = fixed.nodes[node].key
    return bool(draw(state.counters.seed, STREAM_ROLLBACK, key, attempt) < luck)


@inner
def let_fail(fixed: Fixed, state: State, node: int, how: int) -> None:
    """Make a node FAILED, until it is repaired if that is ever."""
    state.nodes[node].failed = how
    set_out(fixed, state, node, 1)
    nominal = fixed.limits.repair_s
    if nominal < 0:
        return
    state.troubles[node].repairs += 1
    count = state.troubles[node].repairs
    seed, key = state.counters.seed, fixed.nodes[node].key
    lasts = lognormal(seed, STREAM_REPAIR, key, count, nominal, fixed.limits.repair_sigma)
    state.troubles[node].returns_s = state.counters.now + lasts
    happen(fixed, state, lasts, Happening.REPAIR, node)


@inner
def bring_back(fixed: Fixed, state: State, node: int) -> None:
    """Put a node into service; a new life begins unless the last one goes on."""
    set_out(fixed, state, node, 0)
    if fixed.limits.crashes == 1 and state.troubles[node].living == 0:
        begin_life(fixed, state, node)


@inner
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
