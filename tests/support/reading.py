"""A small reading of a scenario, made from the model's page alone.

Everything here works on the plain dictionary that YAML gives. Clarity comes before speed: windows
are a list of seconds, reachability is a search from every vertex.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from support.windows import Windows
from support.written import Edge, Environment, Patch, expand, seconds, share_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Reading:
    """Nodes, services, edges, units, order and constraints of one scenario.

    Parameters
    ----------
    scenario
        The scenario as the dictionary that YAML gives. It is taken to be valid.
    """

    def __init__(self, scenario: Mapping[str, Any]) -> None:
        self.name: str = scenario["name"]
        self.luck: str = scenario.get("luck") or self.name
        constraints = scenario.get("constraints") or {}
        self.max_parallel: int | None = constraints.get("max_parallel")
        self.surge: int | None = constraints.get("surge")
        self.strict = constraints.get("dependency_order", "none") == "strict"
        self.windows = Windows(constraints.get("windows"))
        self.max_retries: int = constraints.get("max_retries", 0)
        self.abort_after: int | None = constraints.get("abort_after_failures")
        self.abort_share: float | None = constraints.get("abort_share")
        self.environment = Environment.of(scenario.get("environment") or {})
        self.step_overhead = seconds(constraints.get("step_overhead", 0))
        self.nodes = expand(scenario)
        self.instances: dict[str, tuple[str, ...]] = {
            service: tuple(node.id for node in self.nodes.values() if node.service == service)
            for service in scenario.get("services") or {}
        }
        self.min_up = {
            service: share_of((written or {}).get("min_up", 0), len(self.instances[service]))
            for service, written in (scenario.get("services") or {}).items()
        }
        self.edges = tuple(self._edge(written) for written in scenario.get("edges") or [])
        self.patched = tuple(node.id for node in self.nodes.values() if node.patch)
        self.horizon = (
            seconds(constraints["horizon"])
            if constraints.get("horizon") is not None
            else self._usual_horizon()
        )

    def _usual_horizon(self) -> int:
        lengths = [self.length(unit) for unit in self.units] or [0]
        work = (
            max(lengths)
            if self.max_parallel is None
            else math.ceil(Fraction(sum(lengths), self.max_parallel))
        )
        return max(1, math.ceil(Fraction(work, 86_400))) * 86_400

    def _edge(self, written: Mapping[str, Any]) -> Edge:
        source, target = written["source"], written["target"]
        return Edge(
            source,
            target,
            written.get("compatibility", "compatible"),
            self._end(source),
            self._end(target),
        )

    def _end(self, end: str) -> tuple[str, ...]:
        return self.instances[end] if end in self.instances else (self.nodes[end].id,)

    def patch(self, node: str) -> Patch:
        """Return the patch of a node that has one."""
        patch = self.nodes[node].patch
        if patch is None:
            raise ValueError(f"{node} has nothing to patch")
        return patch

    # --- units ---

    @cached_property
    def units(self) -> tuple[tuple[str, ...], ...]:
        """Patched nodes joined by incompatible edges, each unit in the order of the nodes."""
        label = {node: number for number, node in enumerate(self.patched)}
        for edge in self.edges:
            joined = [node for node in (*edge.sources, *edge.targets) if node in label]
            both_ends = any(node in label for node in edge.sources) and any(
                node in label for node in edge.targets
            )
            if edge.compatibility == "incompatible" and both_ends:
                merged = {label[node] for node in joined}
                label = {
                    node: min(merged) if mark in merged else mark for node, mark in label.items()
                }
        return tuple(
            tuple(node for node in self.patched if label[node] == mark)
            for mark in sorted(set(label.values()))
        )

    def jobs(self, nodes: Sequence[str]) -> list[tuple[str, ...]]:
        """Split the nodes of a step into its jobs: units that are all there, else bare nodes."""
        jobs: list[tuple[str, ...]] = []
        for unit in self.units:
            if set(unit) <= set(nodes):
                jobs.append(unit)
            else:
                jobs.extend((node,) for node in unit if node in nodes)
        return jobs

    def duration(self, job: Iterable[str]) -> int:
        """Return the longest duration of the members, in seconds."""
        return max(self.patch(node).duration for node in job)

    def warmup(self, job: Iterable[str]) -> int:
        """Return the longest warm-up of the members, in seconds."""
        return max(self.patch(node).warmup for node in job)

    def length(self, job: Iterable[str]) -> int:
        """Return L, how long work on the job lasts, in seconds."""
        members = tuple(job)
        return self.step_overhead + self.duration(members) + self.warmup(members)

    def weight(self, job: Iterable[str]) -> int:
        """Return the job's weight in thousandths."""
        return sum(self.nodes[node].weight for node in job)

    # --- hosts and services ---

    def ancestors(self, node: str) -> set[str]:
        """Return the hosts below a node: its host, that host's host, and so on."""
        found: set[str] = set()
        host = self.nodes[node].host
        while host is not None:
            found.add(host)
            host = self.nodes[host].host
        return found

    def going_down(self, job: Iterable[str]) -> set[str]:
        """Return the members that go down themselves when the job is worked on in place."""
        return {node for node in job if self.patch(node).restart}

    def down_set(self, job: Iterable[str]) -> set[str]:
        """Return all nodes that do not serve while the job is done in place, guests included."""
        down = self.going_down(job)
        return down | {node for node in self.nodes if self.ancestors(node) & down}

    def touched(self, job: Iterable[str]) -> set[str]:
        """Return the services that lose an instance while the job is worked on in place."""
        down = self.down_set(job)
        return {service for service, instances in self.instances.items() if down & set(instances)}

    def broken(self, job: Iterable[str]) -> set[str]:
        """Return the services that the job, in place and alone, brings below min_up."""
        down = self.down_set(job)
        return {
            service
            for service in self.touched(job)
            if len(set(self.instances[service]) - down) < self.min_up[service]
        }

    def can_build(self, job: Sequence[str]) -> bool:
        """Whether the job can be done blue-green."""
        room = self.surge is None or self.surge >= len(job)
        return room and all(self.nodes[node].blue_green for node in job)

    def modes(self, unit: Sequence[str]) -> tuple[str, ...]:
        """Return the ways to do a unit; ``("forced",)`` if none keeps every service up."""
        in_place = () if self.broken(unit) else ("in_place",)
        built = ("blue_green",) if self.can_build(unit) else ()
        return (in_place + built) or ("forced",)

    # --- order ---

    @cached_property
    def _unit_of(self) -> dict[str, int]:
        return {node: number for number, unit in enumerate(self.units) for node in unit}

    @cached_property
    def _reach(self) -> list[set[int | str]]:
        """For every unit, what its edges lead to: unit numbers and nodes without a patch."""
        unit_of = self._unit_of
        leads: dict[int | str, set[int | str]] = {}
        for edge in self.edges:
            for source in edge.sources:
                heads: set[int | str] = {unit_of.get(target, target) for target in edge.targets}
                leads.setdefault(unit_of.get(source, source), set()).update(heads)
        reach: list[set[int | str]] = []
        for unit in range(len(self.units)):
            found: set[int | str] = set()
            waiting = list(leads.get(unit, ()))
            while waiting:
                vertex = waiting.pop()
                if vertex not in found:
                    found.add(vertex)
                    waiting.extend(leads.get(vertex, ()))
            reach.append(found)
        return reach

    @cached_property
    def depends_on(self) -> list[set[int]]:
        """For every unit, the units that it depends on outside its strongly connected component."""
        numbers = range(len(self.units))
        return [
            {
                other
                for other in numbers
                if other in self._reach[unit] and unit not in self._reach[other]
            }
            for unit in numbers
        ]

    @cached_property
    def cycles(self) -> set[frozenset[int]]:
        """Pairs of different units that depend on each other."""
        numbers = range(len(self.units))
        return {
            frozenset((one, other))
            for one in numbers
            for other in numbers
            if one < other and other in self._reach[one] and one in self._reach[other]
        }
