"""Resource flows: the precedences that keep a schedule's order without its clock (MODEL 6).

A unit of a resource goes from the task that has finished with it to the one that starts
with it. These arcs alone keep every resource within its capacity however long the work
takes, so a plan needs no start times (Artigues, Michelon, Reusser: Insertion techniques
for static and dynamic resource-constrained project scheduling, EJOR 149, 2003). In a
schedule in which nothing can start earlier, no task starts before its time either: the
units that it waits for lie idle until then.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from patchopt.model.waiting import Waiting

if TYPE_CHECKING:
    from patchopt.optimizer.schedule import Placement, Schedule

#: Stands for the surge slots among the resources.
_SURGE = -1

#: Parts that are looked at for a way around the arcs of one, and of all together if they are
#: many; one more arc does no harm.
_LOOK, _LOOKS = 100, 1_000_000


@dataclass(frozen=True, kw_only=True)
class Part:
    """A step of a plan to be: work on a task, or the switch of its copy.

    Parameters
    ----------
    kind : str
        ``work`` or ``switch``.
    placement : Placement
        Of the task.
    after : tuple of int
        Parts that must have ended first, ascending; the numbers of parts are their places.
    """

    kind: Literal["work", "switch"]
    placement: Placement
    after: tuple[int, ...]


def parts_of(schedule: Schedule) -> list[Part]:
    """Return the steps of a schedule, in the order of their starts, with what each comes after.

    Parameters
    ----------
    schedule : Schedule
        In which nothing can start earlier.

    Returns
    -------
    list of Part
        O(n log n) for n tasks on a bounded number of resources each. Arcs that another
        one of the same part makes idle are left out.
    """
    order = _in_order(schedule)
    number = {(kind, placement.task): at for at, (kind, placement) in enumerate(order)}
    pools = _Pools(schedule)
    latest = _latest_dependency(schedule)
    parts: list[Part] = []
    look = min(_LOOK, _LOOKS // max(1, len(order)))
    for at, (kind, placement) in enumerate(order):
        task = placement.task
        if kind == "switch":
            before = {number["work", task]}
        else:
            surge_until = number.get(("switch", task), at)
            before = set(pools.start(placement, at, surge_until))
            below = latest.get(task)
            if below is not None:
                before.add(number.get(("switch", below), number["work", below]))
        needed = tuple(sorted(before - _idle(before, parts, look)))
        parts.append(Part(kind=kind, placement=placement, after=needed))
    return parts


def _idle(before: set[int], parts: Sequence[Part], look: int) -> set[int]:
    """Return those of some parts that others of them come after, as far as a short look goes."""
    if len(before) < 2:
        return set()
    lowest, seen, idle = min(before), set(before), set()
    stack = sorted(before)
    for _ in range(look):
        if not stack:
            break
        for earlier in parts[stack.pop()].after:
            if earlier in before:
                idle.add(earlier)
            elif earlier > lowest and earlier not in seen:
                seen.add(earlier)
                stack.append(earlier)
    return idle


def _in_order(schedule: Schedule) -> list[tuple[Literal["work", "switch"], Placement]]:
    """Sort work and switches by start; at one instant switches first, they free what they hold.

    Work lasts at least a second, so a build always comes before its switch.
    """
    work = [(p.start_s, 1, p.task) for p in schedule.placements]
    switches = [
        (p.switch_s, 0, p.task) for p in schedule.placements if schedule.mode(p).action == "build"
    ]
    of_task = {placement.task: placement for placement in schedule.placements}
    return [
        ("work" if kind else "switch", of_task[task])
        for _, kind, task in sorted([*work, *switches])
    ]


class _Pools:
    """What is free of every resource, and which part has freed it when.

    Each pool is a heap of (end, part, amount), so that what has been free for longest is
    taken first, ties by part; part -1 stands for what nobody has used yet.
    """

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        problem = schedule.problem
        self._pools = {
            resource: [(0, -1, capacity)] for resource, capacity in enumerate(problem.capacities)
        }
        if problem.surge >= 0:
            self._pools[_SURGE] = [(0, -1, problem.surge)]

    def start(self, placement: Placement, part: int, surge_until: int) -> Iterator[int]:
        """Take what a task needs, to be free again at its ends; tell from which parts."""
        mode = self._schedule.mode(placement)
        end = placement.start_s + self._schedule.problem.tasks[placement.task].length_s
        for resource, amount in mode.demands:
            yield from self._move(resource, amount, end, part)
        if mode.surge and _SURGE in self._pools:
            yield from self._move(_SURGE, mode.surge, self._schedule.end_s(placement), surge_until)

    def _move(self, resource: int, amount: int, end: int, part: int) -> Iterator[int]:
        pool, wanted = self._pools[resource], amount
        while wanted:
            freed, by, units = heapq.heappop(pool)
            if units > wanted:
                heapq.heappush(pool, (freed, by, units - wanted))
            wanted -= min(units, wanted)
            if by >= 0:
                yield by
        heapq.heappush(pool, (end, part, amount))


def _latest_dependency(schedule: Schedule) -> dict[int, int]:
    """Return, under strict order, which task that each depends on finishes last.

    That arc is enough for nobody to ask the guard too early, and it holds up nobody whom
    the guard, which sees to all the others, would not.
    """
    problem = schedule.problem
    if not problem.dependencies:
        return {}
    waiting = Waiting(
        range(len(problem.tasks)),
        lambda number: problem.tasks[number].component,
        problem.dependencies,
    )
    finishing: Sequence[Placement] = sorted(
        schedule.placements, key=lambda placement: (schedule.end_s(placement), placement.task)
    )
    # Not the instant but the rank is handed on: it tells the task too.
    for rank, placement in enumerate(finishing, start=1):
        waiting.done(placement.task, rank)
    return {
        number: finishing[waiting.ready(number) - 1].task
        for number in range(len(problem.tasks))
        if waiting.ready(number)
    }
