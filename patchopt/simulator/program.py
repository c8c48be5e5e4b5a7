"""A plan on an infrastructure as the flat arrays that the event loop runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from patchopt.model.arrays import NONE
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan, Step
from patchopt.model.units import down_set
from patchopt.simulator import layout as at
from patchopt.simulator.draws import threshold
from patchopt.simulator.layout import Ints

_ACTIONS = {"patch": at.PATCH, "build": at.BUILD, "switch": at.SWITCH, "pause": at.PAUSE}


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


def assemble(infrastructure: Infrastructure, plan: Plan) -> Ints:
    """Lay a checked plan and its infrastructure out for the event loop.

    Parameters
    ----------
    infrastructure : Infrastructure
        What the plan is for.
    plan : Plan
        Passed by `patchopt.simulator.check.check_plan`.

    Returns
    -------
    ndarray of int64
        The vector ``fixed`` of `patchopt.simulator.layout`; linear in nodes, edges
        and steps.
    """
    pool = _Pool()
    given, services = infrastructure.edges, infrastructure.services
    units, releases = infrastructure.units, infrastructure.releases
    steps, jobs = _steps(infrastructure, plan, pool)
    tables = {
        at.NODES: (_nodes(infrastructure, pool), (at.N_GUEST_BEGIN, at.N_GUEST_END)),
        at.STEPS: (
            steps,
            (
                at.S_NEXT_BEGIN,
                at.S_NEXT_END,
                at.S_DOWN_BEGIN,
                at.S_DOWN_END,
                at.S_TOUCH_BEGIN,
                at.S_TOUCH_END,
            ),
        ),
        at.JOBS: (jobs, (at.J_NODE_BEGIN, at.J_NODE_END)),
        at.SERVICES: (np.column_stack([services.min_up, services.instances]), ()),
        at.EDGES: (np.column_stack([given.source, given.target, given.kind]), ()),
        at.GROUPS: (_spans(pool, given.ptr, given.idx), (at.G_EDGE_BEGIN, at.G_EDGE_END)),
        at.UNITS: (np.column_stack([units.size, infrastructure.order.component_of_unit]), ()),
        at.COMPONENTS: (_components(infrastructure, pool), (at.C_USER_BEGIN, at.C_USER_END)),
        at.RELEASES: (
            np.column_stack(
                [
                    _thresholds(releases.defect_probability),
                    _thresholds(releases.defect_failure_probability),
                    releases.key,
                ]
            ),
            (),
        ),
        at.WINDOWS: (
            np.vstack([infrastructure.windows.starts_s, infrastructure.windows.lengths_s]),
            (),
        ),
    }
    head = np.zeros(at.FIXED_HEAD, np.int64)
    _limits(infrastructure, head)
    pool_begin = at.FIXED_HEAD + sum(table.size for table, _ in tables.values())
    for table, pointers in tables.values():
        table[:, list(pointers)] += pool_begin
    shapes = {name: table.shape for name, (table, _) in tables.items()}
    _directory(head, shapes)
    flat = [table.ravel() for table, _ in tables.values()]
    return np.concatenate([head, *flat, np.array(pool.rows, np.int64)])


def new_state(fixed: Ints, event_capacity: int = 0) -> Ints:
    """Make the vector ``state`` of a run, with room for some events."""

    def count(table: int) -> int:
        return int(fixed[table + 2])

    shapes = {
        at.NODES: (count(at.NODES), at.NODE_STATES),
        at.STEPS: (count(at.STEPS), at.STEP_STATES),
        at.JOBS: (count(at.JOBS), at.JOB_STATES),
        at.SERVICES: (count(at.SERVICES), at.SERVICE_STATES),
        at.EDGES: (count(at.EDGES), 1),
        at.GROUPS: (count(at.GROUPS), at.GROUP_STATES),
        at.UNITS: (count(at.UNITS), 1),
        at.COMPONENTS: (count(at.COMPONENTS), at.COMPONENT_STATES),
        at.RELEASES: (count(at.RELEASES), 1),
        at.HEAP: (count(at.JOBS) + count(at.STEPS), at.HEAP_STATES),
        at.READY: (count(at.STEPS), 1),
        at.DIRTY_SERVICES: (count(at.SERVICES), 1),
        at.DIRTY_GROUPS: (count(at.GROUPS), 1),
        at.STACK: (count(at.COMPONENTS), 1),
        # Last: a reset leaves the events alone.
        at.EVENTS: (event_capacity, at.EVENT_COLUMNS),
    }
    size = at.STATE_HEAD + sum(rows * columns for rows, columns in shapes.values())
    state = np.zeros(size, np.int64)
    _directory(state[: at.STATE_HEAD], shapes)
    return state


def _directory(head: Ints, shapes: Mapping[int, tuple[int, ...]]) -> None:
    """Write where each table begins, its columns and rows; tables follow the head."""
    begin = len(head)
    for name, (rows, columns) in shapes.items():
        head[name : name + 3] = begin, columns, rows
        begin += rows * columns


def _thresholds(probabilities: NDArray[np.float64]) -> Ints:
    return np.array([threshold(float(p)) for p in probabilities], np.int64)


def _nodes(infrastructure: Infrastructure, pool: _Pool) -> Ints:
    given = infrastructure.nodes
    spans = _spans(pool, given.guest_ptr, given.guest_idx)
    return np.column_stack(
        [
            given.service,
            given.weight_mw,
            given.patched.astype(np.int64),
            given.restart.astype(np.int64),
            given.rollback_s,
            given.release,
            infrastructure.units.of_node,
            spans,
            _thresholds(given.failure_probability),
            given.key,
        ]
    )


def _spans(pool: _Pool, ptr: Ints, idx: Ints) -> Ints:
    """Copy compressed rows into the pool; give where each begins and ends there."""
    begin, _ = pool.add(idx.tolist())
    return np.column_stack([ptr[:-1] + begin, ptr[1:] + begin])


def _components(infrastructure: Infrastructure, pool: _Pool) -> Ints:
    order = infrastructure.order
    spans = _spans(pool, order.user_ptr, order.user_idx)
    return np.column_stack([order.units_in, np.diff(order.ptr), spans])


def _limits(infrastructure: Infrastructure, head: Ints) -> None:
    limits = infrastructure.limits
    head[at.L_CREW] = limits.max_parallel
    head[at.L_SURGE] = limits.surge
    head[at.L_STRICT] = limits.strict
    head[at.L_RETRIES] = limits.max_retries
    head[at.L_ABORT_AFTER] = limits.abort_after_failures
    head[at.L_HORIZON] = limits.horizon_s
    head[at.L_PERIOD] = infrastructure.windows.period_s


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
    """Give a guest whose host goes down in another job of the same step, or -1."""
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
