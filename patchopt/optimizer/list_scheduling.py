"""List scheduling: tasks one after another, each as early as the constraints allow.

The serial schedule-generation scheme (Kolisch, Serial and parallel
resource-constrained project scheduling methods revisited, EJOR 90, 1996) with Smith's
ratio as priority (Smith, Various optimizers for single-stage production, 1956), work
counted in node-seconds of the crew.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace

from patchopt.model.waiting import Waiting
from patchopt.optimizer.problem import Mode, Problem, Task
from patchopt.optimizer.schedule import Placement, Schedule

Priority = Callable[[Task], float]


def smith_ratio(task: Task) -> float:
    """Weight per node and second of work, W / (nodes L): the higher, the earlier."""
    return task.item.weight_milli / (task.item.size * task.item.length_s)


class Profile:
    """Use of one resource over time: a step function from 0 on."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.times = [0]
        self.used = [0]

    def earliest(self, start: int, length: int, amount: int) -> int:
        """Return the first instant from some start on at which an amount is free for a length."""
        at = bisect_right(self.times, start) - 1
        while True:
            if self.used[at] + amount > self.capacity:
                at += 1
                start = self.times[at]  # the last segment is empty, so there is one
                continue
            following = at + 1
            end = start + length
            while following < len(self.times) and self.times[following] < end:
                if self.used[following] + amount > self.capacity:
                    break
                following += 1
            else:
                return start
            at = following

    def take(self, start: int, end: int, amount: int) -> None:
        """Use an amount from one instant to another."""
        for at in range(self._cut(start), self._cut(end)):
            self.used[at] += amount

    def _cut(self, time: int) -> int:
        at = bisect_right(self.times, time) - 1
        if self.times[at] == time:
            return at
        self.times.insert(at + 1, time)
        self.used.insert(at + 1, self.used[at])
        return at + 1


class _Scheduler:
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.profiles = [Profile(capacity) for capacity in problem.capacities]
        self.surge = Profile(problem.surge) if problem.surge >= 0 else None

    def place(self, number: int, ready_s: int, wanted: int | None) -> Placement:
        """Place a task in the mode that is wanted, or in that in which it commits first.

        On the same second it is built beside: a build that fails harms nobody.
        """
        task = self.problem.tasks[number]
        options = []
        for mode_number, mode in enumerate(task.modes):
            if wanted is not None and wanted != mode_number:
                continue
            start = self._start(task, mode, ready_s)
            switch = self._switch(task, mode, start)
            commit = start + mode.commit_s
            if mode.action == "build":
                commit = switch + self.problem.overhead_s
            options.append((commit, mode.action != "build", mode_number, start, switch))
        _, _, mode_number, start, switch = min(options)
        mode = task.modes[mode_number]
        for resource, amount in mode.demands:
            self.profiles[resource].take(start, start + task.length_s, amount)
        if mode.surge and self.surge is not None:
            self.surge.take(start, switch + self.problem.overhead_s, mode.surge)
        return Placement(task=number, mode=mode_number, start_s=start, switch_s=switch)

    def _start(self, task: Task, mode: Mode, start: int) -> int:
        """Move a start later until every constraint holds at once."""
        while True:
            moved = self.problem.windows.earliest_fit(start, task.length_s)
            for resource, amount in mode.demands:
                moved = self.profiles[resource].earliest(moved, task.length_s, amount)
            if mode.surge and self.surge is not None:
                held = self._switch(task, mode, moved) + self.problem.overhead_s - moved
                moved = self.surge.earliest(moved, held, mode.surge)
            if moved == start:
                return start
            start = moved

    def _switch(self, task: Task, mode: Mode, start: int) -> int:
        end = start + task.length_s
        if mode.action != "build":
            return end
        return self.problem.windows.earliest_fit(end, self.problem.overhead_s)


def list_schedule(problem: Problem, priority: Priority = smith_ratio) -> Schedule:
    """Schedule all tasks by a priority rule.

    Parameters
    ----------
    problem : Problem
        What to schedule.
    priority : callable
        The higher, the earlier; ties by the number of the task. Under strict order,
        among the tasks whose dependencies are all placed.

    Returns
    -------
    Schedule
        Feasible; O(n^2) resource segments for n tasks in the worst case.
    """
    keys = [-priority(task) for task in problem.tasks]
    return schedule_by_keys(problem, keys, [None] * len(keys))


def schedule_by_keys(
    problem: Problem, keys: Sequence[float], modes: Sequence[int | None]
) -> Schedule:
    """Schedule all tasks in the order of their keys.

    Parameters
    ----------
    problem : Problem
        What to schedule.
    keys : sequence of float, one a task
        The lower, the earlier.
    modes : sequence of int or None, one a task
        Mode of each task; None for that in which it commits first.

    Returns
    -------
    Schedule
        As from `list_schedule`.
    """
    component_of = [task.component for task in problem.tasks]
    waiting = Waiting(range(len(keys)), component_of.__getitem__, problem.dependencies)
    scheduler = _Scheduler(problem)
    nothing = Schedule(problem, ())  # knows when a placement ends
    heap = [(keys[number], number) for number in waiting.first]
    heapq.heapify(heap)
    placements = []
    while heap:
        _, number = heapq.heappop(heap)
        placement = scheduler.place(number, waiting.ready(number), modes[number])
        placements.append(placement)
        for freed in waiting.done(number, nothing.end_s(placement)):
            heapq.heappush(heap, (keys[freed], freed))
    return Schedule(problem, tuple(sorted(placements, key=lambda placement: placement.task)))


def pushed_left(schedule: Schedule) -> Schedule:
    """Return a schedule, in the modes and the order of another, in which nothing can start earlier.

    Parameters
    ----------
    schedule : Schedule
        Feasible.

    Returns
    -------
    Schedule
        Everything starts when it did or earlier; what `list_schedule` makes stays as it is.
    """
    starts = [placement.start_s for placement in schedule.placements]
    modes = [placement.mode for placement in schedule.placements]
    return schedule_by_keys(schedule.problem, starts, modes)


def built_on_ties(schedule: Schedule) -> Schedule:
    """Build beside, within the surge that is left, what commits on the same second so.

    Parameters
    ----------
    schedule : Schedule
        Feasible.

    Returns
    -------
    Schedule
        Feasible, of the same objective, and no work in place more.
    """
    problem = schedule.problem
    surge = Profile(problem.surge) if problem.surge >= 0 else None
    if surge is not None:
        for placement in schedule.placements:
            taken = schedule.mode(placement).surge
            if taken:
                surge.take(placement.start_s, schedule.end_s(placement), taken)
    placements = []
    for placement in schedule.placements:
        built = _built(schedule, placement)
        if built is not None and surge is not None:
            length, amount = schedule.end_s(built) - built.start_s, schedule.mode(built).surge
            if surge.earliest(built.start_s, length, amount) > built.start_s:
                built = None
            else:
                surge.take(built.start_s, built.start_s + length, amount)
        placements.append(built or placement)
    return Schedule(problem, tuple(placements))


def _built(schedule: Schedule, placement: Placement) -> Placement | None:
    """Return work in place as a build that commits and ends just when it does."""
    problem, task = schedule.problem, schedule.problem.tasks[placement.task]
    if task.modes[placement.mode].action == "build":
        return None
    for number, mode in enumerate(task.modes):
        if mode.action == "build":
            switch = problem.windows.earliest_fit(placement.switch_s, problem.overhead_s)
            built = replace(placement, mode=number, switch_s=switch)
            if schedule.commit_s(built) == schedule.commit_s(placement):
                return built
    return None
