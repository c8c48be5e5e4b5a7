"""From entries to nodes: replicas numbered, services with their members, units by component."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from patchopt.model.components import connected
from patchopt.model.scenario import Edge, Node


@dataclass(frozen=True, kw_only=True)
class Expansion:
    """The nodes of a scenario, numbered from 0 in the order of the file.

    Parameters
    ----------
    ids : list of str
        Name of each node.
    entries : list of Node
        The entry that each node comes from.
    index : dict of str to int
        Number of each name.
    members : dict of str to list of int
        Instances of each service.
    """

    ids: list[str]
    entries: list[Node]
    index: dict[str, int]
    members: dict[str, list[int]]

    @classmethod
    def of(cls, nodes: Iterable[Node], services: Iterable[str]) -> Expansion:
        """Assign numbers to the nodes of some entries; a later duplicate replaces no name."""
        ids: list[str] = []
        entries: list[Node] = []
        members: dict[str, list[int]] = {name: [] for name in services}
        index: dict[str, int] = {}
        for entry in nodes:
            inside = None if entry.service is None else members.get(entry.service)
            for name in entry.ids:
                if inside is not None:
                    inside.append(len(ids))
                index.setdefault(name, len(ids))
                ids.append(name)
                entries.append(entry)
        return cls(ids=ids, entries=entries, index=index, members=members)

    def end(self, name: str) -> list[int]:
        """Return the nodes that one end of an edge stands for; none if it is unknown."""
        if name in self.members:
            return self.members[name]
        return [self.index[name]] if name in self.index else []


def units_of(
    expansion: Expansion, edges: Iterable[Edge], patched: Sequence[bool] | Collection[bool]
) -> list[list[int]]:
    """Group the patched nodes into units (MODEL 3).

    A unit is a connected component of patched nodes under incompatible edges. The
    patched members of a service end hang on the first of them, so the work is
    linear in nodes and edges, never in pairs.

    Parameters
    ----------
    expansion : Expansion
        The nodes.
    edges : iterable of Edge
        All edges; only incompatible ones count.
    patched : sequence of bool, shape (nodes,)
        Which nodes have a patch.

    Returns
    -------
    list of list of int
        Members of each unit in ascending order; units by their first member.
    """
    has_patch = list(patched)
    component = connected(len(has_patch), _joined(expansion, edges, has_patch))
    units: dict[int, list[int]] = {}
    for node, first in enumerate(component):
        if has_patch[node]:
            units.setdefault(first, []).append(node)
    return list(units.values())


def _joined(
    expansion: Expansion, edges: Iterable[Edge], has_patch: Sequence[bool]
) -> Iterator[tuple[int, int]]:
    """Pair the patched nodes that incompatible edges join, an end's with the first of them."""
    firsts: dict[str, int] = {}
    for edge in edges:
        if edge.compatibility != "incompatible":
            continue
        ends = [
            (name, [node for node in expansion.end(name) if has_patch[node]])
            for name in (edge.source, edge.target)
        ]
        if not all(members for _, members in ends):
            continue
        for name, members in ends:
            if name not in firsts:
                firsts[name] = members[0]
                yield from ((members[0], member) for member in members)
        yield firsts[edge.source], firsts[edge.target]
