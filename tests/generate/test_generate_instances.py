"""Made-up instances are what their factors say, and the same for the same seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchopt.errors import PatchoptError
from patchopt.files import bundled_scenarios, load_scenario
from patchopt.files.scenario_writing import scenario_text
from patchopt.files.scenario_yaml import scenario_from_text
from patchopt.generate import FAMILIES, factors_of, instance
from patchopt.generate.factors import FACTORS, meanings
from patchopt.model.build import build_infrastructure
from patchopt.model.items import items_of
from patchopt.strategies import make_strategy

EVERY = [(family, nodes) for family in FAMILIES for nodes in (10, 53, 200)]


@pytest.mark.parametrize(("family", "nodes"), EVERY)
def test_factors_are_kept(family: str, nodes: int) -> None:
    factors = factors_of(family, nodes)
    scenario = instance(factors, seed=7)
    infrastructure = build_infrastructure(scenario)
    given, services = infrastructure.nodes, infrastructure.services
    assert len(given.ids) == nodes
    hosts = [node for node in scenario.nodes if node.type == "host"]
    assert bool(hosts) == (factors.guests is not None)
    fewest, most = factors.replicas
    assert all(fewest <= count <= most + 1 for count in services.instances[:-1])
    assert (services.min_up < services.instances).all()
    if not hosts:
        assert (2 * services.min_up >= services.instances).all()
    durations = set(given.duration_s.tolist())
    assert min(durations) >= factors.shortest_s
    assert max(durations) <= factors.longest_s
    assert (len(durations) == 1) == (factors.durations == "identical")
    joined = [edge for edge in scenario.edges if edge.compatibility == "incompatible"]
    assert 2 * len(joined) <= factors.paired * nodes
    assert 2 * len(joined) >= factors.paired * nodes - 2 - 0.05 * nodes
    limits = infrastructure.limits
    assert (limits.max_parallel, limits.surge) == (factors.crew, factors.surge)
    assert bool(limits.strict) == factors.strict
    assert (infrastructure.windows.period_s > 0) == (factors.window_s is not None)
    assert (limits.overhead_s > 0) == bool(given.warmup_s.any()) == (family == "warm_up")
    items = items_of(infrastructure, respect_units=True, on_infeasible="error")
    assert any(item.blue_green for item in items.placed) == factors.blue_green


@pytest.mark.parametrize("family", FAMILIES)
def test_a_plan_is_found(family: str) -> None:
    infrastructure = build_infrastructure(instance(factors_of(family, 50), seed=1))
    plan = make_strategy("exposure_greedy").plan(infrastructure)
    assert not any(step.waives for step in plan.steps)


def test_the_seed_is_all_that_is_drawn_from() -> None:
    factors = factors_of("strict_hosts", 60)
    one, same, other = (build_infrastructure(instance(factors, seed)) for seed in (1, 1, 2))
    assert one.sha256 == same.sha256 != other.sha256


def test_services_depend_on_others_in_layers_below() -> None:
    scenario = instance(factors_of("strict", 1000), seed=3)
    edges = [edge for edge in scenario.edges if edge.compatibility != "incompatible"]
    services = len(scenario.services)
    # 1.5 on average but for the lowest layer of five, a few of them twice the same.
    assert 0.9 * 1.5 * 0.8 * services < len(edges) < 1.1 * 1.5 * 0.8 * services
    assert all(int(edge.source[1:]) > int(edge.target[1:]) for edge in edges)


def test_the_crew_grows_with_the_nodes_but_not_for_ever() -> None:
    crews = {nodes: factors_of("plain", nodes).crew for nodes in (10, 50, 500, 9_000, 10_000)}
    assert crews == {10: 2, 50: 5, 500: 50, 9_000: 50, 10_000: 100}
    assert factors_of("plain", 200).surge == 5


@pytest.mark.parametrize(("family", "nodes", "why"), [("plane", 10, "unknown"), ("plain", 1, "2")])
def test_what_cannot_be_made_is_refused(family: str, nodes: int, why: str) -> None:
    with pytest.raises(PatchoptError, match=why):
        factors_of(family, nodes)


def test_slack_crew_and_rollback_by_hand() -> None:
    # Services of 4: .3 of them is 1.2, so that one may be down; .5 of 20 nodes work at once; a
    # rollback takes half of its patch.
    factors = factors_of(
        "plain", 20, replicas=(4, 4), slack=0.3, crew_per_node=0.5, rollback=0.5, retries=2
    )
    built = build_infrastructure(instance(factors, seed=1))
    assert built.services.min_up.tolist() == [3] * 5
    assert (built.limits.max_parallel, built.limits.max_retries) == (10, 2)
    assert np.abs(built.nodes.rollback_s - built.nodes.duration_s / 2).max() <= 0.5


def test_instances_of_a_service_may_share_a_release() -> None:
    built = build_infrastructure(instance(factors_of("plain", 30, releases="service"), seed=2))
    assert len(built.releases.names) == len(built.services.names)
    for service in range(len(built.services.names)):
        nodes = np.flatnonzero(built.nodes.service == service)
        assert len(set(built.nodes.release[nodes].tolist())) == 1


def test_some_may_be_built_beside() -> None:
    scenario = instance(factors_of("plain", 400, blue_green=0.25), seed=3)
    share = sum(node.blue_green for node in scenario.nodes) / 400
    assert 0.15 < share < 0.35  # 4.6 standard errors of .0217


def test_other_factors_another_name() -> None:
    names = {
        instance(factors_of("plain", 20, **own), seed=1).name
        for own in ({}, {"slack": 0.2}, {"slack": 0.3}, {"tiers": 5})
    }
    assert len(names) == 3  # five tiers are the family's own


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ({"slak": 0.1}, "did you mean 'slack'"),
        ({"slack": 1.0}, "slack: it should be less than 1"),
        ({"slack": "much"}, "slack"),
        ({"replicas": (5, 2)}, "replicas: 5 to 2 is no range"),
        ({"guests": (0, 2)}, "guests: 0 to 2 is no range"),
        ({"shortest_s": 2000}, "2000 to 1800 is no range"),
        ({"releases": "tier"}, "releases"),
    ],
)
def test_what_is_no_factor_is_refused(own: dict[str, Any], told: str) -> None:
    with pytest.raises(PatchoptError, match=told):
        factors_of("plain", 20, **own)
    with pytest.raises(PatchoptError, match="nodes"):
        factors_of("plain", 1)


def test_every_factor_has_a_meaning() -> None:
    assert set(FACTORS) <= set(meanings())
    assert all(meanings().values())


@given(st.sampled_from(sorted(FAMILIES)), st.integers(2, 60), st.integers(0, 99))
def test_what_is_written_reads_the_same(family: str, nodes: int, seed: int) -> None:
    scenario = instance(factors_of(family, nodes), seed)
    assert scenario_from_text(scenario_text(scenario, ["about it"])) == scenario


@pytest.mark.parametrize("name", bundled_scenarios())
def test_bundled_scenarios_written_read_the_same(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario_from_text(scenario_text(scenario)) == scenario
