"""Figure of a paper: how few plans beside each other burn down, a panel a scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from patchopt.reports.figures.burn_down import BurnDown, scale_axes
from patchopt.reports.figures.style import (
    LegendShape,
    as_text,
    legend_below,
    new_figure,
    time_unit,
)

if TYPE_CHECKING:
    from matplotlib.typing import LineStyleType

_COLUMNS: Final = 3
_BEYOND: Final = 1.03
#: Parts that plans play: colour, line, and how dark the band is.
PARTS: Final[dict[str, tuple[str, LineStyleType, float]]] = {
    "best heuristic": ("#D55E00", (0, (1.0, 1.2)), 0.18),
    "nominal optimum": ("#000000", "-", 0.22),
    "expected": ("#0072B2", (0, (4.0, 1.5)), 0.3),
}


def burn_downs_figure(scenarios: Mapping[str, Mapping[str, BurnDown]], width_in: float) -> Figure:
    """Draw medians and bands from 5% to 95%, all plans of a scenario in one panel.

    Parameters
    ----------
    scenarios : mapping of str to mapping of str to BurnDown
        By scenario and part (of `PARTS`); at least one of each.
    width_in : float
        Inches.
    """
    parts = [part for part in PARTS if any(part in plans for plans in scenarios.values())]
    legend = LegendShape.of(parts, width_in)
    columns = min(_COLUMNS, len(scenarios))
    rows = -(-len(scenarios) // columns)
    figure = new_figure(width_in, 1.75 * rows + legend.height)
    panels = figure.subplots(rows, columns, squeeze=False)
    for axes, (scenario, plans) in zip(panels.flat, scenarios.items(), strict=False):
        _panel(axes, plans)
        named = plans.get("best heuristic")
        axes.set_title(as_text(f"{scenario} ({named.label})" if named else scenario), fontsize=7.5)
    for axes in panels.flat[len(scenarios) :]:
        axes.set_axis_off()
    for axes in panels[:, 0]:
        axes.set_ylabel("open [weight]")
    handles = [
        Line2D([], [], color=PARTS[part][0], linestyle=PARTS[part][1], label=part) for part in parts
    ]
    legend_below(figure, handles, legend)
    return figure


def _panel(axes: Axes, plans: Mapping[str, BurnDown]) -> None:
    every: Sequence[BurnDown] = list(plans.values())
    ends = [plan.band.settled_s for plan in every if plan.band.settled_s]
    end = max([1, *ends])
    unit, seconds = time_unit(end, min(ends, default=end))
    for part, (colour, line, dark) in PARTS.items():
        if part not in plans:
            continue
        found = plans[part].band
        # What holds at the end of a run holds to the edge of the figure.
        times = np.append(found.times_s, max(_BEYOND * end, int(found.times_s[-1]))) / seconds
        low, median, high = (np.append(v, v[-1]) for v in (found.low, found.median, found.high))
        axes.fill_between(times, low, high, step="post", color=colour, alpha=dark, linewidth=0)
        axes.step(times, median, where="post", color=colour, linestyle=line)
    scale_axes(axes, every, end, seconds)
    axes.set_xlabel(f"time [{unit}]")
