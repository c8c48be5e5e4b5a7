"""Several datasets as one study: the same is pooled, what differs has names that say how."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from patchopt.errors import DatasetError
from patchopt.files.dataset import read_dataset
from patchopt.reports import summarise, write_report
from patchopt.sweeps import sweep

pytestmark = pytest.mark.slow

STUDY = (
    "sweep.scenarios=[risky_patch]",
    "sweep.strategies=[rolling,big_bang]",
    "sweep.replications=20",
    "sweep.seed=1",
    "parallel=serial",
)


SHOP = """\
version: 1
name: shop
services: {web: {min_up: 1}}
nodes:
  - {id: web, replicas: 2, type: database, service: web, patch: {severity: SEVERITY, duration: 5m}}
"""


def made(folder: Path, *more: str) -> Path:
    assert sweep([*STUDY, *more, f"sweep.out={folder}"]).complete
    return folder


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("datasets") / "one")


def test_other_seeds_of_a_study_are_pooled(one: Path, tmp_path: Path) -> None:
    two = made(tmp_path / "two", "sweep.seed=2")
    both = made(tmp_path / "both", "sweep.seed=[1,2]")
    pd.testing.assert_frame_equal(summarise(one, two), summarise(both), check_exact=True)


def test_what_several_have_counts_once(one: Path, tmp_path: Path) -> None:
    more = made(tmp_path / "more", "sweep.seed=[2,1]", "sweep.replications=30")
    found = summarise(one, more)
    pd.testing.assert_frame_equal(summarise(one, one), summarise(one), check_exact=True)
    assert found["replications"].tolist() == [60, 60]
    means = read_dataset(more).runs.groupby("plan")["total_exposure"].mean()
    assert sorted(found["total_exposure"]) == pytest.approx(sorted(means))


def test_other_strategies_join_the_same_scenario(one: Path, tmp_path: Path) -> None:
    two = made(tmp_path / "two", "sweep.strategies=[canary,rolling]")
    all_three = made(tmp_path / "three", "sweep.strategies=[rolling,big_bang,canary]")
    pd.testing.assert_frame_equal(summarise(one, two), summarise(all_three), check_exact=True)


def test_scenarios_that_differ_are_told_apart_by_how(one: Path, tmp_path: Path) -> None:
    risky = [
        made(tmp_path / str(p), "failures=pessimistic", f"failures.failure_probability={p}")
        for p in (0.1, 0.3)
    ]
    names = summarise(*risky)["scenario"].unique().tolist()
    assert names == [f"risky_patch (failures.failure_probability={p})" for p in (0.1, 0.3)]
    result = write_report(one, *risky, out=tmp_path / "report")
    assert len(result.summary["scenario"].unique()) == 3
    page = (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    assert all(f"`{folder}`" in page for folder in (one, *risky))


def test_plans_of_one_label_are_told_apart_by_how(tmp_path: Path) -> None:
    optima = [
        made(tmp_path / str(gap), "sweep.strategies=[optimal]", f"optimizer.gap={gap}")
        for gap in (0.0, 0.9)
    ]
    found = summarise(*optima)
    assert sorted(found["label"]) == [f"optimal (optimizer.gap={gap})" for gap in (0.0, 0.9)]


def test_what_differs_in_nothing_but_its_file_is_told_apart_by_its_folder(tmp_path: Path) -> None:
    folders = []
    for name, severity in (("first", 4), ("second", 9)):
        place = tmp_path / name
        place.mkdir()
        text = SHOP.replace("SEVERITY", str(severity))
        (place / "shop.yaml").write_text(text, encoding="utf-8")
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(place)
            folders.append(made(place / "out", "sweep.scenarios=[shop.yaml]"))
    names = summarise(*folders)["scenario"].unique().tolist()
    assert names == [f"shop ({folder})" for folder in folders]


def test_defects_that_are_dealt_out_are_other_luck(tmp_path: Path) -> None:
    drawn = made(tmp_path / "drawn", "failures=shared_defect")
    dealt = made(tmp_path / "dealt", "failures=shared_defect", "sweep.stratify=true")
    names = summarise(drawn, dealt)["scenario"].unique().tolist()
    assert names == [f"risky_patch (sweep.stratify={dealt})" for dealt in ("false", "true")]


def test_one_that_is_missing_is_named(one: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="nowhere: there is no such folder"):
        summarise(one, tmp_path / "nowhere")
