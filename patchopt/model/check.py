"""What only shows in the whole scenario: unknown ids, cycles of hosts, impossible sizes.

Every check looks at whatever parts of a file are sound by themselves, so that one
run reports the mistakes inside entries and those between entries together. A name
whose entry is broken counts as known: one mistake is reported once.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from patchopt.errors import Problem, Suggestions
from patchopt.model.expansion import Expansion, units_of
from patchopt.model.failures import nominal_s
from patchopt.model.quantities import format_duration, min_up_of
from patchopt.model.scenario import Constraints, Edge, Node, Patch, Scenario, Service
from patchopt.model.windows import WindowSet

#: Most nodes in one scenario, all replicas counted.
MAX_NODES = 2_000_000


@dataclass(frozen=True)
class Parts:
    """The sound parts of a scenario, entries with their index in the file.

    Parameters
    ----------
    constraints : Constraints
        Defaults if the section is broken.
    services, patches : dict
        The sound ones by name.
    nodes, edges : list of (int, entry)
        The sound ones with their place in the list.
    broken : set of str
        Names of entries that are there, but not sound.
    uncounted : set of str
        Services that a node which is not sound may belong to.
    """

    constraints: Constraints
    services: dict[str, Service]
    patches: dict[str, Patch]
    nodes: list[tuple[int, Node]]
    edges: list[tuple[int, Edge]]
    broken: set[str] = field(default_factory=set)
    uncounted: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, scenario: Scenario) -> Parts:
        """Take a scenario whose every entry is sound."""
        return cls(
            scenario.constraints,
            dict(scenario.services),
            dict(scenario.patches),
            list(enumerate(scenario.nodes)),
            list(enumerate(scenario.edges)),
        )


def check(parts: Parts) -> list[Problem]:
    """Find every problem between the entries of a scenario.

    Parameters
    ----------
    parts : Parts
        What is sound by itself.

    Returns
    -------
    list of Problem
        Empty if there is none. Linear in nodes and edges.
    """
    total = sum(len_of(node) for _, node in parts.nodes)
    if total > MAX_NODES:
        message = f"{total} nodes are more than patchopt takes"
        return [Problem(("nodes",), message, f"keep replicas to {MAX_NODES} nodes in all")]
    expansion = Expansion.of((node for _, node in parts.nodes), parts.services)
    return [
        *_names(parts),
        *_references(parts, expansion),
        *_host_cycles(parts, expansion),
        *_min_up(parts, expansion),
        *_edges(parts, expansion),
        *_units(parts, expansion),
    ]


def len_of(node: Node) -> int:
    """Return the number of nodes that an entry stands for, without naming them."""
    return 1 if node.replicas is None else node.replicas


def _names(parts: Parts) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for place, node in parts.nodes:
        for name in node.ids:
            if name in seen:
                message = f"node id '{name}' is used already by nodes.{seen[name]}"
                yield Problem(("nodes", place, "id"), message, "give every node its own id")
                break
            seen[name] = place
            if name in parts.services:
                message = f"'{name}' is both a node and a service"
                yield Problem(("nodes", place, "id"), message, _other_id(parts, node))


def _other_id(parts: Parts, node: Node) -> str:
    """Return how a node that bears a service's name gets one of its own."""
    if node.replicas is not None:
        return f"give the node another id than '{node.id}', or rename the service"
    taken = {node.id for _, node in parts.nodes} | parts.services.keys() | parts.broken
    taken |= {name for _, node in parts.nodes if node.replicas for name in node.ids}
    free = next(name for n in itertools.count(1) if (name := f"{node.id}-{n}") not in taken)
    return f"call the node '{free}', or rename the service"


def _references(parts: Parts, expansion: Expansion) -> Iterator[Problem]:
    patches, services = Suggestions(parts.patches), Suggestions(parts.services)
    hosts = {name for _, node in parts.nodes if node.type == "host" for name in node.ids}
    near_hosts = Suggestions(hosts)
    for place, node in parts.nodes:
        named = node.patch if isinstance(node.patch, str) else None
        if named is not None and named not in parts.patches and named not in parts.broken:
            message = f"unknown patch '{named}'"
            yield Problem(("nodes", place, "patch"), message, patches.remedy(named))
        known = node.service is None or node.service in parts.services
        if not known and node.service is not None and node.service not in parts.broken:
            message = f"unknown service '{node.service}'"
            remedy = f"{services.remedy(node.service)} or declare it under services"
            yield Problem(("nodes", place, "service"), message, remedy)
        if node.host is None or node.host in hosts or node.host in parts.broken:
            continue
        if node.host in expansion.index:
            kind = expansion.entries[expansion.index[node.host]].type
            message = f"host '{node.host}' is a {kind}, not a host"
            remedy = "name a node of type host"
        else:
            message, remedy = f"unknown host '{node.host}'", near_hosts.remedy(node.host)
        yield Problem(("nodes", place, "host"), message, remedy)


def _host_cycles(parts: Parts, expansion: Expansion) -> Iterator[Problem]:
    settled: set[str] = set()
    for place, node in parts.nodes:
        for name in node.ids if node.type == "host" else ():
            chain: dict[str, None] = {}
            at: str | None = name
            while at is not None and at not in settled and at not in chain:
                chain[at] = None
                at = expansion.entries[expansion.index[at]].host if at in expansion.index else None
            if at is not None and at in chain:
                cycle = [*list(chain)[list(chain).index(at) :], at]
                message = f"hosts run on each other: {' -> '.join(cycle)}"
                yield Problem(("nodes", place, "host"), message, "break the cycle")
            settled.update(chain)


def _min_up(parts: Parts, expansion: Expansion) -> Iterator[Problem]:
    for name, service in parts.services.items():
        if name in parts.uncounted:
            continue
        instances = len(expansion.members[name])
        needed = min_up_of(service.min_up, instances)
        if needed > instances:
            message = f"min_up {needed} is more than the {instances} instances of '{name}'"
            remedy = f"give at most {instances}, or add instances"
            yield Problem(("services", name, "min_up"), message, remedy)


def _edges(parts: Parts, expansion: Expansion) -> Iterator[Problem]:
    known = {*expansion.index, *parts.services}
    suggestions = Suggestions(known)
    stems = {node.id: node for _, node in parts.nodes if node.replicas is not None}
    seen: dict[tuple[str, str], int] = {}
    for place, edge in parts.edges:
        pair = (edge.source, edge.target)
        for key, name in zip(("source", "target"), pair, strict=True):
            if name in known or name in parts.broken:
                continue
            if name in stems:
                first = stems[name].ids[0]
                remedy = f"'{name}' has replicas; name one such as '{first}', or their service"
            else:
                remedy = suggestions.remedy(name)
            yield Problem(("edges", place, key), f"unknown node or service '{name}'", remedy)
        if edge.source == edge.target:
            message = f"'{edge.source}' depends on itself"
            yield Problem(("edges", place), message, "remove the edge")
        elif _own_service(pair, expansion):
            message = f"'{edge.source}' -> '{edge.target}' ties a service to its own instance"
            yield Problem(("edges", place), message, "name another end, or remove the edge")
        elif pair in seen:
            message = f"'{edge.source}' -> '{edge.target}' is there already, at edges.{seen[pair]}"
            yield Problem(("edges", place), message, "keep one of the two")
        seen.setdefault(pair, place)


def _own_service(pair: tuple[str, str], expansion: Expansion) -> bool:
    for service, node in (pair, pair[::-1]):
        if service in expansion.members and node in expansion.index:
            entry = expansion.entries[expansion.index[node]]
            if entry.service == service:
                return True
    return False


def _units(parts: Parts, expansion: Expansion) -> Iterator[Problem]:
    """Check the sizes of units; one made of sound parts lies inside the real one."""
    places = {id(node): place for place, node in parts.nodes}
    patches = _patches(parts, expansion)
    units = units_of(
        expansion, (edge for _, edge in parts.edges), [patch is not None for patch in patches]
    )
    windows = WindowSet.of(parts.constraints.windows)
    crew = parts.constraints.max_parallel
    seen: set[tuple[int, ...]] = set()
    for unit in units:
        too_many = crew is not None and len(unit) > crew
        length = 0 if windows.period_s == 0 else _length_s(parts, patches, unit)
        if not too_many and length <= windows.longest_s:
            continue
        entries = tuple(dict.fromkeys(places[id(expansion.entries[node])] for node in unit))
        if len(unit) == 1 and entries in seen:  # replicas alike: say it once
            continue
        seen.add(entries)
        label = ", ".join(expansion.ids[node] for node in unit[:4]) + ("..." if unit[4:] else "")
        where = ("nodes", entries[0], "patch")
        if too_many:
            message = f"the unit {{{label}}} has {len(unit)} nodes, more than max_parallel {crew}"
            remedy = f"raise max_parallel to {len(unit)}, or loosen its incompatible edges"
            yield Problem(where, message, remedy)
        if length > windows.longest_s:
            message = (
                f"work on the unit {{{label}}} takes {format_duration(length)}, longer than the "
                f"longest window of {format_duration(windows.longest_s)}"
            )
            yield Problem(where, message, "lengthen a window or shorten the work")


def _patches(parts: Parts, expansion: Expansion) -> list[Patch | None]:
    named = parts.patches
    patches = (entry.patch for entry in expansion.entries)
    return [patch if isinstance(patch, Patch) else named.get(patch or "") for patch in patches]


def _length_s(parts: Parts, patches: list[Patch | None], unit: list[int]) -> int:
    work = [patch for node in unit if (patch := patches[node]) is not None]
    longest = max(nominal_s(patch.duration) for patch in work)
    return parts.constraints.step_overhead + longest + max(patch.warmup for patch in work)
