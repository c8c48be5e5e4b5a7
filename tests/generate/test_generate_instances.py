"""Made-up instances are what their factors say, and the same for the same seed."""

from __future__ import annotations

import pytest

from patchopt.errors import PatchoptError
from patchopt.generate import FAMILIES, factors_of, instance
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
