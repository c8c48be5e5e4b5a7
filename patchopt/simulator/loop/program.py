"""A plan on an infrastructure as the tables that the event loop runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from patchopt.model.base import NONE, Ints
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan, Step
from patchopt.model.units import down_set
from patchopt.simulator.loop import rows
from patchopt.simulator.loop.bundles import (
    Fixed,
    record_of,
    table,
    table_of,
)
from patchopt.simulator.loop.codes import Action
from patchopt.simulator.loop.infrastructure_tables import (
    Pool,
    components_table,
    edges_table,
    limits_row,
    nodes_table,
    releases_table,
    units_table,
)

#: What is done to nodes one by one, with crew.
_WORK: Final = ("patch", "build")


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
    pool = Pool()
    services, nodes = infrastructure.services, infrastructure.nodes
    windows = infrastructure.windows
    steps, jobs = _steps(infrastructure, plan, pool)
    groups, ends = edges_table(infrastructure)
    spreads = {
        "duration": nodes.duration_sigma,
        "rollback": nodes.rollback_sigma,
        "latent": nodes.latent_sigma,
    }
    return Fixed(
        limits=record_of(limits_row(infrastructure, len(plan.steps))),
        nodes=nodes_table(infrastructure, pool),
        spreads=table(rows.SpreadRow, spreads),
        steps=table_of(rows.StepRow, steps),
        jobs=table_of(rows.JobRow, jobs),
        services=table(
            rows.ServiceRow, {"min_up": services.min_up, "instances": services.instances}
        ),
        edges=np.ascontiguousarray(infrastructure.edges.kind, np.int64),
        groups=groups,
        ends=ends,
        units=units_table(infrastructure, pool),
        components=components_table(infrastructure, pool),
        releases=releases_table(infrastructure, _planned(infrastructure, plan)),
        window_starts_s=np.ascontiguousarray(windows.starts_s, np.int64),
        window_lengths_s=np.ascontiguousarray(windows.lengths_s, np.int64),
        pool=np.array(pool.rows, np.int64),
    )


def _planned(infrastructure: Infrastructure, plan: Plan) -> Ints:
    """Return how many nodes a plan patches with each release."""
    count = len(infrastructure.releases.names)
    names = [name for step in plan.steps if step.action in _WORK for name in step.nodes]
    nodes = [infrastructure.nodes.index[name] for name in names]
    return np.bincount(infrastructure.nodes.release[nodes], minlength=count)


def _steps(
    infrastructure: Infrastructure, plan: Plan, pool: Pool
) -> tuple[list[rows.StepRow], list[rows.JobRow]]:
    jobs: list[rows.JobRow] = []
    following: list[list[int]] = [[] for _ in plan.steps]
    steps = []
    for step in plan.steps:
        for before in set(step.after):
            following[before].append(step.id)
        steps.append(_step(infrastructure, step, jobs, pool))
    for row, after in zip(steps, following, strict=True):
        row.next_begin, row.next_end = pool.add(after)
    return steps, jobs


def _step(
    infrastructure: Infrastructure, step: Step, jobs: list[rows.JobRow], pool: Pool
) -> rows.StepRow:
    """Return the row of a step, and add its jobs to all others."""
    members = [infrastructure.nodes.index[name] for name in step.nodes]
    first = len(jobs)
    down: list[int] = []
    if step.action in _WORK:
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
            rows.JobRow(
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
    waive_begin, waive_end = pool.add(_waived(infrastructure, step))
    return rows.StepRow(
        action=Action[step.action.upper()],
        guarded=step.guarded,
        not_before_s=step.not_before,
        length_s=length_s,
        gate=NONE if step.gate is None else step.gate.max_failures,
        gate_attempts=step.gate is not None and step.gate.count == "attempts",
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
        waive_begin=waive_begin,
        waive_end=waive_end,
    )


def _work(
    infrastructure: Infrastructure, step: Step, group: tuple[int, ...], pool: Pool
) -> rows.JobRow:
    nodes, members = infrastructure.nodes, list(group)
    begin, end = pool.add(members)
    return rows.JobRow(
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


def _waived(infrastructure: Infrastructure, step: Step) -> list[int]:
    if not step.waives:
        return []
    names = infrastructure.services.names
    return [number for number, name in enumerate(names) if name in step.waives]


def _conflict(
    infrastructure: Infrastructure, step: Step, jobs: list[rows.JobRow], pool: Pool
) -> int:
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
        for host in nodes.hosts_above(node):
            if job_of.get(host, job_number) != job_number and nodes.restart[host]:
                return node
    return NONE
