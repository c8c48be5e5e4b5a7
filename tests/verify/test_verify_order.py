"""Groups, heads and rows of a strict order, by hand and against proven optima."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchopt.model.items import items_of
from patchopt.model.plan import Certificate
from patchopt.model.proof import Claim, Proof
from patchopt.verify import verify
from patchopt.verify.bound import Case, recomputed_bound_milli
from patchopt.verify.heads import heads_of
from support.building import plan_by_hand
from support.contract import infrastructure_of, solve
from support.generate import scenarios
from support.prices import proofs
from support.tiny import patch, several


def case_from(scenario: dict[str, Any]) -> Case:
    infrastructure = infrastructure_of(scenario)
    return Case(infrastructure, items_of(infrastructure))


def chained(**constraints: Any) -> Case:
    """Return two webs of a service on two databases of another; all of weight 1 and 10 s."""
    nodes: dict[str, Any] = {
        "w1": {"service": "web"},
        "w2": {"service": "web"},
        "d1": {"service": "db"},
        "d2": {"service": "db"},
    }
    return case_from(
        several(
            nodes,
            edges=[{"source": "web", "target": "db"}],
            min_up={"web": 0, "db": 0},
            constraints={"dependency_order": "strict", "surge": 0} | constraints,
        )
    )


def value(case: Case, *claims: Claim, **proof: Any) -> int:
    return recomputed_bound_milli(case, Proof.model_validate({"kind": "lagrange"} | proof), claims)


def test_groups_are_what_waits_and_is_waited_for_alike() -> None:
    case = chained()
    found = [(group.name, len(group.items), group.below, group.awaited) for group in case.groups]
    assert found == [("d1", 2, (), True), ("w1", 2, (0,), False)]


def test_arcs_leave_out_what_others_say() -> None:
    # c on b on a, and c on a too; x alone. b's arc is from a, c's from b alone.
    edges = [{"source": s, "target": t} for s, t in ("ba", "cb", "ca")]
    nodes: dict[str, Any] = {"a": {}, "b": {}, "c": {}, "x": {}}
    case = case_from(several(nodes, edges=edges, constraints={"dependency_order": "strict"}))
    names = [group.name for group in case.groups]
    arcs = {(names[b], g.name) for g in case.groups for b in g.direct}
    assert arcs == {("a", "b"), ("b", "c")}
    assert {group.name for group in case.groups if not (group.waits or group.awaited)} == {"x"}


def test_heads() -> None:
    case = chained(max_parallel=1)
    # The databases take 20 s of a crew of one, though each could be done at 10.
    heads = heads_of(case.infrastructure, case.items, case.groups)
    assert (heads.ready_s, heads.done_s) == ((0, 20), (10, 30))
    claims = [
        Claim(kind="delay", group="d1", value_s=25),
        Claim(kind="head", group="w1", value_s=22),
    ]
    heads = heads_of(case.infrastructure, case.items, case.groups, claims)
    assert (heads.ready_s, heads.done_s) == ((0, 25), (25, 35))
    # 10 + 10 + 30 + 30, with the claims 10 + 10 + 35 + 35; the optimum is 10 + 20 + 30 + 40.
    assert value(case) == 80_000
    assert value(case, *claims) == 90_000


def test_heads_wait_for_windows() -> None:
    # Open [0, 15) in 40: the databases at 10, the webs fit at 40 only and commit at 50.
    case = chained(windows={"every": 40, "open": [{"start": 0, "duration": 15}]})
    assert value(case) == 10_000 + 10_000 + 50_000 + 50_000


# Prices of the four kinds of rows on one chain, crew 1, cells [0, 10), [10, 20): without any,
# 10 + 10 + 30 + 30 = 80; the crew's 1000 on [0, 10) makes both databases cost 20: 90.
def test_rows_of_classes_and_arcs() -> None:
    case = chained(max_parallel=1)
    cells = [[0, 10], [10, 20]]
    # D of the databases is at least 10, E of the webs at least 20. end: each database pays what
    # is before its end, from 0: 10 * 500 from a start at 0; D pays less two of it, at least
    # -2 * 10,000, if it is at 20 or later. So nothing is won.
    prices = {"end:d1": [[0, 500]]}
    found = value(case, cells=cells, prices=prices)
    assert found == 2 * (10_000 + 5000) + 60_000 - 2 * 10_000
    # arc: D pays what is before it, at least 5000 at 10; E less all of it: 10,000.
    prices = {"arc:d1>w1": [[0, 500]]}
    assert value(case, cells=cells, prices=prices) == 80_000 + 5000 - 10_000
    # begin: each web less 10,000 from 20 on, E twice as much, at 20 or later.
    prices = {"begin:w1": [[0, 500]]}
    assert value(case, cells=cells, prices=prices) == 80_000 - 2 * 10_000 + 2 * 10_000


def test_a_group_is_active_between_its_first_start_and_its_last_finish() -> None:
    case = chained(max_parallel=1)
    # The databases are not waited with: E is none, and D gives back all from its time on. On
    # [0, 20) at 1000: each database pays 10,000, D at 10 or later -1 * 20,000 at the least.
    prices = {"active:d1:crew": [[0, 1000]]}
    found = value(case, cells=[[0, 20]], prices=prices)
    assert found == 2 * 20_000 + 60_000 - 20_000
    # At 1000 on [20, 30) each web pays 10,000 from 20 or starts at 30: 40,000 both ways. E pays 0
    # at 20; the row has the crew's one place, for nothing waits for the webs: less 10,000.
    prices = {"active:w1:crew": [[0, 1000]]}
    found = value(case, cells=[[20, 30]], prices=prices)
    assert found == 20_000 + 2 * 40_000 - 10_000


def test_delays_that_are_not_proven_have_no_row() -> None:
    # a before b before c, 10 s each. E of b is at least 10, D at least 20.
    edges = [{"source": "b", "target": "a"}, {"source": "c", "target": "b"}]
    nodes: dict[str, Any] = {"a": {}, "b": {}, "c": {}}
    case = case_from(
        several(nodes, edges=edges, constraints={"dependency_order": "strict", "surge": 0})
    )
    claim = Claim(kind="delay", group="b", value_s=10)
    proof: dict[str, Any] = {
        "cells": [[0, 30]],
        "prices": {"delay:b": [[0, 100]]},
        "claims": [claim.model_dump()],
    }
    assert value(case, **proof) == 60_000
    # E pays what is before it and 10 s more, 2000 at 10; D less all, 3000 at the least.
    assert value(case, claim, **proof) == 60_000 + 2000 - 3000


@pytest.mark.slow
@given(st.data(), scenarios(max_units=5, probabilities=False))
@settings(max_examples=100, deadline=None)
def test_under_order_no_proof_is_worth_more_than_the_optimum(
    data: st.DataObject, scenario: dict[str, Any]
) -> None:
    scenario["constraints"] = scenario.get("constraints", {}) | {"dependency_order": "strict"}
    infrastructure, solution = solve(scenario)
    if solution.certificate.status != "optimal" or not len(infrastructure.units):
        return
    case = Case(infrastructure, items_of(infrastructure))
    optimum = solution.certificate.objective
    assert optimum is not None
    for _ in range(10):
        proof = data.draw(proofs(case))
        assert recomputed_bound_milli(case, proof) <= optimum
        assert recomputed_bound_milli(case, proof, proof.claims) <= optimum


def test_claims_are_used_only_once_somebody_has_proven_them() -> None:
    # Crew 1: 10 + 20 + 30 + 40 = 100 is the optimum; heads alone show 80, the claims 90.
    case = chained(max_parallel=1)
    infrastructure = case.infrastructure
    plan = plan_by_hand(infrastructure, patch("d1"), patch("d2"), patch("w1"), patch("w2"))
    delay = Claim(kind="delay", group="d1", value_s=25)
    head = Claim(kind="head", group="w1", value_s=22)
    certificate = Certificate(
        status="feasible",
        objective=100_000,
        bound=90_000,
        gap=0.1,
        wall_time_s=None,
        seed=0,
        parameters={},
        proof=Proof(kind="lagrange", claims=(head, delay)),
    )
    plan = plan.model_copy(update={"certificate": certificate})
    found = verify(plan, infrastructure)
    assert (found.valid, found.bound, found.shown_milli) == (True, "not checked", 80_000)
    found = verify(plan, infrastructure, lambda *_: [])
    assert (found.valid, found.bound, found.shown_milli) == (False, "not shown", 80_000)
    # A claim that the proof does not make is none that it could use.
    other = Claim(kind="head", group="w1", value_s=99)
    found = verify(plan, infrastructure, lambda *_: [head, delay, other])
    assert (found.valid, found.bound, found.shown_milli) == (True, "shown", 90_000)
    assert found.claims == (head, delay)
    found = verify(plan, infrastructure, lambda *_: [head])
    assert (found.valid, found.shown_milli) == (False, 10_000 * 2 + 32_000 * 2)
