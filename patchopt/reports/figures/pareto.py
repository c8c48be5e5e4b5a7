"""Figure: what strategies cost against each other, with the non-dominated ones marked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from patchopt.reports.figures.style import (
    LOG_RATIO,
    LegendShape,
    Look,
    as_text,
    legend_below,
    new_figure,
    time_unit,
)
from patchopt.reports.figures.ticks import plain_numbers, short_numbers

#: Colour of plans that break constraints: they stand apart.
_APART: Final = "#999999"


def pareto_figure(rows: pd.DataFrame, looks: Mapping[str, Look], title: str) -> Figure:
    """Draw total exposure against downtime and against completion time.

    Parameters
    ----------
    rows : DataFrame
        Of the summary, one scenario, with replications; means and 95% limits.
    looks : mapping of str to Look
        Of each label.
    title : str
        What was simulated.

    Returns
    -------
    Figure
        Two panels over one axis of exposure; non-dominated strategies filled, those that break
        constraints grey.
    """
    legend = LegendShape.of([_label(row) for row in rows.to_dict("records")], 8.2)
    figure = new_figure(8.2, 3.7 + legend.height)
    left, right = figure.subplots(1, 2, sharex=True)
    times = rows["completion_time"]
    unit, seconds = time_unit(float(times.max()), float(times.min()))
    _panel(left, rows, looks, "downtime", 1)
    left.set_ylabel("downtime [service·s]")
    _panel(right, rows, looks, "completion_time", seconds)
    right.set_ylabel(f"completion time [{unit}]")
    for axes in (left, right):
        axes.set_xlabel("total exposure [weight·s]")
    count = int(rows["replications"].max())
    title = f"{as_text(title)}: means of {count:,} replications; filled: non-dominated"
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    legend_below(figure, _legend(rows, looks), legend)
    return figure


def _panel(
    axes: Axes, rows: pd.DataFrame, looks: Mapping[str, Look], measure: str, scale: float
) -> None:
    # Those that break nothing above the others, the non-dominated ones on top, then the least
    # exposure.
    order = rows.assign(broken=rows["breaks"] != "").sort_values(
        ["broken", "non_dominated", "total_exposure"], ascending=[False, True, False]
    )
    for row in order.to_dict("records"):
        look = looks[row["label"]]
        x, y = row["total_exposure"], row[measure] / scale
        axes.errorbar(
            x,
            y,
            xerr=_error(row, "total_exposure", 1),
            yerr=_error(row, measure, scale),
            color=_colour(look, row),
            **_marker(look, row),
            elinewidth=1.2,
            capsize=3,
            linestyle="none",
            clip_on=False,
        )
    _scale(axes, "x", rows["total_exposure"], rows["total_exposure_low"])
    _scale(axes, "y", rows[measure] / scale, rows[f"{measure}_low"] / scale)


def _colour(look: Look, row: Mapping[Any, Any]) -> str:
    return _APART if row["breaks"] else look.colour


def _marker(look: Look, row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the marker: filled with a white rim that keeps neighbours apart, or hollow."""
    filled, colour = bool(row["non_dominated"]), _colour(look, row)
    return {
        "marker": look.marker,
        "markerfacecolor": colour if filled else "white",
        "markeredgecolor": "white" if filled else colour,
        "markeredgewidth": 0.9 if filled else 1.4,
        # Stars have less of their size than others.
        "markersize": (10 if filled else 8) * (1.5 if look.marker == "*" else 1),
    }


def _label(row: Mapping[Any, Any]) -> str:
    return f"{row['label']} (breaks {row['breaks']})" if row["breaks"] else str(row["label"])


def _error(row: Mapping[Any, Any], measure: str, scale: float) -> list[list[float]] | None:
    low, high = row[f"{measure}_low"], row[f"{measure}_high"]
    if pd.isna(low) or pd.isna(high):
        return None  # one replication has no interval
    # A percentile interval of a skewed sample may leave out the mean itself.
    below, above = max(row[measure] - low, 0.0), max(high - row[measure], 0.0)
    return [[below / scale], [above / scale]]


def _scale(axes: Axes, name: Literal["x", "y"], means: pd.Series[float], lows: Any) -> None:
    """Scale one axis: logarithmic where means are far apart, down to 0 where something is there."""
    scale, limits = getattr(axes, f"set_{name}scale"), getattr(axes, f"set_{name}lim")
    above = means[means > 0]
    to_zero = np.nanmin([*means, *lows]) <= 0
    wide = len(above) > 0 and above.max() > LOG_RATIO * above.min()
    if wide and to_zero:
        # No logarithm has a 0: below the smallest mean, the last stretch is linear.
        scale("symlog", linthresh=above.min(), linscale=0.5)
    elif wide:
        scale("log")
    axis = axes.xaxis if name == "x" else axes.yaxis
    if wide:
        plain_numbers(axis, above.min(), above.max())
    else:
        short_numbers(axis)
    if to_zero or not wide:
        limits(0, None if len(above) else 1)


def _legend(rows: pd.DataFrame, looks: Mapping[str, Look]) -> list[Line2D]:
    handles = []
    for row in rows.to_dict("records"):
        look = looks[row["label"]]
        label = as_text(_label(row))
        handles.append(Line2D([], [], linestyle="none", **_marker(look, row), label=label))
    return handles
