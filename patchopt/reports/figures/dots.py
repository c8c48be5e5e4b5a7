"""Figure: how many times a reference each strategy costs, with whiskers, scenario by scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from patchopt.reports.figures.style import LOG_RATIO, Look, as_text
from patchopt.reports.figures.ticks import plain_numbers, short_numbers
from patchopt.reports.figures.titles import titled_panels

#: Panels beside each other.
_COLUMNS: Final = 3
#: Inches of a strategy's row, and of what is around a panel.
_ROW: Final = 0.145
_AROUND: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class Dot:
    """What a strategy costs in a scenario, in terms of a reference.

    Parameters
    ----------
    scenario, label : str
        Which.
    ratio, low, high : float
        1: as much as the reference; limits NaN where there are none.
    apart : bool
        Whether the plan breaks constraints: drawn hollow.
    """

    scenario: str
    label: str
    ratio: float
    low: float
    high: float
    apart: bool = False


def dot_figure(
    dots: Sequence[Dot], looks: Mapping[str, Look], reference: str, width_in: float
) -> Figure:
    """Draw a panel a scenario, a row a strategy, a dot with its 95% interval.

    Parameters
    ----------
    dots : sequence of Dot
        At least one.
    looks : mapping of str to Look
        Of each label; their order is that of the rows.
    reference : str
        What the ratio is to, for the axis.
    width_in : float
        Inches.
    """
    scenarios = list(dict.fromkeys(dot.scenario for dot in dots))
    labels = [label for label in looks if any(dot.label == label for dot in dots)]
    height = _AROUND + _ROW * len(labels)
    figure, panels = titled_panels(scenarios, _COLUMNS, width_in, height, sharey=True)
    for axes, scenario in zip(panels.flat, scenarios, strict=False):
        own = {dot.label: dot for dot in dots if dot.scenario == scenario}
        _panel(axes, own, labels, looks)
        axes.set_xlabel(f"ratio to {as_text(reference)}")
    for axes in panels[:, 0]:
        axes.set_yticks(range(len(labels)), [as_text(label) for label in labels])
    panels[0, 0].set_ylim(len(labels) - 0.5, -0.5)
    return figure


def _panel(
    axes: Axes, dots: Mapping[str, Dot], labels: Sequence[str], looks: Mapping[str, Look]
) -> None:
    for row, label in enumerate(labels):
        dot = dots.get(label)
        if dot is None:
            continue
        look = looks[label]
        if dot.high > dot.low:
            axes.plot([dot.low, dot.high], [row, row], color=look.colour, linewidth=1.0, zorder=2)
        axes.plot(
            dot.ratio,
            row,
            marker=look.marker,
            color=look.colour,
            markerfacecolor="white" if dot.apart else look.colour,
            linestyle="none",
            zorder=3,
        )
    axes.axvline(1, color="#000000", linewidth=0.6, zorder=1)
    values = [dot.ratio for dot in dots.values()]
    if max(values) > LOG_RATIO * min(values) > 0:
        axes.set_xscale("log")
        plain_numbers(axes.xaxis, min(values), max(values))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        short_numbers(axes.xaxis)
    axes.grid(axis="y", linewidth=0.3)
