"""The scheduling problem behind a scenario: tasks with modes on renewable resources.

Everything that the guard of the simulator checks becomes a resource with a capacity
(the crew, the surge slots, each service's spare instances, each host), a set of windows
or a precedence; so the list scheduler and CP-SAT see one and the same problem, a
multi-mode resource-constrained project scheduling problem with weighted completion
times (Brucker et al., Resource-constrained project scheduling, EJOR 112, 1999).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Final, Literal

import numpy as np

from patchopt.model.demands import Demands, Groups
from patchopt.model.garbage import collector_paused
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.items import Item, Items
from patchopt.model.order import compress
from patchopt.model.waiting import users_of
from patchopt.model.windows import WindowSet


@dataclass(frozen=True, kw_only=True)
class Mode:
    """One way to do a task.

    Parameters
    ----------
    action : str
        ``patch`` in place, or ``build`` blue-green.
    commit_s : int
        Seconds from the start to the commit; for a build, to the earliest one.
    demands : tuple of (int, int)
        Resource and amount, held for the length of the work.
    surge : int
        Surge slots, held from the start to the end of the switch.
    """

    action: Literal["patch", "build"]
    commit_s: int
    demands: tuple[tuple[int, int], ...]
    surge: int


@dataclass(frozen=True, kw_only=True)
class Task:
    """An item as the constraints and the objective see it.

    Parameters
    ----------
    item : Item
        Whose work it is, for its names and for priorities. Constraints, bounds and the
        objective read nothing of it: what they ask for is a field of its own here.
    component : int
        Where the item stands in the dependency order.
    weight_milli : int
        The item's weight, in thousandths.
    size : int
        Nodes.
    length_s : int
        The work L, in either mode.
    modes : tuple of Mode
        The ways to do it.
    """

    item: Item
    component: int
    weight_milli: int
    size: int
    length_s: int
    modes: tuple[Mode, ...]

    @property
    def work_s(self) -> int:
        """Node-seconds of the work."""
        return self.size * self.length_s

    @property
    def asks(self) -> tuple[Hashable, ...]:
        """All that a constraint or the objective may read: every field that is not of `WHICH`."""
        return tuple(getattr(self, name) for name in _ASKED)


#: Fields of a task that tell which it is and where it stands, not what it asks for.
WHICH: Final = frozenset({"item", "component"})

_ASKED: Final = tuple(field.name for field in fields(Task) if field.name not in WHICH)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A scheduling problem.

    Parameters
    ----------
    tasks : tuple of Task
        In the order of their items.
    capacities : tuple of int
        Of each resource.
    surge : int
        Capacity for builds, -1 for unlimited.
    overhead_s : int
        Length of a switch.
    windows : WindowSet
        Where work and switches must lie.
    dependencies : mapping of int to tuple of int
        Component to those that must have finished first, committed and past the warm-up; empty
        without strict order.
    skipped_weight_milli : int
        Weight that stays old: it is exposed until the last work ends.
    crew : int, optional
        Which resource is the crew; none if it is unlimited.
    services : frozenset of int
        Which resources are services.
    resource_names : tuple of str
        What proofs call each resource: ``crew``, ``service:NAME``, ``host:NODE``.
    task_names : tuple of str
        Least id of each task's nodes, by code points.
    """

    tasks: tuple[Task, ...]
    capacities: tuple[int, ...]
    surge: int
    overhead_s: int
    windows: WindowSet
    dependencies: Mapping[int, tuple[int, ...]]
    skipped_weight_milli: int
    crew: int | None = None
    services: frozenset[int] = frozenset()
    resource_names: tuple[str, ...] = ()
    task_names: tuple[str, ...] = ()

    @property
    def hosts(self) -> tuple[int, ...]:
        """Which resources are hosts: a guest takes a place, the host's own work all of them."""
        shared = self.services | {self.crew}
        return tuple(at for at in range(len(self.capacities)) if at not in shared)


@collector_paused()
def problem_of(infrastructure: Infrastructure, items: Items) -> Problem:
    """Make the scheduling problem of some items.

    Parameters
    ----------
    infrastructure : Infrastructure
        Where.
    items : Items
        What is to be placed.

    Returns
    -------
    Problem
    """
    resources = _Resources(infrastructure, items)
    component_of = infrastructure.order.component_of_unit.tolist()
    tasks = tuple(
        Task(
            item=item,
            component=component_of[item.unit],
            weight_milli=item.weight_milli,
            size=item.size,
            length_s=item.length_s,
            modes=tuple(resources.modes(number, item)),
        )
        for number, item in enumerate(items.placed)
    )
    skipped = np.array(items.skipped, np.int64)
    return Problem(
        tasks=tasks,
        capacities=tuple(resources.capacities),
        surge=infrastructure.limits.surge,
        overhead_s=infrastructure.limits.overhead_s,
        windows=infrastructure.windows,
        dependencies=infrastructure.dependencies,
        skipped_weight_milli=int(infrastructure.units.weight_milli[skipped].sum()),
        crew=resources.crew,
        services=frozenset(resources.services),
        resource_names=tuple(resources.names),
        task_names=tuple(
            min(infrastructure.nodes.ids[node] for node in item.nodes) for item in items.placed
        ),
    )


def alike(problem: Problem) -> list[list[int]]:
    """Group tasks that any schedule may exchange without a trace.

    They ask for the same and stand at the same place of the dependency order.

    Parameters
    ----------
    problem : Problem
        Nothing in it but its tasks and its dependencies may tell tasks apart.

    Returns
    -------
    list of list of int
        Numbers of tasks, ascending, of every group of two or more.
    """
    tasks_in = Counter(task.component for task in problem.tasks)
    users = users_of(problem.dependencies)

    def place(task: Task) -> Hashable:
        if not problem.dependencies:
            return None
        component = task.component
        if tasks_in[component] > 1:
            return component
        return problem.dependencies[component], tuple(users.get(component, ()))

    groups: dict[Hashable, list[int]] = defaultdict(list)
    for number, task in enumerate(problem.tasks):
        groups[task.asks, place(task)].append(number)
    return [group for group in groups.values() if len(group) > 1]


class _Resources:
    """Numbers the resources and measures what each item takes of them."""

    def __init__(self, infrastructure: Infrastructure, items: Items) -> None:
        self.infrastructure = infrastructure
        self.capacities: list[int] = []
        self.names: list[str] = []
        crew = infrastructure.limits.max_parallel
        self.crew = self._new("crew", crew) if crew >= 0 else None
        services = infrastructure.services
        spare = services.instances - services.min_up
        # Where nothing can be spared, one forced task at a time may still break the service.
        self.services = [
            self._new(f"service:{name}", max(int(count), 1))
            for name, count in zip(services.names, spare, strict=True)
        ]
        self.demands = self._demands(items)
        self.hosts = self._host_resources(items)
        self.host_of = infrastructure.nodes.host.tolist()

    def _new(self, name: str, capacity: int) -> int:
        self.names.append(name)
        self.capacities.append(capacity)
        return len(self.capacities) - 1

    def _demands(self, items: Items) -> list[list[tuple[int, int]]]:
        """Return of each item the services that in-place work takes instances of."""
        ptr, idx = compress([item.nodes for item in items.placed])
        services = len(self.infrastructure.services.names)
        return Demands.of(Groups(ptr=ptr, idx=idx), self.infrastructure.nodes, services).rows()

    def _host_resources(self, items: Items) -> dict[int, int]:
        """Make a resource for every host that goes down while guests are worked on.

        Its capacity is the number of items; a guest's work takes one, the host's all.
        """
        nodes = self.infrastructure.nodes
        takes_guests = (nodes.restart & (np.diff(nodes.guest_ptr) > 0)).tolist()
        self.whole = max(len(items.placed), 1)
        return {
            node: self._new(f"host:{nodes.ids[node]}", self.whole)
            for item in items.placed
            for node in item.nodes
            if item.in_place and takes_guests[node]
        }

    def modes(self, number: int, item: Item) -> list[Mode]:
        overhead = self.infrastructure.limits.overhead_s
        common: list[tuple[int, int]] = []
        if self.crew is not None:
            common.append((self.crew, item.size))
        if self.hosts:
            common += [(self.hosts[host], 1) for host in sorted(self._hosts_above(item))]
        modes = []
        if item.in_place:
            services = self._service_demands(item, self.demands[number])
            own = [*common, *services, *self._own_hosts(item)]
            commit = overhead + item.duration_s
            modes.append(Mode(action="patch", commit_s=commit, demands=tuple(own), surge=0))
        if item.blue_green:
            commit = item.length_s + overhead
            modes.append(
                Mode(action="build", commit_s=commit, demands=tuple(common), surge=item.size)
            )
        return modes

    def _hosts_above(self, item: Item) -> set[int]:
        above: set[int] = set()
        members = set(item.nodes)
        for node in item.nodes:
            host = self.host_of[node]
            while host >= 0:
                if host in self.hosts and host not in members:
                    above.add(host)
                host = self.host_of[host]
        return above

    def _own_hosts(self, item: Item) -> list[tuple[int, int]]:
        return [(self.hosts[node], self.whole) for node in item.nodes if node in self.hosts]

    def _service_demands(
        self, item: Item, demands: list[tuple[int, int]]
    ) -> Iterator[tuple[int, int]]:
        for service, count in demands:
            resource = self.services[service]
            # A waived service must have none of its other instances out: all of it is taken.
            yield resource, self.capacities[resource] if service in item.waives else count
