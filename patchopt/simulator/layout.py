"""Layout of the simulator's two flat arrays: the one table of names for their columns.

The event loop works on two vectors of 64-bit integers: ``fixed``, what a plan on an
infrastructure fixes, and ``state``, what a replication changes. Both begin with a
directory of tables; `row` finds a row of one, and the names below are its columns.
Two vectors and nothing else, because every array handed to a compiled function is
unpacked into nine arguments: with an array a table, calls cost more than the work.

Lists of varying length (members of a job, edges at a group, ...) stand one after
another at the end of ``fixed``; columns ``..._BEGIN`` and ``..._END`` point there.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from patchopt.simulator.jit import inner

Ints = NDArray[np.int64]

# Directory ----------------------------------------------------------------------------
# Three entries a table: where it begins, columns, rows.
NODES: Final = 0
STEPS: Final = 3
JOBS: Final = 6
SERVICES: Final = 9
EDGES: Final = 12
GROUPS: Final = 15  # a group is a service (its number) or a node (services + number)
UNITS: Final = 18
COMPONENTS: Final = 21  # of the condensed dependency order
RELEASES: Final = 24
WINDOWS: Final = 27
HEAP: Final = 30
READY: Final = 33
DIRTY_SERVICES: Final = 36
DIRTY_GROUPS: Final = 39
STACK: Final = 42
EVENTS: Final = 45
DIRECTORY: Final = 48


@inner
def row(table: Ints, name: int, number: int) -> int:
    """Give the place at which a row of a table begins."""
    return table[name] + number * table[name + 1]  # type: ignore[no-any-return]  # NumPy integer


@inner
def rows(table: Ints, name: int) -> int:
    """Give the number of rows of a table."""
    return table[name + 2]  # type: ignore[no-any-return]  # NumPy integer


# Actions and phases -------------------------------------------------------------------
PATCH: Final = 0
BUILD: Final = 1
SWITCH: Final = 2
PAUSE: Final = 3

WORKING: Final = 0  # until the draw; also the whole of a switch or a pause
WARMING: Final = 1  # after a good draw
ROLLING_BACK: Final = 2  # after a bad one

# Tables of `fixed` --------------------------------------------------------------------
# NODES
N_SERVICE: Final = 0  # -1: none
N_WEIGHT: Final = 1  # milli-weight
N_PATCHED: Final = 2  # has a patch
N_RESTART: Final = 3
N_ROLLBACK: Final = 4  # seconds, -1: none
N_RELEASE: Final = 5  # -1: none
N_UNIT: Final = 6  # -1: none
N_GUEST_BEGIN: Final = 7
N_GUEST_END: Final = 8
N_LUCK: Final = 9  # an attempt fails if its draw is below this
N_KEY: Final = 10
NODE_COLUMNS: Final = 11

# STEPS
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

# JOBS
J_STEP: Final = 0
J_FIRST: Final = 1  # seconds to the draw, or to the end of a switch or a pause
J_WARMUP: Final = 2
J_ROLLBACK: Final = 3  # longest of the members, -1: none has one
J_NODE_BEGIN: Final = 4
J_NODE_END: Final = 5
JOB_COLUMNS: Final = 6

# SERVICES
V_MIN_UP: Final = 0
V_INSTANCES: Final = 1
SERVICE_COLUMNS: Final = 2

# EDGES; the ends are groups
E_SOURCE: Final = 0
E_TARGET: Final = 1
E_KIND: Final = 2
EDGE_COLUMNS: Final = 3
DEGRADED: Final = 1
INCOMPATIBLE: Final = 2

# GROUPS
G_EDGE_BEGIN: Final = 0
G_EDGE_END: Final = 1
GROUP_COLUMNS: Final = 2

# UNITS
U_SIZE: Final = 0
U_COMPONENT: Final = 1
UNIT_COLUMNS: Final = 2

# COMPONENTS
C_UNITS: Final = 0
C_OPEN: Final = 1  # dependencies not done at the start
C_USER_BEGIN: Final = 2
C_USER_END: Final = 3
COMPONENT_COLUMNS: Final = 4

# RELEASES; luck as N_LUCK
R_DEFECT_LUCK: Final = 0
R_FAILURE_LUCK: Final = 1  # of nodes of a defective release
R_KEY: Final = 2
RELEASE_COLUMNS: Final = 3

# WINDOWS: two rows, starts and lengths; a column a window

# scalars, after the directory
L_CREW: Final = DIRECTORY + 0
L_SURGE: Final = DIRECTORY + 1
L_STRICT: Final = DIRECTORY + 2
L_RETRIES: Final = DIRECTORY + 3
L_ABORT_AFTER: Final = DIRECTORY + 4
L_HORIZON: Final = DIRECTORY + 5
L_PERIOD: Final = DIRECTORY + 6
FIXED_HEAD: Final = DIRECTORY + 7

# Tables of `state` --------------------------------------------------------------------
# NODES
NS_OUT: Final = 0  # out of service by its own work or failure
NS_BLOCKED: Final = 1  # reasons not to serve: its own and its hosts'
NS_NEW: Final = 2
NS_WORKING: Final = 3
NS_FAILED: Final = 4
NS_BUILT: Final = 5  # the attempt that built its copy, 0: none waits for its switch
NS_UNLUCKY: Final = 6  # has failed at least once
NODE_STATES: Final = 7

# STEPS
SS_WAITS_FOR: Final = 0
SS_JOBS_LEFT: Final = 1
SS_WAIT_SINCE: Final = 2  # -1: never waited
SS_REASON: Final = 3  # of the last time it could not start
STEP_STATES: Final = 4

# JOBS
JS_PHASE: Final = 0
JS_ATTEMPT: Final = 1
JOB_STATES: Final = 2

# SERVICES
VS_SERVING: Final = 0
VS_BELOW_SINCE: Final = 1  # -1: not below
VS_OUTAGE: Final = 2
VS_DIRTY: Final = 3
VS_LOSS: Final = 4  # scratch of the guard
SERVICE_STATES: Final = 5

# GROUPS: patched instances that serve
GS_OLD: Final = 0
GS_NEW: Final = 1
GS_DIRTY: Final = 2
GROUP_STATES: Final = 3

# EDGES, UNITS, COMPONENTS, RELEASES
ES_MIXED: Final = 0
US_LEFT: Final = 0  # nodes not new
CS_UNITS: Final = 0  # units not committed
CS_OPEN: Final = 1  # dependencies not done
COMPONENT_STATES: Final = 2
RS_DEFECTIVE: Final = 0

# HEAP; an item is a job, or jobs + step for the due time of a step
H_TIME: Final = 0
H_ITEM: Final = 1
HEAP_STATES: Final = 2

# READY, DIRTY_SERVICES, DIRTY_GROUPS, STACK: lists of numbers, a column each
# EVENTS: time, code, and three operands
EVENT_COLUMNS: Final = 5

# scalars of `state`, after the directory: first the outputs. These are METRICS of the model
# in order, shares and texts left out, then what the reason of an abort is made of.
M_EXPOSURE: Final = DIRECTORY + 0
M_RESIDUAL: Final = DIRECTORY + 1
M_COMPLETION: Final = DIRECTORY + 2
M_DOWNTIME: Final = DIRECTORY + 3
M_MAX_DOWNTIME: Final = DIRECTORY + 4
M_OUTAGE: Final = DIRECTORY + 5
M_LOST_CAPACITY: Final = DIRECTORY + 6
M_MIXED_TIME: Final = DIRECTORY + 7
M_MIXED_EDGE_SECONDS: Final = DIRECTORY + 8
M_DEGRADED_TIME: Final = DIRECTORY + 9
M_DEGRADED_INTERVALS: Final = DIRECTORY + 10
M_VIOLATIONS: Final = DIRECTORY + 11
M_VIOLATION_TIME: Final = DIRECTORY + 12
M_FAILURES: Final = DIRECTORY + 13
M_ROLLBACKS: Final = DIRECTORY + 14
M_RETRIES: Final = DIRECTORY + 15
M_FAILED_NODES: Final = DIRECTORY + 16
M_ABORTED: Final = DIRECTORY + 17
M_PAUSES: Final = DIRECTORY + 18
M_WAIT: Final = DIRECTORY + 19
M_PATCHED: Final = DIRECTORY + 20
M_PEAK_PARALLEL: Final = DIRECTORY + 21
M_PEAK_SURGE: Final = DIRECTORY + 22
M_WORK: Final = DIRECTORY + 23
M_OVERRUN: Final = DIRECTORY + 24
M_ABORT_CODE: Final = DIRECTORY + 25
M_ABORT_STEP: Final = DIRECTORY + 26
M_ABORT_DETAIL: Final = DIRECTORY + 27
OUTPUTS: Final = 28

# then the counters
COUNTERS: Final = DIRECTORY + OUTPUTS
K_NOW: Final = COUNTERS + 0
K_SEED: Final = COUNTERS + 1
K_CREW: Final = COUNTERS + 2
K_SURGE: Final = COUNTERS + 3
K_RUNNING: Final = COUNTERS + 4  # jobs under way
K_DETAIL: Final = COUNTERS + 5  # of the last refusal of the guard
K_HEAP: Final = COUNTERS + 6  # entries in the heap
K_READY: Final = COUNTERS + 7
K_DIRTY_SERVICES: Final = COUNTERS + 8
K_DIRTY_GROUPS: Final = COUNTERS + 9
K_NOT_SERVING: Final = COUNTERS + 10
K_BELOW: Final = COUNTERS + 11
K_OUTAGES: Final = COUNTERS + 12
K_MIXED: Final = COUNTERS + 13
K_MIXED_DEGRADED: Final = COUNTERS + 14
K_MIXED_INCOMPATIBLE: Final = COUNTERS + 15
K_WAS_DEGRADED: Final = COUNTERS + 16  # some degraded edge was mixed when the last instant settled
K_UNLUCKY: Final = COUNTERS + 17  # distinct nodes that have failed
K_EVENTS: Final = COUNTERS + 18
K_IDLE: Final = COUNTERS + 19  # seconds since the last end with nothing under way
STATE_HEAD: Final = COUNTERS + 20

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

# Events: codes and operands
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
