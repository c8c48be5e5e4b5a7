"""Studies and keys: all that can change a number changes its key, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from patchopt.errors import DatasetError
from patchopt.files.store.keys import run_key
from patchopt.files.store.study import Study
from patchopt.sweeps import compose
from patchopt.sweeps.cells import plan_tasks
from patchopt.sweeps.study import study_of

SMALL = ["scenario=otel_demo", "sweep.strategies=[{name: canary, share: 0.2}]"]


def study(*overrides: str) -> Study:
    config = compose([*SMALL, *overrides])
    return study_of(config, plan_tasks(config))


def key(*overrides: str) -> str:
    return study(*overrides).plans[0].key


def test_what_changes_no_number_changes_no_key() -> None:
    same = ("parallel.n_jobs=1", "sweep.out=elsewhere", "sweep.replications=9", "sweep.seed=4")
    more = ("sweep.force=true", "simulator.block=7", "simulator.trace=false", "sweep.stratify=true")
    for override in (*same, *more):
        assert key(override) == key(), override
    # Its place in the study and what it is called there say nothing of the plan.
    other = study("sweep.strategies=[rolling,{name: canary, soak: 30m, share: 0.2}]").plans[1]
    default = study("sweep.strategies=[{name: canary, share: 0.2, soak: 30m}]").plans[0]
    assert other.key == default.key


def test_what_can_change_a_plan_changes_its_key() -> None:
    others = [
        key(),
        key("scenario=ha_microservices"),
        key("failures=shared_defect"),
        key("sweep.strategies=[{name: canary, share: 0.3}]"),
        key("sweep.strategies=[rolling]"),
        key("sweep.strategies=[optimal]"),
        key("sweep.strategies=[optimal]", "optimizer=quick"),
    ]
    assert len(set(others)) == len(others)


def test_another_version_has_other_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key()
    monkeypatch.setattr("patchopt.files.store.keys.version", lambda _: "99")
    assert key() != before
    monkeypatch.undo()
    monkeypatch.setattr("patchopt.files.store.keys.SCHEMA_VERSION", 99)
    assert key() != before


def test_runs_differ_by_plan_seed_and_strata() -> None:
    keys = {
        run_key(*of, stratified=stratified)
        for of in (("a", "{}", 1), ("a", "{}", 2), ("b", "{}", 1), ("a", "[]", 1))
        for stratified in (False, True)
    }
    assert len(keys) == 8


def test_a_study_is_read_back_as_it_was(tmp_path: Path) -> None:
    mine = study("sweep.seed=[3,4]", "sweep.strategies=[rolling,{name: canary, share: 0.2}]")
    mine.write(tmp_path / "study")
    assert Study.read(tmp_path / "study") == mine
    assert [plan.label for plan in mine.plans] == ["rolling", "canary(share=0.2)"]
    assert mine.plans[0].seeds == (3, 4)
    assert mine.by_key[mine.plans[1].key] is mine.plans[1]
    assert (mine.replications, study("sweep.replications=auto").replications) == (200, None)


def test_what_is_no_study_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "study"
    for text in ("", "[]", "{}", '{"plans": [{}]}', '{"plans": 3}'):
        path.write_text(text)
        with pytest.raises(DatasetError, match="damaged"):
            Study.read(path)
