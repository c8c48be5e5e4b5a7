"""Components of graphs: by hand, and against NetworkX."""

from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from patchopt.model.components import connected, strongly_connected
from support.contract import infrastructure_of
from support.examples import small

_EDGES = st.integers(1, 12).flatmap(
    lambda n: st.tuples(
        st.just(n),
        st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=3 * n),
    )
)


def test_two_rings_with_a_bridge() -> None:
    # 0 -> 1 -> 2 -> 0 and 3 -> 4 -> 3, and 1 -> 3: the search leaves the lower ring first.
    assert strongly_connected([[1], [2, 3], [0], [4], [3]]) == [1, 1, 1, 0, 0]


def test_a_long_chain_needs_no_recursion() -> None:
    chain = [[vertex + 1] for vertex in range(4999)] + [[]]
    assert strongly_connected(chain) == list(range(4999, -1, -1))
    assert connected(5000, ((v, v + 1) for v in reversed(range(4999)))) == [0] * 5000


@given(_EDGES)
def test_connected_vertices_share_their_least(given_: tuple[int, list[tuple[int, int]]]) -> None:
    vertices, edges = given_
    graph: nx.Graph[int] = nx.Graph(edges)
    graph.add_nodes_from(range(vertices))
    least = {v: min(part) for part in nx.connected_components(graph) for v in part}
    assert connected(vertices, edges) == [least[v] for v in range(vertices)]


@given(_EDGES)
def test_strong_components_are_numbered_as_a_search_leaves_them(
    given_: tuple[int, list[tuple[int, int]]],
) -> None:
    vertices, edges = given_
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(vertices))
    graph.add_edges_from(edges)
    parts = nx.strongly_connected_components(graph)
    number = {v: place for place, part in enumerate(parts) for v in part}
    below = [list(graph.successors(v)) for v in range(vertices)]
    assert strongly_connected(below) == [number[v] for v in range(vertices)]


def test_levels_count_units_through_services_and_past_what_has_no_patch() -> None:
    # a -> s = {b, c}; b -> gap -> d: a is above b, b above d; gap and s count nothing.
    scenario = small(
        {"a": {}, "b": {"service": "s"}, "c": {"service": "s"}, "gap": {"patch": None}, "d": {}},
        edges=[("a", "s"), ("b", "gap"), ("gap", "d")],
        min_up={"s": 0},
        dependency_order="strict",
    )
    order = infrastructure_of(scenario).order
    assert order.level_of_unit.tolist() == [2, 1, 0, 0]  # of a, b, c, d
    # Each edge once, and reversed the same.
    down = {(c, int(d)) for c in range(len(order.units_in)) for d in order.below[c]}
    users = np.repeat(np.arange(len(order.units_in)), np.diff(order.user_ptr))
    assert {(int(u), int(c)) for c, u in zip(users, order.user_idx, strict=True)} == down
    assert len(down) == len(order.idx) == len(order.user_idx) == 5
