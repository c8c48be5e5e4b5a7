"""Lists of tasks decoded second by second: slow, and by another way than the product's."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from support.lists import all_below

if TYPE_CHECKING:
    from collections.abc import Sequence

    from patchopt.optimizer.problem import Mode, Problem, Task

#: Start, mode, commit and end of a task.
Place = tuple[int, str, int, int]


class SlowDecoder:
    """Places tasks as early as every second of their work allows."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.used: Counter[tuple[int, int]] = Counter()  # of a resource in a second
        self.slots: Counter[int] = Counter()
        self.placed: dict[int, Place] = {}

    def decode(self, order: Sequence[int], wanted: Sequence[int]) -> dict[int, Place]:
        """Place all tasks in the order of a list; 0 wants them in place, 1 built, -1 either."""
        for number in order:
            self._place(number, ("patch", "build", None)[wanted[number]])
        return self.placed

    def objective(self) -> int:
        tasks = self.problem.tasks
        total = sum(tasks[number].weight_milli * place[2] for number, place in self.placed.items())
        makespan = max((place[3] for place in self.placed.values()), default=0)
        return total + self.problem.skipped_weight_milli * makespan

    def _place(self, number: int, wanted: str | None) -> None:
        task = self.problem.tasks[number]
        found = []
        for mode in task.modes:
            if wanted in (None, mode.action):
                start = self._ready(task)
                while not self._fits(task, mode, start):
                    start += 1
                found.append((self._commit(task, mode, start), mode.action == "build", start, mode))
        commit, built, start, mode = min(found, key=lambda option: option[:2])
        end = commit if built else start + task.length_s
        self.placed[number] = (start, mode.action, commit, end)
        for second in range(start, start + task.length_s):
            for resource, amount in mode.demands:
                self.used[resource, second] += amount
        if built:
            for second in range(start, end):
                self.slots[second] += mode.surge

    def _ready(self, task: Task) -> int:
        """Return when all below has finished, however far below."""
        below = all_below(self.problem, task.component)
        tasks = self.problem.tasks
        ends = [place[3] for at, place in self.placed.items() if tasks[at].component in below]
        return max(ends, default=0)

    def _commit(self, task: Task, mode: Mode, start: int) -> int:
        if mode.action == "patch":
            return start + mode.commit_s
        return self._switch(start + task.length_s) + self.problem.overhead_s

    def _switch(self, end: int) -> int:
        while not self._is_open(end, self.problem.overhead_s):
            end += 1
        return end

    def _is_open(self, start: int, length: int) -> bool:
        windows = self.problem.windows
        if not windows.period_s:
            return True
        opens = zip(windows.starts_s.tolist(), windows.lengths_s.tolist(), strict=True)
        periods = start // windows.period_s
        return any(
            opening + at * windows.period_s <= start
            and start + length <= opening + at * windows.period_s + lasts
            for opening, lasts in opens
            for at in (periods - 1, periods)
        )

    def _fits(self, task: Task, mode: Mode, start: int) -> bool:
        if not self._is_open(start, task.length_s):
            return False
        for second in range(start, start + task.length_s):
            for resource, amount in mode.demands:
                if self.used[resource, second] + amount > self.problem.capacities[resource]:
                    return False
        if mode.action == "patch" or self.problem.surge < 0:
            return True
        held = range(start, self._commit(task, mode, start))
        return all(self.slots[second] + mode.surge <= self.problem.surge for second in held)
