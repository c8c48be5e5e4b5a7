"""Scenarios are checked once: at the door, or where they are first built on."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from patchopt.errors import ScenarioError
from patchopt.files import load_preset, load_scenario, plan_json, scenario_from_text
from patchopt.model import Scenario, build, check
from patchopt.model.build import build_infrastructure
from patchopt.model.scenario import Edge
from patchopt.strategies import make_strategy

TEXT = "version: 1\nname: x\nnodes: [{id: a, type: database}, {id: b, type: database}]\n"
WRONG = {"edges": (Edge(source="a", target="nobody"),)}


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Scenarios that were checked in building."""
    found: list[Any] = []

    def counting(parts: check.Parts) -> Any:
        found.append(parts)
        return check.check(parts)

    monkeypatch.setattr(build, "check", counting)
    return found


def test_what_was_read_from_a_file_is_not_checked_again(checks: list[Any]) -> None:
    scenario = load_scenario("online_boutique")
    build_infrastructure(scenario)
    build_infrastructure(pickle.loads(pickle.dumps(scenario)))  # noqa: S301 - our own
    preset = load_preset("pessimistic")
    assert preset is not None
    build_infrastructure(preset.apply(scenario))
    assert not checks


def test_what_was_made_in_python_is_checked(checks: list[Any]) -> None:
    made = Scenario.model_validate(scenario_from_text(TEXT).model_dump(mode="json"))
    build_infrastructure(made)
    assert len(checks) == 1
    with pytest.raises(ScenarioError, match="unknown node or service 'nobody'"):
        build_infrastructure(made.model_copy(update=WRONG))


def test_a_copy_with_other_content_is_checked() -> None:
    scenario = scenario_from_text(TEXT)
    assert scenario.model_copy().known_sound
    with pytest.raises(ScenarioError, match="unknown node or service 'nobody'"):
        build_infrastructure(scenario.model_copy(update=WRONG))


def test_a_preset_makes_no_unchecked_scenario_sound() -> None:
    scenario = scenario_from_text(TEXT).model_copy(update=WRONG)
    preset = load_preset("independent")
    assert preset is not None
    with pytest.raises(ScenarioError, match="unknown node or service 'nobody'"):
        build_infrastructure(preset.apply(scenario))


def test_being_checked_plays_no_part_in_comparisons_and_files() -> None:
    read = scenario_from_text(TEXT)
    made = Scenario.model_validate(read.model_dump(mode="json"))
    assert read == made
    assert read.model_dump_json() == made.model_dump_json()
    plans = [make_strategy("rolling").plan(build_infrastructure(s)) for s in (read, made)]
    assert len({plan_json(plan) for plan in plans}) == 1
