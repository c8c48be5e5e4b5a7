"""A scheduling problem as flat arrays, for compiled code."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Final, Literal, NamedTuple

import numpy as np

from patchopt.model.base import Ints
from patchopt.model.garbage import collector_paused
from patchopt.model.windows import Numbers
from patchopt.optimizer.problem import Problem
from patchopt.optimizer.schedule import Placement, Schedule

#: Where a task's modes stand, whatever their numbers in the problem are.
IN_PLACE: Final = 0
BUILT: Final = 1
_ACTIONS: Final[tuple[Literal["patch", "build"], ...]] = ("patch", "build")


class Arrays(NamedTuple):
    """A problem of n tasks on resources, the surge the last of them if it is limited.

    Parameters
    ----------
    length_s, weight_milli, slots : ndarray of int64, shape (n,)
        Work, weight, and the surge slots of a build.
    commit_s : ndarray of int64, shape (2n,)
        From the start of task j's work in mode m to its commit, at 2j + m; of a build, to the
        earliest one. -1: there is no such mode.
    begin : ndarray of int64, shape (2n + 1,)
        Where the demands of task j in mode m begin, at 2j + m.
    resource, amount : ndarray of int64
        Demands, one after another.
    capacity : ndarray of int64, shape (resources,)
        Of each.
    room : ndarray of int64, shape (resources + 1,)
        Where each resource's profile begins in the store of all.
    component : ndarray of int64, shape (n,)
        Of the dependency order.
    below_begin, below : ndarray of int64
        Components that must have finished before each, but for those without tasks.
    above_begin, above : ndarray of int64
        Components that each must have finished before.
    inside_begin, inside : ndarray of int64
        Tasks of each component.
    surge : int
        The resource that is the surge, -1 without a limit.
    overhead_s, period_s : int
        Length of a switch; period of the windows, 0 if they are always open.
    starts_s, lengths_s : ndarray of int64
        Of the windows.
    skipped_weight_milli : int
        As in `Problem`.
    """

    length_s: Numbers
    weight_milli: Numbers
    slots: Numbers
    commit_s: Numbers
    begin: Numbers
    resource: Numbers
    amount: Numbers
    capacity: Numbers
    room: Numbers
    component: Numbers
    below_begin: Numbers
    below: Numbers
    above_begin: Numbers
    above: Numbers
    inside_begin: Numbers
    inside: Numbers
    surge: int
    overhead_s: int
    period_s: int
    starts_s: Numbers
    lengths_s: Numbers
    skipped_weight_milli: int


@collector_paused()
def arrays_of(problem: Problem) -> Arrays:
    """Lay a problem out. Linear in tasks, demands and dependencies.

    Parameters
    ----------
    problem : Problem
        At most one mode of each action a task.

    Returns
    -------
    Arrays
    """
    tasks = problem.tasks
    commits: list[int] = []
    slots: list[int] = []
    demands: list[tuple[int, int]] = []
    begin = [0]
    for task in tasks:
        modes = {mode.action: mode for mode in task.modes}
        for action in _ACTIONS:
            mode = modes.get(action)
            commits.append(-1 if mode is None else mode.commit_s)
            if mode is not None:
                demands += mode.demands
            begin.append(len(demands))
        slots.append(max((mode.surge for mode in task.modes), default=0))
    capacities = list(problem.capacities)
    surge = len(capacities) if problem.surge >= 0 else -1
    capacities += [problem.surge] if problem.surge >= 0 else []
    both = np.fromiter(chain.from_iterable(demands), np.int64, 2 * len(demands))
    resource, amount = both[::2].copy(), both[1::2].copy()
    # Of all that can be booked each booking cuts a profile twice; one empty segment ends it.
    bookings = np.bincount(resource, minlength=len(capacities))
    if surge >= 0:
        bookings[surge] += np.count_nonzero(slots)
    components, order = _order(problem)
    return Arrays(
        length_s=np.array([task.length_s for task in tasks], np.int64),
        weight_milli=np.array([task.weight_milli for task in tasks], np.int64),
        slots=np.array(slots, np.int64),
        commit_s=np.array(commits, np.int64),
        begin=np.array(begin, np.int64),
        resource=resource,
        amount=amount,
        capacity=np.array(capacities, np.int64),
        room=_ends(2 * bookings + 3),
        component=components,
        **order,
        surge=surge,
        overhead_s=problem.overhead_s,
        period_s=int(problem.windows.period_s),
        starts_s=problem.windows.starts_s.astype(np.int64),
        lengths_s=problem.windows.lengths_s.astype(np.int64),
        skipped_weight_milli=problem.skipped_weight_milli,
    )


def in_rows(lists: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    """Return lists one after another, and where each begins, the end after the last."""
    flat = [one for some in lists for one in some]
    return _ends(np.array([len(some) for some in lists], np.int64)), np.array(flat, np.int64)


def _ends(sizes: Ints) -> Ints:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)]).astype(np.int64)


def _order(problem: Problem) -> tuple[Ints, dict[str, Ints]]:
    """Return the component of each task, numbered anew, and who must come before whom."""
    inside: dict[int, list[int]] = {}
    for number, task in enumerate(problem.tasks):
        inside.setdefault(task.component if problem.dependencies else 0, []).append(number)
    places = {component: place for place, component in enumerate(inside)}
    known = problem.dependencies
    components = np.array([places[t.component if known else 0] for t in problem.tasks], np.int64)
    nearest = _nearest(problem, places)
    below = [sorted(places[one] for one in nearest[component]) for component in inside]
    above: list[list[int]] = [[] for _ in below]
    for place, some in enumerate(below):
        for one in some:
            above[one].append(place)
    rows: dict[str, Ints] = {}
    for name, lists in (("below", below), ("above", above), ("inside", [*inside.values()])):
        rows[f"{name}_begin"], rows[name] = in_rows(lists)
    return components, rows


def _nearest(problem: Problem, places: dict[int, int]) -> dict[int, set[int]]:
    """Return of each component the nearest ones below it that have tasks."""
    found: dict[int, set[int]] = {component: set() for component in places}
    if not problem.dependencies:
        return found
    seen: dict[int, set[int]] = {}
    for component in problem.dependencies:
        stack = [component]
        while stack:
            one = stack[-1]
            if one in seen:
                stack.pop()
                continue
            lower = problem.dependencies[one]
            waiting = [other for other in lower if other not in seen]
            if waiting:
                stack += waiting
                continue
            seen[one] = set()
            for other in lower:
                seen[one] |= {other} if other in places else seen[other]
            stack.pop()
    return {component: seen[component] for component in places}


def schedule_of(
    problem: Problem, modes: Numbers, starts_s: Numbers, switches_s: Numbers
) -> Schedule:
    """Return what a decoder has found as a schedule.

    Parameters
    ----------
    problem : Problem
        Whose tasks.
    modes, starts_s, switches_s : ndarray of int64, shape (n,)
        `IN_PLACE` or `BUILT`; start of the work; start of the switch, or end of the work.
    """
    placements = []
    for number, task in enumerate(problem.tasks):
        actions = [mode.action for mode in task.modes]
        placements.append(
            Placement(
                task=number,
                mode=actions.index(_ACTIONS[modes[number]]),
                start_s=int(starts_s[number]),
                switch_s=int(switches_s[number]),
            )
        )
    return Schedule(problem, tuple(placements))
