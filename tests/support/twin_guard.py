"""The guard of the SimPy twin: what keeps a step from starting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from support.reading import Reading
    from support.simpy_twin import Run, Step


class Guard:
    """Judges steps of one scenario.

    Parameters
    ----------
    reading
        The scenario.
    """

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.ancestors = {node: reading.ancestors(node) for node in reading.nodes}
        self.unit_of = {node: k for k, unit in enumerate(reading.units) for node in unit}
        self.depends_on = reading.depends_on if reading.strict else [set() for _ in reading.units]

    def nominal(self, step: Step) -> int:
        """Return how long a step takes, as planned."""
        if step.action == "switch":
            return self.reading.step_overhead
        return max(self.reading.length(job) for _, job in step.jobs)

    def reasons(self, run: Run, step: Step, *, hopeful: bool = False) -> list[str]:
        """Return what keeps a step from starting; `hopeful`: were all that has failed back."""
        if not step.written["guarded"] or step.action == "pause":
            return []
        reasons: list[str] = []
        if step.action != "switch":
            reasons += self._room(run, step) + self._nodes(run, step, hopeful)
        if step.action == "patch":
            reasons += self._services(run, step, hopeful)
        if not self.reading.windows.holds(run.now, run.now + self.nominal(step)):
            reasons.append("window")
        return reasons

    def _room(self, run: Run, step: Step) -> list[str]:
        size, crew, surge = (
            len(step.written["nodes"]),
            self.reading.max_parallel,
            self.reading.surge,
        )
        tests = {
            "crew": crew is not None and run.crew + size > crew,
            "surge": step.action == "build" and surge is not None and run.surge + size > surge,
        }
        return [name for name, holds in tests.items() if holds]

    def _nodes(self, run: Run, step: Step, hopeful: bool) -> list[str]:
        names: Sequence[str] = step.written["nodes"]
        needed = {
            node
            for name in names
            for unit in self.depends_on[self.unit_of[name]]
            for node in self.reading.units[unit]
        }
        repair = self.reading.environment.repair is not None
        tests = {
            "order": bool(needed - run.finished),
            "node": step.action == "patch"
            and repair
            and not hopeful
            and any(run.nodes[name].failed for name in names),
            "host": not hopeful
            and any(run.nodes[host].out for name in names for host in self.ancestors[name]),
            "guest": step.action == "patch" and self._guests_in_work(run, step),
        }
        return [name for name, holds in tests.items() if holds]

    def _guests_in_work(self, run: Run, step: Step) -> bool:
        """Whether the step takes a host down under work that is going on, or that it starts."""
        jobs = [job for _, job in step.jobs]
        busy = [node.id for node in run.nodes.values() if node.working]
        return any(
            self.ancestors[name] & self.reading.going_down(job)
            for job in jobs
            for other in [busy, *(other for other in jobs if other != job)]
            for name in other
        )

    def _services(self, run: Run, step: Step, hopeful: bool) -> list[str]:
        down = {node for _, job in step.jobs for node in self.reading.down_set(job)}
        waived: Any = step.written.get("waives", ())
        for service, instances in self.reading.instances.items():
            rest = [node for node in instances if node not in down]
            if len(rest) == len(instances):
                continue
            needed = self.reading.min_up[service]
            if service in waived:
                needed = min(needed, len(rest))
            up = len(rest) if hopeful else sum(run.monitor.serves(node) for node in rest)
            if up < needed:
                return ["service"]
        return []
