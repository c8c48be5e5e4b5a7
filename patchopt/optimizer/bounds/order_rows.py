"""Rows of strict order; `docs/certificate.md`, section 4, says what each means and why it holds."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Literal

from patchopt.optimizer.bounds.groups import Groups
from patchopt.optimizer.bounds.heads import Heads, Known, finish_s, heads_of
from patchopt.optimizer.bounds.rows import (
    Demand,
    Instant,
    Relaxation,
    Row,
    TaskClass,
    Way,
    relaxation_of,
)
from patchopt.optimizer.problem import Problem

#: What a group may use only while it is active; so are guests and host, but it says nothing new.
_ACTIVE = ("crew", "surge", "service:")
#: Mean works that answer to a price of order; of an active row, how much of an instant counts.
_WORKS, _SHARE = 6, 0.5


def ordered_relaxation(problem: Problem, groups: Groups, known: Known | None = None) -> Relaxation:
    """Return the relaxation of a problem under strict order.

    Parameters
    ----------
    problem : Problem
        In seconds.
    groups : Groups
        Its dependency order.
    known : Known, optional
        Claims about groups.

    Returns
    -------
    Relaxation
        With heads, instants, and the rows of order: two a class, one an arc.
    """
    known = known or Known()
    heads = heads_of(problem, groups, known)
    group_of = {task: group for group, tasks in enumerate(groups.tasks) for task in tasks}
    relaxation = relaxation_of(
        problem, group_of.__getitem__, lambda task: heads.ready_s[group_of[task]]
    )
    return _Order(problem, groups, heads, known, relaxation, group_of).added()


class _Order:
    """Adds instants and rows to a relaxation."""

    def __init__(
        self,
        problem: Problem,
        groups: Groups,
        heads: Heads,
        known: Known,
        relaxation: Relaxation,
        group_of: dict[int, int],
    ) -> None:
        self.problem, self.groups, self.known = problem, groups, known
        self.relaxation = relaxation
        self.classes: dict[int, list[TaskClass]] = defaultdict(list)
        for one in relaxation.classes:
            self.classes[group_of[one.members[0]]].append(one)
        self.users = self._users()
        self.used_by = Counter(row for _, row in self.users)
        tasks = [task.length_s for task in problem.tasks]
        self.mean_s = sum(tasks) / len(tasks)
        waiting = [group for group, below in enumerate(groups.below) if below]
        self.first = {group: self._instant("first", group, heads.ready_s) for group in waiting}
        self.last = {
            group: self._instant("last", group, heads.done_s) for group in sorted(groups.awaited)
        }

    def added(self) -> Relaxation:
        for group, row in sorted(self.users):
            self._active(group, row)
        for group in range(len(self.groups.tasks)):
            self._bounds(group)
            self._arcs(group)
            self._delay(group)
        self._stiffen()
        self.relaxation.classes += [*self.first.values(), *self.last.values()]
        return self.relaxation

    def _users(self) -> dict[tuple[int, int], list[TaskClass]]:
        """Return the classes of each group that ask for each row."""
        found: dict[tuple[int, int], list[TaskClass]] = defaultdict(list)
        for group, classes in self.classes.items():
            for one in classes:
                for row in {demand.row for way in one.ways for demand in way.demands}:
                    found[group, row].append(one)
        return found

    def _instant(
        self, kind: Literal["first", "last"], group: int, at_s: tuple[int, ...]
    ) -> TaskClass:
        return TaskClass(
            members=(),
            weight_milli=0,
            length_s=0,
            head_s=at_s[group],
            ways=[Way(commit_s=0, demands=[])],
            instant=Instant(kind, self.groups.names[group], self.groups.tasks[group]),
        )

    def _new(self, name: str, capacity: int = 0) -> int:
        self.relaxation.rows.append(Row(name=name, capacity=capacity))
        return len(self.relaxation.rows) - 1

    def _bounds(self, group: int) -> None:
        """Let every start come after the first of its group, every finish before the last."""
        for one in self.classes[group]:
            name = min(self.problem.task_names[task] for task in one.members)
            if group in self.last:
                row = self._new(f"end:{name}")
                task = self.problem.tasks[one.members[0]]
                for way, mode in zip(one.ways, task.modes, strict=True):
                    way.demands.append(Demand(row, 1, finish_s(task, mode), from_zero=True))
                _ask(self.last[group], row, -one.count)
            if group in self.first:
                row = self._new(f"begin:{name}")
                for way in one.ways:
                    way.demands.append(Demand(row, -1, 0, from_zero=True))
                _ask(self.first[group], row, one.count)

    def _arcs(self, group: int) -> None:
        for other in self.groups.below[group]:
            row = self._new(f"arc:{self.groups.names[other]}>{self.groups.names[group]}")
            _ask(self.last[other], row, 1)
            _ask(self.first[group], row, -1)

    def _delay(self, group: int) -> None:
        delay_s = self.known.delays_s.get(group, 0)
        if delay_s and group in self.first and group in self.last:
            row = self._new(f"delay:{self.groups.names[group]}")
            _ask(self.first[group], row, 1, delay_s)
            _ask(self.last[group], row, -1)

    def _active(self, group: int, row: int) -> None:
        """Let a group use what is narrow only between its first start and its last finish."""
        if group not in self.first and group not in self.last:
            return
        name, capacity = self.relaxation.rows[row].name, self.relaxation.rows[row].capacity
        users = self.users[group, row]
        if name.startswith(_ACTIVE) and sum(one.count for one in users) > capacity:
            self._add_active(group, row, users)

    def _add_active(self, group: int, row: int, users: list[TaskClass]) -> None:
        capacity = self.relaxation.rows[row].capacity
        name = f"active:{self.groups.names[group]}:{self.relaxation.rows[row].name}"
        own = self._new(name, 0 if group in self.last else capacity)
        # What nobody else uses needs no row of its own any more.
        service = self.relaxation.rows[row].name.startswith("service:")
        replaced = service and self.used_by[row] == 1
        work = squares = 0.0
        for one in users:
            for way in one.ways:
                held = [demand for demand in way.demands if demand.row == row]
                for demand in held:
                    way.demands.append(demand._replace(row=own))
                    amount = float(demand.amount * demand.held_s)
                    work += one.count * amount
                    squares += one.count * amount * amount
                    if replaced:
                        way.demands.remove(demand)
        instants = 0
        if group in self.first:
            _ask(self.first[group], own, capacity)
            instants += 1
        if group in self.last:
            _ask(self.last[group], own, -capacity)
            instants += 1
        of_instants = _SHARE * instants * 2 * capacity * capacity * self.mean_s
        self.relaxation.rows[own].stiffness = 3 * (squares / work * capacity + of_instants)

    def _stiffen(self) -> None:
        """Estimate how rows of order answer to their prices."""
        squares: dict[int, float] = defaultdict(float)
        for one in (*self.relaxation.classes, *self.first.values(), *self.last.values()):
            for way in one.ways:
                for demand in way.demands:
                    squares[demand.row] += float(demand.amount) ** 2
        for number, row in enumerate(self.relaxation.rows):
            if not row.stiffness:
                row.stiffness = _WORKS * max(1.0, squares[number]) * self.mean_s


def _ask(one: TaskClass, row: int, amount: int, held_s: int = 0) -> None:
    one.ways[0].demands.append(Demand(row, amount, held_s, from_zero=True))
