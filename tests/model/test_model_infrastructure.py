"""Expansion, units, order and flat arrays, by hand and against an independent reading."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from patchopt.errors import InfeasibleError, ScenarioError
from patchopt.model.arrays import Surroundings
from patchopt.model.build import scenario_sha256
from patchopt.model.demands import Demands, Groups
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.items import items_of
from patchopt.model.units import demand
from support.contract import infrastructure_of
from support.examples import small
from support.generate import scenarios
from support.reading import Reading

Scenario = dict[str, Any]


def named(infrastructure: Infrastructure, numbers: Any) -> set[str]:
    return {infrastructure.nodes.ids[int(number)] for number in numbers}


@pytest.mark.slow
@settings(max_examples=200)
@given(scenarios())
def test_infrastructure_agrees_with_an_independent_reading(scenario: Scenario) -> None:
    infrastructure, reading = infrastructure_of(scenario), Reading(scenario)
    nodes, units = infrastructure.nodes, infrastructure.units
    assert set(nodes.ids) == set(reading.nodes)
    for name, number in nodes.index.items():
        node = reading.nodes[name]
        assert nodes.weight_milli[number] == node.weight
        assert nodes.patched[number] == (node.patch is not None)
        guests = {other for other in reading.nodes if name in reading.ancestors(other)}
        assert named(infrastructure, nodes.guests(number)) == guests
    assert {frozenset(named(infrastructure, units.members(u))) for u in range(len(units))} == {
        frozenset(unit) for unit in reading.units
    }
    for unit in range(len(units)):
        members = named(infrastructure, units.members(unit))
        assert units.duration_s[unit] == reading.duration(members)
        assert units.warmup_s[unit] == reading.warmup(members)
        assert units.weight_milli[unit] == sum(reading.nodes[name].weight for name in members)
    assert infrastructure.limits.horizon_s == reading.horizon
    services = infrastructure.services
    assert dict(zip(services.names, services.min_up.tolist(), strict=True)) == reading.min_up


def test_replicas_are_numbered_and_alone_keep_their_number() -> None:
    scenario = small({"one": {"replicas": 1}, "two": {"replicas": 2}, "none": {}})
    assert infrastructure_of(scenario).nodes.ids == ("one-1", "two-1", "two-2", "none")


def test_an_incompatible_edge_between_services_joins_all_their_instances() -> None:
    scenario = small(
        {"a": {"service": "s", "replicas": 2}, "b": {"service": "t", "replicas": 2}, "c": {}},
        incompatible=[("s", "t")],
        min_up={"s": 0, "t": 0},
    )
    units = infrastructure_of(scenario).units
    assert [units.label(unit) for unit in range(len(units))] == ["{a-1, a-2, b-1, b-2}", "c"]
    assert units.size.tolist() == [4, 1]


def test_an_incompatible_edge_to_a_fixed_version_joins_nothing() -> None:
    scenario = small(
        {"a": {}, "fixed": {"patch": None}, "b": {}},
        incompatible=[("a", "fixed"), ("fixed", "b")],
    )
    assert len(infrastructure_of(scenario).units) == 2


def test_a_host_counts_the_instances_of_its_guests() -> None:
    # The host takes g1 and, through the nested host, g2 with it: 2 of 3, where 2 must serve.
    scenario = small(
        {
            "h": {"type": "host"},
            "inner": {"type": "host", "host": "h", "patch": None},
            "g1": {"host": "h", "service": "s"},
            "g2": {"host": "inner", "service": "s"},
            "free": {"service": "s"},
        },
        min_up={"s": 2},
    )
    infrastructure = infrastructure_of(scenario)
    nodes, services = infrastructure.nodes, infrastructure.services
    assert demand(nodes, (nodes.index["h"],)) == {0: 2}
    each = Groups(ptr=np.arange(len(nodes) + 1), idx=np.arange(len(nodes)))
    short = Demands.of(each, nodes, 1).missing(services).rows()
    assert short[nodes.index["h"]] == [(0, 1)]
    assert short[nodes.index["g1"]] == []


@given(scenarios())
def test_what_many_groups_take_out_is_what_each_takes(scenario: Scenario) -> None:
    infrastructure = infrastructure_of(scenario)
    nodes, units = infrastructure.nodes, infrastructure.units
    demands = Demands.of(units.groups, nodes, len(infrastructure.services.names)).rows()
    each = [demand(nodes, units.members(unit)) for unit in range(len(units))]
    assert [dict(row) for row in demands] == each
    assert [list(dict(row)) for row in demands] == [list(row) for row in each]  # in one order


def test_no_group_takes_nothing() -> None:
    nodes = infrastructure_of(small({"a": {"patch": None}})).nodes
    none = Groups(ptr=np.zeros(1, np.int64), idx=np.zeros(0, np.int64))
    assert Demands.of(none, nodes, 0).rows() == []
    assert none.over(nodes.weight_milli, np.add).tolist() == []


def test_a_dependency_cycle_is_condensed_and_warned_of() -> None:
    scenario = small(
        {"a": {}, "b": {}, "c": {}},
        edges=[("a", "b"), ("b", "a"), ("a", "c")],
        dependency_order="strict",
    )
    infrastructure = infrastructure_of(scenario)
    assert infrastructure.warnings == ("dependency cycle: no order among a, b",)


def test_large_services_are_not_expanded_to_pairs() -> None:
    # 2,000 x 2,000 instances are four million pairs; the edge stays one.
    scenario = small(
        {"a": {"service": "s", "replicas": 2000}, "b": {"service": "t", "replicas": 2000}},
        edges=[("s", "t")],
        min_up={"s": 0, "t": 0},
        dependency_order="strict",
    )
    infrastructure = infrastructure_of(scenario)
    assert len(infrastructure.edges.kind) == 1
    arrays = [v for v in vars(infrastructure.order).values() if isinstance(v, np.ndarray)]
    assert sum(array.size for array in arrays) < 20 * 4000


@pytest.mark.parametrize(
    ("how", "placed", "skipped"), [("downtime", ["x", "y"], []), ("skip", ["y"], ["x"])]
)
def test_what_becomes_of_an_infeasible_unit(
    how: Any, placed: list[str], skipped: list[str]
) -> None:
    # x alone serves s and must; it cannot be built beside.
    scenario = small({"x": {"service": "s", "blue_green": False}, "y": {}}, min_up={"s": 1})
    infrastructure = infrastructure_of(scenario)
    items = items_of(infrastructure, on_infeasible=how)
    assert [infrastructure.units.label(item.unit) for item in items.placed] == placed
    assert [infrastructure.units.label(unit) for unit in items.skipped] == skipped
    with pytest.raises(InfeasibleError, match="patching x in place takes service 's' by 1 below"):
        items_of(infrastructure, on_infeasible="error")


def test_a_skipped_unit_takes_its_dependants_along_under_strict_order() -> None:
    scenario = small(
        {"x": {"service": "s", "blue_green": False}, "y": {}, "z": {}},
        edges=[("y", "x")],
        min_up={"s": 1},
        dependency_order="strict",
    )
    infrastructure = infrastructure_of(scenario)
    items = items_of(infrastructure, on_infeasible="skip")
    assert [infrastructure.units.label(unit) for unit in items.skipped] == ["x", "y"]


def test_the_fingerprint_is_of_the_content() -> None:
    first = infrastructure_of(small({"a": {}}))
    again = infrastructure_of(small({"a": {"criticality": 1}}))
    other = infrastructure_of(small({"a": {"criticality": 2}}))
    assert first.sha256 == again.sha256 == scenario_sha256(first.scenario)
    assert first.sha256 != other.sha256


def test_exposures_that_do_not_fit_64_bits_are_refused() -> None:
    told = {"criticality": 1e6, "patch_with": {"severity": 10, "duration": "30d"}}
    scenario = small({"a": told | {"replicas": 500}}, horizon="3600d")
    with pytest.raises(ScenarioError, match="64"):
        infrastructure_of(scenario)


@pytest.mark.parametrize(
    ("share", "hundredths_of_a_percent"), [(0.0029, 29), (0.57, 5700), (0.0001, 1), (1, 10_000)]
)
def test_an_abort_share_is_the_decimal_that_was_written(
    share: float, hundredths_of_a_percent: int
) -> None:
    # In binary, 0.0029 x 10,000 is a little below 29.
    infrastructure = infrastructure_of(small({"a": {}}, abort_share=share))
    assert infrastructure.limits.abort_share_bp == hundredths_of_a_percent


def test_nothing_fails_without_failures() -> None:
    told = {"failure_probability": 1, "defect": {"probability": 1, "failure_probability": 1}}
    infrastructure = infrastructure_of(small({"a": {"patch_with": told}})).without_failures()
    assert infrastructure.nodes.failure_probability.tolist() == [0.0]
    assert infrastructure.releases.defect_probability.tolist() == [0.0]


STOPS = {
    "review": {"delay": {"nominal": "1h", "sigma": 0.5}},
    "respin": {"delay": "1d", "defect_probability": 0.25},
}


def test_what_follows_a_stop_is_read_and_makes_nothing_restless() -> None:
    infrastructure = infrastructure_of(small({"a": {}}) | {"environment": STOPS})
    around = infrastructure.surroundings
    assert (around.review_s, around.review_sigma) == (3600, 0.5)
    assert (around.respin_s, around.respin_sigma) == (86_400, 0.0)
    assert around.respin_defect_probability == 0.25
    assert not infrastructure.restless
    assert infrastructure.without_failures().surroundings == Surroundings()
    assert (Surroundings().review_s, Surroundings().respin_s) == (-1, -1)


def test_a_replaced_release_is_sound_unless_said_otherwise() -> None:
    told = {"environment": {"respin": {"delay": 5}}}
    assert infrastructure_of(small({"a": {}}) | told).surroundings.respin_defect_probability == 0


@pytest.mark.parametrize(
    ("key", "told", "wrong"),
    [
        ("review", {}, "environment.review.delay"),
        ("review", {"delay": 0}, "at least one second"),
        ("respin", {"delay": 5, "defect_probability": 1.5}, "respin.defect_probability"),
        ("respin", {"delay": 5, "probability": 0.5}, "respin.probability"),
    ],
)
def test_what_follows_a_stop_is_checked(key: str, told: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ScenarioError, match=wrong):
        infrastructure_of(small({"a": {}}) | {"environment": {key: told}})


def test_the_luck_is_the_name_unless_it_is_given() -> None:
    scenario = small({"a": {}})
    assert infrastructure_of(scenario).luck == scenario["name"]
    assert infrastructure_of(scenario | {"luck": "other"}).luck == "other"
    with pytest.raises(ScenarioError, match="luck"):
        infrastructure_of(scenario | {"luck": "two words"})


DAY = 86_400


@pytest.mark.parametrize(
    ("count", "crew", "days"),
    [
        (0, None, 1),  # nothing to do: one day
        (5, None, 1),  # all at once take 10 + 36,000 + 5 s
        (4, 2, 1),  # 4 * 36,015 s for two: 72,030 s
        (5, 2, 2),  # 90,037.5 s
        (5, 1, 3),  # 180,075 s are 2.08 days
    ],
)
def test_the_usual_horizon_is_the_work_of_the_crew_in_whole_days(
    count: int, crew: int | None, days: int
) -> None:
    told = {"patch_with": {"duration": "10h", "warmup": 5}} if count else {"patch": None}
    constraints: dict[str, Any] = {"step_overhead": 10}
    constraints |= {} if crew is None else {"max_parallel": crew}
    scenario = small({"a": {"replicas": count or 1} | told}, **constraints)
    assert infrastructure_of(scenario).limits.horizon_s == days * DAY


def test_a_horizon_of_exactly_a_day_needs_no_second() -> None:
    scenario = small({"a": {"replicas": 2, "patch_with": {"duration": "12h"}}}, max_parallel=1)
    assert infrastructure_of(scenario).limits.horizon_s == DAY
