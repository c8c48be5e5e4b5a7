"""Connected and strongly connected components of graphs on the numbers from 0."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def connected(vertices: int, edges: Iterable[tuple[int, int]]) -> list[int]:
    """Find the connected components of an undirected graph.

    Parameters
    ----------
    vertices : int
        How many; they are numbered from 0.
    edges : iterable of (int, int)
        Pairs of vertices, in any order.

    Returns
    -------
    list of int
        Of each vertex the least one of its component. Nearly linear in vertices and edges.

    References
    ----------
    Galler and Fisher, An improved equivalence algorithm, Communications of the ACM 7, 1964;
    paths are halved as in Tarjan and van Leeuwen, Journal of the ACM 31, 1984.

    Examples
    --------
    >>> connected(5, [(3, 1), (4, 3)])
    [0, 1, 2, 1, 1]
    """
    above = list(range(vertices))

    def least(vertex: int) -> int:
        while above[vertex] != vertex:
            above[vertex] = vertex = above[above[vertex]]
        return vertex

    for one, other in edges:
        first, second = sorted((least(one), least(other)))
        above[second] = first
    for vertex in range(vertices):  # what is above has a lower number, so it is settled
        above[vertex] = above[above[vertex]]
    return above


def strongly_connected(below: Sequence[Sequence[int]]) -> list[int]:
    """Find the strongly connected components of a directed graph.

    Parameters
    ----------
    below : sequence of sequence of int
        Of each vertex those that its edges lead to.

    Returns
    -------
    list of int
        Component of each vertex, numbered in the order in which a depth-first search from the
        vertices in turn leaves them: edges between components lead to lower numbers. Linear in
        vertices and edges.

    References
    ----------
    Gabow, Path-based depth-first search for strong and biconnected components, Information
    Processing Letters 74, 2000.

    Examples
    --------
    >>> strongly_connected([[1], [2], [1], [0]])
    [1, 0, 0, 2]
    """
    search = _Search(below)
    for vertex, place in enumerate(search.place_of):
        if place < 0:
            search.visit(vertex)
    return search.component_of


class _Search:
    """A depth-first search, and the vertices on its path that no component holds yet.

    Parameters
    ----------
    below : sequence of sequence of int
        The graph.
    """

    def __init__(self, below: Sequence[Sequence[int]]) -> None:
        self.below = below
        #: In the order of the search; -1: not met yet.
        self.place_of = [-1] * len(below)
        self.component_of = [-1] * len(below)
        self.met = self.components = 0
        #: Met, in order, without a component so far.
        self.pending: list[int] = []
        #: The first of each part of the path that is known to be strongly connected.
        self.firsts: list[int] = []

    def visit(self, start: int) -> None:
        """Search all that can be reached from a vertex and was not met yet."""
        path = [(start, self._enter(start))]
        while path:
            vertex, rest = path[-1]
            for other in rest:
                if self.place_of[other] < 0:
                    path.append((other, self._enter(other)))
                    break
                if self.component_of[other] < 0:
                    self._join(other)
            else:
                path.pop()
                self._leave(vertex)

    def _enter(self, vertex: int) -> Iterable[int]:
        self.place_of[vertex] = self.met
        self.met += 1
        self.pending.append(vertex)
        self.firsts.append(vertex)
        return iter(self.below[vertex])

    def _join(self, vertex: int) -> None:
        """Make one part of the path from a vertex on it: an edge leads back there."""
        place = self.place_of[vertex]
        while self.place_of[self.firsts[-1]] > place:
            self.firsts.pop()

    def _leave(self, vertex: int) -> None:
        if self.firsts[-1] != vertex:
            return
        self.firsts.pop()
        last = -1
        while last != vertex:
            last = self.pending.pop()
            self.component_of[last] = self.components
        self.components += 1
