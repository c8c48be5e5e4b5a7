"""Figures keep room for what they show, whatever its size; a warning is an error here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from patchopt.model.windows import WindowSet
from patchopt.reports.figures.burn_down import BurnDown, burn_down_figure, is_logarithmic
from patchopt.reports.figures.gantt import _CLOSED, closed_spans, gantt_figure
from patchopt.reports.figures.pareto import pareto_figure
from patchopt.reports.figures.style import looks, save, style
from patchopt.reports.figures.ticks import labels_of
from patchopt.reports.trace.bands import band, band_of
from patchopt.reports.trace.bars import Bar
from patchopt.reports.trace.curves import Curve
from patchopt.reports.trace.outages import Outage
from support.building import fails, plan_by_hand
from support.contract import infrastructure_of
from support.examples import FAILING, small


def height_px(axes: Axes) -> float:
    return float(axes.get_window_extent().height)


@pytest.mark.slow
@pytest.mark.parametrize(("nodes", "services"), [(1, 1), (1, 20), (400, 1), (20, 20)])
def test_both_parts_of_a_gantt_chart_have_room(nodes: int, services: int, tmp_path: Path) -> None:
    names = [f"service-{k}" for k in range(services)]
    infrastructure = infrastructure_of(
        small(
            {f"node-{k}": {"service": names[k % services]} for k in range(max(nodes, services))},
            min_up=dict.fromkeys(names, 0),
        )
    )
    work = [Bar(f"node-{k}", 0, 60, "patch") for k in range(nodes)]
    serving = Curve(np.array([0, 60]), np.ones((2, services), np.int64))
    with style():
        figure = gantt_figure(infrastructure, work, serving, [], 60, "title")
        save(figure, tmp_path / "gantt")
    assert min(height_px(axes) for axes in figure.axes) > 40


def test_an_allowed_outage_and_a_broken_min_up_look_different(tmp_path: Path) -> None:
    infrastructure = infrastructure_of(
        small({"a": {"service": "s"}, "b": {"service": "t"}}, min_up={"s": 1, "t": 1})
    )
    work = [Bar("a", 0, 10, "patch"), Bar("b", 20, 30, "patch")]
    serving = Curve(
        np.array([0, 10, 20, 30, 60]), np.array([[0, 1], [1, 1], [1, 0], [1, 1], [1, 1]])
    )
    found = [Outage("s", 0, 10, allowed=True), Outage("t", 20, 30, allowed=False)]
    with style():
        figure = gantt_figure(infrastructure, work, serving, found, 60, "title")
        save(figure, tmp_path / "gantt")
    bars = {
        (patch.get_x(), patch.get_y() + 0.4): (patch.get_facecolor(), patch.get_hatch())
        for patch in figure.axes[2].patches
        if isinstance(patch, Rectangle)
    }
    allowed, broken = bars[0, 0], bars[20, 1]
    assert allowed[0] != broken[0]
    assert allowed[1] != broken[1]
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert {"below min_up, given up by the plan", "below min_up, broken"} <= set(words)


def test_windows_and_crew_are_drawn(tmp_path: Path) -> None:
    scenario = small({"a": {}, "b": {}}, max_parallel=2)
    scenario["constraints"]["windows"] = {"every": 10, "open": [{"start": 2, "duration": 3}]}
    infrastructure = infrastructure_of(scenario)
    work = [Bar("a", 2, 4, "patch"), Bar("b", 3, 5, "patch"), Bar("b", 0, 3, "wait")]
    serving = Curve(np.array([0, 14]), np.ones((2, 0), np.int64))
    with style():
        figure = gantt_figure(infrastructure, work, serving, [], 14, "title")
        save(figure, tmp_path / "gantt")
    # Closed from 0 to 2 and from 5 to 12; one at work from 2, two from 3, one from 4 to 5.
    for axes in figure.axes:
        closed = [
            (patch.get_x(), patch.get_x() + patch.get_width())
            for patch in axes.patches
            if isinstance(patch, Rectangle) and patch.get_hatch() == _CLOSED["hatch"]
        ]
        assert closed == [(0, 2), (5, 12)]
    crew = figure.axes[1].lines[0]
    assert np.asarray(crew.get_xydata()).tolist() == [
        [0, 0],
        [2, 1],
        [3, 2],
        [4, 1],
        [5, 0],
        [14, 0],
    ]
    assert closed_spans(WindowSet.of(None), 100) == []


def test_stops_are_tinted_and_short_work_is_seen(tmp_path: Path) -> None:
    infrastructure = infrastructure_of(small({"a": {}}))
    work = [Bar("a", 0, 1, "warmup"), Bar("a", 600, 700, "warmup")]
    serving = Curve(np.array([0, 1000]), np.ones((2, 0), np.int64))
    with style():
        figure = gantt_figure(infrastructure, work, serving, [], 1000, "title", [(100, 600)])
        save(figure, tmp_path / "gantt")
    short, long, stop = (patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle))
    # A second of a thousand would be nothing but a white edge.
    assert short.get_edgecolor() == short.get_facecolor()
    assert long.get_edgecolor() != long.get_facecolor()
    minutes = stop.get_x(), stop.get_x() + stop.get_width()
    assert minutes == pytest.approx((100 / 60, 10))
    assert "the plan is stopped" in [text.get_text() for text in figure.legends[0].get_texts()]


def summary(downtime: list[float], low: list[float]) -> pd.DataFrame:
    count = len(downtime)
    times = pd.Series([600.0] * count)
    exposure = pd.Series([1000.0 + k for k in range(count)])
    return pd.DataFrame(
        {
            "label": [f"strategy-{k}" for k in range(count)],
            "replications": 10,
            "non_dominated": True,
            "breaks": "",
            "total_exposure": exposure,
            "total_exposure_low": exposure - 1,
            "total_exposure_high": exposure + 1,
            "completion_time": times,
            "completion_time_low": times - 1,
            "completion_time_high": times + 1,
            "downtime": downtime,
            "downtime_low": low,
            "downtime_high": [2 * value for value in downtime],
        }
    )


def overprinted(figure: Figure) -> list[tuple[str, str]]:
    """Return labels of ticks that lie upon each other."""
    figure.draw_without_rendering()
    found = []
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            boxes = [(text, box) for _, text, box in labels_of(axis)]
            found += [
                (one[0], other[0])
                for at, one in enumerate(boxes)
                for other in boxes[:at]
                if one[1].overlaps(other[1])
            ]
    return found


@pytest.mark.parametrize("low", [1e3, 999_999.0, 1e9])
@pytest.mark.parametrize("ratio", [1.01, 20.0, 200.0, 1e6])
def test_labels_of_ticks_never_lie_upon_each_other(
    low: float, ratio: float, tmp_path: Path
) -> None:
    rows = summary([0.0, low, low * ratio], [0.0, low, low * ratio])
    for name in ("total_exposure", "total_exposure_low", "total_exposure_high"):
        rows[name] = [low, low * ratio**0.5, low * ratio]
    with style():
        figure = pareto_figure(rows, looks(list(rows["label"])), "title")
        save(figure, tmp_path / "pareto")
        assert overprinted(figure) == []
    shown = [text for _, text, _ in labels_of(figure.axes[0].xaxis)]
    assert len(shown) >= 2


@pytest.mark.parametrize("spread", [2, 100])
def test_panels_of_a_burn_down_share_axes_whose_labels_keep_apart(
    spread: int, tmp_path: Path
) -> None:
    plans = [
        BurnDown(f"s{k}", band_of([Curve(np.array([0, at, at + 1]), np.array([1e6, 0, 0]))]))
        for k, at in enumerate([4000, 4001, 4002, 4003, 4000 * spread])
    ]
    assert is_logarithmic(plans) == (spread == 100)
    with style():
        figure = burn_down_figure(plans, "s0", "title")
        save(figure, tmp_path / "burn-down")
        assert overprinted(figure) == []
    panels = [axes for axes in figure.axes if axes.axison]
    assert [axes.get_title(loc="left") for axes in panels] == [plan.label for plan in plans]
    # Beside its own median each shows that of the reference, which has but one.
    assert [len(axes.lines) for axes in panels] == [1, 2, 2, 2, 2]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("downtime", "low", "scale"),
    [
        ([1.0, 900.0], [0.5, 800.0], "log"),
        ([1.0, 900.0], [0.0, 800.0], "symlog"),  # a limit at 0 has no logarithm
        ([0.0, 1.0, 900.0], [0.0, 0.5, 800.0], "symlog"),
        ([500.0, 900.0], [0.0, 800.0], "linear"),
        ([0.0, 0.0], [0.0, 0.0], "linear"),
        ([1.0, 900.0], [np.nan, np.nan], "log"),  # one replication each
    ],
)
def test_a_pareto_figure_shows_means_and_limits(
    downtime: list[float], low: list[float], scale: str, tmp_path: Path
) -> None:
    rows = summary(downtime, low)
    with style():
        figure = pareto_figure(rows, looks(list(rows["label"])), "title")
        save(figure, tmp_path / "pareto")
    axes = figure.axes[0]
    assert axes.get_yscale() == scale
    bottom, top = axes.get_ylim()
    assert bottom <= np.nanmin([*downtime, *low])
    assert top >= max(downtime)
    assert height_px(axes) > 150


def test_a_band_is_that_of_the_replications_of_the_plan() -> None:
    # Fails in about half of the replications; without a retry the node is old until the horizon.
    scenario = small({"a": {"patch_with": FAILING | {"rollback": 3}}}, horizon=100)
    infrastructure = infrastructure_of(scenario)
    plan = plan_by_hand(infrastructure, {"action": "patch", "nodes": ["a"]})
    found = band(infrastructure, plan, 7, 40)
    failed = sum(fails("small", 7, "a", 1, replication=number) for number in range(40))
    assert found.runs == 40
    assert 2 < failed < 38
    assert found.times_s.tolist()[:2] == [0, 2]
    # Weight 1: open in all at 0, in those that failed at 2.
    assert (found.low[1], found.median[1], found.high[1]) == (0, float(failed > 20), 1)
    assert found.settled_s == 2
