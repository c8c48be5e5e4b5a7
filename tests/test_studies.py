"""The studies in experiments/: their instances are sound, their configurations compose."""

from __future__ import annotations

import importlib.util
import sys
from itertools import islice
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from patchopt import load_scenario
from patchopt.files import load_preset
from patchopt.model.presets import FailurePreset
from patchopt.sweeps import compose

ROOT = Path(__file__).resolve().parent.parent
STUDIES = sorted(
    path.parent.parent.parent.name for path in ROOT.glob("experiments/*/conf/*/*.yaml")
)
pytestmark = pytest.mark.skipif(
    not STUDIES, reason="the studies do not come with a source distribution"
)

#: What each study draws: as many as its page says.
COUNTS = {
    "ablation": 3 * 2 * 3 * 2 * 5,
    "canary": 2 * 3 * 2 * 6,
    "distance": 7 * 3 * 3,
    "incompatible": 5 * 10,
    "sensitivity": 6 * (1 + 2 * 23) - 1,  # half a crew is too few for a unit of one scenario
    "sizes": 9 * 6,
    "surge": 2 * 2 * 6 * 6,
}


def module(folder: str, name: str) -> ModuleType:
    """Import a file of a study as its command does."""
    path = ROOT / "experiments" / folder / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(made)
    finally:
        sys.path[:] = before
    return made


@pytest.fixture(scope="module")
def studies() -> ModuleType:
    return module(".", "studies")


def test_every_study_is_known() -> None:
    assert sorted(COUNTS) == STUDIES


@pytest.mark.parametrize("name", STUDIES)
def test_instances_are_as_many_as_told_and_have_names_of_their_own(name: str) -> None:
    names = [made.name for made in module(name, "run").instances()]
    assert len(names) == len(set(names)) == COUNTS[name]


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_is_ready_to_run(
    name: str, studies: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studies, "EXPERIMENTS", tmp_path / "experiments")
    monkeypatch.chdir(tmp_path)
    first = list(islice(module(name, "run").instances(), 3))
    studies.write_instances(name, first)
    config = compose(
        [f"experiment={name}", f"sweep.out={tmp_path / 'out'}"],
        config_dir=ROOT / "experiments" / name / "conf",
    )
    folder = tmp_path / "results" / name / "instances"
    assert list(config.sweep.scenarios) == [f"results/{name}/instances/*.yaml"]
    written = sorted(folder.glob("*.yaml"))
    assert len(written) == 3
    assert [load_scenario(path) for path in written] == sorted(first, key=lambda one: one.name)


def test_limits_of_a_mean(studies: ModuleType) -> None:
    # All alike: no spread. What is not finite is no instance.
    assert studies.limits([2.0, 2.0, np.inf]) == (2.0, 2.0, 2.0)
    middle, low, high = studies.limits([0.0, 1.0])
    # Means of two draws are 0, 1/2 or 1, the outer ones with 1/4 each.
    assert (middle, low, high) == (0.5, 0.0, 1.0)
    assert studies.geometric([1.0, 4.0]) == "2.000 [1.000, 4.000]"


def test_ratios_are_taken_within_a_scenario(studies: ModuleType) -> None:
    frame = pd.DataFrame(
        {"scenario": ["a", "a", "b"], "label": ["optimal", "x", "optimal"], "cost": [2.0, 6.0, 5.0]}
    )
    assert studies.beside(frame, "cost").tolist() == [1.0, 3.0, 1.0]


def test_break_even_by_hand() -> None:
    run = module("canary", "run")
    # 10 more if sound, 30 less if bad: 10 / (10 + 30).
    canary, other = pd.Series({"sound": 110, "bad": 70}), pd.Series({"sound": 100, "bad": 100})
    assert run.break_even(canary, other) == 0.25
    assert run.break_even(other, canary) == 0.0
    assert run.break_even(canary, pd.Series({"sound": 100, "bad": 70})) == np.inf


def flat(preset: FailurePreset) -> dict[str, float]:
    told = pd.json_normalize(preset.model_dump(exclude={"name"})).iloc[0]
    return {str(name): float(value) for name, value in told.items()}


def test_numbers_are_changed_alone() -> None:
    changes = module("sensitivity", "changes")
    preset = load_preset("pessimistic")
    assert preset is not None
    for path in changes.FAILURES:
        more = changes.changed_preset(preset, path, 1.5)
        assert more != preset
        back = changes.changed_preset(more, path, 1 / 1.5)
        if "detection.probability" not in path:  # which goes no further than 1
            assert flat(back) == pytest.approx(flat(preset))
    scenario = load_scenario("ha_microservices")
    twice = changes.changed_scenario(scenario, "max_parallel", 2)
    assert scenario.constraints.max_parallel is not None
    assert twice.constraints.max_parallel == 2 * scenario.constraints.max_parallel
    assert twice.patches == scenario.patches
