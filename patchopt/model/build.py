"""Scenario to Infrastructure: expanded, indexed, flat."""

from __future__ import annotations

import hashlib
import json
import operator
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from patchopt.errors import Problem, ScenarioError
from patchopt.model.arrays import (
    EDGE_KINDS,
    Edges,
    Limits,
    Nodes,
    Releases,
    Services,
    Surroundings,
)
from patchopt.model.base import NONE, Flags, Floats, Ints
from patchopt.model.check import Parts, check
from patchopt.model.expansion import Expansion, units_of
from patchopt.model.failures import nominal_s, sigma_of
from patchopt.model.garbage import collector_paused
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.order import compress, order_of
from patchopt.model.quantities import DAY_S, min_up_of, weight_milli
from patchopt.model.scenario import Patch, Scenario
from patchopt.model.units import Units
from patchopt.model.windows import WindowSet


@collector_paused()
def build_infrastructure(scenario: Scenario) -> Infrastructure:
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
    problems = [] if scenario.known_sound else check(Parts.of(scenario))
    if problems:
        raise ScenarioError(problems, scenario.name)
    expansion = Expansion.of(scenario.nodes, scenario.services)
    nodes, releases = _nodes(scenario, expansion)
    services = _services(scenario, expansion)
    windows = WindowSet.of(scenario.constraints.windows)
    groups = units_of(expansion, scenario.edges, nodes.patched.tolist())
    units = Units.of(groups, nodes, scenario.constraints.step_overhead)
    limits = _limits(scenario, units)
    order = order_of(expansion, scenario.edges, units.of_node)
    made = Infrastructure(
        scenario=scenario,
        sha256=scenario_sha256(scenario),
        luck=scenario.name if scenario.luck is None else scenario.luck,
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
    _refuse_overflow(made)
    return made


def _refuse_overflow(made: Infrastructure) -> None:
    # Pauses are for the plans that have them; Python integers do not overflow here.
    total = int(made.nodes.weight_milli.sum(dtype=object)) if len(made.nodes) else 0
    worst_s = max(made.longest_run_s, made.limits.horizon_s)
    if total * worst_s >= 2**62 or len(made.nodes) * worst_s >= 2**62:
        message = "weights and durations are too large for exact 64-bit exposures"
        remedy = "lower the criticalities or shorten the durations"
        raise ScenarioError([Problem((), message, remedy)], made.scenario.name)


def _limits(scenario: Scenario, units: Units) -> Limits:
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
        horizon_s=given.horizon or _usual_horizon_s(units.length_s, given.max_parallel),
    )


def _usual_horizon_s(length_s: Ints, crew: int | None) -> int:
    """Return the whole days, one at least, that a crew which never idles is at work."""
    serial_s, longest_s = int(length_s.sum()), int(length_s.max(initial=0))
    work_s = longest_s if crew is None else -(-serial_s // crew)
    return DAY_S * max(1, -(-work_s // DAY_S))


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
    work = _Work.of([patch[1] if patch else None for patch in patches])
    guest_ptr, guest_idx = compress(_guests(expansion))
    nodes = Nodes(
        ids=tuple(expansion.ids),
        index=expansion.index,
        service=_ints(service_index.get(entry.service or "", NONE) for entry in entries),
        host=_ints(expansion.index[e.host] if e.host is not None else NONE for e in entries),
        weight_milli=_ints(
            weight_milli(entry.criticality, patch[1].severity) if patch else 0
            for entry, patch in zip(entries, patches, strict=True)
        ),
        patched=work.row >= 0,
        blue_green=_flags(entry.blue_green for entry in entries),
        release=_ints(number[patch[0]] if patch else NONE for patch in patches),
        degree=_degrees(scenario, expansion),
        key=np.array([key_of("node", name) for name in expansion.ids], np.int64),
        guest_ptr=guest_ptr,
        guest_idx=guest_idx,
        **work.columns(),
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


@dataclass(frozen=True)
class _Work:
    """The patches that there are, each once, and which of them each node has: -1 for none."""

    patches: list[Patch]
    row: Ints

    @classmethod
    def of(cls, patches: list[Patch | None]) -> Self:
        # By identity: to compare patches takes longer than to read one twice.
        rows = {id(patch): patch for patch in patches if patch is not None}
        place = {one: at for at, one in enumerate(rows)}
        return cls([*rows.values()], _ints(place.get(id(patch), NONE) for patch in patches))

    def columns(self) -> dict[str, Any]:
        """Return what nodes have of their patches, by the names of `Nodes`."""
        rollbacks = [patch.rollback_given for patch in self.patches]
        latents = [patch.latent for patch in self.patches]
        ints: dict[str, Iterator[int]] = {
            "duration_s": (nominal_s(patch.duration) for patch in self.patches),
            "warmup_s": (patch.warmup for patch in self.patches),
            "latent_delay_s": (nominal_s(x.delay) if x else 0 for x in latents),
        }
        floats: dict[str, Iterator[float]] = {
            "failure_probability": (patch.failure_probability for patch in self.patches),
            "rollback_failure_probability": (r.failure_probability if r else 0 for r in rollbacks),
            "latent_probability": (x.probability if x else 0 for x in latents),
            "duration_sigma": (sigma_of(patch.duration) for patch in self.patches),
            "rollback_sigma": (sigma_of(r.duration) if r else 0 for r in rollbacks),
            "latent_sigma": (sigma_of(x.delay) if x else 0 for x in latents),
        }
        rollback_s = (nominal_s(r.duration) if r else NONE for r in rollbacks)
        return {
            # What a node without a patch has stands last: its row is -1.
            **{name: _ints([*values, 0])[self.row] for name, values in ints.items()},
            **{name: _floats([*values, 0])[self.row] for name, values in floats.items()},
            "rollback_s": _ints([*rollback_s, NONE])[self.row],
            "restart": _flags([*(patch.restart for patch in self.patches), False])[self.row],
        }


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
    of = Counter(end for edge in scenario.edges for end in (edge.source, edge.target))
    own = (of[name] for name in expansion.ids)
    shared = (of[entry.service] if entry.service else 0 for entry in expansion.entries)
    return _ints(map(operator.add, own, shared))


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


def key_of(kind: str, name: str) -> int:
    """Return the 63-bit key under which draws of a node or a release are made.

    It depends on the name alone, so a node meets the same luck in every scenario,
    plan and order that it stands in.
    """
    digest = hashlib.blake2b(f"{kind}:{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1  # fits a signed 64-bit integer


def scenario_sha256(scenario: Scenario) -> str:
    """Return the fingerprint of a scenario's content; comments, layout, facts do not count."""
    content = scenario.model_dump(mode="json", exclude={"facts"})
    canonical = json.dumps(content, sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()
