"""What a proof is worth: by hand, by law, and against proven optima."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchopt.model.items import items_of
from patchopt.model.proof import Proof
from patchopt.verify.bound import Case, least_makespan_s, recomputed_bound_milli
from support.contract import infrastructure_of, solve
from support.generate import scenarios
from support.prices import proofs
from support.slow_bound import slow_bound_milli
from support.tiny import alike, several


def case_from(scenario: dict[str, Any]) -> Case:
    infrastructure = infrastructure_of(scenario)
    return Case(infrastructure, items_of(infrastructure))


def bound(scenario: dict[str, Any], **proof: Any) -> int:
    return recomputed_bound_milli(case_from(scenario), Proof.model_validate(proof))


# Two nodes of weight 1 and 10 s, a crew of one: 10 + 20 = 30 is the optimum.
PAIR = alike("ab", constraints={"max_parallel": 1, "surge": 0})


def test_without_prices_every_item_is_alone() -> None:
    assert bound(PAIR, kind="lagrange") == 10_000 + 10_000


def test_prices_of_the_crew() -> None:
    # A price of 100 milli a second on [0, 10): work from 0 pays 10 * 100 = 1000 and commits at
    # 10: 10,000 + 1000. Work from 10 pays nothing but commits at 20: 20,000. So 11,000 each,
    # less 10 * 100 for the one place.
    assert bound(PAIR, kind="lagrange", cells=[[0, 10]], prices={"crew": [[0, 100]]}) == 21_000
    # 1000 a second: both are indifferent at 20,000, less 10,000: the optimum.
    assert bound(PAIR, kind="lagrange", cells=[[0, 10]], prices={"crew": [[0, 1000]]}) == 30_000
    # More only pays for capacity: 20,000 each, less 20,000.
    assert bound(PAIR, kind="lagrange", cells=[[0, 10]], prices={"crew": [[0, 2000]]}) == 20_000


def test_runs_hold_until_the_next_one() -> None:
    # 1000 on [0, 5), 0 on [5, 10). From 0: 10,000 + 5000; from 5: 15,000 + 0. Less 5000.
    prices = {"crew": [[0, 1000], [1, 0]]}
    cells = [[0, 5], [5, 10]]
    assert bound(PAIR, kind="lagrange", cells=cells, prices=prices) == 2 * 15_000 - 5000
    # A row that begins later has no price before: the same cells the other way round.
    # From 0: 10,000 + 5000; from 10: 20,000. Less 5000.
    prices = {"crew": [[1, 1000]]}
    assert bound(PAIR, kind="lagrange", cells=cells, prices=prices) == 2 * 15_000 - 5000


def test_gaps_between_cells_cost_nothing() -> None:
    # 1000 on [2, 4) and [6, 8). From 0: 10,000 + 4000; from 8: 18,000; from 4: 14,000 + 2000.
    prices = {"crew": [[0, 1000]]}
    found = bound(PAIR, kind="lagrange", cells=[[2, 4], [6, 8]], prices=prices)
    assert found == 2 * 14_000 - 4000


def test_a_price_of_a_service() -> None:
    # Two of three may be out: 500 a second on [0, 10) is 5000 each, less 2 * 5000.
    scenario = alike("abc", min_up=1, constraints={"surge": 0})
    found = bound(scenario, kind="lagrange", cells=[[0, 10]], prices={"service:s": [[0, 500]]})
    assert found == 3 * 15_000 - 10_000
    # At 1000 each is indifferent: 60,000 less 20,000 is the optimum, 10 + 10 + 20.
    found = bound(scenario, kind="lagrange", cells=[[0, 10]], prices={"service:s": [[0, 1000]]})
    assert found == 40_000


def test_surge_is_held_until_the_switch_has_ended() -> None:
    # min_up of all: built only. Overhead 2: L = 12, commit at 14, slots for 14 s. Two nodes, one
    # slot: 14 + 28 = 42. At 1000 on [0, 14) each pays 14,000 from 0: 28,000, or from 14 28,000.
    scenario = alike("ab", min_up=2, constraints={"surge": 1, "step_overhead": 2})
    found = bound(scenario, kind="lagrange", cells=[[0, 14]], prices={"surge": [[0, 1000]]})
    assert found == 2 * 28_000 - 14_000 == 42_000


def test_surge_inside_windows_is_held_for_the_work_alone() -> None:
    # Open for 12 s in 20: the switch may follow in a later window, the slots are sure for 12.
    # From 0: commit at 14 or later, 14,000 + 12 * 100. Less 12 * 100.
    windows = {"every": 20, "open": [{"start": 0, "duration": 12}]}
    constraints = {"surge": 1, "step_overhead": 2, "windows": windows}
    scenario = alike("ab", min_up=2, constraints=constraints)
    found = bound(scenario, kind="lagrange", cells=[[0, 12]], prices={"surge": [[0, 100]]})
    assert found == 2 * 15_200 - 1200


def test_the_better_way_counts() -> None:
    # In place: the service's one place, 1000 a second on [0, 10): 10,000 + 10,000; or from 10,
    # 20,000. Built: commit at 10, no price: 10,000. Nothing to pay but capacity of 10,000.
    scenario = alike("ab", min_up=1, constraints={"surge": 1})
    cells, prices = [[0, 10]], {"service:s": [[0, 1000]]}
    assert bound(scenario, kind="lagrange", cells=cells, prices=prices) == 20_000 - 10_000


def test_hosts_and_their_guests() -> None:
    # One guest at a time may be at work (crew 1), so the host's row has one place; the host of
    # weight 1 takes all of it. Three times 10 s one after another: 10 + 20 + 30.
    nodes: dict[str, Any] = {
        "h": {"type": "host"},
        "a": {"host": "h", "type": "service_instance", "service": "s"},
        "b": {"host": "h", "type": "service_instance", "service": "s"},
    }
    scenario = several(nodes, min_up={"s": 0}, constraints={"surge": 0, "max_parallel": 1})
    cells = [[0, 10], [10, 20]]
    prices = {"host:h": [[0, 2000], [1, 1000]]}
    # From 0: 10,000 + 20,000; from 10: 20,000 + 10,000; from 20: 30,000. Less 30,000.
    assert bound(scenario, kind="lagrange", cells=cells, prices=prices) == 90_000 - 30_000
    # A crew of three: two guests at once, and the host alone. Capacity 2, guests 1, host 2.
    # 500 and 0: guests from 0: 15,000; the host 10,000 + 10,000, or 20,000 from 10. Less 10,000.
    scenario["constraints"]["max_parallel"] = 3
    prices = {"host:h": [[0, 500], [1, 0]]}
    found = bound(scenario, kind="lagrange", cells=cells, prices=prices)
    assert found == 15_000 + 15_000 + 20_000 - 10_000 == 40_000


def test_a_waived_service_is_taken_whole() -> None:
    # One of one must be up, nothing can be built: in place with downtime, the whole row of 1.
    scenario = alike("a", min_up=1, constraints={"surge": 0})
    found = bound(scenario, kind="lagrange", cells=[[0, 10]], prices={"service:s": [[0, 700]]})
    assert found == 17_000 - 7000


def test_starts_only_in_windows() -> None:
    # Open [0, 15) in 40. One item a window: 10 and 50. Price 1000 on [0, 15): from 0 or 5 10 s of
    # it, 20,000 or 25,000; from 40: 50,000. Less 15,000.
    windows = {"every": 40, "open": [{"start": 0, "duration": 15}]}
    scenario = alike("ab", constraints={"max_parallel": 1, "surge": 0, "windows": windows})
    found = bound(scenario, kind="lagrange", cells=[[0, 15]], prices={"crew": [[0, 1000]]})
    assert found == 2 * 20_000 - 15_000
    # 4000 on the whole window: it is no dearer to wait until the next one. Less 60,000.
    found = bound(scenario, kind="lagrange", cells=[[0, 15]], prices={"crew": [[0, 4000]]})
    assert found == 2 * 50_000 - 60_000
    # 4000 on [5, 10) alone: no start in this window misses it: 10,000 + 20,000. Less 20,000.
    found = bound(scenario, kind="lagrange", cells=[[5, 10]], prices={"crew": [[0, 4000]]})
    assert found == 2 * 30_000 - 20_000


def test_fluid() -> None:
    # p = 10 each, crew 1: starts at (2 T + 10 - 10) / 2 = 0 and 10.
    assert bound(PAIR, kind="fluid") == 30_000
    # Crew 3 and three nodes of weights 1, 2, 3 with 10, 10, 20 s. W / p: 0.1, 0.2, 0.15. In the
    # order b, c, a: T = 0, 10, 30. Commits, then W (2 T + p - 3 L) / 6:
    # b 2 * 10 + 2 (0 - 20) / 6; c 3 * 20 + 3 (20 - 40) / 6; a 10 + (60 - 20) / 6.
    # 90 + (-40 - 60 + 40) / 6 = 80.
    nodes: dict[str, Any] = {
        "a": {},
        "b": {"criticality": 2},
        "c": {"criticality": 3, "of": {"duration": 20}},
    }
    assert bound(several(nodes, constraints={"max_parallel": 3}), kind="fluid") == 80_000


def test_what_is_skipped_is_exposed_until_the_last_work_may_end() -> None:
    # x must be up and cannot be built: left out. a and b share a crew of one: 20 s of work.
    nodes: dict[str, Any] = {"x": {"service": "s", "criticality": 7}, "a": {}, "b": {}}
    scenario = several(nodes, min_up={"s": 1}, constraints={"max_parallel": 1, "surge": 0})
    infrastructure = infrastructure_of(scenario)
    case = Case(infrastructure, items_of(infrastructure, on_infeasible="skip"))
    assert recomputed_bound_milli(case, Proof(kind="fluid")) == 30_000 + 7 * 20_000
    assert recomputed_bound_milli(case, Proof(kind="lagrange")) == 20_000 + 7 * 20_000


@pytest.mark.slow
@given(st.data(), scenarios(max_units=5, probabilities=False), st.booleans())
@settings(max_examples=150, deadline=None)
def test_the_value_of_prices_is_that_of_trying_every_second(
    data: st.DataObject, scenario: dict[str, Any], strict: bool
) -> None:
    if strict:
        constraints = scenario.get("constraints", {})
        scenario["constraints"] = constraints | {"dependency_order": "strict"}
    case = case_from(scenario)
    if not case.items.placed:
        return
    proof = data.draw(proofs(case))
    skipped = case.skipped_weight_milli * least_makespan_s(case)
    for proven in ((), proof.claims):
        found = recomputed_bound_milli(case, proof, proven)
        assert found == slow_bound_milli(case, proof, proven) + skipped


@pytest.mark.slow
@given(st.data(), scenarios(max_units=5, probabilities=False))
@settings(max_examples=100, deadline=None)
def test_no_proof_is_worth_more_than_the_optimum(
    data: st.DataObject, scenario: dict[str, Any]
) -> None:
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
    assert recomputed_bound_milli(case, Proof(kind="lagrange")) <= optimum
    if "crew" in case.rows.capacity:
        assert recomputed_bound_milli(case, Proof(kind="fluid")) <= optimum
