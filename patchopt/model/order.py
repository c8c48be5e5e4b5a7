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

import numpy as np

from patchopt.model.base import Ints
from patchopt.model.components import strongly_connected
from patchopt.model.expansion import Expansion
from patchopt.model.scenario import Edge


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


def starts_of(row: Ints, rows: int) -> Ints:
    """Return where each row begins, and the end behind the last, of entries sorted by row.

    Parameters
    ----------
    row : ndarray of int64, shape (entries,)
        The row of each entry.
    rows : int
        How many there are.

    Returns
    -------
    ndarray of int64, shape (rows + 1,)

    Examples
    --------
    >>> starts_of(np.array([0, 0, 2]), 3)
    array([0, 2, 2, 3])
    """
    ptr = np.zeros(rows + 1, np.int64)
    ptr[1:] = np.cumsum(np.bincount(row, minlength=rows))
    return ptr


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
    vertex_of = _vertices(node_unit)
    below = _below(expansion, edges, vertex_of)
    of_vertex = np.array(strongly_connected(below), np.int64)
    components = int(of_vertex.max(initial=-1)) + 1
    component_of_unit = _of_units(of_vertex, vertex_of, node_unit)
    units_in = np.bincount(component_of_unit, minlength=components).astype(np.int64)
    ptr, idx, user_ptr, user_idx = _between(below, of_vertex, components)
    return Order(
        component_of_unit=component_of_unit,
        units_in=units_in,
        ptr=ptr,
        idx=idx,
        user_ptr=user_ptr,
        user_idx=user_idx,
        level_of_unit=_levels(ptr, idx, units_in)[component_of_unit],
        cycles=_cycles(component_of_unit, units_in),
    )


def _vertices(node_unit: Ints) -> list[int]:
    """Give every node a vertex, those of a unit the same one, in the order of the nodes."""
    numbers: dict[tuple[bool, int], int] = {}
    return [
        numbers.setdefault((unit >= 0, unit if unit >= 0 else node), len(numbers))
        for node, unit in enumerate(node_unit.tolist())
    ]


def _below(expansion: Expansion, edges: Sequence[Edge], vertex_of: list[int]) -> list[list[int]]:
    """Return of each vertex those that it depends on; virtual ones come behind the nodes'."""
    below: list[list[int]] = [[] for _ in range(max(vertex_of, default=-1) + 1)]
    virtual: dict[tuple[str, bool], int] = {}

    def end_of(name: str, is_source: bool) -> int:
        if name not in expansion.members:
            return vertex_of[expansion.index[name]]
        if (name, is_source) not in virtual:
            number = virtual[name, is_source] = len(below)
            members = [vertex_of[node] for node in expansion.members[name]]
            below.append([] if is_source else members)
            if is_source:
                for member in members:
                    below[member].append(number)
        return virtual[name, is_source]

    for edge in edges:
        source, target = end_of(edge.source, True), end_of(edge.target, False)
        if source != target:
            below[source].append(target)
    return below


def _of_units(of_vertex: Ints, vertex_of: list[int], node_unit: Ints) -> Ints:
    component_of_unit = np.zeros(int(node_unit.max(initial=-1)) + 1, np.int64)
    patched = node_unit >= 0
    component_of_unit[node_unit[patched]] = of_vertex[np.array(vertex_of, np.int64)[patched]]
    return component_of_unit


def _between(
    below: list[list[int]], of_vertex: Ints, components: int
) -> tuple[Ints, Ints, Ints, Ints]:
    """Return the edges between components in compressed rows, and reversed, each edge once."""
    ptr, idx = compress(below)
    source, target = np.repeat(of_vertex, np.diff(ptr)), of_vertex[idx]
    apart = source != target
    # One number an edge; components are far fewer than the root of what 64 bits hold.
    edges = np.unique(source[apart] * components + target[apart])
    source, target = np.divmod(edges, max(components, 1))
    back = np.argsort(target, kind="stable")
    return (
        starts_of(source, components),
        target,
        starts_of(target, components),
        source[back],
    )


def _levels(ptr: Ints, idx: Ints, units_in: Ints) -> Ints:
    """Return the most units on a chain below each component; lower numbers are below."""
    begin, below, own = ptr.tolist(), idx.tolist(), (units_in > 0).tolist()
    level = [0] * len(own)
    for component in np.flatnonzero(np.diff(ptr)).tolist():
        row = below[begin[component] : begin[component + 1]]
        level[component] = max(level[one] + own[one] for one in row)
    return np.array(level, np.int64)


def _cycles(component_of_unit: Ints, units_in: Ints) -> tuple[tuple[int, ...], ...]:
    inside: dict[int, list[int]] = {c: [] for c in np.flatnonzero(units_in > 1).tolist()}
    for unit in np.flatnonzero(units_in[component_of_unit] > 1).tolist():
        inside[int(component_of_unit[unit])].append(unit)
    return tuple(tuple(units) for units in inside.values())
