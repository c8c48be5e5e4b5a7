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
    legend_below,
)
from patchopt.reports.figures.ticks import plain_numbers, short_numbers
from patchopt.reports.figures.titles import titled_panels
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
#: From that ratio on an axis is logarithmic, and goes by this factor further.
_LOG_RATIO: Final = 5.0
_WIDER: Final = 1.2
_SHORT: Final = {
    "total_exposure": "exposure",
    "unplanned_downtime": "unplanned",
    "completion_time": "completion",
    "lost_capacity": "lost capacity",
    "surge_node_seconds": "surge",
}


def attainment_figure(found: Sequence[Attainment], width_in: float) -> Figure:
    """Draw surfaces of attainment, a panel a scenario, better towards the lower left.

    Parameters
    ----------
    found : sequence of Attainment
        At least one.
    width_in : float
        Inches.
    """
    labels = [f"{share}%" for share in SHARES]
    legend = LegendShape.of(labels, width_in)
    names = [one.scenario for one in found]
    beside_in = legend.height + 0.3
    figure, panels = titled_panels(names, _COLUMNS, width_in, 1.25, beside_in, size=7.5)
    for at, (axes, one) in enumerate(zip(panels.flat, found, strict=False)):
        _panel(axes, one)
        if at + panels.shape[1] >= len(found):  # nothing beneath
            axes.set_xlabel(_name(one.objectives[0]), fontsize=7.5)
    handles = [
        Line2D([], [], color=colour, linestyle=line, label=label)
        for label, (line, colour) in zip(labels, _LINES, strict=True)
    ]
    legend_below(figure, handles, legend)
    return figure


def _panel(axes: Axes, one: Attainment) -> None:
    corners = np.concatenate(one.surfaces)
    low, high = corners.min(axis=0), corners.max(axis=0)
    (left, right), (bottom, top) = (_limits(*ends) for ends in zip(low, high, strict=True))
    for surface, (line, colour) in zip(one.surfaces, _LINES, strict=True):
        # From the upper edge down to the first corner, and on to the right edge.
        x = [surface[0, 0], *surface[:, 0], right]
        y = [top, *surface[:, 1], surface[-1, 1]]
        axes.step(x, y, where="post", color=colour, linestyle=line)
    axes.locator_params(nbins=4)
    for at, axis in enumerate((axes.xaxis, axes.yaxis)):
        if _is_wide(low[at], high[at]):
            (axes.set_xscale if at == 0 else axes.set_yscale)("log")
            plain_numbers(axis, low[at], high[at])
        else:
            short_numbers(axis)
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.set_ylabel(_name(one.objectives[1]), fontsize=7.5)


def _is_wide(low: float, high: float) -> bool:
    return high > _LOG_RATIO * low > 0


def _limits(low: float, high: float) -> tuple[float, float]:
    """Return where an axis begins and ends that holds the corners."""
    if _is_wide(low, high):
        return low / _WIDER, high * _WIDER
    room = _BEYOND * (high - low if high > low else max(high, 1.0))
    return max(low - room, 0.0), high + room


def _name(objective: str) -> str:
    return f"{_SHORT[objective]} [{METRIC_BY_NAME[objective].unit}]"
