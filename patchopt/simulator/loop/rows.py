"""Rows of the simulator's tables: the one place where their columns are named.

A row class says by its annotations what the columns of a table are. Those here hold what
a plan on an infrastructure fixes, and are always given whole, by keyword; those of
`state_rows` hold what a replication changes. Lists of varying length (members of a job,
edges at a group, ...) stand one after another in ``Fixed.pool``; columns ``..._begin`` and
``..._end`` point there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

#: Of what is reached in no order: the smaller, the more of it stays in the cache.
SmallInt = Annotated[int, np.int32]
#: Yes or no, or one of few.
Flag = Annotated[int, np.int8]


@dataclass(slots=True, kw_only=True)
class LimitsRow:
    """Limits and surroundings; -1 stands for none."""

    crew: int
    surge: int
    strict: int
    retries: int
    abort_after: int
    abort_share_bp: int  # hundredths of a percent
    horizon_s: int
    end_s: int  # no plan runs on beyond this second
    patchable: int  # nodes that have a patch
    old_weight_milli: int  # of these
    period_s: int
    overhead_s: int
    variable: int  # some duration is drawn
    background: int  # things happen that no step does
    crashes: int
    repair_s: int  # nominal
    detection_luck: int
    detection_delay_s: int  # nominal
    alarms: int  # there are false alarms
    review_s: int  # nominal
    respin_s: int  # nominal
    respin_luck: int  # of a new release to be defective in turn
    review_sigma: float
    respin_sigma: float
    repair_sigma: float
    detection_sigma: float
    alarm_mean_s: float
    crash_scale_s: float
    crash_shape: float


@dataclass(slots=True, kw_only=True)
class NodeRow:
    """A node; what is not there is -1. An attempt fails if its draw is below `failure_luck`."""

    service: int
    weight_milli: int
    patched: int  # has a patch
    restart: int
    duration_s: int  # nominal
    warmup_s: int
    rollback_s: int  # nominal
    release: int
    unit: int
    host: int
    guest_begin: int
    guest_end: int
    failure_luck: int
    rollback_luck: int
    latent_luck: int
    latent_delay_s: int  # nominal
    key: int


@dataclass(slots=True, kw_only=True)
class SpreadRow:
    """Spreads of a node's times: standard deviations of their logarithms."""

    duration: float
    rollback: float
    latent: float


@dataclass(slots=True, kw_only=True)
class StepRow:
    """A step of the plan; its jobs are consecutive."""

    action: int
    guarded: int
    not_before_s: int
    length_s: int  # nominal, the longest job
    gate: int  # max_failures, -1: none
    gate_attempts: int  # counts failed attempts, not bad nodes
    waits_for: int  # steps in `after`
    nodes: int  # how many
    conflict: int  # a node whose job conflicts with another of the step, -1: none
    job_begin: int
    job_end: int
    next_begin: int  # steps that wait for this one
    next_end: int
    down_begin: int  # nodes out of service while the step works
    down_end: int
    touch_begin: int  # triples (service, its nodes among those, waived)
    touch_end: int
    waive_begin: int  # services whose min_up it gives up
    waive_end: int


@dataclass(slots=True, kw_only=True)
class JobRow:
    """Work on one unit, or a whole switch or pause."""

    step: int
    first_s: int  # nominal, to the draw, or to the end of a switch or a pause
    warmup_s: int
    rollback_s: int  # nominal, longest of the members, -1: none has one
    node_begin: int
    node_end: int


@dataclass(slots=True, kw_only=True)
class ServiceRow:
    """A service."""

    min_up: int
    instances: int


@dataclass(slots=True, kw_only=True)
class GroupRow:
    """An end of edges: a service (its number) or a node (services + number)."""

    end_begin: SmallInt  # in `Fixed.ends`
    end_end: SmallInt
    old: SmallInt  # instances that are to be patched


@dataclass(slots=True, kw_only=True)
class EndRow:
    """An edge at a group, and the group at its other end."""

    edge: SmallInt
    other: SmallInt


@dataclass(slots=True, kw_only=True)
class UnitRow:
    """A unit."""

    component: int
    member_begin: int
    member_end: int


@dataclass(slots=True, kw_only=True)
class ComponentRow:
    """A component of the condensed dependency order."""

    units: int
    open: int  # dependencies not done at the start
    user_begin: int
    user_end: int


@dataclass(slots=True, kw_only=True)
class ReleaseRow:
    """A release; the lucks of its defect are held against draws as a node's are."""

    defect_luck: int
    failure_luck: int
    latent_luck: int
    key: int
    nodes: int  # that the plan patches with it
