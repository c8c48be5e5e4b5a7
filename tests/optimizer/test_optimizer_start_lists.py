"""Start lists, by hand; and that each is a list that can be decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchopt.optimizer.decoder import Decoder
from patchopt.optimizer.engine import compiled, uncompiled
from patchopt.optimizer.search.start_lists import packed, start_lists
from support.contract import infrastructure_of
from support.examples import small
from support.generate import scenarios
from support.lists import below, check_list, of, problem_from

if TYPE_CHECKING:
    from collections.abc import Callable

    from patchopt.model.base import Floats
    from patchopt.optimizer.engine import Engine
    from patchopt.optimizer.problem import Problem


def lists_of(scenario: dict[str, Any]) -> list[list[str]]:
    problem, infrastructure = problem_from(scenario), infrastructure_of(scenario)
    names = [infrastructure.nodes.ids[task.item.nodes[0]] for task in problem.tasks]
    return [[names[task] for task in order] for order in start_lists(Decoder(problem))]


def test_smiths_rule_counts_seconds_or_nodes_and_seconds() -> None:
    # a and b, joined, weigh 6 in 1 s: 6 a second, 3 a node and second; c weighs 5, d 8 in 2 s.
    nodes = {"a": of(3), "b": of(3), "c": of(5), "d": of(8, 2)}
    scenario = small(nodes, incompatible=[("a", "b")], max_parallel=2)
    assert lists_of(scenario)[:2] == [["a", "c", "d"], ["c", "d", "a"]]


def test_what_leaves_little_of_a_service_comes_later() -> None:
    # Both weigh 5 a second and node; a takes the only place of its service, b one of two.
    nodes = {
        "a": of(5, service="s"),
        "b": of(5, service="t"),
        **{f"{service}{number}": of(1, service=service) for service in "st" for number in (1, 2)},
    }
    scenario = small(nodes, max_parallel=9, min_up={"s": 2, "t": 1})
    assert [one[0] for one in lists_of(scenario)] == ["a", "a", "b"]


def test_under_strict_order_what_waits_counts() -> None:
    # c waits for b. By themselves a (9) comes before b (1); with what waits b has 11.
    scenario = small(
        {"a": of(9), "b": of(1), "c": of(10)}, edges=[("c", "b")], dependency_order="strict"
    )
    smith, by_work, narrow, path, weight, per_work, ratio = lists_of(scenario)
    assert smith == by_work == narrow == ["a", "b", "c"]
    # The path from b is 2 s long, from a and c 1 s.
    assert path == ["b", "a", "c"]
    # 11 from b, 9 from a, 10 from c.
    assert weight == per_work == ["b", "c", "a"]
    # b and c: 11 in 2 s, less a second than a.
    assert ratio == ["a", "b", "c"]


def by_priority(problem: Problem, key: Floats) -> list[int]:
    """Return a list by always looking at all tasks that may come next."""
    under = below(problem)
    order: list[int] = []
    while len(order) < len(key):
        waiting = set(range(len(key))) - set(order)
        held = {one for one, other in under if other in waiting}
        order.append(min(waiting - held, key=lambda task: (key[task], task)))
    return order


@pytest.mark.parametrize("engine", [uncompiled, compiled])
@settings(max_examples=100)
@given(scenarios(max_duration=20, max_patched=16), st.integers(0, 999))
def test_of_those_that_may_come_next_the_least_comes(
    engine: Callable[[], Engine], scenario: dict[str, Any], seed: int
) -> None:
    problem = problem_from(scenario)
    # Few values, so that there are ties.
    key = np.random.default_rng(seed).integers(0, 4, len(problem.tasks)).astype(np.float64)
    assert Decoder(problem, engine()).in_order(key).tolist() == by_priority(problem, key)


@pytest.mark.slow
@pytest.mark.no_cover
@settings(max_examples=200)
@given(scenarios(max_duration=20, max_patched=16))
def test_all_are_lists(scenario: dict[str, Any]) -> None:
    problem = problem_from(scenario)
    for order in start_lists(Decoder(problem)):
        check_list(problem, order)


def test_the_longest_first_before_a_closing() -> None:
    # Two places, ten seconds a window. By weight per second b 5 s, d 5 s, a 3 s, c 7 s and e 5 s: a
    # from 5 to 8, and c no more fits. With the longest first c, b, d from 5 on and a from 7 on end
    # at the closing, and the light e is left for the next window.
    nodes = {"a": of(4, 3), "b": of(10, 5), "c": of(7, 7), "d": of(9, 5), "e": of(1, 5)}
    windows = {"every": 100, "open": [{"start": 0, "duration": 10}]}
    problem = problem_from(small(nodes, max_parallel=2, windows=windows))
    decoder = Decoder(problem)
    by_ratio = start_lists(decoder)[1]
    assert by_ratio.tolist() == [1, 3, 0, 2, 4]
    work = np.array([task.size * task.length_s for task in problem.tasks], np.float64)
    better = packed(problem, by_ratio, work, 1.0, 1.0)
    assert better.tolist() == [2, 1, 3, 0, 4]
    late = [
        [p.task for p in decoder.schedule(order).placements if p.start_s >= 100]
        for order in (by_ratio, better)
    ]
    assert late == [[2], [4]]


def test_work_on_a_host_comes_earlier_and_later_too() -> None:
    # By themselves g (5), its host h (4), x (3). Of h 0.05, 0.2, 0.4 and 0.6 times 4 are less than
    # 3; 0.8 * 4 = 3.2; 1.25 * 4 = 5, no less than g, whose number is higher; 2 * 4 and 4 * 4.
    nodes = {"h": of(4, type="host"), "g": of(5, host="h"), "x": of(3)}
    lists = lists_of(small(nodes, max_parallel=9))
    assert lists[:3] == [["g", "h", "x"]] * 3
    assert lists[3:] == [["g", "x", "h"]] * 4 + [["g", "h", "x"]] + [["h", "g", "x"]] * 3
