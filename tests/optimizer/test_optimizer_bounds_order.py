"""Groups of the dependency order, when they can be ready, and their rows, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from patchopt.model.proof import Claim
from patchopt.optimizer.bounds.claims import Effort, Makespan, known_of, proven
from patchopt.optimizer.bounds.groups import groups_of
from patchopt.optimizer.bounds.heads import Known, heads_of
from patchopt.optimizer.bounds.lagrange import lagrange_bound
from patchopt.optimizer.bounds.order_rows import ordered_relaxation
from patchopt.optimizer.bounds.rows import Demand
from patchopt.optimizer.problem import Problem
from support.examples import small
from support.lists import made, problem_from

#: Two databases that the shop needs, one that is reached through a node without a patch too.
NODES: dict[str, dict[str, Any]] = {
    "db-1": {"patch_with": {"duration": 4}},
    "db-2": {"patch_with": {"duration": 2, "warmup": 3}},
    "bus": {"patch": None},
    "shop": {"patch_with": {"duration": 1}},
    "page": {"patch_with": {"duration": 1}},
}
EDGES = [
    ("bus", "db-1"),
    ("bus", "db-2"),
    ("shop", "bus"),
    ("shop", "db-1"),
    ("page", "shop"),
    ("page", "db-1"),
]
IN_PLACE = {name: node | {"blue_green": False} for name, node in NODES.items()}


def chain(nodes: dict[str, dict[str, Any]] | None = None, **more: Any) -> Problem:
    given = IN_PLACE if nodes is None else nodes
    return problem_from(small(given, edges=EDGES, dependency_order="strict", **more))


def test_groups_are_what_waits_for_the_same_and_is_awaited_by_the_same() -> None:
    groups = groups_of(chain())
    assert groups.names == ("db-1", "shop", "page")
    assert [len(tasks) for tasks in groups.tasks] == [2, 1, 1]
    # The page needs db-1 by way of the shop anyway.
    assert groups.below == ((), (0,), (1,))
    assert groups.all_below == (0b0, 0b1, 0b11)
    assert groups.awaited == {0, 1}


def test_heads_by_hand() -> None:
    # db-2 is past its warm-up at 5, the shop at 6.
    heads = heads_of(chain(), groups_of(chain()))
    assert (heads.ready_s, heads.done_s) == ((0, 5, 6), (5, 6, 7))
    # A crew of one has worked 9 s before the shop can start, 10 before the page.
    alone = chain(max_parallel=1)
    heads = heads_of(alone, groups_of(alone))
    assert (heads.ready_s, heads.done_s) == ((0, 9, 10), (5, 10, 11))
    # In windows of 5 s every 20 db-2 fits the first, the shop waits for the second.
    opened = chain(windows={"every": 20, "open": [{"start": 0, "duration": 5}]})
    heads = heads_of(opened, groups_of(opened))
    assert (heads.ready_s, heads.done_s) == ((0, 5, 21), (5, 21, 22))
    # Claims: the databases take 7 s, and the page cannot start before 30.
    heads = heads_of(chain(), groups_of(chain()), Known(delays_s={0: 7}, heads_s={2: 30}))
    assert (heads.ready_s, heads.done_s) == ((0, 7, 30), (7, 8, 31))


def test_rows_of_order() -> None:
    problem = chain(max_parallel=1)
    relaxation = ordered_relaxation(problem, groups_of(problem), Known(delays_s={1: 1}))
    names = [row.name for row in relaxation.rows]
    assert names == [
        "crew",
        "active:db-1:crew",
        "end:db-1",
        "end:db-2",
        "end:shop",
        "begin:shop",
        "arc:db-1>shop",
        "delay:shop",
        "begin:page",
        "arc:shop>page",
    ]
    assert [row.capacity for row in relaxation.rows] == [1] + 9 * [0]
    demands = {
        str(one.instant and (one.instant.kind, one.instant.group)): one.ways[0].demands
        for one in relaxation.classes
        if one.instant
    }
    assert demands == {
        "('first', 'shop')": [
            Demand(5, 1, 0, from_zero=True),
            Demand(6, -1, 0, from_zero=True),
            Demand(7, 1, 1, from_zero=True),
        ],
        "('first', 'page')": [Demand(8, 1, 0, from_zero=True), Demand(9, -1, 0, from_zero=True)],
        "('last', 'db-1')": [
            Demand(1, -1, 0, from_zero=True),
            Demand(2, -1, 0, from_zero=True),
            Demand(3, -1, 0, from_zero=True),
            Demand(6, 1, 0, from_zero=True),
        ],
        "('last', 'shop')": [
            Demand(4, -1, 0, from_zero=True),
            Demand(7, -1, 0, from_zero=True),
            Demand(9, 1, 0, from_zero=True),
        ],
    }
    databases = [one for one in relaxation.classes if one.members in ((0,), (1,))]
    assert [(way.commit_s, way.demands[-1].held_s) for one in databases for way in one.ways] == [
        (4, 4),
        (2, 5),  # its warm-up is part of its finish
    ]


def test_claims_by_hand() -> None:
    # db-1, 4 s, and db-2, 5 s with its warm-up, one at a time: done at 9, the shop at 10.
    problem = chain(IN_PLACE | {"db-2": {"patch_with": {"duration": 5}}}, max_parallel=1)
    groups = groups_of(problem)
    assert known_of(problem, groups) == Known(delays_s={0: 9})
    assert Makespan(problem, groups, (0, 1)).bound(1.0) == 10
    claims = [
        Claim(kind="delay", group="db-1", value_s=9),
        Claim(kind="delay", group="db-1", value_s=10),
        Claim(kind="head", group="page", value_s=10),
        Claim(kind="head", group="page", value_s=11),
        Claim(kind="head", group="db-1", value_s=1),
        Claim(kind="head", group="shop", value_s=0),
        Claim(kind="head", group="nobody", value_s=1),
    ]
    assert proven(problem, claims) == (claims[0], claims[2], claims[5])
    assert known_of(problem, groups, Effort(total=0)) == Known()


def test_heads_rest_on_claims_that_hold_alone() -> None:
    # As above, and the page after 10 s; whoever claims that the shop is late has to prove it.
    problem = chain(IN_PLACE | {"db-2": {"patch_with": {"duration": 5}}}, max_parallel=1)
    page = Claim(kind="head", group="page", value_s=12)
    for false in ("shop", "page"):
        late = Claim(kind="head", group=false, value_s=11)
        assert proven(problem, [late, page]) == ()


def test_claims_are_proven_as_they_were_found() -> None:
    # Groups upon groups: each head is proven on those below it, which alone took long.
    problem = made("strict_windows", 50, seed=1023)
    groups = groups_of(problem)
    known = known_of(problem, groups, Effort(each=1.0, total=5.0))
    assert len(known.heads_s) == 2
    claims = known.claims(groups)
    assert proven(problem, claims, effort=2.0) == claims


@pytest.mark.parametrize("crew", [1, 2])
def test_a_chain_is_proven(crew: int) -> None:
    # Weights are 1, equal works: whatever the crew, the only choice is which database is first.
    nodes = {name: {"patch_with": {"duration": 4}, "blue_green": False} for name in NODES}
    nodes["bus"] = {"patch": None}
    problem = chain(nodes, max_parallel=crew)
    # One at a time 4 + 8 + 12 + 16, two at a time 4 + 4 + 8 + 12.
    assert lagrange_bound(problem, iterations=300).value_milli == {1: 40_000, 2: 28_000}[crew]


def test_claims_about_more_tasks_take_no_longer_by_the_clock() -> None:
    # The solver's own seconds last the longer the more tasks there are than 40: of 80 half as many.
    effort = Effort(each=0.6, total=20.0)
    assert [effort.of(tasks) for tasks in (1, 40, 80)] == [0.6, 0.6, 0.3]
