"""Figure: how the open exposure of each strategy falls over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch as Swatch

from patchopt.reports.figures.style import (
    LOG_RATIO,
    LegendShape,
    as_text,
    legend_below,
    new_panels,
    time_unit,
)
from patchopt.reports.figures.ticks import plain_numbers, short_numbers
from patchopt.reports.trace.bands import Band

_COLUMNS: Final = 3
#: Where axes of time end, in lengths of the longest plan.
_BEYOND: Final = 1.03
_BAND: Final = "#9CC9E8"
_REFERENCE: Final = "#B2182B"


@dataclass(frozen=True, eq=False)
class BurnDown:
    """The open exposure of one plan.

    Parameters
    ----------
    label : str
        Of the strategy.
    band : Band
        Open weight over time, over replications.
    apart : bool
        Whether it breaks constraints even when nothing fails.
    """

    label: str
    band: Band
    apart: bool = False


def is_logarithmic(plans: Sequence[BurnDown]) -> bool:
    """Say whether plans take so differently long that their axis of time is logarithmic."""
    ends = [plan.band.settled_s for plan in plans if plan.band.settled_s]
    return bool(ends) and max(ends) > LOG_RATIO * min(ends)


def burn_down_figure(plans: Sequence[BurnDown], reference: str | None, title: str) -> Figure:
    """Draw the weight that is still open over time, a panel a strategy.

    Parameters
    ----------
    plans : sequence of BurnDown
        At least one.
    reference : str, optional
        Label of the plan whose median is drawn in every panel too.
    title : str
        What was simulated.

    Returns
    -------
    Figure
        Medians, and bands from 5% to 95% of the replications.
    """
    handles = _legend(reference)
    legend = LegendShape.of([str(handle.get_label()) for handle in handles], 8.2)
    figure, panels = new_panels(
        len(plans), _COLUMNS, 8.2, 1.75, 0.9 + legend.height, sharex=True, sharey=True
    )
    end = max(1, *(plan.band.settled_s for plan in plans))
    ends = [plan.band.settled_s for plan in plans if plan.band.settled_s]
    unit, seconds = time_unit(end, min(ends, default=end))
    other = next((plan.band for plan in plans if plan.label == reference), None)
    for axes, plan in zip(panels.flat, plans, strict=False):
        _panel(axes, plan, other if plan.label != reference else None, end, seconds)
    _scale(panels.flat[0], plans, end, seconds)
    for at in range(len(plans)):
        if at + panels.shape[1] >= len(plans):  # nothing beneath: the axis is this one's
            panels.flat[at].tick_params(axis="x", labelbottom=True)
            panels.flat[at].set_xlabel(f"time [{unit}]")
    for axes in panels[:, 0]:
        axes.set_ylabel("open [weight]")
    runs = sorted({plan.band.runs for plan in plans})
    count = f"{runs[0]}" if len(runs) == 1 else f"{runs[0]} to {runs[-1]}"
    figure.suptitle(
        f"{as_text(title)}: open exposure, {count} replications", x=0.01, ha="left", fontsize=11
    )
    legend_below(figure, handles, legend)
    return figure


def _panel(axes: Axes, plan: BurnDown, other: Band | None, end: int, seconds: int) -> None:
    found = plan.band
    # What holds at the end of a run holds to the edge of the figure.
    times = np.append(found.times_s, max(_BEYOND * end, int(found.times_s[-1]))) / seconds
    low, median, high = (np.append(v, v[-1]) for v in (found.low, found.median, found.high))
    axes.fill_between(times, low, high, step="post", color=_BAND, linewidth=0)
    axes.step(times, median, where="post", color="#000000", linewidth=1.4)
    if other is not None:
        axes.step(
            other.times_s / seconds,
            other.median,
            where="post",
            color=_REFERENCE,
            linestyle=(0, (4, 2)),
            linewidth=1.0,
        )
    notes = ["breaks constraints"] if plan.apart else []
    notes += [f"aborted: {100 * found.aborted / found.runs:.3g}%"] if found.aborted else []
    note = f" ({', '.join(notes)})" if notes else ""
    axes.set_title(f"{as_text(plan.label)}{note}", fontsize=8.5)


def _scale(axes: Axes, plans: Sequence[BurnDown], end: int, seconds: int) -> None:
    """Scale the axes, which all panels share."""
    if is_logarithmic(plans):
        first = min(int(p.band.times_s[1]) for p in plans if len(p.band.times_s) > 1)
        axes.set_xscale("symlog", linthresh=first / seconds, linscale=0.5)
        plain_numbers(axes.xaxis, first / seconds, end / seconds)
    axes.set_xlim(0, _BEYOND * end / seconds)
    axes.set_ylim(bottom=0)
    short_numbers(axes.yaxis)


def _legend(reference: str | None) -> list[Artist]:
    handles: list[Artist] = [
        Line2D([], [], color="#000000", linewidth=1.4, label="median"),
        Swatch(facecolor=_BAND, label="5% to 95%"),
    ]
    if reference is not None:
        label = f"median of {as_text(reference)}"
        handles.append(
            Line2D([], [], color=_REFERENCE, linestyle=(0, (4, 2)), linewidth=1.0, label=label)
        )
    return handles
