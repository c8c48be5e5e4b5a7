"""The API refuses what makes no sense with one clear error, and no name hides another."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import patchopt
from patchopt.errors import PatchoptError

api: Any = patchopt  # the tests give it what its types forbid


@pytest.fixture(scope="module")
def scenario() -> patchopt.Scenario:
    return patchopt.load_scenario("compatibility")


@pytest.mark.parametrize("seed", [1.5, -1, True, "1", 2**53, 10**40, np.True_, np.float64(1)])
def test_seeds_are_whole_numbers(scenario: patchopt.Scenario, seed: Any) -> None:
    plan = patchopt.plan(scenario, "rolling")
    with pytest.raises(PatchoptError, match=r"^seed: .* will not do: give a whole number from 0 "):
        api.simulate(scenario, plan, seed=seed)


@pytest.mark.parametrize("count", [0, 1.5, True, -3, "9", None, 10**9])
def test_replications_are_counted(scenario: patchopt.Scenario, count: Any) -> None:
    plan = patchopt.plan(scenario, "rolling")
    with pytest.raises(PatchoptError, match=r"^replications: .* give a whole number from 1 to"):
        api.simulate(scenario, plan, replications=count)


def test_whole_numbers_of_numpy_count_as_such(scenario: patchopt.Scenario) -> None:
    plan = patchopt.plan(scenario, "rolling")
    some = patchopt.simulate(scenario, plan, seed=np.int64(3), replications=np.uint8(2))  # type: ignore[arg-type]
    assert (some.seed, some.replications.tolist()) == (3, [0, 1])


def test_replications_go_on_where_others_ended(scenario: patchopt.Scenario) -> None:
    plan = patchopt.plan(scenario, "rolling")
    every = patchopt.simulate(scenario, plan, seed=3, replications=5).frame()
    later = patchopt.simulate(scenario, plan, seed=3, replications=3, first=2, events=True)
    assert later.replications.tolist() == [2, 3, 4]
    assert later.frame().equals(every.iloc[2:].reset_index(drop=True))
    assert (later.events[0]["seed"], later.events[0]["replication"]) == (3, 2)


@pytest.mark.parametrize("first", [-1, 1.5, True, 2**53])
def test_numbers_of_replications_are_whole(scenario: patchopt.Scenario, first: Any) -> None:
    plan = patchopt.plan(scenario, "rolling")
    with pytest.raises(PatchoptError, match=r"^first: .* give a whole number from 0 to"):
        api.simulate(scenario, plan, first=first)


Call = Callable[[patchopt.Scenario], Any]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda _: api.plan("otel_demo", "rolling"), r"patchopt\.load_scenario\('otel_demo'\)"),
        (lambda _: api.plan(None, "rolling"), "scenario: None is no Scenario"),
        (lambda s: api.plan(s, 5), "strategy: 5 is no str: give the name of one"),
        (lambda s: api.plan(s, "canary", share="much"), "parameter 'share'"),
        (lambda _: api.simulate("otel_demo", None), "'otel_demo' is no Scenario"),
        (lambda s: api.simulate(s, "rolling"), r"plan: 'rolling' is no Plan: patchopt\.plan"),
        (lambda _: api.optimize("otel_demo"), "'otel_demo' is no Scenario"),
        (lambda s: api.optimize(s, time_limit=-1), "time_limit"),
        (lambda s: api.optimize(s, time_limit="soon"), "time_limit"),
        (lambda s: api.optimize(s, workers=1.5), "workers"),
        (lambda s: api.optimize(s, seed=-1), "seed"),
        (lambda s: api.optimize(s, seed=True), "seed"),
        (lambda _: api.bound("otel_demo"), "'otel_demo' is no Scenario"),
        (lambda s: api.bound(s, replications=0), "replications: 0 will not do"),
        (lambda s: api.bound(s, time_limit=0), "time_limit: 0 will not do: give seconds, above 0"),
        (lambda s: api.bound(s, time_limit="long"), "time_limit: 'long' will not do"),
        (lambda _: api.load_scenario(5), "scenario: 5 is no path"),
        (lambda _: api.load_scenario(""), "scenario: '' is no path"),
        (lambda _: api.sweep(["experiment=smoke"]), "give each as a text of its own"),
        (lambda _: api.sweep("a", 5), "overrides: 5 is no override"),
        (lambda _: api.report(5, "out"), "dataset: 5 is no path"),
        (lambda _: api.report("nowhere", None), "out: None is no path"),
        (lambda _: api.report("nowhere", "out"), "no such folder"),
    ],
)
def test_what_makes_no_sense_is_refused(
    scenario: patchopt.Scenario, call: Call, message: str
) -> None:
    with pytest.raises(PatchoptError, match=message) as caught:
        call(scenario)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_every_function_can_be_called_twice(scenario: patchopt.Scenario, tmp_path: Path) -> None:
    overrides = ("experiment=smoke", "sweep.replications=2", "parallel.n_jobs=1")
    for time in ("first", "second"):
        plan = patchopt.plan(scenario, "rolling")
        assert len(patchopt.simulate(scenario, plan)) == 1
        best = patchopt.optimize(scenario, time_limit=0.1, workers=1, deterministic=True)
        assert best.certificate is not None
        bounds = patchopt.bound(scenario, replications=3, time_limit=0.1).frame()
        assert bounds["replication"].tolist() == [0, 1, 2]
        assert (bounds["bound"] <= bounds["incumbent"]).all()
        dataset, page = tmp_path / time, tmp_path / f"{time} report"
        assert patchopt.sweep(*overrides, f"sweep.out={dataset}").rows == 6
        assert patchopt.report(dataset, page).files[-1] == page / "report.md"


def test_no_module_bears_the_name_of_something_public() -> None:
    # Else an import of the module puts it in the place of what is public.
    packages = ["patchopt"] + [
        module.name
        for module in pkgutil.walk_packages(patchopt.__path__, "patchopt.")
        if module.ispkg
    ]
    for name in packages:
        package = importlib.import_module(name)
        modules = {module.name for module in pkgutil.iter_modules(package.__path__)}
        assert not modules & set(getattr(package, "__all__", ())), name
    assert len(packages) > 10
