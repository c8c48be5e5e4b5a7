"""The test support itself, what it reads and generates, checked by hand."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, seed, settings

from support import examples
from support.generate import FEATURES, PROBABLE, features, scenarios
from support.reading import Reading
from support.windows import Windows
from support.written import seconds, share_of

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]

Scenario = dict[str, Any]


# --- reading ---


def test_durations_and_shares() -> None:
    assert [seconds(text) for text in (7, "90s", "5m", "1h30m", "2d")] == [7, 90, 300, 5400, 172800]
    # 80% of 3 is 2.4 and 34% of 3 is 1.02, rounded up.
    assert [share_of("80%", 3), share_of("34%", 3), share_of("0%", 3), share_of(2, 3)] == [
        3,
        2,
        0,
        2,
    ]


def test_windows_merge_and_wrap() -> None:
    opened = [{"start": 8, "duration": 3}, {"start": 1, "duration": 2}, {"start": 5, "duration": 1}]
    windows = Windows({"every": 10, "open": opened})
    # Open from 8 over the end of the period to 1 and on to 3, and from 5 to 6.
    assert windows.longest == 5
    assert windows.holds(8, 13)
    assert windows.holds(0, 3)
    assert not windows.holds(0, 4)
    assert [second for second in range(8) if windows.holds(second, second)] == [0, 1, 2, 3, 5, 6]
    assert windows.earliest(1, 3) == 8
    assert Windows(None).holds(0, 10**9)


def test_order_goes_over_nodes_without_a_patch_and_not_within_a_cycle() -> None:
    scenario = examples.small(
        {"a": {}, "b": {}, "c": {}, "x": {"patch": None}},
        edges=[("a", "x"), ("x", "b"), ("b", "c"), ("c", "b")],
    )
    assert Reading(scenario).depends_on == [{1, 2}, set(), set()]


# --- generated scenarios ---


def collected(examples_wanted: int, **options: Any) -> list[Scenario]:
    found: list[Scenario] = []

    @seed(20260101)
    @settings(max_examples=examples_wanted, database=None, deadline=None)
    @given(scenarios(**options))
    def collect(scenario: Scenario) -> None:
        found.append(scenario)

    collect()
    return found


@pytest.mark.parametrize("options", [{}, {"max_units": 5, "probabilities": False}])
def test_generated_scenarios_use_every_constraint(options: dict[str, Any]) -> None:
    used = set[str]().union(*(features(scenario) for scenario in collected(800, **options)))
    assert used == (FEATURES if options.get("probabilities", True) else FEATURES - PROBABLE)


@settings(deadline=None)
@given(scenarios(max_units=4))
def test_generated_scenarios_are_small_and_valid(scenario: Scenario) -> None:
    assert yaml.safe_load(yaml.safe_dump(scenario)) == scenario
    reading = Reading(scenario)
    ids = [entry["id"] for entry in scenario["nodes"]]
    assert 1 <= len(reading.units) <= 4
    assert len(set(ids)) == len(ids)
    assert not reading.nodes.keys() & reading.instances.keys()
    assert all(0 <= least <= len(reading.instances[s]) for s, least in reading.min_up.items())
    for unit in reading.units:
        assert reading.max_parallel is None or len(unit) <= reading.max_parallel
        assert reading.windows.longest is None or reading.length(unit) <= reading.windows.longest
    for edge in reading.edges:
        assert not set(edge.sources) & set(edge.targets)
    for node in reading.nodes.values():
        assert node.host is None or reading.nodes[node.host].type == "host"
        assert node.id not in reading.ancestors(node.id)
