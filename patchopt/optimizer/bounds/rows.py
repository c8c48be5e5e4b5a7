"""What is narrow, as rows with a price each, and who asks how much of them, for how long."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from patchopt.optimizer.problem import Mode, Problem, Task


class Demand(NamedTuple):
    """What a task, or an instant, takes of a row.

    Parameters
    ----------
    row : int
        Which.
    amount : int
        Places; of an instant also fewer than none.
    held_s : int
        Seconds from the start for which they are taken.
    from_zero : bool
        Whether they are taken from time 0 instead, until so many seconds after the start.
    """

    row: int
    amount: int
    held_s: int
    from_zero: bool = False


@dataclass(kw_only=True)
class Row:
    """Something narrow.

    Parameters
    ----------
    name : str
        What proofs call it.
    capacity : int
        Places.
    stiffness : float
        How fast the gradient of the bound changes with its price, per second of a cell and at
        temperature 1.
    """

    name: str
    capacity: int
    stiffness: float = 0.0


@dataclass(kw_only=True)
class Way:
    """A mode of a class of tasks: seconds from start to commit, and demands."""

    commit_s: int
    demands: list[Demand]


class Instant(NamedTuple):
    """The first start, or the last finish, of some tasks."""

    kind: Literal["first", "last"]
    group: str
    tasks: tuple[int, ...]


@dataclass(kw_only=True)
class TaskClass:
    """Tasks that are alike, or an instant of the dependency order (weight and length 0).

    Parameters
    ----------
    members : tuple of int
        Numbers of tasks; empty for an instant.
    weight_milli, length_s : int
        Of each.
    head_s : int
        Earliest start.
    ways : list of Way
        One a mode, in the order of the tasks' modes.
    instant : Instant, optional
        Which one it is.
    """

    members: tuple[int, ...]
    weight_milli: int
    length_s: int
    head_s: int
    ways: list[Way]
    instant: Instant | None = None

    @property
    def count(self) -> int:
        """How often it has to be paid."""
        return len(self.members) or 1


@dataclass(kw_only=True)
class Relaxation:
    """A problem whose tasks see each other through prices only.

    Parameters
    ----------
    problem : Problem
        What is relaxed.
    classes : list of TaskClass
        Every task in one of them; instants behind them.
    rows : list of Row
        Only those that can bind.
    crew : int, optional
        Which row is the crew, if it can bind.
    """

    problem: Problem
    classes: list[TaskClass]
    rows: list[Row]
    crew: int | None = None


Place = Callable[[int], Hashable]


def relaxation_of(
    problem: Problem,
    place: Place = lambda _: None,
    head_s: Callable[[int], int] = lambda _: 0,
) -> Relaxation:
    """Return the rows of crew, services, hosts and surge, and the classes that ask for them.

    Parameters
    ----------
    problem : Problem
        In seconds.
    place : callable
        Of two tasks at different places of the dependency order, by their numbers, says so.
    head_s : callable
        Earliest start of a task, the same for all at one place.

    Returns
    -------
    Relaxation
        Linear in tasks and demands.
    """
    names = (*problem.resource_names, "surge")
    capacities = [*problem.capacities, problem.surge]
    whole = _hosts(problem)
    for host, (_, places) in whole.items():
        capacities[host] = places
    keyed: dict[Hashable, list[int]] = defaultdict(list)
    for number, task in enumerate(problem.tasks):
        keyed[task.asks, place(number)].append(number)
    classes = []
    for members in keyed.values():
        task = problem.tasks[members[0]]
        ways = [
            Way(commit_s=mode.commit_s, demands=_demands(problem, task, mode, whole))
            for mode in task.modes
        ]
        classes.append(
            TaskClass(
                members=tuple(members),
                weight_milli=task.weight_milli,
                length_s=task.length_s,
                head_s=head_s(members[0]),
                ways=ways,
            )
        )
    rows = [Row(name=name, capacity=c) for name, c in zip(names, capacities, strict=True)]
    _part_guests(problem, classes, rows, whole)
    return _binding(Relaxation(problem=problem, classes=classes, rows=rows, crew=problem.crew))


def _part_guests(
    problem: Problem, classes: list[TaskClass], rows: list[Row], whole: dict[int, tuple[int, int]]
) -> None:
    """Let the work on each host shut out each class of its guests by a row of its own.

    In a mixture of schedules the host may else be worked on for a share of a time in which some of
    its guests are worked on without a break.
    """
    guests: dict[int, list[TaskClass]] = defaultdict(list)
    owners: dict[int, list[tuple[TaskClass, Way]]] = defaultdict(list)
    for one in classes:
        for mode, way in zip(problem.tasks[one.members[0]].modes, one.ways, strict=True):
            for resource, amount in mode.demands:
                if resource in whole and amount == whole[resource][0]:
                    owners[resource].append((one, way))
                elif resource in whole and one not in guests[resource][-1:]:
                    guests[resource].append(one)
    most = len(problem.tasks) if problem.crew is None else problem.capacities[problem.crew]
    for host, some in guests.items():
        for one in some if len(some) > 1 else ():
            name = min(problem.task_names[task] for task in one.members)
            places = max(1, min(one.count, most))
            rows.append(
                Row(name=f"guests:{problem.resource_names[host][5:]}:{name}", capacity=places)
            )
            for way in one.ways:  # each of them is on the host
                way.demands.append(Demand(len(rows) - 1, 1, one.length_s))
            for other, way in owners[host]:
                way.demands.append(Demand(len(rows) - 1, places, other.length_s))


def _hosts(problem: Problem) -> dict[int, tuple[int, int]]:
    """Return of each host's resource what its own work takes, and as how many places that counts.

    A guest takes one place. No more guests than there are, and than the crew has places, are
    worked on at once, so that as many are enough for the host to shut them out.
    """
    hosts = {host: problem.capacities[host] for host in problem.hosts}
    guests: dict[int, int] = dict.fromkeys(hosts, 0)
    for task in problem.tasks:
        taken = {demand for mode in task.modes for demand in mode.demands}
        for resource, amount in taken:
            if resource in hosts and amount < hosts[resource]:
                guests[resource] += 1
    most = len(problem.tasks) if problem.crew is None else problem.capacities[problem.crew]
    return {host: (hosts[host], max(1, min(count, most))) for host, count in guests.items()}


def _demands(
    problem: Problem, task: Task, mode: Mode, whole: dict[int, tuple[int, int]]
) -> list[Demand]:
    found = []
    for resource, amount in mode.demands:
        own, places = whole.get(resource, (-1, 0))
        found.append(Demand(resource, places if amount == own else amount, task.length_s))
    if mode.surge and problem.surge >= 0:
        # A switch may have to wait for a window; without the wait the bound holds as well.
        switch_s = 0 if problem.windows.period_s else problem.overhead_s
        found.append(Demand(len(problem.capacities), mode.surge, task.length_s + switch_s))
    return found


def _binding(relaxation: Relaxation) -> Relaxation:
    """Leave out rows that have room for everybody at once."""
    asked = [0] * len(relaxation.rows)
    for one in relaxation.classes:
        most: dict[int, int] = defaultdict(int)
        for way in one.ways:
            for demand in way.demands:
                most[demand.row] = max(most[demand.row], demand.amount)
        for row, amount in most.items():
            asked[row] += amount * one.count
    kept = [at for at, row in enumerate(relaxation.rows) if asked[at] > row.capacity >= 0]
    places = {row: place for place, row in enumerate(kept)}
    for one in relaxation.classes:
        for way in one.ways:
            way.demands = [
                demand._replace(row=places[demand.row])
                for demand in way.demands
                if demand.row in places
            ]
    crew = None if relaxation.crew is None else places.get(relaxation.crew)
    rows = [relaxation.rows[row] for row in kept]
    _stiffen(relaxation.classes, rows)
    return Relaxation(problem=relaxation.problem, classes=relaxation.classes, rows=rows, crew=crew)


def _stiffen(classes: list[TaskClass], rows: list[Row]) -> None:
    """Estimate how the use of each row answers to its price: three mean works at once."""
    squares, sums = [0.0] * len(rows), [0.0] * len(rows)
    for one in classes:
        for way in one.ways:
            for demand in way.demands:
                work = float(demand.amount * one.length_s)
                squares[demand.row] += one.count * work * work
                sums[demand.row] += one.count * work
    for row, square, total in zip(rows, squares, sums, strict=True):
        row.stiffness = 3 * square / total * max(1, row.capacity)
