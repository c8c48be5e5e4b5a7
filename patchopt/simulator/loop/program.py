"""A plan on an infrastructure as the flat arrays that the event loop runs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from patchopt.model.arrays import NONE
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan, Step
from patchopt.model.units import down_set
from patchopt.simulator.loop import layout as at
from patchopt.simulator.loop.layout import Fixed, Floats, Ints, SmallInts, State
from patchopt.simulator.loop.streams import threshold

_ACTIONS = {"patch": at.PATCH, "build": at.BUILD, "switch": at.SWITCH, "pause": at.PAUSE}
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
    given, services, nodes = infrastructure.edges, infrastructure.services, infrastructure.nodes
    units, windows = infrastructure.units, infrastructure.windows
    steps, jobs = _steps(infrastructure, plan, pool)
    tables = {
        "limits": _limits(infrastructure, len(plan.steps)),
        "nodes": _nodes(infrastructure, pool),
        "steps": steps,
        "jobs": jobs,
        "services": np.column_stack([services.min_up, services.instances]),
        "edges": given.kind,
        "units": np.column_stack([units.size, infrastructure.order.component_of_unit]),
        "components": _components(infrastructure, pool),
        "releases": _releases(infrastructure),
        "windows": np.vstack([windows.starts_s, windows.lengths_s]),
    }
    ends = np.repeat(np.arange(len(given.ptr) - 1), np.diff(given.ptr))
    sigmas = [nodes.duration_sigma, nodes.rollback_sigma, nodes.latent_sigma]
    return Fixed(
        **{name: np.ascontiguousarray(table, np.int64) for name, table in tables.items()},
        rates=_rates(infrastructure),
        groups=_small(given.ptr[:-1], given.ptr[1:]),
        adjacent=_small(given.idx, given.source[given.idx] + given.target[given.idx] - ends),
        sigmas=np.ascontiguousarray(np.column_stack(sigmas)),
        pool=np.array(pool.rows, np.int64),
    )


def _small(*columns: Ints) -> SmallInts:
    return np.ascontiguousarray(np.column_stack(columns), np.int32)


def new_state(fixed: Fixed, event_capacity: int = 0) -> State:
    """Make the bundle ``state`` of a run, with room for some events."""
    nodes, jobs, steps = len(fixed.nodes), len(fixed.jobs), len(fixed.steps)
    troubled = nodes if fixed.limits[at.L_BACKGROUND] else 0
    # At once, a node may have one crash, onset, detection and reversal due, and two
    # repairs, the first of which a switch has made void.
    due = jobs + steps + 6 * troubled + 1

    def zeros(*shape: int) -> Ints:
        return np.zeros(shape, np.int64)

    return State(
        metrics=zeros(at.OUTPUTS),
        counters=zeros(at.COUNTERS),
        nodes=zeros(nodes, at.NODE_STATES),
        troubles=zeros(troubled, at.TROUBLES),
        steps=zeros(steps, at.STEP_STATES),
        jobs=zeros(jobs, at.JOB_STATES),
        services=zeros(len(fixed.services), at.SERVICE_STATES),
        edges=np.zeros(len(fixed.edges), np.int8),
        groups=np.zeros((len(fixed.groups), at.GROUP_STATES), np.int32),
        dirty=np.zeros(len(fixed.groups), np.int8),
        units=zeros(len(fixed.units)),
        components=zeros(len(fixed.components), at.COMPONENT_STATES),
        releases=zeros(len(fixed.releases), at.RELEASE_STATES),
        heap=zeros(due, at.HEAP_STATES),
        ready=zeros(steps),
        dirty_services=zeros(len(fixed.services)),
        dirty_groups=zeros(len(fixed.groups)),
        stack=zeros(len(fixed.components)),
        rollbacks=zeros(troubled),
        events=zeros(event_capacity, at.EVENT_COLUMNS),
    )


def _thresholds(probabilities: NDArray[np.float64]) -> Ints:
    return np.array([threshold(float(p)) for p in probabilities], np.int64)


def _nodes(infrastructure: Infrastructure, pool: _Pool) -> Ints:
    given = infrastructure.nodes
    return np.column_stack(
        [
            given.service,
            given.weight_milli,
            given.patched.astype(np.int64),
            given.restart.astype(np.int64),
            given.duration_s,
            given.rollback_s,
            given.release,
            infrastructure.units.of_node,
            given.host,
            _spans(pool, given.guest_ptr, given.guest_idx),
            _thresholds(given.failure_probability),
            _thresholds(given.rollback_failure_probability),
            _thresholds(given.latent_probability),
            given.latent_delay_s,
            given.key,
        ]
    )


def _releases(infrastructure: Infrastructure) -> Ints:
    given = infrastructure.releases
    return np.column_stack(
        [
            _thresholds(given.defect_probability),
            _thresholds(given.defect_failure_probability),
            _thresholds(given.defect_latent_probability),
            given.key,
        ]
    )


def _spans(pool: _Pool, ptr: Ints, idx: Ints) -> Ints:
    """Copy compressed rows into the pool; return where each begins and ends there."""
    begin, _ = pool.add(idx.tolist())
    return np.column_stack([ptr[:-1] + begin, ptr[1:] + begin])


def _components(infrastructure: Infrastructure, pool: _Pool) -> Ints:
    order = infrastructure.order
    spans = _spans(pool, order.user_ptr, order.user_idx)
    return np.column_stack([order.units_in, np.diff(order.ptr), spans])


def _limits(infrastructure: Infrastructure, steps: int) -> Ints:
    limits, nodes, around = infrastructure.limits, infrastructure.nodes, infrastructure.surroundings
    sigmas = (nodes.duration_sigma, nodes.rollback_sigma)
    found = np.zeros(at.LIMITS, np.int64)
    found[at.L_CREW] = limits.max_parallel
    found[at.L_SURGE] = limits.surge
    found[at.L_STRICT] = limits.strict
    found[at.L_RETRIES] = limits.max_retries
    found[at.L_ABORT_AFTER] = limits.abort_after_failures
    found[at.L_ABORT_SHARE] = limits.abort_share_bp
    found[at.L_HORIZON] = limits.horizon_s
    found[at.L_PERIOD] = infrastructure.windows.period_s
    found[at.L_OVERHEAD] = limits.overhead_s
    found[at.L_VARIABLE] = any(sigma.any() for sigma in sigmas)
    found[at.L_BACKGROUND] = infrastructure.restless
    found[at.L_CRASHES] = around.crash_mtbf_s >= 0
    found[at.L_REPAIR] = around.repair_s
    found[at.L_DETECTION_LUCK] = threshold(around.detection_probability)
    found[at.L_DETECTION_DELAY] = around.detection_delay_s
    found[at.L_ALARMS] = around.alarms_per_day > 0
    # Sums over nodes, weights, edges and steps stay exact until then.
    most = max(int(nodes.weight_milli.sum()), len(nodes), len(infrastructure.edges.kind), steps, 1)
    found[at.L_LATEST] = 2**61 // most
    return found


def _rates(infrastructure: Infrastructure) -> Floats:
    around = infrastructure.surroundings
    found = np.zeros(at.RATES)
    found[at.F_REPAIR_SIGMA] = around.repair_sigma
    found[at.F_DETECTION_SIGMA] = around.detection_sigma
    if around.alarms_per_day > 0:
        found[at.F_ALARM_MEAN_S] = _DAY_S / around.alarms_per_day
    # The mean of a Weibull life is its scale times gamma(1 + 1 / shape).
    found[at.F_CRASH_SCALE_S] = around.crash_mtbf_s / math.gamma(1 + 1 / around.crash_shape)
    found[at.F_CRASH_SHAPE] = around.crash_shape
    return found


def _steps(infrastructure: Infrastructure, plan: Plan, pool: _Pool) -> tuple[Ints, Ints]:
    steps = np.zeros((len(plan.steps), at.STEP_COLUMNS), np.int64)
    jobs: list[list[int]] = []
    following: list[list[int]] = [[] for _ in plan.steps]
    for step in plan.steps:
        for before in set(step.after):
            following[before].append(step.id)
        _step(infrastructure, step, steps[step.id], jobs, pool)
    for row, after in zip(steps, following, strict=True):
        row[at.S_NEXT_BEGIN], row[at.S_NEXT_END] = pool.add(after)
    return steps, np.array(jobs, np.int64).reshape(-1, at.JOB_COLUMNS)


def _step(
    infrastructure: Infrastructure, step: Step, row: Ints, jobs: list[list[int]], pool: _Pool
) -> None:
    overhead = infrastructure.limits.overhead_s
    members = [infrastructure.nodes.index[name] for name in step.nodes]
    row[at.S_ACTION] = _ACTIONS[step.action]
    row[at.S_GUARDED] = step.guarded
    row[at.S_NOT_BEFORE] = step.not_before
    row[at.S_GATE] = NONE if step.gate is None else step.gate.max_failures
    row[at.S_WAITS_FOR] = len(set(step.after))
    row[at.S_NODES] = len(members)
    row[at.S_CONFLICT] = NONE
    row[at.S_JOB_BEGIN] = len(jobs)
    if step.action in ("patch", "build"):
        groups = jobs_of(infrastructure, members)
        jobs.extend(_work(infrastructure, step, group, pool) for group in groups)
        mine = jobs[row[at.S_JOB_BEGIN] :]
        row[at.S_LENGTH] = max(job[at.J_FIRST] + job[at.J_WARMUP] for job in mine)
        if step.action == "patch":
            _down(infrastructure, step, groups, row, pool)
    else:
        lasts = overhead if step.action == "switch" else step.duration
        row[at.S_LENGTH] = lasts
        jobs.append([step.id, lasts, 0, NONE, *pool.add(members)])
    row[at.S_JOB_END] = len(jobs)
    row[at.S_CONFLICT] = _conflict(infrastructure, step, jobs[row[at.S_JOB_BEGIN] :], pool)


def _work(
    infrastructure: Infrastructure, step: Step, group: tuple[int, ...], pool: _Pool
) -> list[int]:
    nodes, members = infrastructure.nodes, list(group)
    return [
        step.id,
        infrastructure.limits.overhead_s + int(nodes.duration_s[members].max()),
        int(nodes.warmup_s[members].max()),
        int(nodes.rollback_s[members].max()),
        *pool.add(members),
    ]


def _down(
    infrastructure: Infrastructure,
    step: Step,
    groups: list[tuple[int, ...]],
    row: Ints,
    pool: _Pool,
) -> None:
    down = sorted(set().union(*(down_set(infrastructure.nodes, group) for group in groups)))
    row[at.S_DOWN_BEGIN], row[at.S_DOWN_END] = pool.add(down)
    services = infrastructure.nodes.service[down] if down else np.zeros(0, np.int64)
    counts = Counter(int(service) for service in services if service >= 0)
    waived = set(step.waives)
    touched = [
        entry
        for service, count in sorted(counts.items())
        for entry in (service, count, int(infrastructure.services.names[service] in waived))
    ]
    row[at.S_TOUCH_BEGIN], row[at.S_TOUCH_END] = pool.add(touched)


def _conflict(
    infrastructure: Infrastructure, step: Step, jobs: list[list[int]], pool: _Pool
) -> int:
    """Return a guest whose host goes down in another job of the same step, or -1."""
    if step.action != "patch" or len(jobs) < 2:
        return NONE
    job_of = {
        node: number
        for number, job in enumerate(jobs)
        for node in pool.rows[job[at.J_NODE_BEGIN] : job[at.J_NODE_END]]
    }
    nodes = infrastructure.nodes
    for node, job_number in job_of.items():
        host = int(nodes.host[node])
        while host >= 0:
            if job_of.get(host, job_number) != job_number and nodes.restart[host]:
                return node
            host = int(nodes.host[host])
    return NONE
