"""Presets of failures: what they do to a scenario, where their figures come from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from patchopt.errors import ConfigError
from patchopt.files import bundled_presets, bundled_scenarios, load_preset, load_scenario
from patchopt.model.arrays import Surroundings
from patchopt.model.build import build_infrastructure
from patchopt.model.presets import FailurePreset
from patchopt.resources import resource_folder

PRESETS = [name for name in bundled_presets() if name != "as_written"]


def preset_of(name: str) -> FailurePreset:
    preset = load_preset(name)
    assert preset is not None
    return preset


def test_a_preset_may_say_what_follows_a_stop() -> None:
    around = Surroundings.of(preset_of("pessimistic").environment)
    assert (around.review_s, around.respin_s) == (7200, 129_600)
    assert around.respin_defect_probability == 0.13


@pytest.mark.parametrize("scenario", bundled_scenarios())
@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_replaces_every_failure_and_no_nominal_time(name: str, scenario: str) -> None:
    preset = preset_of(name)
    before = build_infrastructure(load_scenario(scenario))
    after = build_infrastructure(preset.apply(before.scenario))
    patched = before.nodes.patched
    assert (after.nodes.failure_probability[patched] == preset.failure_probability).all()
    assert (after.nodes.duration_sigma[patched] == preset.duration_sigma).all()
    chance = 0.0 if preset.defect is None else preset.defect.probability
    assert (after.releases.defect_probability == chance).all()
    assert after.scenario.environment == preset.environment
    for column in ("weight_milli", "duration_s", "warmup_s", "rollback_s", "restart", "host"):
        assert np.array_equal(getattr(before.nodes, column), getattr(after.nodes, column)), column
    assert before.limits == after.limits
    assert before.sha256 != after.sha256


def test_none_is_the_nominal_case() -> None:
    written = build_infrastructure(load_scenario("risky_patch"))
    quiet = build_infrastructure(preset_of("none").apply(written.scenario))
    nominal = written.without_failures()
    for column in ("failure_probability", "latent_probability", "duration_sigma", "duration_s"):
        assert np.array_equal(getattr(quiet.nodes, column), getattr(nominal.nodes, column))
    assert quiet.surroundings == nominal.surroundings


def test_as_written_is_no_preset() -> None:
    assert load_preset("as_written") is None


@pytest.mark.parametrize("name", PRESETS)
def test_every_figure_is_called_measured_or_assumed(name: str) -> None:
    text = (resource_folder("conf") / "failures" / f"{name}.yaml").read_text(encoding="utf-8")
    comment = ""
    for line in text.splitlines()[1:]:
        if line.lstrip().startswith("#"):
            comment += line
            continue
        if any(c.isdigit() for c in line.partition("#")[0]):
            said = (comment + line.partition("#")[2]).lower()
            assert "measured" in said or "assumed" in said, line
        comment = ""


def test_a_preset_can_be_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"name": "mine", "failure_probability": 0.25}))
    assert load_preset(str(path)) == FailurePreset(name="mine", failure_probability=0.25)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\nfailure_probabilty: 1\n", "did you mean 'failure_probability'"),
        ("name: x\nfailure_probability: 2\n", "failure_probability: "),
        ("name: x\nlatent: {probability: 0.1}\n", "latent.delay: "),
        ("{", ":2:1: this is not YAML"),
        ("- 1", ":1:1: [1] is not a mapping; write keys with values"),
        ("", "None is not a mapping"),
        ("name: x\nname: y\n", ":2:1: key 'name' is there twice; keep one of the two"),
        (
            "name: x\nenvironment: {repair: 1:30}\n",
            ":2:15: environment.repair: '1:30' is not a dur",
        ),
        ("name: x\nenvironment: {repair: 017}\n", ":2:23: environment.repair: 017 begins with a"),
        ("name: !secret x\n", ":1:7: name: tag '!secret' is not taken"),
        ("name: [[[[[[x]]]]]]\n", ":1:1: name: [[[[...]]]] is not text"),
        ("<<: {name: x}\n", "merge keys are not taken"),
        (
            "name: x\ndefect: {probability: 1, failure_probability: 1, latent_probability: 1}\n",
            "says nothing of the delay",
        ),
    ],
)
def test_a_wrong_preset_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_preset(str(path))
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_every_problem_of_a_preset_is_reported_at_once_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("nam: x\nfailure_probability: 2\nlatent: {probability: 1}\n")
    with pytest.raises(ConfigError) as caught:
        load_preset(str(path))
    assert str(caught.value).splitlines() == [
        f"{path}:1:1: name: name is missing; add it",
        f"{path}:1:1: nam: unknown key 'nam'; did you mean 'name'?",
        (
            f"{path}:2:1: failure_probability: probability 2 is outside [0, 1]; give a number "
            "from 0 to 1"
        ),
        f"{path}:3:1: latent.delay: delay is missing; add it",
    ]


def test_aliases_in_a_preset_are_bounded(tmp_path: Path) -> None:
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))
    path = tmp_path / "bomb.yaml"
    path.write_text("a0: &a0 [1]\n" + levels)
    with pytest.raises(ConfigError, match="aliases stand for more than"):
        load_preset(str(path))


@pytest.mark.slow
@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.binary() | st.text(alphabet=" \n-:{}[]&*!|>'\"#ab1.,?%@`\t").map(str.encode))
def test_whatever_the_text_nothing_but_an_error_of_the_configuration_is_raised(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(raw)
    with pytest.raises(ConfigError, match=r"any\.yaml:"):
        load_preset(str(path))


@pytest.mark.parametrize("name", PRESETS)
def test_hydra_and_the_reader_of_presets_read_the_same(name: str) -> None:
    text = (resource_folder("conf") / "failures" / f"{name}.yaml").read_text(encoding="utf-8")
    composed = OmegaConf.to_container(OmegaConf.create(text))
    assert FailurePreset.model_validate(composed) == preset_of(name)


def test_an_unknown_preset_is_refused_with_what_there_is() -> None:
    with pytest.raises(ConfigError, match="did you mean 'shared_defect'"):
        load_preset("shared_defects")
