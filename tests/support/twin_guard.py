"""The guard of the SimPy twin: what keeps work from starting."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from support.reading import Reading
    from support.twin_nodes import NodeRecord, Nodes
    from support.twin_plan import Step

    Parts = Sequence[Sequence[NodeRecord]]


class Guard:
    """Judges what a step, or a part of it, would do; and whether work comes too early.

    Parameters
    ----------
    reading
        The scenario.
    """

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.ancestors = {node: reading.ancestors(node) for node in reading.nodes}
        self.unit_of = {node: k for k, unit in enumerate(reading.units) for node in unit}
        depends_on = reading.depends_on if reading.strict else [set() for _ in reading.units]
        self.needs = [
            {node for unit in units for node in reading.units[unit]} for units in depends_on
        ]

    def nominal(self, step: Step, parts: Parts) -> int:
        """Return how long parts of a step take, as planned."""
        if step.action == "switch":
            return self.reading.step_overhead
        return max(self.reading.length([node.id for node in part]) for part in parts)

    def too_early(self, run: Nodes, part: Sequence[NodeRecord]) -> bool:
        """Whether something that a part depends on has not finished."""
        return any(self.needs[self.unit_of[node.id]] - run.finished for node in part)

    def reasons(self, run: Nodes, step: Step, parts: Parts, *, hopeful: bool = False) -> list[str]:
        """Return what keeps parts of a step from starting together.

        `hopeful`: were all that has failed back.
        """
        reasons: list[str] = []
        if step.action != "switch":
            reasons += self._room(run, step, parts) + self._nodes(run, step, parts, hopeful)
        if step.action == "patch":
            down = {node for part in parts for node in self._down(part)}
            reasons += ["service"] * self.short(run, step, down, hopeful=hopeful)
        if not self.reading.windows.holds(run.now, run.now + self.nominal(step, parts)):
            reasons.append("window")
        return reasons

    def opening(self, run: Nodes, step: Step, parts: Parts) -> int | None:
        """Return when a window opens that holds parts of a step; None if none does."""
        length, longest = self.nominal(step, parts), self.reading.windows.longest
        if longest is not None and length > longest:
            return None
        return self.reading.windows.earliest(run.now, length)

    def lacks_crew(self, run: Nodes, size: int) -> bool:
        """Whether so many more would be too many at work."""
        return self.reading.max_parallel is not None and run.crew + size > self.reading.max_parallel

    def short(
        self, run: Nodes, step: Step, down: Collection[str], *, hopeful: bool = False
    ) -> bool:
        """Whether a service that loses an instance goes below what it needs."""
        for service, instances in self.reading.instances.items():
            rest = [node for node in instances if node not in down]
            if len(rest) == len(instances):
                continue
            needed = self.reading.min_up[service]
            if service in step.waives:
                needed = min(needed, len(rest))
            up = len(rest) if hopeful else sum(run.monitor.serves(node) for node in rest)
            if up < needed:
                return True
        return False

    def host_out(self, run: Nodes, nodes: Sequence[NodeRecord]) -> bool:
        """Whether a host below one of some nodes is out of service."""
        return any(run.nodes[host].out for node in nodes for host in self.ancestors[node.id])

    def guests_at_work(self, run: Nodes, nodes: Sequence[NodeRecord]) -> bool:
        """Whether nodes that go down take down others that are worked on."""
        down = self.reading.going_down([node.id for node in nodes])
        return any(self.ancestors[other.id] & down for other in run.nodes.values() if other.working)

    def _down(self, part: Sequence[NodeRecord]) -> set[str]:
        return self.reading.down_set([node.id for node in part])

    def _room(self, run: Nodes, step: Step, parts: Parts) -> list[str]:
        size, surge = sum(len(part) for part in parts), self.reading.surge
        tests = {
            "crew": self.lacks_crew(run, size),
            "surge": step.action == "build" and surge is not None and run.surge + size > surge,
        }
        return [name for name, holds in tests.items() if holds]

    def _nodes(self, run: Nodes, step: Step, parts: Parts, hopeful: bool) -> list[str]:
        tests = {
            "order": any(self.too_early(run, part) for part in parts),
            "host": not hopeful and any(self.host_out(run, part) for part in parts),
            "guest": step.action == "patch"
            and (
                any(self.guests_at_work(run, part) for part in parts) or self._guests_in_step(parts)
            ),
        }
        return [name for name, holds in tests.items() if holds]

    def _guests_in_step(self, parts: Parts) -> bool:
        """Whether a part takes a host down under another part."""
        return any(
            self.ancestors[node.id] & self.reading.going_down([member.id for member in part])
            for part in parts
            for other in parts
            if other is not part
            for node in other
        )
