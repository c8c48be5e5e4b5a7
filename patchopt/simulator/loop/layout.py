"""Layout of the simulator's tables: the one place of names for their columns.

The event loop works on two bundles of flat arrays: `Fixed`, what a plan on an
infrastructure fixes, and `State`, what a replication changes. A table is an array with
a row a thing (node, step, job, ...); the names below are its columns. Compiled
functions are inlined into one another, so that a bundle costs nothing to pass on.

Lists of varying length (members of a job, edges at a group, ...) stand one after
another in ``Fixed.pool``; columns ``..._BEGIN`` and ``..._END`` point there.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
#: Of what is reached in no order: the smaller, the more of it stays in the cache.
SmallInts = NDArray[np.int32]
TinyInts = NDArray[np.int8]
Floats = NDArray[np.float64]


class Fixed(NamedTuple):
    """What a plan on an infrastructure fixes; shapes are (rows, columns) as named below."""

    limits: Ints
    rates: Floats
    nodes: Ints
    sigmas: Floats
    steps: Ints
    jobs: Ints
    services: Ints
    edges: Ints  # shape (edges,): the kind of each
    groups: SmallInts  # a group is a service (its number) or a node (services + number)
    adjacent: SmallInts  # edges at the groups, each with the group at its other end
    units: Ints
    components: Ints  # of the condensed dependency order
    releases: Ints
    windows: Ints  # two rows, starts and lengths; a column a window
    pool: Ints  # shape (entries,)


class State(NamedTuple):
    """What a replication changes."""

    metrics: Ints
    counters: Ints
    nodes: Ints
    troubles: Ints  # of nodes, as `nodes`; no rows if nothing but draws can go wrong
    steps: Ints
    jobs: Ints
    services: Ints
    edges: TinyInts  # shape (edges,): 1 while mixed
    groups: SmallInts
    dirty: TinyInts  # shape (groups,): 1 while its edges are to be judged
    units: Ints  # shape (units,): members that have not committed
    components: Ints
    releases: Ints
    heap: Ints
    ready: Ints  # lists of numbers, shape (most,)
    dirty_services: Ints
    dirty_groups: Ints
    stack: Ints
    rollbacks: Ints
    events: Ints


# Actions and phases -------------------------------------------------------------------
PATCH: Final = 0
BUILD: Final = 1
SWITCH: Final = 2
PAUSE: Final = 3

WORKING: Final = 0  # until the draw; also the whole of a switch or a pause
WARMING: Final = 1  # after a good draw
ROLLING_BACK: Final = 2  # after a bad one
LEFT_OUT: Final = 3  # a member is FAILED: nothing is done

# Tables of `Fixed` --------------------------------------------------------------------
# nodes
N_SERVICE: Final = 0  # -1: none
N_WEIGHT: Final = 1  # milli-weight
N_PATCHED: Final = 2  # has a patch
N_RESTART: Final = 3
N_DURATION: Final = 4  # nominal seconds
N_ROLLBACK: Final = 5  # nominal seconds, -1: none
N_RELEASE: Final = 6  # -1: none
N_UNIT: Final = 7  # -1: none
N_HOST: Final = 8  # -1: none
N_GUEST_BEGIN: Final = 9
N_GUEST_END: Final = 10
N_LUCK: Final = 11  # an attempt fails if its draw is below this
N_ROLLBACK_LUCK: Final = 12
N_LATENT_LUCK: Final = 13
N_LATENT_DELAY: Final = 14  # nominal seconds
N_KEY: Final = 15
NODE_COLUMNS: Final = 16

# sigmas: of the logarithms, a row a node
G_DURATION: Final = 0
G_ROLLBACK: Final = 1
G_LATENT: Final = 2
SIGMA_COLUMNS: Final = 3

# steps
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

# jobs
J_STEP: Final = 0
J_FIRST: Final = 1  # nominal seconds to the draw, or to the end of a switch or a pause
J_WARMUP: Final = 2
J_ROLLBACK: Final = 3  # nominal, longest of the members, -1: none has one
J_NODE_BEGIN: Final = 4
J_NODE_END: Final = 5
JOB_COLUMNS: Final = 6

# services
V_MIN_UP: Final = 0
V_INSTANCES: Final = 1
SERVICE_COLUMNS: Final = 2

# edges: kinds
DEGRADED: Final = 1
INCOMPATIBLE: Final = 2

# groups: rows of `adjacent`
G_EDGE_BEGIN: Final = 0
G_EDGE_END: Final = 1
GROUP_COLUMNS: Final = 2

# adjacent
A_EDGE: Final = 0
A_OTHER: Final = 1
ADJACENT_COLUMNS: Final = 2

# units
U_SIZE: Final = 0
U_COMPONENT: Final = 1
UNIT_COLUMNS: Final = 2

# components
C_UNITS: Final = 0
C_OPEN: Final = 1  # dependencies not done at the start
C_USER_BEGIN: Final = 2
C_USER_END: Final = 3
COMPONENT_COLUMNS: Final = 4

# releases; luck as N_LUCK
R_DEFECT_LUCK: Final = 0
R_FAILURE_LUCK: Final = 1  # of nodes of a defective release
R_LATENT_LUCK: Final = 2  # the same
R_KEY: Final = 3
RELEASE_COLUMNS: Final = 4

# limits; -1 stands for none
L_CREW: Final = 0
L_SURGE: Final = 1
L_STRICT: Final = 2
L_RETRIES: Final = 3
L_ABORT_AFTER: Final = 4
L_ABORT_SHARE: Final = 5  # in hundredths of a percent
L_HORIZON: Final = 6
L_PERIOD: Final = 7
L_OVERHEAD: Final = 8
L_VARIABLE: Final = 9  # some duration is drawn
L_BACKGROUND: Final = 10  # things happen that no step does
L_CRASHES: Final = 11
L_REPAIR: Final = 12  # nominal seconds
L_DETECTION_LUCK: Final = 13
L_DETECTION_DELAY: Final = 14  # nominal seconds
L_ALARMS: Final = 15  # there are false alarms
L_LATEST: Final = 16  # no run is exact beyond this second
LIMITS: Final = 17

# rates
F_REPAIR_SIGMA: Final = 0
F_DETECTION_SIGMA: Final = 1
F_ALARM_MEAN_S: Final = 2
F_CRASH_SCALE_S: Final = 3
F_CRASH_SHAPE: Final = 4
RATES: Final = 5

# Tables of `State` --------------------------------------------------------------------
# nodes
NS_OUT: Final = 0  # out of service by its own work or failure
NS_BLOCKED: Final = 1  # reasons not to serve: its own and its hosts'
NS_NEW: Final = 2
NS_WORKING: Final = 3  # takes a crew place
NS_FAILED: Final = 4  # 1: by its patch or a rollback, 2: crashed
NS_BUILT: Final = 5  # the attempt that built its copy, 0: none waits for its switch
NS_UNLUCKY: Final = 6  # has failed at least once
NODE_STATES: Final = 7
CRASHED: Final = 2

# troubles
T_BAD: Final = 0  # a latent failure: 1 not seen yet, 2 IMPAIRED, 3 being rolled back
T_STEP: Final = 1  # that made it new
T_ATTEMPT: Final = 2  # that made it new
T_LIVES: Final = 3  # drawn so far
T_LIVING: Final = 4  # 1 while the end of a life is due
T_REPAIRS: Final = 5  # drawn so far
T_RETURNS: Final = 6  # second of its repair
TROUBLES: Final = 7
LATENT: Final = 1
IMPAIRED: Final = 2
REVERTING: Final = 3

# steps
SS_WAITS_FOR: Final = 0
SS_JOBS_LEFT: Final = 1
SS_WAIT_SINCE: Final = 2  # -1: never waited
SS_REASON: Final = 3  # of the last time it could not start
STEP_STATES: Final = 4

# jobs
JS_PHASE: Final = 0
JS_ATTEMPT: Final = 1
JOB_STATES: Final = 2

# services
VS_SERVING: Final = 0
VS_BELOW_SINCE: Final = 1  # -1: not below
VS_OUTAGE: Final = 2
VS_DIRTY: Final = 3
VS_LOSS: Final = 4  # scratch of the guard
SERVICE_STATES: Final = 5

# groups: patched instances that serve
GS_OLD: Final = 0
GS_NEW: Final = 1
GROUP_STATES: Final = 2

# components, releases
CS_UNITS: Final = 0  # units not committed
CS_OPEN: Final = 1  # dependencies not done
COMPONENT_STATES: Final = 2
RS_DEFECTIVE: Final = 0
RS_ATTEMPTED: Final = 1  # nodes
RS_UNLUCKY: Final = 2  # of these, that have failed at least once
RELEASE_STATES: Final = 3

# heap: an item is a job, or, after all jobs, a step that is due, then what happens to a
# node by itself (`HAPPENINGS` blocks of all nodes), then a false alarm
H_TIME: Final = 0
H_ITEM: Final = 1
HEAP_STATES: Final = 2
CRASH: Final = 0
REPAIR: Final = 1
ONSET: Final = 2
DETECTION: Final = 3
REVERSAL: Final = 4  # the end of a rollback after a detection
HAPPENINGS: Final = 5

# events: time, code, and three operands
EVENT_COLUMNS: Final = 5

# metrics: METRICS of the model in order, shares and texts left out, then what the reason
# of an abort is made of
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
M_SURGE_SECONDS: Final = 25
M_FAILED_ROLLBACKS: Final = 26
M_LATENT_FAILURES: Final = 27
M_LATENT_NODES: Final = 28
M_IMPAIRED_TIME: Final = 29
M_DETECTIONS: Final = 30
M_FALSE_ALARMS: Final = 31
M_CRASHES: Final = 32
M_REPAIRS: Final = 33
M_ABORT_CODE: Final = 34
M_ABORT_STEP: Final = 35
M_ABORT_DETAIL: Final = 36
OUTPUTS: Final = 37

# counters
K_NOW: Final = 0
K_SEED: Final = 1
K_CREW: Final = 2
K_SURGE: Final = 3
K_RUNNING: Final = 4  # jobs and rollbacks under way
K_DETAIL: Final = 5  # of the last refusal of the guard
K_HEAP: Final = 6  # entries in the heap
K_READY: Final = 7
K_DUE: Final = 8  # steps in the heap
K_DIRTY_SERVICES: Final = 9
K_DIRTY_GROUPS: Final = 10
K_NOT_SERVING: Final = 11
K_BELOW: Final = 12
K_OUTAGES: Final = 13
K_MIXED: Final = 14
K_MIXED_DEGRADED: Final = 15
K_MIXED_INCOMPATIBLE: Final = 16
K_WAS_DEGRADED: Final = 17  # some degraded edge was mixed when the last instant settled
K_UNLUCKY: Final = 18  # distinct nodes that have failed
K_EVENTS: Final = 19
K_IDLE: Final = 20  # seconds since the last end with nothing under way
K_IMPAIRED: Final = 21
K_ROLLBACKS: Final = 22  # nodes that wait to be rolled back
COUNTERS: Final = 23

# Reasons: why a guarded step waits, and why a plan aborts
R_NONE: Final = 0
R_CREW: Final = 1
R_SURGE: Final = 2
R_ORDER: Final = 3  # detail: node
R_HOST: Final = 4  # detail: node
R_SERVICE: Final = 5  # detail: service
R_WINDOW: Final = 6
R_GATE: Final = 7  # detail: failed nodes and false alarms
R_FAILURES: Final = 8  # detail: failures
R_NODE: Final = 9  # detail: node
R_SHARE: Final = 10  # detail: release
R_LATEST: Final = 11

# Events: codes and operands
EV_STEP_WAIT: Final = 0  # step, reason, detail
EV_STEP_START: Final = 1  # step
EV_STEP_END: Final = 2  # step
EV_NODE_DOWN: Final = 3  # node, step, attempt; so down to EV_WORK_OVER
EV_NODE_PATCHED: Final = 4
EV_NODE_SERVING: Final = 5
EV_PATCH_FAILED: Final = 6
EV_ROLLED_BACK: Final = 7
EV_NODE_FAILED: Final = 8
EV_BUILT: Final = 9
EV_BUILD_FAILED: Final = 10
EV_SWITCHED: Final = 11
EV_ROLLBACK_FAILED: Final = 12
EV_LATENT: Final = 13
EV_REVERT: Final = 14
EV_WORK_OVER: Final = 15  # on a node that has crashed meanwhile
EV_SERVICE_BELOW: Final = 16  # service, serving
EV_SERVICE_RESTORED: Final = 17  # service, serving
EV_EDGE_MIXED: Final = 18  # edge
EV_EDGE_SETTLED: Final = 19  # edge
EV_GATE_FAILED: Final = 20  # reason, step, detail
EV_ABORT: Final = 21  # reason, step, detail
EV_LEFT_OUT: Final = 22  # node, step
EV_IMPAIRED: Final = 23  # node
EV_DETECTED: Final = 24  # node
EV_CRASHED: Final = 25  # node
EV_REPAIRED: Final = 26  # node
EV_FALSE_ALARM: Final = 27
