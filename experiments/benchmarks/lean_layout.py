"""A plan on an infrastructure as plain Python lists, for the lean SimPy model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan, Step
from patchopt.simulator.loop.streams import threshold


@dataclass(slots=True, eq=False, kw_only=True)
class Part:
    """What starts together: what the guard asks of it."""

    size: int
    length: int
    hosts: list[int]  # above its nodes
    guests: list[int]  # of its nodes that go down
    services: list[tuple[int, list[int], int]]  # service, its nodes that go down, least to serve
    conflict: bool  # one of its jobs takes down the host of another
    units: list[int]


@dataclass(slots=True, eq=False, kw_only=True)
class Job:
    """A unit, or a bare node, of a patch or build step."""

    number: int
    step: Work
    nodes: list[int]
    first: int
    warmup: int
    rollback: int
    going_down: list[int]
    going_back: list[int]
    lost: list[int]
    part: Part


@dataclass(slots=True, eq=False, kw_only=True)
class Work:
    """A step."""

    written: Step
    id: int
    action: str
    guarded: bool
    build: bool
    nodes: list[int]
    jobs: list[Job] = field(default_factory=list)
    following: list[int] = field(default_factory=list)
    after: int
    length: int = 0  # of a switch or a pause
    parts: dict[tuple[int, ...], Part] = field(default_factory=dict)


class Layout:
    """A plan on an infrastructure.

    Parameters
    ----------
    infrastructure
        Without spreads, latent failures and an environment: only attempts fail.
    plan
        What is done.
    """

    def __init__(self, infrastructure: Infrastructure, plan: Plan) -> None:
        self.of = infrastructure
        nodes, releases = infrastructure.nodes, infrastructure.releases
        everyone = range(len(nodes))
        self.service = nodes.service.tolist()
        self.release = nodes.release.tolist()
        self.weight = nodes.weight_milli.tolist()
        self.patched = nodes.patched.tolist()
        self.key = nodes.key.tolist()
        self.unit = infrastructure.units.of_node.tolist()
        self.guests = [nodes.guests(node).tolist() for node in everyone]
        self.hosts = [list(nodes.hosts_above(node)) for node in everyone]
        self.luck = [threshold(p) for p in nodes.failure_probability.tolist()]
        self.defect_luck = [threshold(p) for p in releases.defect_failure_probability.tolist()]
        self.defects = [
            (release, threshold(p), key)
            for release, (p, key) in enumerate(
                zip(releases.defect_probability.tolist(), releases.key.tolist(), strict=True)
            )
            if p > 0
        ]
        self.min_up = infrastructure.services.min_up.tolist()
        self.instances = infrastructure.services.instances.tolist()
        self._lay_edges()
        self._lay_order()
        self._lay_steps(plan)

    def _lay_edges(self) -> None:
        edges, services = self.of.edges, len(self.min_up)
        self.edges = list(zip(edges.source.tolist(), edges.target.tolist(), strict=True))
        at, idx = edges.ptr.tolist(), edges.idx.tolist()
        self.edges_at = [idx[at[group] : at[group + 1]] for group in range(len(at) - 1)]
        self.old = [0] * (services + len(self.service))
        for node, patched in enumerate(self.patched):
            if patched:
                self.old[services + node] = 1
                if self.service[node] >= 0:
                    self.old[self.service[node]] += 1

    def _lay_order(self) -> None:
        """Who depends on each unit, and on how many units each depends, however indirectly."""
        order, units = self.of.order, self.of.units
        self.strict = self.of.limits.strict
        self.unit_size = units.size.tolist()
        self.users: list[list[int]] = [[] for _ in self.unit_size]
        self.needs = [0] * len(self.unit_size)
        if not self.strict:
            return
        component_of = order.component_of_unit.tolist()
        below: dict[int, set[int]] = {}

        def reach(component: int) -> set[int]:
            if component not in below:
                below[component] = set().union(
                    *({other} | reach(other) for other in order.below[component])
                )
            return below[component]

        for unit, component in enumerate(component_of):
            for other, lower in enumerate(component_of):
                if lower in reach(component):
                    self.users[other].append(unit)
                    self.needs[unit] += 1

    def _lay_steps(self, plan: Plan) -> None:
        index = self.of.nodes.index
        overhead = self.of.limits.overhead_s
        self.steps = [
            Work(
                written=step,
                id=step.id,
                action=step.action,
                guarded=step.guarded and step.action != "pause",
                build=step.action == "build",
                nodes=[index[name] for name in step.nodes],
                after=len(set(step.after)),
                length=overhead if step.action == "switch" else step.duration,
            )
            for step in plan.steps
        ]
        self.jobs: list[Job] = []
        self.per_release = [0] * len(self.of.releases.names)
        for work in self.steps:
            for before in set(work.written.after):
                self.steps[before].following.append(work.id)
            if work.action in {"patch", "build"}:
                for node in work.nodes:
                    self.per_release[self.release[node]] += 1
                for members in self._units_of(work.nodes):
                    self._lay_job(work, members)

    def _units_of(self, nodes: Sequence[int]) -> list[list[int]]:
        """Whole units, in the order in which a step names them; else bare nodes."""
        found: dict[int, list[int]] = {}
        for node in nodes:
            found.setdefault(self.unit[node], []).append(node)
        whole = {unit: len(some) == self.unit_size[unit] for unit, some in found.items()}
        seen: dict[tuple[int, int], list[int]] = {}
        for node in nodes:
            unit = self.unit[node]
            seen.setdefault((unit, -1 if whole[unit] else node), []).append(node)
        return list(seen.values())

    def _lay_job(self, work: Work, members: list[int]) -> None:
        nodes = self.of.nodes
        lost = [node for node in members if nodes.rollback_s[node] < 0]
        job = Job(
            number=len(self.jobs),
            step=work,
            nodes=members,
            first=self.of.limits.overhead_s + int(nodes.duration_s[members].max()),
            warmup=int(nodes.warmup_s[members].max()),
            rollback=int(nodes.rollback_s[members].max()),
            going_down=[node for node in members if nodes.restart[node] and not work.build],
            going_back=[node for node in members if node not in lost],
            lost=lost,
            part=None,  # type: ignore[arg-type]  # which asks for the job itself
        )
        job.part = self.part([job])
        self.jobs.append(job)
        work.jobs.append(job)

    def part(self, jobs: Sequence[Job]) -> Part:
        """Return what the guard asks of jobs of one step that are to start together."""
        work = jobs[0].step
        known = tuple(job.number for job in jobs)
        if known not in work.parts:
            work.parts[known] = self._part(work, jobs)
        return work.parts[known]

    def _part(self, work: Work, jobs: Sequence[Job]) -> Part:
        members = [node for job in jobs for node in job.nodes]
        guests = {guest for job in jobs for node in job.going_down for guest in self.guests[node]}
        down = guests | {node for job in jobs for node in job.going_down}
        touched: dict[int, list[int]] = {}
        for node in sorted(down):
            if self.service[node] >= 0:
                touched.setdefault(self.service[node], []).append(node)
        names = self.of.services.names
        services = []
        for service, some in touched.items():
            least = self.min_up[service]
            if names[service] in work.written.waives:
                least = min(least, self.instances[service] - len(some))
            services.append((service, some, least))
        return Part(
            size=len(members),
            length=max(job.first + job.warmup for job in jobs),
            hosts=sorted({host for node in members for host in self.hosts[node]}),
            guests=sorted(guests),
            services=services,
            conflict=any(
                host in other.going_down
                for job in jobs
                for node in job.nodes
                for host in self.hosts[node]
                for other in jobs
                if other is not job
            ),
            units=sorted({self.unit[node] for node in members}) if self.strict else [],
        )
