"""Executes a plan at nominal durations by its partial order alone (MODEL 5 and 6).

Every step starts as soon as all that it comes after have ended, its `not_before` has come and,
if it is guarded, a window lets it in. Nothing else is asked: whether the guard would have let
it start too is checked afterwards, by `patchopt.verify.keeping`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan, Step


@dataclass(frozen=True, kw_only=True)
class Job:
    """Work on one unit, or on a bare node of a unit that is not in the step as a whole.

    Parameters
    ----------
    step : int
        Its patch or build step.
    unit : int
        Whose nodes they are.
    nodes : tuple of int
        Which of them.
    start_s, end_s : int
        Of the work.
    commit_s : int
        When the last of the nodes becomes new.
    """

    step: int
    unit: int
    nodes: tuple[int, ...]
    start_s: int
    end_s: int
    commit_s: int


@dataclass(frozen=True, kw_only=True)
class Execution:
    """What a plan does when nothing fails, varies or waits for anything but a window.

    Parameters
    ----------
    jobs : tuple of Job
        By step.
    step_start_s, step_end_s : tuple of int
        Of every step.
    commit_s : dict of int to int
        When each node becomes new, of those that are patched.
    exposure_milli : int
        Weight times commit, and of nodes left old times the completion time.
    completion_s : int
        The last end of any step.
    """

    jobs: tuple[Job, ...]
    step_start_s: tuple[int, ...]
    step_end_s: tuple[int, ...]
    commit_s: dict[int, int]
    exposure_milli: int
    completion_s: int


def execute(plan: Plan, infrastructure: Infrastructure) -> Execution:
    """Execute a plan.

    Parameters
    ----------
    plan : Plan
        That fits, see `patchopt.verify.fitting`.
    infrastructure : Infrastructure
        Where; failures play no part.

    Returns
    -------
    Execution
        Linear in steps, their nodes and what they come after.
    """
    members = [list(_groups(step, infrastructure)) for step in plan.steps]
    starts, ends = _clock(plan, infrastructure, members)
    switch_of = {
        infrastructure.nodes.index[name]: step.id
        for step in plan.steps
        for name in (step.nodes if step.action == "switch" else ())
    }
    jobs, commits = [], {}
    overhead = infrastructure.limits.overhead_s
    for step in plan.steps:
        for unit, nodes, duration_s, length_s in members[step.id]:
            for node in nodes:
                by = switch_of.get(node)
                commits[node] = starts[step.id] + overhead + duration_s if by is None else ends[by]
            jobs.append(
                Job(
                    step=step.id,
                    unit=unit,
                    nodes=nodes,
                    start_s=starts[step.id],
                    end_s=starts[step.id] + length_s,
                    commit_s=max(commits[node] for node in nodes),
                )
            )
    last = max(ends, default=0)
    weights: list[int] = infrastructure.nodes.weight_milli.tolist()
    exposure = sum(weight * commits.get(node, last) for node, weight in enumerate(weights))
    return Execution(
        jobs=tuple(jobs),
        step_start_s=tuple(starts),
        step_end_s=tuple(ends),
        commit_s=commits,
        exposure_milli=exposure,
        completion_s=last,
    )


def in_order(plan: Plan) -> list[int]:
    """Return the steps so that each stands behind all that it comes after.

    Returns
    -------
    list of int
        Without those that wait for each other in a circle.
    """
    users: list[list[int]] = [[] for _ in plan.steps]
    open_ = [0] * len(plan.steps)
    for step in plan.steps:
        open_[step.id] = len(set(step.after))
        for before in set(step.after):
            users[before].append(step.id)
    found = [number for number, count in enumerate(open_) if not count]
    for number in found:  # grows on the way
        for user in users[number]:
            open_[user] -= 1
            if not open_[user]:
                found.append(user)
    return found


Group = tuple[int, tuple[int, ...], int, int]


def _groups(step: Step, infrastructure: Infrastructure) -> Iterator[Group]:
    """Return what a step works on by itself: unit, nodes, duration and length."""
    if step.action not in ("patch", "build"):
        return
    nodes, units = infrastructure.nodes, infrastructure.units
    overhead = infrastructure.limits.overhead_s
    by_unit: dict[int, list[int]] = {}
    for name in step.nodes:
        node = nodes.index[name]
        by_unit.setdefault(int(units.of_node[node]), []).append(node)
    for unit, found in by_unit.items():
        if len(found) == int(units.size[unit]):
            yield unit, tuple(sorted(found)), int(units.duration_s[unit]), int(units.length_s[unit])
            continue
        for node in sorted(found):
            duration = int(nodes.duration_s[node])
            yield unit, (node,), duration, overhead + duration + int(nodes.warmup_s[node])


def _clock(
    plan: Plan, infrastructure: Infrastructure, members: Sequence[Sequence[Group]]
) -> tuple[list[int], list[int]]:
    """Return when each step starts and ends."""
    overhead = infrastructure.limits.overhead_s
    starts, ends = [0] * len(plan.steps), [0] * len(plan.steps)
    for number in in_order(plan):
        step = plan.steps[number]
        if step.action == "pause":
            length = step.duration
        elif step.action == "switch":
            length = overhead
        else:
            length = max(length_s for *_, length_s in members[number])
        start = max((ends[before] for before in step.after), default=0)
        start = max(start, step.not_before)
        if step.guarded and step.action != "pause":
            # No unit is longer than every window, so there is one.
            start = infrastructure.windows.earliest_fit(start, length)
        starts[number], ends[number] = start, start + length
    return starts, ends
