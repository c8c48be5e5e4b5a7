"""The dependency order between units, condensed (MODEL 2 and 3).

Vertices are units, nodes without a patch, and two virtual ones a service, so that
an edge between services costs members, not pairs: every instance hangs below the
service as a target and above it as a source. Strongly connected components have no
order inside; between them the condensation is acyclic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import networkx as nx
import numpy as np

from patchopt.model.base import Ints
from patchopt.model.expansion import Expansion
from patchopt.model.scenario import Edge

Vertex = tuple[str, int]


@dataclass(frozen=True, eq=False, kw_only=True)
class Order:
    """The condensed dependency order.

    Parameters
    ----------
    component_of_unit : ndarray of int64, shape (units,)
        Component that each unit is in.
    units_in : ndarray of int64, shape (components,)
        Number of units in each component.
    ptr, idx : ndarray of int64
        Dependencies in compressed rows: component c depends on idx[ptr[c]:ptr[c + 1]].
    user_ptr, user_idx : ndarray of int64
        The same reversed: components that depend on c.
    level_of_unit : ndarray of int64, shape (units,)
        Most units on a chain of dependencies below each unit; 0: depends on none.
    cycles : tuple of tuple of int
        Units of each component that holds more than one.
    """

    component_of_unit: Ints
    units_in: Ints
    ptr: Ints
    idx: Ints
    user_ptr: Ints
    user_idx: Ints
    level_of_unit: Ints
    cycles: tuple[tuple[int, ...], ...]

    def component_of(self, unit: int) -> int:
        """Return the component that a unit is in."""
        return int(self.component_of_unit[unit])

    @cached_property
    def below(self) -> dict[int, tuple[int, ...]]:
        """Components to those that they depend on directly."""
        ptr, idx = self.ptr.tolist(), self.idx.tolist()
        return {c: tuple(idx[at:end]) for c, (at, end) in enumerate(pairwise(ptr))}


def compress(rows: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    """Pack lists of integers into compressed rows.

    Returns
    -------
    ptr : ndarray of int64, shape (rows + 1,)
    idx : ndarray of int64, shape (entries,)
        Row r is ``idx[ptr[r]:ptr[r + 1]]``.

    Examples
    --------
    >>> compress([[1, 2], [], [3]])
    (array([0, 2, 2, 3]), array([1, 2, 3]))
    """
    ptr = np.zeros(len(rows) + 1, np.int64)
    ptr[1:] = np.cumsum([len(row) for row in rows])
    flat = [entry for row in rows for entry in row]
    return ptr, np.array(flat, np.int64)


def order_of(expansion: Expansion, edges: Sequence[Edge], node_unit: Ints) -> Order:
    """Condense the dependencies of a scenario.

    Parameters
    ----------
    expansion : Expansion
        The nodes.
    edges : sequence of Edge
        Dependencies as written.
    node_unit : ndarray of int64, shape (nodes,)
        Unit of each node, -1 for one without a patch.

    Returns
    -------
    Order
        Linear in nodes, services' members and edges.
    """
    graph = _graph(expansion, edges, node_unit)
    condensed = nx.condensation(graph)
    sets = [condensed.nodes[component]["members"] for component in condensed]
    units = [sorted(at for kind, at in members if kind == "unit") for members in sets]
    component_of_unit = np.zeros(int(node_unit.max(initial=-1)) + 1, np.int64)
    for component, members in enumerate(units):
        component_of_unit[members] = component
    ptr, idx = compress([sorted(condensed.successors(c)) for c in condensed])
    user_ptr, user_idx = compress([sorted(condensed.predecessors(c)) for c in condensed])
    depth = np.zeros(len(sets), np.int64)
    for component in reversed(list(nx.topological_sort(condensed))):
        below = [depth[c] + (1 if units[c] else 0) for c in condensed.successors(component)]
        depth[component] = max(below, default=0)
    return Order(
        component_of_unit=component_of_unit,
        units_in=np.array([len(members) for members in units], np.int64),
        ptr=ptr,
        idx=idx,
        user_ptr=user_ptr,
        user_idx=user_idx,
        level_of_unit=depth[component_of_unit],
        cycles=tuple(tuple(members) for members in units if len(members) > 1),
    )


def _graph(expansion: Expansion, edges: Sequence[Edge], node_unit: Ints) -> nx.DiGraph[Vertex]:
    graph: nx.DiGraph[Vertex] = nx.DiGraph()
    vertex = [
        ("unit", int(unit)) if unit >= 0 else ("node", node) for node, unit in enumerate(node_unit)
    ]
    graph.add_nodes_from(vertex)
    services = {name: number for number, name in enumerate(expansion.members)}
    for edge in edges:
        if edge.source in services:
            source = ("uses", services[edge.source])
            graph.add_edges_from((vertex[node], source) for node in expansion.members[edge.source])
        else:
            source = vertex[expansion.index[edge.source]]
        if edge.target in services:
            target = ("used", services[edge.target])
            graph.add_edges_from((target, vertex[node]) for node in expansion.members[edge.target])
        else:
            target = vertex[expansion.index[edge.target]]
        if source != target:
            graph.add_edge(source, target)
    return graph
