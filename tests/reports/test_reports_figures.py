"""Figures keep room for what they show, whatever its size; a warning is an error here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from patchopt.reports.figures.gantt import gantt_figure
from patchopt.reports.figures.pareto import pareto_figure
from patchopt.reports.figures.style import looks, save, style
from patchopt.reports.trace.bars import Bar
from patchopt.reports.trace.curves import Curve
from support.contract import infrastructure_of
from support.examples import small


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
        figure = gantt_figure(infrastructure, work, serving, 60, "title")
        save(figure, tmp_path / "gantt")
    assert min(height_px(axes) for axes in figure.axes) > 40


def summary(downtime: list[float], low: list[float]) -> pd.DataFrame:
    count = len(downtime)
    times = pd.Series([600.0] * count)
    exposure = pd.Series([1000.0 + k for k in range(count)])
    return pd.DataFrame(
        {
            "label": [f"strategy-{k}" for k in range(count)],
            "replications": 10,
            "non_dominated": True,
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
