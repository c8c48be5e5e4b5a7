"""Scenario to Infrastructure: expanded, indexed, flat; built once, then trusted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np

from patchopt.errors import Problem, ScenarioError
from patchopt.model.arrays import (
    EDGE_KINDS,
    NONE,
    Edges,
    Flags,
    Floats,
    Ints,
    Limits,
    Nodes,
    Releases,
    Services,
    Surroundings,
)
from patchopt.model.check import Parts, check
from patchopt.model.expansion import Expansion, units_of
from patchopt.model.failures import nominal_s, sigma_of
from patchopt.model.order import Order, compress, order_of
from patchopt.model.quantities import min_up_of, weight_milli
from patchopt.model.scenario import Patch, Scenario
from patchopt.model.units import Units
from patchopt.model.windows import WindowSet


def key_of(kind: str, name: str) -> int:
    """Return the 63-bit key under which draws of a node or a release are made.

    It depends on the name alone, so a node meets the same luck in every scenario,
    plan and order that it stands in.
    """
    digest = hashlib.blake2b(f"{kind}:{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1  # fits a signed 64-bit integer


def scenario_sha256(scenario: Scenario) -> str:
    """Return the fingerprint of a scenario's content; comments and layout do not count."""
    canonical = json.dumps(scenario.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True, eq=False, kw_only=True)
class Infrastructure:
    """What planners and the simulator work on.

    Build it with `Infrastructure.build`; nothing is checked again afterwards.
    """

    scenario: Scenario
    sha256: str
    nodes: Nodes
    services: Services
    edges: Edges
    releases: Releases
    limits: Limits
    surroundings: Surroundings
    windows: WindowSet
    units: Units
    order: Order

    @classmethod
    def build(cls, scenario: Scenario) -> Self:
        """Expand and index a scenario.

        Parameters
        ----------
        scenario : Scenario
            Sound in itself; its references are checked here.

        Returns
        -------
        Infrastructure

        Raises
        ------
        ScenarioError
            With every problem between the entries of the scenario.
        """
        problems = check(Parts.of(scenario))
        if problems:
            raise ScenarioError(problems, scenario.name)
        expansion = Expansion.of(scenario.nodes, scenario.services)
        nodes, releases = _nodes(scenario, expansion)
        services = _services(scenario, expansion)
        windows = WindowSet.of(scenario.constraints.windows)
        groups = units_of(expansion, scenario.edges, nodes.patched.tolist())
        units = Units.of(groups, nodes, scenario.constraints.step_overhead)
        limits = _limits(scenario, int((units.duration_s + units.warmup_s).sum()))
        order = order_of(expansion, scenario.edges, units.of_node)
        made = cls(
            scenario=scenario,
            sha256=scenario_sha256(scenario),
            nodes=nodes,
            services=services,
            edges=_edges(scenario, expansion, len(nodes)),
            releases=releases,
            limits=limits,
            surroundings=Surroundings.of(scenario.environment),
            windows=windows,
            units=units,
            order=order,
        )
        made._refuse_overflow()
        return made

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What is allowed but worth knowing: dependency cycles."""
        found = []
        for cycle in self.order.cycles:
            labels = [self.units.label(unit) for unit in cycle]
            shown = ", ".join(labels[:5]) + (f" and {len(labels) - 5} more" if labels[5:] else "")
            found.append(f"dependency cycle: no order among {shown}")
        return tuple(found)

    @property
    def dependencies(self) -> Mapping[int, tuple[int, ...]]:
        """Components of the order to those that must be done first; empty unless it is strict."""
        return self.order.below if self.limits.strict else {}

    def without_failures(self) -> Self:
        """Return the same infrastructure where nothing goes wrong or varies: the nominal case."""
        none = np.zeros(len(self.nodes))
        nodes = replace(
            self.nodes,
            failure_probability=none,
            rollback_failure_probability=none,
            latent_probability=none,
            duration_sigma=none,
            rollback_sigma=none,
            latent_sigma=none,
        )
        never = np.zeros(len(self.releases.names))
        releases = replace(
            self.releases,
            defect_probability=never,
            defect_failure_probability=never,
            defect_latent_probability=never,
        )
        return replace(self, nodes=nodes, releases=releases, surroundings=Surroundings())

    @property
    def restless(self) -> bool:
        """Whether things happen that no step does: repairs, crashes, alarms, latent failures."""
        around = self.surroundings
        happens = around.repair_s >= 0 or around.crash_mtbf_s >= 0 or around.alarms_per_day > 0
        latent = (self.nodes.latent_probability, self.releases.defect_latent_probability)
        return happens or any(bool(probability.any()) for probability in latent)

    @property
    def longest_run_s(self) -> int:
        """Upper bound on the nominal work of any plan, all attempts one after another."""
        rollback = np.maximum(self.nodes.rollback_s[self.nodes.patched], 0)
        attempts = self.limits.max_retries + 1
        count = int(self.nodes.patched.sum())
        work = int((self.nodes.duration_s + self.nodes.warmup_s).sum() + rollback.sum())
        waits = 2 * count * self.windows.period_s
        return attempts * (work + 2 * count * self.limits.overhead_s) + waits

    def _refuse_overflow(self) -> None:
        # Twice the longest run leaves room for pauses; Python integers do not overflow here.
        total = int(self.nodes.weight_milli.sum(dtype=object)) if len(self.nodes) else 0
        worst_s = max(2 * self.longest_run_s, self.limits.horizon_s)
        if total * worst_s >= 2**62 or len(self.nodes) * worst_s >= 2**62:
            message = "weights and durations are too large for exact 64-bit exposures"
            remedy = "lower the criticalities or shorten the durations"
            raise ScenarioError([Problem((), message, remedy)], self.scenario.name)


def _limits(scenario: Scenario, serial_s: int) -> Limits:
    given = scenario.constraints
    return Limits(
        max_parallel=NONE if given.max_parallel is None else given.max_parallel,
        surge=NONE if given.surge is None else given.surge,
        strict=given.dependency_order == "strict",
        max_retries=given.max_retries,
        abort_after_failures=(
            NONE if given.abort_after_failures is None else given.abort_after_failures
        ),
        abort_share_bp=NONE if given.abort_share is None else round(given.abort_share * 10_000),
        overhead_s=given.step_overhead,
        horizon_s=serial_s if given.horizon is None else given.horizon,
    )


def _nodes(scenario: Scenario, expansion: Expansion) -> tuple[Nodes, Releases]:
    entries = expansion.entries
    service_index = {name: number for number, name in enumerate(scenario.services)}
    found: dict[str, Patch] = {}
    patches: list[tuple[str, Patch] | None] = []
    for entry in entries:
        patch = scenario.patch_of(entry)
        patches.append(patch)
        if patch is not None:
            found[patch[0]] = patch[1]
    number = {name: at for at, name in enumerate(found)}
    work = [patch[1] if patch else None for patch in patches]
    rollbacks = [patch.rollback_given if patch else None for patch in work]
    latents = [patch.latent if patch else None for patch in work]
    guest_ptr, guest_idx = compress(_guests(expansion))
    nodes = Nodes(
        ids=tuple(expansion.ids),
        index=expansion.index,
        service=_ints(service_index.get(entry.service or "", NONE) for entry in entries),
        host=_ints(expansion.index[e.host] if e.host is not None else NONE for e in entries),
        weight_milli=_ints(
            weight_milli(entry.criticality, patch.severity) if patch else 0
            for entry, patch in zip(entries, work, strict=True)
        ),
        patched=_flags(patch is not None for patch in work),
        duration_s=_ints(nominal_s(patch.duration) if patch else 0 for patch in work),
        warmup_s=_ints(patch.warmup if patch else 0 for patch in work),
        rollback_s=_ints(nominal_s(r.duration) if r else NONE for r in rollbacks),
        restart=_flags(patch is not None and patch.restart for patch in work),
        blue_green=_flags(entry.blue_green for entry in entries),
        failure_probability=_floats(p.failure_probability if p else 0.0 for p in work),
        rollback_failure_probability=_floats(r.failure_probability if r else 0 for r in rollbacks),
        latent_probability=_floats(x.probability if x else 0.0 for x in latents),
        latent_delay_s=_ints(nominal_s(x.delay) if x else 0 for x in latents),
        duration_sigma=_floats(sigma_of(p.duration) if p else 0.0 for p in work),
        rollback_sigma=_floats(sigma_of(r.duration) if r else 0.0 for r in rollbacks),
        latent_sigma=_floats(sigma_of(x.delay) if x else 0.0 for x in latents),
        release=_ints(number[patch[0]] if patch else NONE for patch in patches),
        degree=_degrees(scenario, expansion),
        key=np.array([key_of("node", name) for name in expansion.ids], np.int64),
        guest_ptr=guest_ptr,
        guest_idx=guest_idx,
    )
    defects = [patch.defect for patch in found.values()]
    releases = Releases(
        names=tuple(found),
        defect_probability=_floats(d.probability if d else 0.0 for d in defects),
        defect_failure_probability=_floats(d.failure_probability if d else 0.0 for d in defects),
        defect_latent_probability=_floats(d.latent_probability if d else 0.0 for d in defects),
        key=_ints(key_of("release", name) for name in found),
    )
    return nodes, releases


def _guests(expansion: Expansion) -> list[list[int]]:
    guests: list[list[int]] = [[] for _ in expansion.ids]
    for node, entry in enumerate(expansion.entries):
        host = entry.host
        while host is not None:
            above = expansion.index[host]
            guests[above].append(node)
            host = expansion.entries[above].host
    return guests


def _degrees(scenario: Scenario, expansion: Expansion) -> Ints:
    degree = np.zeros(len(expansion.ids), np.int64)
    for edge in scenario.edges:
        for end in (edge.source, edge.target):
            degree[expansion.end(end)] += 1
    return degree


def _services(scenario: Scenario, expansion: Expansion) -> Services:
    members = [expansion.members[name] for name in scenario.services]
    ptr, idx = compress(members)
    needed = (
        min_up_of(service.min_up, len(instances))
        for service, instances in zip(scenario.services.values(), members, strict=True)
    )
    return Services(
        names=tuple(scenario.services),
        min_up=_ints(needed),
        instances=np.diff(ptr),
        ptr=ptr,
        idx=idx,
    )


def _edges(scenario: Scenario, expansion: Expansion, nodes: int) -> Edges:
    services = {name: number for number, name in enumerate(scenario.services)}

    def group(name: str) -> int:
        return services[name] if name in services else len(services) + expansion.index[name]

    source = [group(edge.source) for edge in scenario.edges]
    target = [group(edge.target) for edge in scenario.edges]
    at: list[list[int]] = [[] for _ in range(len(services) + nodes)]
    for number, ends in enumerate(zip(source, target, strict=True)):
        for end in ends:
            at[end].append(number)
    ptr, idx = compress(at)
    kind = _ints(EDGE_KINDS[edge.compatibility] for edge in scenario.edges)
    return Edges(source=_ints(source), target=_ints(target), kind=kind, ptr=ptr, idx=idx)


def _ints(values: object) -> Ints:
    return np.array(list(values), np.int64)  # type: ignore[call-overload]  # any iterable of ints


def _floats(values: object) -> Floats:
    return np.array(list(values), np.float64)  # type: ignore[call-overload]  # any iterable


def _flags(values: object) -> Flags:
    return np.array(list(values), np.bool_)  # type: ignore[call-overload]  # any iterable of bools
