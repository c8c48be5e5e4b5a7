"""Figure: which plan is best, over what is assumed and what is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from patchopt.model.base import Floats
from patchopt.model.quantities import format_duration
from patchopt.reports.figures.style import LegendShape, Look, as_text, legend_below
from patchopt.reports.figures.ticks import short
from patchopt.reports.figures.titles import titled_panels
from patchopt.reports.numbers.best_maps import BestMap

_COLUMNS: Final = 2
#: Height of a row of cells, and of what is around them, inches.
_ROW_IN: Final = 0.22
_AROUND_IN: Final = 0.75
#: Share of white in a cell: numbers stay legible upon it.
_WHITE: Final = 0.6
#: Told apart in grey too.
_HATCHES: Final = ("", "////", "....", "\\\\\\\\", "xxxx", "----", "||||")
#: Share of a column that the break-even line takes: the rest is its number's.
_LINE: Final = 0.42
#: Options in seconds.
_DURATIONS: Final = ("pause", "soak")


def best_maps_figure(
    found: Sequence[BestMap], look_of: Mapping[str, Look], width_in: float
) -> Figure:
    """Draw a panel a map: in each cell the best plan, and what the option costs at best.

    Parameters
    ----------
    found : sequence of BestMap
        At least one.
    look_of : mapping of str to Look
        Of each label, as everywhere.
    width_in : float
        Inches.
    """
    every = dict.fromkeys(
        (label, name) for one in found for label, name in zip(one.labels, one.kinds, strict=True)
    )
    best = {one.labels[at] for one in found for at in np.unique(one.best) if at >= 0}
    shown = {label: name for label, name in every if label in best}
    hatch_of = {
        label: _HATCHES[number % len(_HATCHES)] for number, label in enumerate(sorted(shown))
    }
    even = "break-even"
    legend = LegendShape.of([*shown.values(), even], width_in)
    names = [one.scenario for one in found]
    row_in = _ROW_IN * max(len(one.values) for one in found) + _AROUND_IN
    figure, panels = titled_panels(names, _COLUMNS, width_in, row_in, legend.height, size=7.5)
    for axes, one in zip(panels.flat, found, strict=False):
        _panel(axes, one, look_of, hatch_of)
    handles: list[Patch | Line2D] = [
        Patch(
            facecolor=_pale(look_of[label].colour),
            hatch=hatch_of[label],
            edgecolor="#666666",
            linewidth=0.4,
            label=as_text(name),
        )
        for label, name in shown.items()
    ]
    if any(np.isfinite(one.break_even).any() for one in found):
        handles.append(Line2D([], [], color="black", linewidth=2, label=even))
    legend_below(figure, handles, legend)
    return figure


def _panel(
    axes: Axes, one: BestMap, look_of: Mapping[str, Look], hatch_of: Mapping[str, str]
) -> None:
    for row, column in np.argwhere(one.best >= 0):
        label = one.labels[one.best[row, column]]
        axes.add_patch(
            Rectangle(
                (column - 0.5, row - 0.5),
                1,
                1,
                facecolor=_pale(look_of[label].colour),
                hatch=hatch_of[label],
                edgecolor="#999999",
                linewidth=0.4,
            )
        )
        text = _ratio(one, row, column)
        axes.text(
            column + 0.47,  # the line is to the left
            row,
            text,
            ha="right",
            va="center",
            fontsize=6,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.8},
        )
    left = np.arange(len(one.settings)) - 0.5
    axes.hlines(_heights(one), left, left + _LINE, color="black", linewidth=2, clip_on=False)
    axes.set_xlim(-0.5, len(one.settings) - 0.5)
    axes.set_ylim(-0.5, len(one.values) - 0.5)
    named = format_duration if one.option in _DURATIONS else short
    axes.set_xticks(range(len(one.settings)), [named(value) for value in one.settings])
    axes.set_yticks(range(len(one.values)), [short(value) for value in one.values])
    axes.set_xlabel(as_text(one.option))
    axes.set_ylabel(as_text(one.parameter.removeprefix("failures.")))
    axes.grid(visible=False)
    axes.tick_params(length=0)


def _ratio(one: BestMap, row: int, column: int) -> str:
    """Say how much more the best plan with the option costs than the best without."""
    ratio = one.ratio[row, column]
    if not np.isfinite(ratio):
        return ""
    text = f"{100 * (ratio - 1):+.0f}%"
    return text if one.sure[row, column] else f"≈ {text}"


def _heights(one: BestMap) -> Floats:
    """Return where the break-even values are, in rows; NaN where none is in sight."""
    heights = np.interp(one.break_even, one.values, np.arange(len(one.values)))
    heights[~np.isfinite(one.break_even)] = np.nan
    # From the least value on: even with none that is seen.
    heights[one.break_even <= one.values[0]] = -0.5
    return heights


def _pale(colour: str) -> tuple[float, float, float]:
    red, green, blue = (_WHITE + (1 - _WHITE) * part for part in to_rgb(colour))
    return red, green, blue
