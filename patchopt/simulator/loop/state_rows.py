"""Rows of the simulator's tables that a replication changes.

Their defaults say how it begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from patchopt.simulator.loop.rows import Flag, SmallInt

#: All 64 bits of a key.
Key = Annotated[int, np.uint64]


@dataclass(slots=True)
class Measures:
    """The metrics of the same names (`patchopt.model.metrics`), then why the plan aborted."""

    exposure: int = 0
    residual_exposure: int = 0
    total_exposure: int = 0
    completion_time: int = 0
    time_to_remediate: int = 0
    downtime: int = 0
    unplanned_downtime: int = 0
    max_downtime: int = 0
    outage: int = 0
    lost_capacity: int = 0
    mixed_time: int = 0
    mixed_edge_seconds: int = 0
    degraded_time: int = 0
    degraded_intervals: int = 0
    incompatibility_violations: int = 0
    violation_time: int = 0
    crew_overrun: int = 0
    surge_overrun: int = 0
    window_overrun: int = 0
    order_violations: int = 0
    breach: int = 0
    failures: int = 0
    rollbacks: int = 0
    retries: int = 0
    failed_nodes: int = 0
    bad_nodes: int = 0
    aborted: int = 0
    guardrail_pauses: int = 0
    guard_waits: int = 0
    guard_wait_time: int = 0
    failed_rollbacks: int = 0
    latent_failures: int = 0
    latent_nodes: int = 0
    impaired_time: int = 0
    detections: int = 0
    false_alarms: int = 0
    crashes: int = 0
    repairs: int = 0
    patched: int = 0
    peak_parallel: int = 0
    peak_surge: int = 0
    work_seconds: int = 0
    surge_node_seconds: int = 0
    reviews: int = 0
    respins: int = 0
    stopped_time: int = 0
    abort_code: int = 0
    abort_step: int = 0
    abort_detail: int = 0


@dataclass(slots=True)
class Counters:
    """Where a replication stands."""

    now: int = 0
    seed: Key = 0  # of all draws
    old_weight: int = 0  # milli
    last_commit_s: int = 0
    crew: int = 0
    surge: int = 0
    running: int = 0  # jobs under way
    reverting: int = 0  # rollbacks in service under way
    reverting_crew: int = 0
    detail: int = 0  # of the last refusal of the guard
    queued: int = 0  # entries in the queue
    ready: int = 0
    due: int = 0  # steps in the queue
    pending: int = 0  # jobs that wait for an attempt
    gates: int = 0  # pauses that have ended in this pass
    starting: int = 0  # steps are being started
    unnoted: int = 0  # some of those that are ready wait since now
    ended: int = 0  # steps that have ended as they started, in this pass
    again: int = 0  # another pass is needed
    judge: int = 0  # budgets are to be judged
    stop: int = 0  # as in `Stop`
    stops: int = 0  # so far
    stopped_s: int = 0  # when it last was
    respin: int = 0  # what is waited for is a respin
    over: int = 0  # nothing of the plan is left to do
    over_s: int = 0
    left_code: int = 0  # why something was left out first
    left_step: int = 0
    left_detail: int = 0
    bad: int = 0  # nodes, but those excused
    failed: int = 0  # nodes FAILED or crashed
    alarms: int = 0  # false ones at the last start
    failures: int = 0  # failed attempts at the last resumption
    dirty_services: int = 0
    dirty_groups: int = 0
    not_serving: int = 0
    below: int = 0
    unplanned: int = 0  # services below that no running step waives
    outages: int = 0
    mixed: int = 0
    mixed_degraded: int = 0
    mixed_incompatible: int = 0
    was_degraded: int = 0  # some degraded edge was mixed when the last instant settled
    violations: int = 0  # incompatible edges that became mixed in the last instant
    intervals: int = 0  # 1: a degraded interval began in the last instant
    events: int = 0
    impaired: int = 0
    rollbacks: int = 0  # nodes that wait to be rolled back
    queue_short: int = 0  # the queue had no room: the run is void


@dataclass(slots=True)
class NodeState:
    """What a node is at."""

    blocked: SmallInt = 0  # reasons not to serve: its own and its hosts'
    built: SmallInt = 0  # the attempt that built its copy, 0: none waits for its switch
    late_switch: SmallInt = 0  # 1 + the step that has switched without it; -1: none ever will
    job: SmallInt = 0  # scratch of the guard: 1 + the job that it is in
    out: Flag = 0  # out of service by its own work or failure
    new: Flag = 0
    working: Flag = 0  # takes a crew place: as in `Work`
    failed: Flag = 0  # as in `Down`
    finished: Flag = 0  # has once committed and passed its warm-up
    failing: Flag = 0  # an attempt of the job under way has failed on it
    bad: Flag = 0
    excused: Flag = 0  # bad before the plan went on
    switching: Flag = 0  # its switch is under way
    defective: Flag = 0  # its release was, when the attempt began


@dataclass(slots=True)
class TroubleState:
    """What has come over a node by itself."""

    latency: int = 0
    shows_s: int = 0  # when its latent failure shows, or is detected
    step: int = 0  # that made it new
    attempt: int = 0  # that made it new
    lives: int = 0  # drawn so far
    living: int = 0  # 1 while the end of a life is due
    repairs: int = 0  # drawn so far
    crashed_s: int = 0  # last
    leads: int = 0  # 1 + the step whose rollback in service bears its number
    reverting: int = 0  # 1 + the first of those rolled back with it; negative: it has crashed


@dataclass(slots=True)
class StepState:
    """What a step is at."""

    wait_since_s: int = -1  # -1: does not wait
    waits_for: SmallInt = 0
    jobs_left: SmallInt = 0
    active: SmallInt = 0  # why it counts as running: itself, late work, rollbacks in service
    reason: Flag = 0  # of the last time it could not start
    stage: Flag = 0
    partial: Flag = 0  # not all of its jobs are to be done
    left_out: Flag = 0


@dataclass(slots=True)
class JobState:
    """What a job is at."""

    since_s: int = 0  # start of the attempt
    wait_since_s: int = -1  # -1: the guard does not make it wait
    attempt: SmallInt = 0
    most: SmallInt = 0  # attempts
    phase: Flag = 0
    reason: Flag = 0  # of the last time it could not start
    late: Flag = 0  # as in `Late`
    put_off: Flag = 0
    lost: Flag = 0  # a member is FAILED by the attempt
    again: Flag = 0  # a review grants one more attempt after this
    hoping: Flag = 0  # waits for the rollback in service of its bad members


@dataclass(slots=True)
class ServiceState:
    """What a service is at."""

    serving: int = 0
    below_since_s: int = -1  # -1: not below
    outage: int = 0
    unplanned: int = 0
    waived: int = 0  # by how many running steps
    dirty: int = 0
    loss: int = 0  # scratch of the guard
    taken: int = 0  # scratch of the guard


@dataclass(slots=True)
class GroupState:
    """Patched instances of a group that serve."""

    old: SmallInt = 0
    new: SmallInt = 0


@dataclass(slots=True)
class ComponentState:
    """What a component of the dependency order is at."""

    units: int = 0  # not committed
    open: int = 0  # dependencies not done


@dataclass(slots=True)
class ReleaseState:
    """How a release turns out."""

    bad: int = 0  # nodes, but those excused
    generation: int = 0
    replaced: int = 0  # will be, as the plan goes on


@dataclass(slots=True)
class Due:
    """An entry of the queue.

    A subject is a job, then the end of a rollback in service by its node, then a step that
    is due, then what happens to a node by itself (a block of all nodes for each
    `Happening`), then a false alarm, then that the plan goes on.
    """

    time_s: int = 0
    subject: int = 0


@dataclass(slots=True)
class EventRow:
    """An event as it is recorded; what the operands are follows from its kind."""

    time_s: int = 0
    kind: int = 0
    first: int = 0
    second: int = 0
    third: int = 0
