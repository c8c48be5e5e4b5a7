"""Figure: what plans attain in two objectives, in how many replications."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from patchopt.model.metrics import METRIC_BY_NAME
from patchopt.reports.figures.style import (
    LegendShape,
    as_text,
    legend_below,
    new_figure,
)
from patchopt.reports.figures.ticks import short_numbers
from patchopt.reports.numbers.attainment import SHARES, Attainment

if TYPE_CHECKING:
    from matplotlib.typing import LineStyleType

_COLUMNS: Final = 2
#: Line and shade of each share: the more often it is attained, the darker.
_LINES: Final[tuple[tuple[LineStyleType, str], ...]] = (
    ((0, (1.0, 1.2)), "#777777"),
    ((0, (4.0, 1.5)), "#0072B2"),
    ("-", "#000000"),
)
#: How far axes go beyond the outermost corners, as a share of what is between them.
_BEYOND: Final = 0.08


def attainment_figure(found: Sequence[Attainment], width_in: float) -> Figure:
    """Draw surfaces of attainment, a panel a scenario, better towards the lower left.

    Parameters
    ----------
    found : sequence of Attainment
        At least one.
    width_in : float
        Inches.
    """
    columns = min(_COLUMNS, len(found))
    rows = -(-len(found) // columns)
    labels = [f"{share}%" for share in SHARES]
    legend = LegendShape.of(labels, width_in)
    figure = new_figure(width_in, 1.55 * rows + legend.height + 0.05)
    panels = figure.subplots(rows, columns, squeeze=False)
    for axes, one in zip(panels.flat, found, strict=False):
        _panel(axes, one)
    for axes in panels.flat[len(found) :]:
        axes.set_axis_off()
    handles = [
        Line2D([], [], color=colour, linestyle=line, label=label)
        for label, (line, colour) in zip(labels, _LINES, strict=True)
    ]
    legend_below(figure, handles, legend)
    return figure


def _panel(axes: Axes, one: Attainment) -> None:
    corners = np.concatenate(one.surfaces)
    low, high = corners.min(axis=0), corners.max(axis=0)
    room = _BEYOND * np.where(high > low, high - low, np.maximum(high, 1))
    for surface, (line, colour) in zip(one.surfaces, _LINES, strict=True):
        # From the upper edge down to the first corner, and on to the right edge.
        x = [surface[0, 0], *surface[:, 0], high[0] + room[0]]
        y = [high[1] + room[1], *surface[:, 1], surface[-1, 1]]
        axes.step(x, y, where="post", color=colour, linestyle=line)
    axes.set_xlim(max(low[0] - room[0], 0), high[0] + room[0])
    axes.set_ylim(max(low[1] - room[1], 0), high[1] + room[1])
    short_numbers(axes.xaxis)
    short_numbers(axes.yaxis)
    axes.set_title(as_text(one.scenario))
    across, up = (
        f"{name.replace('_', ' ')}\n[{METRIC_BY_NAME[name].unit}]" for name in one.objectives
    )
    axes.set_xlabel(across.replace("\n", " "), fontsize=7)
    axes.set_ylabel(up, fontsize=7)
    axes.locator_params(nbins=4)
