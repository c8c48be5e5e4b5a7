"""Keys: all that can change a number changes them, and nothing else does."""

from __future__ import annotations

import dataclasses

import pytest

from patchopt.sweeps import compose
from patchopt.sweeps.cells import PlanTask, plan_tasks
from patchopt.sweeps.keys import plan_key, run_key

SMALL = ["scenario=otel_demo", "sweep.strategies=[{name: canary, share: 0.2}]"]


def first(*overrides: str) -> PlanTask:
    return plan_tasks(compose([*SMALL, *overrides]))[0]


def test_what_changes_no_number_changes_no_key() -> None:
    same = ("parallel.n_jobs=1", "sweep.out=elsewhere", "sweep.replications=9", "sweep.seed=4")
    key = plan_key(first())
    for override in (*same, "sweep.force=true", "simulator.block=7", "simulator.trace=false"):
        assert plan_key(first(override)) == key, override
    renamed = dataclasses.replace(first(), number=3, label="my canary", seeds=(1, 2))
    assert plan_key(renamed) == key


def test_what_can_change_a_plan_changes_its_key() -> None:
    others = [
        first(),
        first("scenario=ha_microservices"),
        first("failures=shared_defect"),
        first("sweep.strategies=[{name: canary, share: 0.3}]"),
        first("sweep.strategies=[rolling]"),
        first("sweep.strategies=[optimal]"),
        first("sweep.strategies=[optimal]", "optimizer=quick"),
    ]
    keys = {plan_key(task) for task in others}
    assert len(keys) == len(others)


def test_another_version_has_other_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    key = plan_key(first())
    monkeypatch.setattr("patchopt.sweeps.keys.version", lambda _: "99")
    assert plan_key(first()) != key
    monkeypatch.undo()
    monkeypatch.setattr("patchopt.sweeps.keys.SCHEMA_VERSION", 99)
    assert plan_key(first()) != key


def test_runs_differ_by_plan_seed_and_strata() -> None:
    keys = {
        run_key(*of, stratified=stratified)
        for of in (("a", "{}", 1), ("a", "{}", 2), ("b", "{}", 1), ("a", "[]", 1))
        for stratified in (False, True)
    }
    assert len(keys) == 8
