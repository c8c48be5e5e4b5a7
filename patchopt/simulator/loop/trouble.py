"""What happens to nodes by itself: crashes, repairs, latent failures and their detection.

MODEL 11. Everything here is work of no step; a rollback after a detection takes a crew
place like any other work. Nothing of it is called unless the scenario asks for it.
"""

from __future__ import annotations

from patchopt.compiling.jit import inner
from patchopt.simulator.loop import layout as at
from patchopt.simulator.loop.draws import draw, lognormal, weibull
from patchopt.simulator.loop.layout import Fixed, State
from patchopt.simulator.loop.queue import happen, push
from patchopt.simulator.loop.state import record, set_out, set_version
from patchopt.simulator.loop.streams import (
    STREAM_ALARM,
    STREAM_CRASH,
    STREAM_DETECTION,
    STREAM_DETECTION_DELAY,
    STREAM_LATENT,
    STREAM_LATENT_DELAY,
    STREAM_REPAIR,
    STREAM_ROLLBACK,
    STREAM_ROLLBACK_TIME,
)


@inner
def abort(state: State, reason: int, step: int, detail: int) -> None:
    """Abort the plan, once: what waits will not start, and has waited until now."""
    metrics = state.metrics
    if metrics[at.M_ABORTED] == 1:
        return
    metrics[at.M_ABORTED] = 1
    metrics[at.M_ABORT_CODE] = reason
    metrics[at.M_ABORT_STEP] = step
    metrics[at.M_ABORT_DETAIL] = detail
    record(state, at.EV_ABORT, reason, step, detail)
    for place in range(state.counters[at.K_READY]):
        since = state.steps[state.ready[place], at.SS_WAIT_SINCE]
        if since >= 0:
            metrics[at.M_WAIT] += state.counters[at.K_NOW] - since
    state.counters[at.K_READY] = 0


@inner
def count_unlucky(fixed: Fixed, state: State, node: int) -> None:
    """Count a node that has failed, once."""
    if state.nodes[node, at.NS_UNLUCKY] == 0:
        state.nodes[node, at.NS_UNLUCKY] = 1
        state.counters[at.K_UNLUCKY] += 1
        state.releases[fixed.nodes[node, at.N_RELEASE], at.RS_UNLUCKY] += 1


@inner
def check_failures(fixed: Fixed, state: State, step: int) -> None:
    """Abort if failed attempts, detected nodes among them, have reached their limit."""
    limit = fixed.limits[at.L_ABORT_AFTER]
    failures = state.metrics[at.M_FAILURES] + state.metrics[at.M_DETECTIONS]
    if limit >= 0 and failures >= limit:
        abort(state, at.R_FAILURES, step, failures)


@inner
def check_share(fixed: Fixed, state: State, node: int, step: int) -> None:
    """Abort if too large a share of the nodes attempted for a node's release has failed."""
    share = fixed.limits[at.L_ABORT_SHARE]
    if share < 0:
        return
    release = fixed.nodes[node, at.N_RELEASE]
    attempted = state.releases[release, at.RS_ATTEMPTED]
    if state.releases[release, at.RS_UNLUCKY] * 10_000 >= share * attempted:
        abort(state, at.R_SHARE, step, release)


@inner
def rollback_time(fixed: Fixed, state: State, node: int, attempt: int) -> int:
    """Draw the seconds that a rollback takes."""
    return lognormal(
        state.counters[at.K_SEED],
        STREAM_ROLLBACK_TIME,
        fixed.nodes[node, at.N_KEY],
        attempt,
        fixed.nodes[node, at.N_ROLLBACK],
        fixed.sigmas[node, at.G_ROLLBACK],
    )


@inner
def rollback_fails(fixed: Fixed, state: State, node: int, attempt: int) -> bool:
    """Draw whether a rollback leaves its node FAILED."""
    luck = fixed.nodes[node, at.N_ROLLBACK_LUCK]
    if luck == 0:
        return False
    key = fixed.nodes[node, at.N_KEY]
    return bool(draw(state.counters[at.K_SEED], STREAM_ROLLBACK, key, attempt) < luck)


@inner
def let_fail(fixed: Fixed, state: State, node: int, how: int) -> None:
    """Make a node FAILED, until it is repaired if that is ever."""
    state.nodes[node, at.NS_FAILED] = how
    set_out(fixed, state, node, 1)
    nominal = fixed.limits[at.L_REPAIR]
    if nominal < 0:
        return
    state.troubles[node, at.T_REPAIRS] += 1
    count = state.troubles[node, at.T_REPAIRS]
    seed, key = state.counters[at.K_SEED], fixed.nodes[node, at.N_KEY]
    lasts = lognormal(seed, STREAM_REPAIR, key, count, nominal, fixed.rates[at.F_REPAIR_SIGMA])
    state.troubles[node, at.T_RETURNS] = state.counters[at.K_NOW] + lasts
    happen(fixed, state, lasts, at.REPAIR, node)


@inner
def bring_back(fixed: Fixed, state: State, node: int) -> None:
    """Put a node into service; a new life begins unless the last one goes on."""
    set_out(fixed, state, node, 0)
    if fixed.limits[at.L_CRASHES] == 1 and state.troubles[node, at.T_LIVING] == 0:
        begin_life(fixed, state, node)


@inner
def begin_life(fixed: Fixed, state: State, node: int) -> None:
    """Draw when a node will crash."""
    state.troubles[node, at.T_LIVING] = 1
    state.troubles[node, at.T_LIVES] += 1
    life = weibull(
        state.counters[at.K_SEED],
        STREAM_CRASH,
        fixed.nodes[node, at.N_KEY],
        state.troubles[node, at.T_LIVES],
        fixed.rates[at.F_CRASH_SCALE_S],
        fixed.rates[at.F_CRASH_SHAPE],
    )
    happen(fixed, state, life, at.CRASH, node)


@inner
def await_alarm(fixed: Fixed, state: State) -> None:
    """Draw when the next false alarm comes: they are a Poisson process."""
    count = state.metrics[at.M_FALSE_ALARMS] + 1
    mean = fixed.rates[at.F_ALARM_MEAN_S]
    wait = weibull(state.counters[at.K_SEED], STREAM_ALARM, 0, count, mean, 1.0)
    item = fixed.jobs.shape[0] + fixed.steps.shape[0] + at.HAPPENINGS * fixed.nodes.shape[0]
    push(state, state.counters[at.K_NOW] + wait, item)


@inner
def draw_latent(fixed: Fixed, state: State, node: int, step: int, attempt: int) -> None:
    """Draw whether a node that has just become new will turn out bad in service."""
    luck = fixed.nodes[node, at.N_LATENT_LUCK]
    release = fixed.nodes[node, at.N_RELEASE]
    if state.releases[release, at.RS_DEFECTIVE] == 1:
        luck = fixed.releases[release, at.R_LATENT_LUCK]
    seed, key = state.counters[at.K_SEED], fixed.nodes[node, at.N_KEY]
    if luck == 0 or draw(seed, STREAM_LATENT, key, attempt) >= luck:
        return
    state.troubles[node, at.T_BAD] = at.LATENT
    state.troubles[node, at.T_STEP] = step
    state.troubles[node, at.T_ATTEMPT] = attempt
    state.metrics[at.M_LATENT_FAILURES] += 1
    record(state, at.EV_LATENT, node, step, attempt)
    nominal, sigma = fixed.nodes[node, at.N_LATENT_DELAY], fixed.sigmas[node, at.G_LATENT]
    delay = lognormal(seed, STREAM_LATENT_DELAY, key, attempt, nominal, sigma)
    happen(fixed, state, delay, at.ONSET, node)


@inner
def let_happen(fixed: Fixed, state: State, number: int) -> None:
    """Let happen what was due; `number` counts from the first crash in the queue."""
    nodes = fixed.nodes.shape[0]
    what, node = number // nodes, number % nodes
    if what == at.CRASH:
        _crash(fixed, state, node)
    elif what == at.REPAIR:
        _repair(fixed, state, node)
    elif what == at.ONSET:
        _impair(fixed, state, node)
    elif what == at.DETECTION:
        _detect(fixed, state, node)
    elif what == at.REVERSAL:
        _reverse(fixed, state, node)
    else:
        state.metrics[at.M_FALSE_ALARMS] += 1
        record(state, at.EV_FALSE_ALARM, 0, 0, 0)
        await_alarm(fixed, state)


@inner
def _crash(fixed: Fixed, state: State, node: int) -> None:
    state.troubles[node, at.T_LIVING] = 0
    if state.nodes[node, at.NS_OUT] == 1:
        return  # being worked on, or FAILED already: the next life begins when it is back
    state.metrics[at.M_CRASHES] += 1
    record(state, at.EV_CRASHED, node, 0, 0)
    if state.troubles[node, at.T_BAD] == at.IMPAIRED:
        state.counters[at.K_IMPAIRED] -= 1
    state.troubles[node, at.T_BAD] = 0
    let_fail(fixed, state, node, at.CRASHED)


@inner
def _repair(fixed: Fixed, state: State, node: int) -> None:
    failed = state.nodes[node, at.NS_FAILED] > 0
    if not failed or state.troubles[node, at.T_RETURNS] != state.counters[at.K_NOW]:
        return  # a switch to its copy came first
    state.nodes[node, at.NS_FAILED] = 0
    state.metrics[at.M_REPAIRS] += 1
    if state.nodes[node, at.NS_NEW] == 1:
        set_version(fixed, state, node, 0)
    record(state, at.EV_REPAIRED, node, 0, 0)
    bring_back(fixed, state, node)


@inner
def _impair(fixed: Fixed, state: State, node: int) -> None:
    if state.troubles[node, at.T_BAD] != at.LATENT:
        return
    state.troubles[node, at.T_BAD] = at.IMPAIRED
    state.counters[at.K_IMPAIRED] += 1
    record(state, at.EV_IMPAIRED, node, 0, 0)
    seed, key = state.counters[at.K_SEED], fixed.nodes[node, at.N_KEY]
    attempt = state.troubles[node, at.T_ATTEMPT]
    if draw(seed, STREAM_DETECTION, key, attempt) < fixed.limits[at.L_DETECTION_LUCK]:
        nominal, sigma = fixed.limits[at.L_DETECTION_DELAY], fixed.rates[at.F_DETECTION_SIGMA]
        delay = lognormal(seed, STREAM_DETECTION_DELAY, key, attempt, nominal, sigma)
        happen(fixed, state, delay, at.DETECTION, node)


@inner
def _detect(fixed: Fixed, state: State, node: int) -> None:
    if state.troubles[node, at.T_BAD] != at.IMPAIRED:
        return
    state.metrics[at.M_DETECTIONS] += 1
    record(state, at.EV_DETECTED, node, 0, 0)
    count_unlucky(fixed, state, node)
    step = state.troubles[node, at.T_STEP]
    check_failures(fixed, state, step)
    check_share(fixed, state, node, step)
    if fixed.nodes[node, at.N_ROLLBACK] >= 0:
        state.rollbacks[state.counters[at.K_ROLLBACKS]] = node
        state.counters[at.K_ROLLBACKS] += 1


@inner
def start_rollbacks(fixed: Fixed, state: State) -> None:
    """Start rolling back detected nodes, in the order of their detection, as crew allows."""
    kept = 0
    for place in range(state.counters[at.K_ROLLBACKS]):
        node = state.rollbacks[place]
        if state.troubles[node, at.T_BAD] != at.IMPAIRED:
            continue  # it has crashed
        if _must_wait(fixed, state, node):
            state.rollbacks[kept] = node
            kept += 1
        else:
            _start_rollback(fixed, state, node)
    state.counters[at.K_ROLLBACKS] = kept


@inner
def _must_wait(fixed: Fixed, state: State, node: int) -> bool:
    crew = fixed.limits[at.L_CREW]
    if crew >= 0 and state.counters[at.K_CREW] >= crew:
        return True
    if state.nodes[node, at.NS_WORKING] == 1:
        return True  # its own work is not over
    if state.nodes[node, at.NS_BLOCKED] > state.nodes[node, at.NS_OUT]:
        return True  # a host is out
    if fixed.nodes[node, at.N_RESTART] == 1:
        for place in range(fixed.nodes[node, at.N_GUEST_BEGIN], fixed.nodes[node, at.N_GUEST_END]):
            if state.nodes[fixed.pool[place], at.NS_WORKING] == 1:
                return True
    return False


@inner
def _start_rollback(fixed: Fixed, state: State, node: int) -> None:
    step, attempt = state.troubles[node, at.T_STEP], state.troubles[node, at.T_ATTEMPT]
    state.nodes[node, at.NS_WORKING] = 1
    state.counters[at.K_RUNNING] += 1
    state.counters[at.K_CREW] += 1
    peak = state.metrics[at.M_PEAK_PARALLEL]
    state.metrics[at.M_PEAK_PARALLEL] = max(peak, state.counters[at.K_CREW])
    record(state, at.EV_REVERT, node, step, attempt)
    if fixed.nodes[node, at.N_RESTART] == 1:
        state.troubles[node, at.T_BAD] = at.REVERTING
        state.counters[at.K_IMPAIRED] -= 1
        record(state, at.EV_NODE_DOWN, node, step, attempt)
        set_out(fixed, state, node, 1)
    happen(fixed, state, rollback_time(fixed, state, node, attempt), at.REVERSAL, node)


@inner
def _reverse(fixed: Fixed, state: State, node: int) -> None:
    """End a rollback after a detection: the node is old again."""
    step, attempt = state.troubles[node, at.T_STEP], state.troubles[node, at.T_ATTEMPT]
    state.nodes[node, at.NS_WORKING] = 0
    state.counters[at.K_RUNNING] -= 1
    state.counters[at.K_CREW] -= 1
    state.metrics[at.M_COMPLETION] = state.counters[at.K_NOW]
    if state.troubles[node, at.T_BAD] == 0:  # it crashed meanwhile: its repair makes it old
        record(state, at.EV_WORK_OVER, node, step, attempt)
        return
    if state.troubles[node, at.T_BAD] == at.IMPAIRED:
        state.counters[at.K_IMPAIRED] -= 1
    state.troubles[node, at.T_BAD] = 0
    set_version(fixed, state, node, 0)
    if rollback_fails(fixed, state, node, attempt):
        state.metrics[at.M_FAILED_ROLLBACKS] += 1
        record(state, at.EV_ROLLBACK_FAILED, node, step, attempt)
        record(state, at.EV_NODE_FAILED, node, step, attempt)
        let_fail(fixed, state, node, 1)
        return
    state.metrics[at.M_ROLLBACKS] += 1
    record(state, at.EV_ROLLED_BACK, node, step, attempt)
    if fixed.nodes[node, at.N_RESTART] == 1:
        record(state, at.EV_NODE_SERVING, node, step, attempt)
        bring_back(fixed, state, node)
