"""Layout of the simulator's flat arrays: the one table of names for their columns.

Everything the event loop touches is an integer in a row of one of these tables, so
that Numba compiles the loop and the very same source runs uncompiled. Lists of
varying length (members of a job, edges at a group, ...) stand one after another in
`Static.pool`; a pair of columns ``..._BEGIN`` and ``..._END`` points into it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

# Actions and phases -------------------------------------------------------------------
PATCH: Final = 0
BUILD: Final = 1
SWITCH: Final = 2
PAUSE: Final = 3

WORKING: Final = 0  # until the draw; also the whole of a switch or a pause
WARMING: Final = 1  # after a good draw
ROLLING_BACK: Final = 2  # after a bad one

# Static tables ------------------------------------------------------------------------
# nodes: int64 (nodes, 9)
N_SERVICE: Final = 0  # -1: none
N_WEIGHT: Final = 1  # milli-weight
N_PATCHED: Final = 2  # has a patch
N_RESTART: Final = 3
N_ROLLBACK: Final = 4  # seconds, -1: none
N_RELEASE: Final = 5  # -1: none
N_UNIT: Final = 6  # -1: none
N_GUEST_BEGIN: Final = 7
N_GUEST_END: Final = 8
NODE_COLUMNS: Final = 9

# steps: int64 (steps, 17)
S_ACTION: Final = 0
S_GUARDED: Final = 1
S_NOT_BEFORE: Final = 2
S_LENGTH: Final = 3  # nominal seconds, the longest job
S_GATE: Final = 4  # max_failures, -1: none
S_WAITS_FOR: Final = 5  # steps in `after`
S_NODES: Final = 6  # number of nodes
S_CONFLICT: Final = 7  # a node whose job conflicts with another of the step, -1: none
S_JOB_BEGIN: Final = 8  # jobs of a step are consecutive
S_JOB_END: Final = 9
S_NEXT_BEGIN: Final = 10  # steps that wait for this one
S_NEXT_END: Final = 11
S_DOWN_BEGIN: Final = 12  # nodes out of service while the step works
S_DOWN_END: Final = 13
S_TOUCH_BEGIN: Final = 14  # triples (service, its nodes among those, waived)
S_TOUCH_END: Final = 15
STEP_COLUMNS: Final = 16

# jobs: int64 (jobs, 6)
J_STEP: Final = 0
J_FIRST: Final = 1  # seconds to the draw, or to the end of a switch or a pause
J_WARMUP: Final = 2
J_ROLLBACK: Final = 3  # longest of the members, -1: none has one
J_NODE_BEGIN: Final = 4
J_NODE_END: Final = 5
JOB_COLUMNS: Final = 6

# services: int64 (services, 2)
V_MIN_UP: Final = 0
V_INSTANCES: Final = 1
SERVICE_COLUMNS: Final = 2

# edges: int64 (edges, 3); a group is a service, or services + node
E_SOURCE: Final = 0
E_TARGET: Final = 1
E_KIND: Final = 2
EDGE_COLUMNS: Final = 3
DEGRADED: Final = 1
INCOMPATIBLE: Final = 2

# groups: int64 (services + nodes, 2)
G_EDGE_BEGIN: Final = 0
G_EDGE_END: Final = 1
GROUP_COLUMNS: Final = 2

# units: int64 (units, 2)
U_SIZE: Final = 0
U_COMPONENT: Final = 1
UNIT_COLUMNS: Final = 2

# components: int64 (components, 4), of the condensed dependency order
C_UNITS: Final = 0
C_OPEN: Final = 1  # dependencies not done at the start
C_USER_BEGIN: Final = 2
C_USER_END: Final = 3
COMPONENT_COLUMNS: Final = 4

# limits: int64 vector
L_CREW: Final = 0
L_SURGE: Final = 1
L_STRICT: Final = 2
L_RETRIES: Final = 3
L_ABORT_AFTER: Final = 4
L_HORIZON: Final = 5
L_PERIOD: Final = 6
LIMITS: Final = 7

# State tables -------------------------------------------------------------------------
# node state: int64 (nodes, 7)
NS_OUT: Final = 0  # out of service by its own work or failure
NS_BLOCKED: Final = 1  # reasons not to serve: its own and its hosts'
NS_NEW: Final = 2
NS_WORKING: Final = 3
NS_FAILED: Final = 4
NS_BUILT: Final = 5
NS_UNLUCKY: Final = 6  # has failed at least once
NODE_STATES: Final = 7

# step state: int64 (steps, 4)
SS_WAITS_FOR: Final = 0
SS_JOBS_LEFT: Final = 1
SS_WAIT_SINCE: Final = 2  # -1: never waited
SS_REASON: Final = 3  # of the last time it could not start
STEP_STATES: Final = 4

# job state: int64 (jobs, 2)
JS_PHASE: Final = 0
JS_ATTEMPT: Final = 1
JOB_STATES: Final = 2

# service state: int64 (services, 4)
VS_SERVING: Final = 0
VS_BELOW_SINCE: Final = 1  # -1: not below
VS_OUTAGE: Final = 2
VS_DIRTY: Final = 3
VS_LOSS: Final = 4  # scratch of the guard
SERVICE_STATES: Final = 5

# group state: int64 (services + nodes, 3)
GS_OLD: Final = 0  # serving at the old version
GS_NEW: Final = 1
GS_DIRTY: Final = 2
GROUP_STATES: Final = 3

# counters: int64 vector, the scalars of a run
K_NOW: Final = 0
K_CREW: Final = 1
K_SURGE: Final = 2
K_RUNNING: Final = 3  # jobs under way
K_ABORTED: Final = 4
K_ABORT_CODE: Final = 5
K_ABORT_STEP: Final = 6
K_ABORT_DETAIL: Final = 7
K_DETAIL: Final = 8  # of the last refusal of the guard
K_HEAP: Final = 9  # entries in the heap
K_READY: Final = 10
K_DIRTY_SERVICES: Final = 11
K_DIRTY_GROUPS: Final = 12
K_NOT_SERVING: Final = 13
K_BELOW: Final = 14
K_OUTAGES: Final = 15
K_MIXED: Final = 16
K_MIXED_DEGRADED: Final = 17
K_MIXED_INCOMPATIBLE: Final = 18
K_WAS_DEGRADED: Final = 19  # some degraded edge was mixed when the last instant settled
K_UNLUCKY: Final = 20  # distinct nodes that have failed
K_EVENTS: Final = 21
K_IDLE: Final = 22  # seconds since the last end with nothing under way
COUNTERS: Final = 23

# Outputs ------------------------------------------------------------------------------
# metrics: int64 (replications, 31); the first columns are METRICS of the model in order,
# shares and texts left out, then what the reason of an abort is made of
M_EXPOSURE: Final = 0
M_RESIDUAL: Final = 1
M_COMPLETION: Final = 2
M_DOWNTIME: Final = 3
M_MAX_DOWNTIME: Final = 4
M_OUTAGE: Final = 5
M_LOST_CAPACITY: Final = 6
M_MIXED_TIME: Final = 7
M_MIXED_EDGE_SECONDS: Final = 8
M_DEGRADED_TIME: Final = 9
M_DEGRADED_INTERVALS: Final = 10
M_VIOLATIONS: Final = 11
M_VIOLATION_TIME: Final = 12
M_FAILURES: Final = 13
M_ROLLBACKS: Final = 14
M_RETRIES: Final = 15
M_FAILED_NODES: Final = 16
M_ABORTED: Final = 17
M_PAUSES: Final = 18
M_WAIT: Final = 19
M_PATCHED: Final = 20
M_PEAK_PARALLEL: Final = 21
M_PEAK_SURGE: Final = 22
M_WORK: Final = 23
M_OVERRUN: Final = 24
M_ABORT_CODE: Final = 25
M_ABORT_STEP: Final = 26
M_ABORT_DETAIL: Final = 27
OUTPUTS: Final = 28

# Reasons: why a guarded step waits, and why a plan aborts
R_NONE: Final = 0
R_CREW: Final = 1
R_SURGE: Final = 2
R_ORDER: Final = 3  # detail: node
R_HOST: Final = 4  # detail: node
R_SERVICE: Final = 5  # detail: service
R_WINDOW: Final = 6
R_GATE: Final = 7  # detail: failed nodes
R_FAILURES: Final = 8  # detail: failures

# events: int64 (events, 6): time, code, and four operands
EV_STEP_WAIT: Final = 0  # step, reason, detail
EV_STEP_START: Final = 1  # step
EV_STEP_END: Final = 2  # step
EV_NODE_DOWN: Final = 3  # node, step, attempt; so down to EV_SWITCHED
EV_NODE_PATCHED: Final = 4
EV_NODE_SERVING: Final = 5
EV_PATCH_FAILED: Final = 6
EV_ROLLED_BACK: Final = 7
EV_NODE_FAILED: Final = 8
EV_BUILT: Final = 9
EV_BUILD_FAILED: Final = 10
EV_SWITCHED: Final = 11
EV_SERVICE_BELOW: Final = 12  # service, serving
EV_SERVICE_RESTORED: Final = 13  # service, serving
EV_EDGE_MIXED: Final = 14  # edge
EV_EDGE_SETTLED: Final = 15  # edge
EV_GATE_FAILED: Final = 16  # reason, step, detail
EV_ABORT: Final = 17  # reason, step, detail
EVENT_COLUMNS: Final = 6


class Static(NamedTuple):
    """What one plan on one infrastructure fixes; see the tables above."""

    nodes: Ints
    steps: Ints
    jobs: Ints
    services: Ints
    edges: Ints
    groups: Ints
    units: Ints
    components: Ints
    limits: Ints
    windows: Ints  # (2, windows): starts, lengths
    pool: Ints
    failure_probability: NDArray[np.float64]  # (nodes,)
    defects: NDArray[np.float64]  # (2, releases): probability, failure probability
    node_keys: NDArray[np.uint64]
    release_keys: NDArray[np.uint64]


class State(NamedTuple):
    """What one replication changes; reset before each."""

    nodes: Ints
    steps: Ints
    jobs: Ints
    services: Ints
    groups: Ints
    mixed: Ints  # (edges,)
    units_left: Ints  # (units,): nodes not new
    components: Ints  # (2, components): units left, dependencies open
    counters: Ints
    heap: Ints  # (2, jobs + steps): time, item; an item past the jobs is the due time of a step
    ready: Ints  # (steps,), ascending
    dirty_services: Ints
    dirty_groups: Ints
    stack: Ints  # (components,)
    defective: Ints  # (releases,)
    events: Ints  # (capacity, 6)
