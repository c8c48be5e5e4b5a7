"""Figures of a paper that show runs: which plans, which axes, at which size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from patchopt.reports.figures.attainment import attainment_figure
from patchopt.reports.figures.burn_down import BurnDown
from patchopt.reports.figures.burn_downs import burn_downs_figure, is_bent
from patchopt.reports.figures.gantt import Page, gantt_figure
from patchopt.reports.figures.style import printed_style, save_printed
from patchopt.reports.numbers.attainment import Attainment, attainment
from patchopt.reports.numbers.fronts import front_of
from patchopt.reports.numbers.hypervolumes import Volume
from patchopt.reports.numbers.objectives import OBJECTIVES
from patchopt.reports.numbers.standing import Standing
from patchopt.reports.numbers.study import Study
from patchopt.reports.paper.run_figures import parts_of
from patchopt.reports.trace.bands import band_of
from patchopt.reports.trace.bars import Bar
from patchopt.reports.trace.curves import Curve
from support.contract import infrastructure_of
from support.examples import small
from support.frames import study_of_runs


def burn_down(label: str, usual: int, bad: int) -> BurnDown:
    """Return a plan that has come to rest at an instant, and in a tenth of its runs later."""
    curves = [Curve(np.array([0, usual, bad + 1]), np.array([5, 0, 0])) for _ in range(9)]
    curves.append(Curve(np.array([0, usual, bad, bad + 1]), np.array([5, 4, 0, 0])))
    return BurnDown(label, band_of(curves))


def row(plan: int, strategy: str, optimum: int) -> dict[str, Any]:
    return {"plan": plan, "strategy": strategy, "nominal_optimum": optimum}


def test_which_plan_plays_which_part() -> None:
    rows = [
        row(4, "expected", 2),
        row(0, "canary", 2),
        row(2, "optimal", 2),
        row(3, "optimal", 2),
        row(1, "rolling", 2),
        row(5, "expected", 2),
    ]
    found = {part: each["plan"] for part, each in parts_of(rows).items()}
    assert found == {"expected": 4, "best heuristic": 0, "nominal optimum": 2}
    assert set(parts_of([row(0, "rolling", -1)])) == {"best heuristic"}


@pytest.mark.parametrize(("bad", "scale"), [(300, "linear"), (90_000, "symlog")])
def test_time_bends_where_bad_luck_is_long(bad: int, scale: str, tmp_path: Path) -> None:
    plans = {"nominal optimum": burn_down("optimal", 100, bad)}
    plans["best heuristic"] = burn_down("rolling", 120, bad)
    assert is_bent(list(plans.values())) == (scale == "symlog")
    with printed_style():
        figure = burn_downs_figure({"one": plans, "other": plans}, 7.16)
        save_printed(figure, tmp_path / "burn")
    assert [axes.get_xscale() for axes in figure.axes] == [scale, scale]
    assert figure.axes[0].get_title(loc="left") == "one (rolling)"
    assert figure.get_size_inches()[0] == 7.16
    assert all(axes.get_window_extent().height > 80 for axes in figure.axes)


def test_a_printed_chart_is_no_higher_than_its_page(tmp_path: Path) -> None:
    names = [f"s{k}" for k in range(60)]
    infrastructure = infrastructure_of(
        small(
            {f"n{k}": {"service": name} for k, name in enumerate(names)},
            min_up=dict.fromkeys(names, 0),
        )
    )
    work = [Bar(f"n{k}", 0, 60, "patch") for k in range(60)]
    serving = Curve(np.array([0, 60]), np.ones((2, 60), np.int64))
    page = Page(width_in=7.0, row_in=0.125, height_in=8.0)
    with printed_style():
        figure = gantt_figure(infrastructure, work, serving, [], 60, "", page=page)
        save_printed(figure, tmp_path / "gantt")
    assert figure.get_size_inches().tolist() == [7.0, 8.0]
    assert figure.get_suptitle() == ""


def standing_of(objectives: tuple[str, ...]) -> Standing:
    points = np.array([[1.0, 2.0], [2.0, 1.0]])
    return Standing(
        plans=(0, 1),
        replications=40,
        objectives=objectives,
        reference=dict.fromkeys(OBJECTIVES, 1e6),
        front=front_of(points, np.array([9.0, 9.0])),
        stays=np.ones(2),
        whole=Volume(value=0.5),
        lost=(Volume(value=0.1), Volume(value=0.1)),
        strategies=(),
    )


def study_of(count: int) -> Study:
    """Return two plans: one quick and never down, one slow, of less exposure, sometimes down."""
    rows = [
        {
            "plan": plan,
            "seed": 1,
            "replication": at,
            "stratum": 0,
            "weight": 1.0,
            "total_exposure": [50.0 + at, 20.0][plan],
            "completion_time": [30, 90 + at][plan],
            "unplanned_downtime": [0, at % 2][plan],
        }
        for plan in (0, 1)
        for at in range(count)
    ]
    return study_of_runs(pd.DataFrame(rows))


def test_attainment_is_of_two_objectives_that_vary(tmp_path: Path) -> None:
    objectives = ("total_exposure", "unplanned_downtime", "completion_time")
    found = attainment(study_of(40), "one", standing_of(objectives))
    assert found is not None
    assert (found.plans, found.replications) == (2, 40)
    # (20, 0) is attained in half of the replications, (20, 1) in all.
    assert found.objectives == ("total_exposure", "unplanned_downtime")
    assert found.surfaces[1].tolist() == [[20.0, 0.0]]
    # In 95% of 40, 38: (20, 1) in all; with no downtime the 20 even ones, of odd ones the first
    # plan's 51, 53 ... 85 are enough.
    assert found.surfaces[2].tolist() == [[20.0, 1.0], [85.0, 0.0]]
    with printed_style():
        figure = attainment_figure([found, found, found], 3.5)
        save_printed(figure, tmp_path / "attained")
    assert figure.get_size_inches()[0] == 3.5
    shown = [axes for axes in figure.axes if axes.axison]
    assert len(shown) == 3
    assert all(axes.get_window_extent().width > 60 for axes in shown)


def test_an_objective_that_some_plan_is_always_best_in_says_nothing() -> None:
    study = study_of(40)
    late = standing_of(("total_exposure", "completion_time"))
    found = attainment(study, "one", late)
    assert found is not None
    assert found.objectives == ("total_exposure", "completion_time")
    assert not found.flat
    flat = Attainment(
        scenario="one",
        objectives=("total_exposure", "unplanned_downtime"),
        surfaces=(np.array([[1.0, 0.0]]),) * 3,
        plans=2,
        replications=40,
    )
    assert flat.flat
    assert attainment(study, "one", standing_of(("total_exposure",))) is None
    assert attainment(study_of(19), "one", late) is None
