"""Figure of a paper: how few plans beside each other burn down, a panel a scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from patchopt.reports.figures.burn_down import BurnDown
from patchopt.reports.figures.style import (
    LegendShape,
    legend_below,
    time_unit,
)
from patchopt.reports.figures.ticks import plain_numbers, short_numbers
from patchopt.reports.figures.titles import titled_panels

if TYPE_CHECKING:
    from matplotlib.typing import LineStyleType

_COLUMNS: Final = 3
#: Where axes of time end, in lengths of the longest plan.
_BEYOND: Final = 1.03
#: Bad luck that takes more than that many times what is usual makes time logarithmic.
_BENT: Final = 5
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
    best = {scenario: plans.get("best heuristic") for scenario, plans in scenarios.items()}
    named = [f"{scenario} ({plan.label})" if plan else scenario for scenario, plan in best.items()]
    figure, panels = titled_panels(named, _COLUMNS, width_in, 1.75, legend.height, size=7.5)
    for axes, plans in zip(panels.flat, scenarios.values(), strict=False):
        _panel(axes, plans)
    for axes in panels[:, 0]:
        axes.set_ylabel("open [weight]")
    handles = [
        Line2D([], [], color=PARTS[part][0], linestyle=PARTS[part][1], label=part) for part in parts
    ]
    legend_below(figure, handles, legend)
    return figure


def is_bent(plans: Sequence[BurnDown]) -> bool:
    """Say whether bad luck, or some plan, takes so long that time is logarithmic."""
    return max(plan.band.settled_s for plan in plans) > _BENT * min(map(_usual_s, plans))


def _usual_s(plan: BurnDown) -> int:
    """Return when the median has come to rest, seconds; at least 1."""
    changes = np.flatnonzero(np.diff(plan.band.median))
    return max(int(plan.band.times_s[changes[-1] + 1]), 1) if len(changes) else 1


def _scale(axes: Axes, plans: Sequence[BurnDown], end: int, seconds: int) -> None:
    if is_bent(plans):
        # Until half of the shortest usual time is over, time is linear: it begins at 0.
        least = min(map(_usual_s, plans)) / 2 / seconds
        axes.set_xscale("symlog", linthresh=least, linscale=0.7)
        plain_numbers(axes.xaxis, least, end / seconds)
    axes.set_xlim(0, _BEYOND * end / seconds)
    axes.set_ylim(bottom=0)
    short_numbers(axes.yaxis)


def _panel(axes: Axes, plans: Mapping[str, BurnDown]) -> None:
    every = list(plans.values())
    end = max(1, *(plan.band.settled_s for plan in every))
    unit, seconds = time_unit(end, min(map(_usual_s, every)) if is_bent(every) else None)
    for part, (colour, line, dark) in PARTS.items():
        if part not in plans:
            continue
        found = plans[part].band
        # What holds at the end of a run holds to the edge of the figure.
        times = np.append(found.times_s, max(_BEYOND * end, int(found.times_s[-1]))) / seconds
        low, median, high = (np.append(v, v[-1]) for v in (found.low, found.median, found.high))
        axes.fill_between(times, low, high, step="post", color=colour, alpha=dark, linewidth=0)
        # The edges have the line of the median: bands are told apart without colours too.
        for edge in (low, high):
            axes.step(times, edge, where="post", color=colour, linestyle=line, linewidth=0.5)
        axes.step(times, median, where="post", color=colour, linestyle=line)
    _scale(axes, every, end, seconds)
    axes.set_xlabel(f"time [{unit}]")
