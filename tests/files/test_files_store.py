"""The store: one writer, what is finished stays, and a dataset only grows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from patchopt.errors import DatasetError, OutputError
from patchopt.files.store.contents import Contents
from patchopt.files.store.keys import run_key
from patchopt.files.store.lock import Lock
from patchopt.files.store.made import MadePlan
from patchopt.files.store.parts import PartCell, write_part
from patchopt.files.store.paths import Paths
from patchopt.files.store.store import Store
from patchopt.files.store.study import Study, StudyPlan

METADATA = {"config": "{}", "config_sha256": "one", "versions": "{}", "git_commit": ""}


def plan(label: str, *seeds: int, key: str = "", scenario: str = "shop") -> StudyPlan:
    return StudyPlan(
        key=key or f"key of {label}",
        scenario_key=f"key of {scenario}",
        scenario="shop",
        strategy=label,
        label=label,
        parameters="{}",
        seeds=seeds or (1,),
    )


def study(*plans: StudyPlan, config: str = "one", replications: int | None = 4) -> Study:
    return Study(
        metadata=METADATA | {"config_sha256": config},
        plans=plans,
        stratified=False,
        trace=True,
        replications=replications,
    )


OLD = study(plan("rolling", 1, 2), plan("canary"))


def finish(store: Store, of: StudyPlan, seed: int = 1, count: int = 4) -> str:
    """Finish a plan and replications of a seed; return the part's name."""
    MadePlan(plan_json="{}").write(store.paths.plan(of.key))
    store.note({"kind": "plan", "key": of.key})
    run = run_key(of.key, "{}", seed, stratified=False)
    name = f"{of.label}-{seed}"
    cell = PartCell(run=run, first=0, count=count, wall_time_s=0.0)
    write_part(store.paths.parts / name, [cell], [{"x": np.arange(count)}])
    store.note({"kind": "part", "name": name})
    return name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A dataset whose first plan is finished under its second seed."""
    with Store(tmp_path / "out", OLD) as store:
        store.begin({"key of shop": "{}"})
        finish(store, OLD.plans[0], seed=2)
    return tmp_path / "out"


def test_what_is_finished_is_there_next_time(folder: Path) -> None:
    with Store(folder, OLD) as store:
        assert store.contents.plans == {"key of rolling"}
        assert store.contents.parts == ["rolling-2"]
        assert store.paths.scenario("key of shop").read_text() == "{}"
        assert Study.read(store.paths.study) == OLD


def test_what_killed_processes_left_is_swept_away(folder: Path) -> None:
    paths = Paths(folder)
    half = paths.plan("x").with_name(".x.json.part")
    for path in (paths.parts / "stray", paths.parts / ".x.part", paths.jobs / "one.json", half):
        path.write_text("")
    with Store(folder, OLD):
        assert [path.name for path in paths.parts.iterdir()] == ["rolling-2"]
        assert list(paths.jobs.iterdir()) == []
        assert not half.exists()


def test_one_that_was_killed_before_its_first_line_begins_again(tmp_path: Path) -> None:
    (tmp_path / "out" / ".sweep").mkdir(parents=True)
    (tmp_path / "out" / ".sweep" / "lock").touch()
    with Store(tmp_path / "out", OLD) as store:
        assert store.contents.plans == set()


def test_a_second_writer_is_refused_and_leaves_all_as_it_is(folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    with Store(folder, OLD), pytest.raises(OutputError, match="another sweep is writing there"):
        Store(folder, OLD, force=True).__enter__()
    assert sorted(folder.rglob("*")) == before
    with Store(folder, OLD):
        pass  # and the first has let go of it


def test_a_store_that_cannot_be_opened_lets_go_of_its_lock(folder: Path) -> None:
    with pytest.raises(OutputError, match="would drop"):
        Store(folder, study(plan("big_bang"))).__enter__()
    with Lock(Paths(folder).lock):
        pass


@pytest.mark.parametrize(
    ("new", "lost"),
    [
        (study(plan("canary")), "rolling on shop: ask"),
        (study(plan("rolling", 1)), "rolling on shop, seed 2"),
        (study(plan("rolling", 1, 2), replications=3), "4 replications where 3 are asked for"),
        (replace(OLD, stratified=True), "rolling on shop, without sweep.stratify"),
        (study(plan("rolling", 1, 2, key="new")), "with other parameters or by another version"),
        (study(plan("rolling", key="new", scenario="x")), "the scenario or its failures were"),
    ],
)
def test_a_study_that_would_drop_what_is_finished_is_refused(
    folder: Path, new: Study, lost: str
) -> None:
    with pytest.raises(OutputError, match=f"would drop what is finished there: .*{lost}"):
        Store(folder, new).__enter__()
    assert Contents.read(folder).parts == ["rolling-2"]


@pytest.mark.parametrize(
    "new",
    [
        study(plan("big_bang"), plan("rolling", 2)),  # what is not finished may go
        study(plan("rolling", 3, 2, 1), replications=9),
        study(plan("rolling", 1, 2), replications=None),
    ],
)
def test_a_study_that_holds_all_that_is_finished_goes_on(folder: Path, new: Study) -> None:
    with Store(folder, new) as store:
        assert store.contents.parts == ["rolling-2"]


def test_force_begins_anew_and_an_unfinished_forced_study_goes_on(folder: Path) -> None:
    with Store(folder, OLD, force=True) as store:
        assert store.contents.parts == []  # not begun by force
        store.begin({})
        name = finish(store, OLD.plans[0])
    with Store(folder, OLD, force=True) as store:
        assert store.contents.parts == [name]
        store.begin({})
        store.note({"kind": "complete", "config_sha256": "one"})
        assert store.contents.complete == "one"
    with Store(folder, OLD, force=True) as store:
        assert store.contents.parts == []  # it was complete
        store.begin({})
        finish(store, OLD.plans[0])
    with Store(folder, replace(OLD, metadata=METADATA | {"config_sha256": "2"}), force=True) as it:
        assert it.contents.parts == []  # another study


def test_a_complete_study_is_complete_until_another_begins(folder: Path) -> None:
    with Store(folder, OLD) as store:
        store.note({"kind": "complete", "config_sha256": "one"})
        store.begin({})
        assert store.contents.complete == "one"
    wider = study(plan("rolling", 1, 2), plan("big_bang"), config="two")
    with Store(folder, wider) as store:
        store.begin({})
        assert store.contents.complete is None


@pytest.fixture
def damaged(folder: Path) -> Path:
    paths = Paths(folder)
    paths.ledger.write_bytes(b"nonsense\n" + paths.ledger.read_bytes())
    return folder


def test_a_damaged_store_is_refused_and_replaced_by_force(damaged: Path) -> None:
    with pytest.raises(DatasetError, match=r"damaged.*sweep\.force=true"):
        Store(damaged, OLD).__enter__()
    with Store(damaged, OLD, force=True) as store:
        assert store.contents.plans == set()


def test_a_folder_with_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds something already"):
        Store(tmp_path, OLD).__enter__()
    with Store(tmp_path, OLD, force=True):
        assert (tmp_path / "mine.txt").read_text() == "mine"
