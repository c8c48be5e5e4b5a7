"""Which fields of a scenario are facts, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from patchopt.errors import ScenarioError
from patchopt.files import bundled_scenarios, load_scenario
from patchopt.model.build import scenario_sha256
from patchopt.model.facts import assumed_share
from patchopt.model.scenario import Scenario
from support.contract import infrastructure_of

SMALL: dict[str, Any] = {
    "version": 1,
    "name": "small",
    "constraints": {"max_parallel": 2},
    "services": {"web": {"min_up": 1}},
    "patches": {"fix-1": {"severity": 9, "duration": "1m"}, "own": {"severity": 5, "duration": 9}},
    "nodes": [
        {"id": "a", "replicas": 3, "type": "database", "service": "web", "patch": "fix-1"},
        {"id": "b", "type": "host", "patch": {"severity": 7, "duration": 60}},
    ],
    "edges": [{"source": "a-1", "target": "b"}],
}


def scenario_with(*facts: str) -> Scenario:
    return infrastructure_of(SMALL | {"facts": list(facts)}).scenario


@pytest.mark.parametrize(
    ("facts", "count"),
    [
        ((), 0),
        (("patches.fix-*.severity",), 1),
        (("patches.*.severity",), 2),
        (("patches",), 4),
        (("nodes.a",), 4),
        (("nodes.*.patch",), 3),  # a's name of one, b's severity and duration
        (("edges.*.source", "edges.0"), 2),
        (("*",), 15),
    ],
)
def test_share_by_hand(facts: tuple[str, ...], count: int) -> None:
    # Fields: max_parallel, min_up, 2 + 2 of patches, a's replicas, type, service, patch, b's type,
    # severity, duration, the edge's source, target: 1 + 1 + 4 + 4 + 3 + 2 = 15.
    total = 15
    share = assumed_share(scenario_with(*facts))
    assert share == pytest.approx(1 - min(count, total) / total)


def test_nothing_said_is_nothing_known() -> None:
    assert assumed_share(infrastructure_of(SMALL).scenario) is None


def test_facts_are_no_part_of_what_a_scenario_is() -> None:
    without = infrastructure_of(SMALL).scenario
    assert scenario_sha256(without) == scenario_sha256(scenario_with("patches"))


def test_a_path_that_names_nothing_is_told() -> None:
    built = infrastructure_of(SMALL | {"facts": ["patches.*.sverity", "patches"]})
    assert [line for line in built.warnings if "facts" in line] == [
        (
            "facts: 'patches.*.sverity' names no field that the scenario sets; "
            "write a path such as patches.*.severity, nodes by their ids"
        )
    ]


@pytest.mark.parametrize("facts", ["patches", [3], [""], ["a..b"], [["a"]]])
def test_what_is_no_list_of_paths_is_refused(facts: Any) -> None:
    with pytest.raises(ScenarioError, match="facts"):
        infrastructure_of(SMALL | {"facts": facts})


@pytest.mark.parametrize("name", bundled_scenarios())
def test_every_bundled_scenario_says_what_is_a_fact(name: str) -> None:
    share = assumed_share(load_scenario(name))
    assert share is not None
    assert 0.5 < share < 1
