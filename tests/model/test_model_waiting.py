"""The walk over the dependency order: by hand, and against the ancestors in a graph."""

from __future__ import annotations

from random import Random

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from patchopt.model.waiting import Waiting
from support.contract import infrastructure_of
from support.examples import small


def test_a_member_waits_for_all_below_through_a_component_without_members() -> None:
    # top (0) depends on gap (1) and side (2), gap on deep (3); gap has no member.
    components = {"top": 0, "side": 2, "deep": 3}
    below = {0: (1, 2), 1: (3,), 2: (), 3: ()}
    waiting = Waiting(components, components.__getitem__, below)
    assert waiting.first == ["side", "deep"]
    assert waiting.done("deep", at=7) == []
    assert waiting.done("side", at=4) == ["top"]
    assert (waiting.ready("deep"), waiting.ready("top")) == (0, 7)
    assert waiting.done("top", at=9) == []


def test_what_depends_on_components_without_members_alone_is_free_at_once() -> None:
    waiting = Waiting(["a"], {"a": 0}.__getitem__, {0: (1,), 1: (2,), 2: ()})
    assert waiting.first == ["a"]


def test_nobody_waits_without_dependencies() -> None:
    waiting = Waiting("ab", "ab".index, {})
    assert waiting.first == ["a", "b"]
    assert waiting.done("a", at=3) == []
    assert waiting.ready("b") == 0


def test_members_of_a_cycle_are_free_together_and_done_together() -> None:
    # user depends on the cycle {a, b}, which depends on base.
    scenario = small(
        {"user": {}, "a": {}, "b": {}, "base": {}},
        edges=[("user", "a"), ("a", "b"), ("b", "a"), ("b", "base")],
        dependency_order="strict",
    )
    infrastructure = infrastructure_of(scenario)
    user, a, b, base = range(4)  # units are nodes here, in the order of the file
    waiting = Waiting(range(4), infrastructure.order.component_of, infrastructure.dependencies)
    assert waiting.first == [base]
    assert sorted(waiting.done(base, at=2)) == [a, b]
    assert waiting.done(a, at=9) == []
    assert waiting.ready(b) == 2  # a and b do not wait for each other
    assert waiting.done(b, at=5) == [user]
    assert waiting.ready(user) == 9


def test_there_are_no_dependencies_to_wait_for_unless_the_order_is_strict() -> None:
    scenario = small({"user": {}, "base": {}}, edges=[("user", "base")])
    infrastructure = infrastructure_of(scenario)
    assert infrastructure.dependencies == {}
    assert any(infrastructure.order.below.values())


@st.composite
def orders(draw: st.DrawFn) -> tuple[dict[int, tuple[int, ...]], dict[str, int]]:
    """Draw an acyclic order, any way up, and members in some of its components."""
    count = draw(st.integers(1, 8))
    names = draw(st.permutations(range(count)))
    pairs = [(high, low) for high in range(count) for low in range(high)]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    below = {names[c]: tuple(names[low] for high, low in chosen if high == c) for c in range(count)}
    sizes = draw(st.lists(st.integers(0, 2), min_size=count, max_size=count))
    return below, {f"{c}.{k}": c for c in range(count) for k in range(sizes[c])}


@given(orders(), st.randoms(use_true_random=False))
def test_a_member_is_free_exactly_when_all_that_it_depends_on_is_done(
    given_order: tuple[dict[int, tuple[int, ...]], dict[str, int]], luck: Random
) -> None:
    below, component_of = given_order
    graph = nx.DiGraph([(low, high) for high, lows in below.items() for low in lows])
    graph.add_nodes_from(below)
    needs = {
        member: {m for m, c in component_of.items() if c in nx.ancestors(graph, component)}
        for member, component in component_of.items()
    }
    waiting = Waiting(component_of, component_of.__getitem__, below)
    free = list(waiting.first)
    done: dict[str, int] = {}
    while True:
        expected = {m for m, before in needs.items() if before <= done.keys()}
        assert sorted([*free, *done]) == sorted(expected)  # each once
        for member in free:
            assert waiting.ready(member) == max((done[m] for m in needs[member]), default=0)
        if not free:
            break
        member = free.pop(luck.randrange(len(free)))
        done[member] = waiting.ready(member) + luck.randrange(10)
        free += waiting.done(member, done[member])
    assert done.keys() == component_of.keys()
