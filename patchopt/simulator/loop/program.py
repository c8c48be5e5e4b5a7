"""A plan on an infrastructure as the tables that the event loop runs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from patchopt.model.base import NONE
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan, Step
from patchopt.model.units import down_set
from patchopt.simulator.loop.bundles import (
    Fixed,
    Ints,
    Rows,
    State,
    blank,
    record_of,
    table,
    table_of,
)
from patchopt.simulator.loop.codes import Action
from patchopt.simulator.loop.rows import (
    ComponentRow,
    ComponentState,
    Counters,
    Due,
    EndRow,
    EventRow,
    GroupRow,
    GroupState,
    JobRow,
    JobState,
    LimitsRow,
    Measures,
    NodeRow,
    NodeState,
    ReleaseRow,
    ReleaseState,
    ServiceRow,
    ServiceState,
    SpreadRow,
    StepRow,
    StepState,
    TroubleState,
    UnitRow,
)
from patchopt.simulator.loop.streams import threshold

_DAY_S = 86_400


class _Pool:
    """Collects rows of integers one after another."""

    def __init__(self) -> None:
        self.rows: list[int] = []

    def add(self, row: Sequence[int]) -> tuple[int, int]:
        begin = len(self.rows)
        self.rows.extend(row)
        return begin, len(self.rows)


def jobs_of(infrastructure: Infrastructure, nodes: Sequence[int]) -> list[tuple[int, ...]]:
    """Split the nodes of a step into jobs.

    A unit that is in the step as a whole is one job; members of a unit that is not
    are bare nodes, each a job of its own.

    Parameters
    ----------
    infrastructure : Infrastructure
        Where the nodes are.
    nodes : sequence of int
        Nodes of the step.

    Returns
    -------
    list of tuple of int
        Members of each job, in the order in which the step names them.
    """
    units = infrastructure.units
    present = Counter(int(units.of_node[node]) for node in nodes)
    jobs: list[tuple[int, ...]] = []
    seen: set[int] = set()
    for node in nodes:
        unit = int(units.of_node[node])
        if present[unit] != units.size[unit]:
            jobs.append((node,))
        elif unit not in seen:
            seen.add(unit)
            jobs.append(units.members(unit))
    return jobs


def assemble(infrastructure: Infrastructure, plan: Plan) -> Fixed:
    """Lay a checked plan and its infrastructure out for the event loop.

    Parameters
    ----------
    infrastructure : Infrastructure
        What the plan is for.
    plan : Plan
        Passed by `patchopt.simulator.plan_check.check_plan`.

    Returns
    -------
    Fixed
        Linear in nodes, edges and steps.
    """
    pool = _Pool()
    services, nodes = infrastructure.services, infrastructure.nodes
    units, windows = infrastructure.units, infrastructure.windows
    steps, jobs = _steps(infrastructure, plan, pool)
    groups, ends = _edges(infrastructure)
    spreads = {
        "duration": nodes.duration_sigma,
        "rollback": nodes.rollback_sigma,
        "latent": nodes.latent_sigma,
    }
    component = infrastructure.order.component_of_unit
    return Fixed(
        limits=record_of(_limits(infrastructure, len(plan.steps))),
        nodes=_nodes(infrastructure, pool),
        spreads=table(SpreadRow, spreads),
        steps=table_of(StepRow, steps),
        jobs=table_of(JobRow, jobs),
        services=table(ServiceRow, {"min_up": services.min_up, "instances": services.instances}),
        edges=np.ascontiguousarray(infrastructure.edges.kind, np.int64),
        groups=groups,
        ends=ends,
        units=table(UnitRow, {"members": units.size, "component": component}),
        components=_components(infrastructure, pool),
        releases=_releases(infrastructure),
        window_starts_s=np.ascontiguousarray(windows.starts_s, np.int64),
        window_lengths_s=np.ascontiguousarray(windows.lengths_s, np.int64),
        pool=np.array(pool.rows, np.int64),
    )


def new_state(fixed: Fixed, event_capacity: int = 0, queue_capacity: int | None = None) -> State:
    """Return the bundle ``state`` of a run, with room for some events.

    Parameters
    ----------
    fixed : Fixed
        What is to be run.
    event_capacity : int
        Events beyond it are counted and not kept.
    queue_capacity : int, optional
        Room of the queue; as much as is ever needed by default.
    """
    nodes, jobs, steps = len(fixed.nodes), len(fixed.jobs), len(fixed.steps)
    troubled = nodes if fixed.limits.background else 0
    # At once, a node may have one crash, onset, detection and reversal due, and two
    # repairs, the first of which a switch has made void.
    due = jobs + steps + 6 * troubled + 1

    def numbers(count: int) -> Ints:
        return np.zeros(count, np.int64)

    return State(
        measures=blank(Measures, 1)[0],
        counters=blank(Counters, 1)[0],
        nodes=blank(NodeState, nodes),
        troubles=blank(TroubleState, troubled),
        steps=blank(StepState, steps),
        jobs=blank(JobState, jobs),
        services=blank(ServiceState, len(fixed.services)),
        edges=np.zeros(len(fixed.edges), np.int8),
        groups=blank(GroupState, len(fixed.groups)),
        dirty=np.zeros(len(fixed.groups), np.int8),
        units=numbers(len(fixed.units)),
        components=blank(ComponentState, len(fixed.components)),
        releases=blank(ReleaseState, len(fixed.releases)),
        defective=numbers(len(fixed.releases)),
        queue=blank(Due, due if queue_capacity is None else queue_capacity),
        # Each step, service, group and component is in its list once, a node once detected.
        ready=numbers(steps),
        dirty_services=numbers(len(fixed.services)),
        dirty_groups=numbers(len(fixed.groups)),
        stack=numbers(len(fixed.components)),
        rollbacks=numbers(troubled),
        events=blank(EventRow, event_capacity),
    )


def _thresholds(probabilities: NDArray[np.float64]) -> Ints:
    return np.array([threshold(float(p)) for p in probabilities], np.int64)


def _nodes(infrastructure: Infrastructure, pool: _Pool) -> Rows[NodeRow]:
    given = infrastructure.nodes
    begin, end = _spans(pool, given.guest_ptr, given.guest_idx)
    return table(
        NodeRow,
        {
            "service": given.service,
            "weight_milli": given.weight_milli,
            "patched": given.patched,
            "restart": given.restart,
            "duration_s": given.duration_s,
            "rollback_s": given.rollback_s,
            "release": given.release,
            "unit": infrastructure.units.of_node,
            "host": given.host,
            "guest_begin": begin,
            "guest_end": end,
            "failure_luck": _thresholds(given.failure_probability),
            "rollback_luck": _thresholds(given.rollback_failure_probability),
            "latent_luck": _thresholds(given.latent_probability),
            "latent_delay_s": given.latent_delay_s,
            "key": given.key,
        },
    )


def _releases(infrastructure: Infrastructure) -> Rows[ReleaseRow]:
    given = infrastructure.releases
    return table(
        ReleaseRow,
        {
            "defect_luck": _thresholds(given.defect_probability),
            "failure_luck": _thresholds(given.defect_failure_probability),
            "latent_luck": _thresholds(given.defect_latent_probability),
            "key": given.key,
        },
    )


def _edges(infrastructure: Infrastructure) -> tuple[Rows[GroupRow], Rows[EndRow]]:
    """Return the groups with their edges side by side, each with the group at its other end."""
    given = infrastructure.edges
    at = np.repeat(np.arange(len(given.ptr) - 1), np.diff(given.ptr))
    other = given.source[given.idx] + given.target[given.idx] - at
    groups = table(GroupRow, {"end_begin": given.ptr[:-1], "end_end": given.ptr[1:]})
    return groups, table(EndRow, {"edge": given.idx, "other": other})


def _spans(pool: _Pool, ptr: Ints, idx: Ints) -> tuple[Ints, Ints]:
    """Copy compressed rows into the pool; return where each begins and ends there."""
    begin, _ = pool.add(idx.tolist())
    return ptr[:-1] + begin, ptr[1:] + begin


def _components(infrastructure: Infrastructure, pool: _Pool) -> Rows[ComponentRow]:
    order = infrastructure.order
    begin, end = _spans(pool, order.user_ptr, order.user_idx)
    return table(
        ComponentRow,
        {
            "units": order.units_in,
            "open": np.diff(order.ptr),
            "user_begin": begin,
            "user_end": end,
        },
    )


def _limits(infrastructure: Infrastructure, steps: int) -> LimitsRow:
    limits, nodes, around = infrastructure.limits, infrastructure.nodes, infrastructure.surroundings
    sigmas = (nodes.duration_sigma, nodes.rollback_sigma)
    # Sums over nodes, weights, edges and steps stay exact until `latest_s`.
    most = max(int(nodes.weight_milli.sum()), len(nodes), len(infrastructure.edges.kind), steps, 1)
    return LimitsRow(
        crew=limits.max_parallel,
        surge=limits.surge,
        strict=limits.strict,
        retries=limits.max_retries,
        abort_after=limits.abort_after_failures,
        abort_share_bp=limits.abort_share_bp,
        horizon_s=limits.horizon_s,
        period_s=infrastructure.windows.period_s,
        overhead_s=limits.overhead_s,
        variable=any(sigma.any() for sigma in sigmas),
        background=infrastructure.restless,
        crashes=around.crash_mtbf_s >= 0,
        repair_s=around.repair_s,
        detection_luck=threshold(around.detection_probability),
        detection_delay_s=around.detection_delay_s,
        alarms=around.alarms_per_day > 0,
        latest_s=2**61 // most,
        repair_sigma=around.repair_sigma,
        detection_sigma=around.detection_sigma,
        alarm_mean_s=_DAY_S / around.alarms_per_day if around.alarms_per_day > 0 else 0.0,
        # The mean of a Weibull life is its scale times gamma(1 + 1 / shape).
        crash_scale_s=around.crash_mtbf_s / math.gamma(1 + 1 / around.crash_shape),
        crash_shape=around.crash_shape,
    )


def _steps(
    infrastructure: Infrastructure, plan: Plan, pool: _Pool
) -> tuple[list[StepRow], list[JobRow]]:
    jobs: list[JobRow] = []
    following: list[list[int]] = [[] for _ in plan.steps]
    steps = []
    for step in plan.steps:
        for before in set(step.after):
            following[before].append(step.id)
        steps.append(_step(infrastructure, step, jobs, pool))
    for row, after in zip(steps, following, strict=True):
        row.next_begin, row.next_end = pool.add(after)
    return steps, jobs


def _step(infrastructure: Infrastructure, step: Step, jobs: list[JobRow], pool: _Pool) -> StepRow:
    """Return the row of a step, and add its jobs to all others."""
    members = [infrastructure.nodes.index[name] for name in step.nodes]
    first = len(jobs)
    down: list[int] = []
    if step.action in ("patch", "build"):
        groups = jobs_of(infrastructure, members)
        jobs.extend(_work(infrastructure, step, group, pool) for group in groups)
        length_s = max(job.first_s + job.warmup_s for job in jobs[first:])
        if step.action == "patch":
            down = sorted(set().union(*(down_set(infrastructure.nodes, group) for group in groups)))
    else:
        overhead_s = infrastructure.limits.overhead_s
        length_s = overhead_s if step.action == "switch" else step.duration
        begin, end = pool.add(members)
        jobs.append(
            JobRow(
                step=step.id,
                first_s=length_s,
                warmup_s=0,
                rollback_s=NONE,
                node_begin=begin,
                node_end=end,
            )
        )
    down_begin, down_end = pool.add(down)
    touch_begin, touch_end = pool.add(_touched(infrastructure, step, down))
    return StepRow(
        action=Action[step.action.upper()],
        guarded=step.guarded,
        not_before_s=step.not_before,
        length_s=length_s,
        gate=NONE if step.gate is None else step.gate.max_failures,
        waits_for=len(set(step.after)),
        nodes=len(members),
        conflict=_conflict(infrastructure, step, jobs[first:], pool),
        job_begin=first,
        job_end=len(jobs),
        next_begin=0,  # known when all steps are there
        next_end=0,
        down_begin=down_begin,
        down_end=down_end,
        touch_begin=touch_begin,
        touch_end=touch_end,
    )


def _work(
    infrastructure: Infrastructure, step: Step, group: tuple[int, ...], pool: _Pool
) -> JobRow:
    nodes, members = infrastructure.nodes, list(group)
    begin, end = pool.add(members)
    return JobRow(
        step=step.id,
        first_s=infrastructure.limits.overhead_s + int(nodes.duration_s[members].max()),
        warmup_s=int(nodes.warmup_s[members].max()),
        rollback_s=int(nodes.rollback_s[members].max()),
        node_begin=begin,
        node_end=end,
    )


def _touched(infrastructure: Infrastructure, step: Step, down: list[int]) -> list[int]:
    """Return triples: a service, its nodes among those that go down, whether it is waived."""
    services = infrastructure.nodes.service[down] if down else np.zeros(0, np.int64)
    counts = Counter(int(service) for service in services if service >= 0)
    waived = set(step.waives)
    return [
        entry
        for service, count in sorted(counts.items())
        for entry in (service, count, int(infrastructure.services.names[service] in waived))
    ]


def _conflict(infrastructure: Infrastructure, step: Step, jobs: list[JobRow], pool: _Pool) -> int:
    """Return a guest whose host goes down in another job of the same step, or -1."""
    if step.action != "patch" or len(jobs) < 2:
        return NONE
    job_of = {
        node: number
        for number, job in enumerate(jobs)
        for node in pool.rows[job.node_begin : job.node_end]
    }
    nodes = infrastructure.nodes
    for node, job_number in job_of.items():
        host = int(nodes.host[node])
        while host >= 0:
            if job_of.get(host, job_number) != job_number and nodes.restart[host]:
                return node
            host = int(nodes.host[host])
    return NONE
