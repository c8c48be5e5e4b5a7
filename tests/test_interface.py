"""The public interface as a notebook uses it: names, files, failures, comparisons, figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import patchopt
from patchopt.errors import OutputError, PatchoptError


@pytest.fixture(scope="module")
def scenario() -> patchopt.Scenario:
    return patchopt.load_scenario("ha_microservices")


def test_names(scenario: patchopt.Scenario) -> None:
    assert {"rolling", "optimal", "expected"} <= set(patchopt.strategy_names())
    assert "total_exposure" in patchopt.metric_names()
    frame = patchopt.simulate(scenario, patchopt.plan(scenario, "rolling")).frame()
    assert set(patchopt.metric_names()) <= set(frame.columns)
    assert sorted(patchopt.__all__) == dir(patchopt)
    assert all(hasattr(patchopt, name) for name in patchopt.__all__)


def test_plans_are_saved_and_loaded(scenario: patchopt.Scenario, tmp_path: Path) -> None:
    plan = patchopt.plan(scenario, "canary", share=0.3)
    path = tmp_path / "plan.json"
    patchopt.save_plan(plan, path)
    assert patchopt.load_plan(path) == plan
    with pytest.raises(OutputError, match="force=True"):
        patchopt.save_plan(plan, path)
    patchopt.save_plan(plan, str(path), force=True)
    with pytest.raises(PatchoptError, match="is no Plan"):
        patchopt.save_plan("rolling", path)  # type: ignore[arg-type]  # a user's mistake
    assert patchopt.load_plan(str(path)) == plan


def test_scenarios_are_made_up_saved_and_loaded(tmp_path: Path) -> None:
    made = patchopt.make_scenario("strict", 12, seed=3, failures="independent", retries=2)
    path = tmp_path / "deep" / "made.yaml"
    patchopt.save_scenario(made, path)
    assert patchopt.load_scenario(path) == made
    assert made.constraints.max_retries == 2
    # Of the preset: the generator itself lets nothing fail.
    assert {node.patch.failure_probability for node in made.nodes} == {0.05}  # type: ignore[union-attr]  # all have one
    with pytest.raises(PatchoptError, match="there already"):
        patchopt.save_scenario(made, path)
    with pytest.raises(PatchoptError, match="family 'strikt' is unknown"):
        patchopt.make_scenario("strikt", 12)
    with pytest.raises(PatchoptError, match="factor 'retrys' is unknown"):
        patchopt.make_scenario("strict", 12, retrys=2)
    with pytest.raises(PatchoptError, match="seed"):
        patchopt.make_scenario("strict", 12, seed=-1)


def test_failures_take_the_place_of_the_scenarios_own(scenario: patchopt.Scenario) -> None:
    plan = patchopt.plan(scenario, "rolling")
    other = patchopt.load_scenario("ha_microservices", failures="pessimistic")
    assert other != scenario
    met = patchopt.simulate(scenario, plan, failures="pessimistic", seed=3, replications=20)
    same = patchopt.simulate(other, patchopt.plan(other, "rolling"), seed=3, replications=20)
    assert met.frame().equals(same.frame())
    assert not met.frame().equals(
        patchopt.simulate(scenario, plan, seed=3, replications=20).frame()
    )
    # A plan that was made for other failures is one of the scenario all the same.
    made = patchopt.plan(scenario, "rolling", failures="pessimistic")
    assert made.scenario == plan.scenario
    with pytest.raises(PatchoptError, match="did you mean 'pessimistic'"):
        patchopt.simulate(scenario, plan, failures="pesimistic")


def test_bounds_under_failures_and_their_progress(scenario: patchopt.Scenario) -> None:
    seen: list[tuple[int, int]] = []

    def watch(done: int, total: int) -> None:
        seen.append((done, total))

    found = patchopt.bound(scenario, failures="none", replications=3, watch=watch)
    assert seen == [(1, 1)]
    best = patchopt.optimize(scenario, time_limit=2, deterministic=True)
    assert best.certificate is not None
    assert found.frame()["bound"].tolist() == [best.certificate.exposure] * 3


@pytest.mark.slow
def test_compare(scenario: patchopt.Scenario) -> None:
    seen: list[str] = []
    summary = patchopt.compare(
        scenario,
        ["rolling", "big_bang", "optimal"],
        failures="independent",
        replications=50,
        bounded=3,
        time_limit=1,
        watch=lambda what, done, total: seen.append(what),
    )
    assert summary["label"].tolist()[-1] == "big_bang"
    assert set(summary["label"]) == {"rolling", "big_bang", "optimal"}
    assert (summary["replications"] == 50).all()
    assert (summary["bounded_replications"].iloc[:2] == 3).all()
    assert {"plans", "replications", "bounds"} <= set(seen)
    figure = patchopt.draw_pareto(summary)
    assert isinstance(figure, Figure)
    with pytest.raises(PatchoptError, match="did you mean 'rolling'"):
        patchopt.compare(scenario, ["roling"])


def test_figures(scenario: patchopt.Scenario) -> None:
    plan = patchopt.plan(scenario, "rolling")
    figure = patchopt.draw_gantt(scenario, plan, failures="pessimistic", seed=1, replication=2)
    assert isinstance(figure, Figure)
    title = figure.get_suptitle() or figure.axes[0].get_title("left")
    assert "rolling" in title


def test_convergence_is_drawn_from_what_a_watcher_is_told(scenario: patchopt.Scenario) -> None:
    told: list[patchopt.Progress] = []
    plan = patchopt.optimize(scenario, time_limit=1, deterministic=True, watch=told.append)
    assert plan.certificate is not None
    assert told[-1].objective_milli == plan.certificate.objective
    assert told[-1].bound_milli == plan.certificate.bound
    # Threads tell what they find as it comes: the best so far is what is drawn.
    shuffled = [*reversed(told)]
    figure = patchopt.draw_convergence({"seed 0": shuffled, "again": told}, "two searches")
    assert figure.get_suptitle() == "two searches"
    values, gaps = figure.axes[:2]
    incumbent, bound, *_ = (np.asarray(line.get_ydata(), float) for line in values.lines)
    assert (np.diff(incumbent) <= 0).all()
    assert (np.diff(bound) >= 0).all()
    assert incumbent[-1] * 1000 == plan.certificate.objective
    assert len(gaps.lines) == 2


@pytest.mark.parametrize("histories", [[], {}, {"seed 0": []}, [3], {"seed 0": "told"}])
def test_what_is_no_history_is_refused(histories: Any) -> None:
    with pytest.raises(PatchoptError, match="histories: it is no history of a search"):
        patchopt.draw_convergence(histories)


def test_a_notebook_shows_a_figure_by_itself(scenario: patchopt.Scenario) -> None:
    figure = patchopt.draw_gantt(scenario, patchopt.plan(scenario, "rolling"))
    assert figure._repr_png_()[:8] == b"\x89PNG\r\n\x1a\n"  # type: ignore[attr-defined]  # of notebooks


@pytest.mark.parametrize("summary", [None, "rolling", 3])
def test_what_is_no_summary_is_refused(summary: Any) -> None:
    with pytest.raises(PatchoptError, match="no summary of one scenario"):
        patchopt.draw_pareto(summary)


def test_short_and_telling(scenario: patchopt.Scenario) -> None:
    plan = patchopt.plan(scenario, "rolling")
    outcome = patchopt.simulate(scenario, plan, replications=3)
    best = patchopt.optimize(scenario, time_limit=2, deterministic=True)
    assert repr(scenario) == "<Scenario ha_microservices: 13 nodes, 4 services>"
    assert repr(plan) == f"<Plan rolling for ha_microservices: {len(plan.steps)} steps>"
    assert repr(best.certificate) == "<Certificate optimal, 295,959.000 weight·s, gap 0.00%>"
    mean = outcome.frame()["total_exposure"].mean()
    assert f"3 replications, mean total exposure {mean:,.0f} weight·s" in repr(outcome)
    assert len(plan._repr_markdown_().splitlines()) == len(plan.steps) + 4
    assert "| total_exposure |" in outcome._repr_markdown_()


def test_a_name_where_a_scenario_belongs() -> None:
    calls: tuple[Any, ...] = (patchopt.compare, patchopt.bound, patchopt.optimize)
    for call in calls:
        with pytest.raises(PatchoptError, match=r"patchopt\.load_scenario\('ha_microservices'\)"):
            call("ha_microservices")
