"""The guard: whether a step may start now without breaking a constraint (MODEL 6)."""

from __future__ import annotations

from patchopt.model import windows
from patchopt.simulator.jit import inner
from patchopt.simulator.layout import (
    BUILD,
    COMPONENTS,
    CS_OPEN,
    J_NODE_BEGIN,
    J_NODE_END,
    JOBS,
    K_CREW,
    K_DETAIL,
    K_NOW,
    K_SURGE,
    L_CREW,
    L_PERIOD,
    L_STRICT,
    L_SURGE,
    N_SERVICE,
    N_UNIT,
    NODES,
    NS_BLOCKED,
    NS_OUT,
    NS_WORKING,
    PAUSE,
    R_CREW,
    R_HOST,
    R_NONE,
    R_ORDER,
    R_SERVICE,
    R_SURGE,
    R_WINDOW,
    S_ACTION,
    S_CONFLICT,
    S_DOWN_BEGIN,
    S_DOWN_END,
    S_JOB_BEGIN,
    S_JOB_END,
    S_LENGTH,
    S_NODES,
    S_TOUCH_BEGIN,
    S_TOUCH_END,
    SERVICES,
    STEPS,
    SWITCH,
    U_COMPONENT,
    UNITS,
    V_INSTANCES,
    V_MIN_UP,
    VS_LOSS,
    VS_SERVING,
    WINDOWS,
    Ints,
    row,
)

window_close = inner(windows.window_close)
next_opening = inner(windows.next_opening)
closed_time = inner(windows.closed_time)


@inner
def window_row(fixed: Ints, number: int) -> Ints:
    """Give the starts (0) or the lengths (1) of the windows."""
    begin = row(fixed, WINDOWS, number)
    return fixed[begin : begin + fixed[WINDOWS + 1]]


@inner
def guard(fixed: Ints, state: Ints, step: int) -> int:
    """Give the reason why a step must wait, `R_NONE` if it may start.

    The window comes last: whoever waits for it alone will start when one opens.
    """
    state[K_DETAIL] = 0
    action = fixed[row(fixed, STEPS, step) + S_ACTION]
    if action == PAUSE:
        return R_NONE
    if action != SWITCH:
        reason = _guard_work(fixed, state, step, action)
        if reason != R_NONE:
            return reason
    now = state[K_NOW]
    close = window_close(now, fixed[L_PERIOD], window_row(fixed, 0), window_row(fixed, 1))
    return R_WINDOW if close < now + fixed[row(fixed, STEPS, step) + S_LENGTH] else R_NONE


@inner
def _guard_work(fixed: Ints, state: Ints, step: int, action: int) -> int:
    nodes = fixed[row(fixed, STEPS, step) + S_NODES]
    crew = fixed[L_CREW]
    if crew >= 0 and state[K_CREW] + nodes > crew:
        return R_CREW
    surge = fixed[L_SURGE]
    if action == BUILD and surge >= 0 and state[K_SURGE] + nodes > surge:
        return R_SURGE
    reason = _guard_nodes(fixed, state, step)
    if reason != R_NONE:
        return reason
    return _guard_services(fixed, state, step)


@inner
def _guard_nodes(fixed: Ints, state: Ints, step: int) -> int:
    strict = fixed[L_STRICT] == 1
    for job in range(
        fixed[row(fixed, STEPS, step) + S_JOB_BEGIN], fixed[row(fixed, STEPS, step) + S_JOB_END]
    ):
        for at in range(
            fixed[row(fixed, JOBS, job) + J_NODE_BEGIN], fixed[row(fixed, JOBS, job) + J_NODE_END]
        ):
            node = fixed[at]
            state[K_DETAIL] = node
            component = fixed[
                row(fixed, UNITS, fixed[row(fixed, NODES, node) + N_UNIT]) + U_COMPONENT
            ]
            if strict and state[row(state, COMPONENTS, component) + CS_OPEN] > 0:
                return R_ORDER
            if (
                state[row(state, NODES, node) + NS_BLOCKED]
                > state[row(state, NODES, node) + NS_OUT]
            ):  # a host is out
                return R_HOST
    if fixed[row(fixed, STEPS, step) + S_CONFLICT] >= 0:
        state[K_DETAIL] = fixed[row(fixed, STEPS, step) + S_CONFLICT]
        return R_HOST
    for at in range(
        fixed[row(fixed, STEPS, step) + S_DOWN_BEGIN], fixed[row(fixed, STEPS, step) + S_DOWN_END]
    ):
        if state[row(state, NODES, fixed[at]) + NS_WORKING] == 1:
            state[K_DETAIL] = fixed[at]
            return R_HOST
    return R_NONE


@inner
def _guard_services(fixed: Ints, state: Ints, step: int) -> int:
    begin, end = (
        fixed[row(fixed, STEPS, step) + S_TOUCH_BEGIN],
        fixed[row(fixed, STEPS, step) + S_TOUCH_END],
    )
    for at in range(
        fixed[row(fixed, STEPS, step) + S_DOWN_BEGIN], fixed[row(fixed, STEPS, step) + S_DOWN_END]
    ):
        node = fixed[at]
        service = fixed[row(fixed, NODES, node) + N_SERVICE]
        if service >= 0 and state[row(state, NODES, node) + NS_BLOCKED] == 0:
            state[row(state, SERVICES, service) + VS_LOSS] += 1
    reason = R_NONE
    for at in range(begin, end, 3):
        service = fixed[at]
        others = (
            state[row(state, SERVICES, service) + VS_SERVING]
            - state[row(state, SERVICES, service) + VS_LOSS]
        )
        state[row(state, SERVICES, service) + VS_LOSS] = 0
        needed = fixed[row(fixed, SERVICES, service) + V_MIN_UP]
        if fixed[at + 2] == 1:
            needed = min(needed, fixed[row(fixed, SERVICES, service) + V_INSTANCES] - fixed[at + 1])
        if reason == R_NONE and others < needed:
            reason = R_SERVICE
            state[K_DETAIL] = service
    return reason
