"""Whether an executed plan keeps the constraints at every instant (MODEL 4, 6 and 7).

What the guard asks at every start holds at every start if and only if it holds always, for
between starts nothing is taken. So each constraint is a sweep over starts and ends.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan
from patchopt.model.units import demand
from patchopt.model.waiting import users_of
from patchopt.model.windows import FOREVER
from patchopt.verify.execution import Execution, Job


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A constraint that a plan does not keep.

    Parameters
    ----------
    what : str
        ``crew``, ``surge``, ``min_up``, ``windows``, ``hosts``, ``order`` or ``units``.
    at_s : int
        When first.
    step : int
        The step that starts then, or one that is running.
    text : str
        How, for a person.
    """

    what: str
    at_s: int
    step: int
    text: str


def broken(plan: Plan, infrastructure: Infrastructure, found: Execution) -> list[Broken]:
    """Return what an executed plan does not keep, the first instant of each constraint.

    Parameters
    ----------
    plan : Plan
        That fits.
    infrastructure : Infrastructure
        Where.
    found : Execution
        Of the plan.

    Returns
    -------
    list of Broken
        Of services and hosts one each. O(n log n) for n nodes in steps, and guests of those.
    """
    return [
        *_crew(infrastructure, found),
        *_surge(plan, infrastructure, found),
        *_windows(plan, infrastructure, found),
        *_services(plan, infrastructure, found),
        *_hosts(plan, infrastructure, found),
        *_order(infrastructure, found),
    ]


def split_units(plan: Plan, infrastructure: Infrastructure, found: Execution) -> list[Broken]:
    """Return the units whose nodes do not become new together, so that versions may mix."""
    commits: dict[int, set[int]] = defaultdict(set)
    begun: dict[int, Job] = {}
    for job in found.jobs:
        begun.setdefault(job.unit, job)
        commits[job.unit].update(found.commit_s[node] for node in job.nodes)
        if len(job.nodes) < int(infrastructure.units.size[job.unit]):
            commits[job.unit].add(-1)
    return [
        Broken(
            what="units",
            at_s=begun[unit].start_s,
            step=begun[unit].step,
            text=f"unit {infrastructure.units.label(unit)} is not worked on as a whole",
        )
        for unit, instants in commits.items()
        if len(instants) > 1
    ]


@dataclass(frozen=True)
class _Use:
    """An amount of something, taken by a step from one instant to another."""

    start_s: int
    end_s: int
    amount: int
    step: int


def _above(uses: Iterable[_Use], capacity: int) -> tuple[int, int, int] | None:
    """Return the first instant at which more is in use than there is, the step, and how much."""
    changes = [(use.end_s, -use.amount, use.step) for use in uses]
    changes += [(use.start_s, use.amount, use.step) for use in uses]
    used, first = 0, None
    for instant, amount, step in sorted(changes):  # what is given back comes first
        if first is not None and instant > first[0]:
            break
        used += amount
        if used > capacity and first is None:
            first = instant, step
    return None if first is None else (*first, used)


def _crew(infrastructure: Infrastructure, found: Execution) -> Iterator[Broken]:
    limit = infrastructure.limits.max_parallel
    uses = [_Use(job.start_s, job.end_s, len(job.nodes), job.step) for job in found.jobs]
    if limit >= 0 and (above := _above(uses, limit)) is not None:
        at, step, used = above
        text = f"{used} nodes at work, max_parallel is {limit}"
        yield Broken(what="crew", at_s=at, step=step, text=text)


def _surge(plan: Plan, infrastructure: Infrastructure, found: Execution) -> Iterator[Broken]:
    limit = infrastructure.limits.surge
    # The commit of a copy is the end of its switch.
    uses = [
        _Use(job.start_s, found.commit_s[node], 1, job.step)
        for job in found.jobs
        if plan.steps[job.step].action == "build"
        for node in job.nodes
    ]
    if limit >= 0 and (above := _above(uses, limit)) is not None:
        at, step, used = above
        text = f"{used} copies at once, surge is {limit}"
        yield Broken(what="surge", at_s=at, step=step, text=text)


def _windows(plan: Plan, infrastructure: Infrastructure, found: Execution) -> Iterator[Broken]:
    close = infrastructure.windows.close_after
    spans = [(job.step, job.start_s, job.end_s) for job in found.jobs]
    spans += [
        (step.id, found.step_start_s[step.id], found.step_end_s[step.id])
        for step in plan.steps
        if step.action == "switch"
    ]
    for step, start, end in spans:
        if end > start and close(start) < end:
            text = f"work from {start} to {end} s lies in no window"
            yield Broken(what="windows", at_s=start, step=step, text=text)
            return


def _services(plan: Plan, infrastructure: Infrastructure, found: Execution) -> Iterator[Broken]:
    services = infrastructure.services
    spare: list[int] = (services.instances - services.min_up).tolist()
    uses: dict[int, list[_Use]] = defaultdict(list)
    for job in found.jobs:
        if plan.steps[job.step].action == "patch":
            for service, count in demand(infrastructure.nodes, job.nodes).items():
                uses[service].append(_Use(job.start_s, job.end_s, count, job.step))
    for service, taken in sorted(uses.items()):
        if _above(taken, spare[service]) is None:
            continue
        name = services.names[service]
        for at, out in _out(taken):
            waived = len(out) == 1 and name in plan.steps[next(iter(out))].waives
            if sum(out.values()) > spare[service] and not waived:
                left = int(services.instances[service]) - sum(out.values())
                text = f"{left} of service '{name}' serve, min_up is {services.min_up[service]}"
                yield Broken(what="min_up", at_s=at, step=max(out), text=text)
                break


def _out(uses: Iterable[_Use]) -> Iterator[tuple[int, Counter[int]]]:
    """Yield, after every instant at which something changes, how much each step has taken."""
    changes: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for use in uses:
        changes[use.end_s].append((use.step, -use.amount))
        changes[use.start_s].append((use.step, use.amount))
    out: Counter[int] = Counter()
    for instant in sorted(changes):
        for step, amount in changes[instant]:
            out[step] += amount
            if not out[step]:
                del out[step]
        yield instant, out


def _hosts(plan: Plan, infrastructure: Infrastructure, found: Execution) -> Iterator[Broken]:
    """Look for work on a guest while the work of another unit has its host down."""
    nodes = infrastructure.nodes
    job_of = {node: job for job in found.jobs for node in job.nodes}
    for host, down in job_of.items():
        if plan.steps[down.step].action != "patch" or not nodes.restart[host]:
            continue
        for guest in nodes.guests(host).tolist():
            work = job_of.get(guest)
            if work is None or work is down:
                continue
            start = max(work.start_s, down.start_s)
            if start < min(work.end_s, down.end_s):
                step = max(work, down, key=lambda job: (job.start_s, job.step)).step
                text = f"'{nodes.ids[guest]}' is worked on while its host '{nodes.ids[host]}' is"
                yield Broken(what="hosts", at_s=start, step=step, text=f"{text} down")
                break


def _order(infrastructure: Infrastructure, found: Execution) -> Iterator[Broken]:
    """Look for starts before all that a unit depends on has finished, however indirectly."""
    if not infrastructure.limits.strict:
        return
    ready = _ready(infrastructure, found)
    component_of = infrastructure.order.component_of
    for job in sorted(found.jobs, key=lambda job: (job.start_s, job.step)):
        at = ready[component_of(job.unit)]
        if job.start_s < at:
            label = infrastructure.units.label(job.unit)
            when = "never is" if at == FOREVER else f"is at {at} s"
            text = f"{label} starts at {job.start_s} s, before what it depends on {when} done"
            yield Broken(what="order", at_s=job.start_s, step=job.step, text=text)
            return


def _ready(infrastructure: Infrastructure, found: Execution) -> list[int]:
    """Return when all below each component has finished; `FOREVER` if something never has."""
    order, size = infrastructure.order, infrastructure.units.size
    left = [0] * len(order.units_in)
    for unit, component in enumerate(order.component_of_unit.tolist()):
        left[component] += int(size[unit])
    own = [0] * len(left)
    for job in found.jobs:
        component = order.component_of(job.unit)
        left[component] -= len(job.nodes)
        # In place the warm-up is over with the work, built the commit is the switch.
        own[component] = max(own[component], job.end_s, job.commit_s)
    below, users = order.below, users_of(order.below)
    open_ = [len(below[component]) for component in range(len(left))]
    ready = [0] * len(left)
    free = [component for component, count in enumerate(open_) if not count]
    for component in free:  # grows on the way
        done = FOREVER if left[component] else max(ready[component], own[component])
        for user in users.get(component, ()):
            ready[user] = max(ready[user], done)
            open_[user] -= 1
            if not open_[user]:
                free.append(user)
    return ready
