"""Figure: the work of one run on every node, and the availability of every service below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch as Swatch
from numpy.typing import NDArray

from patchopt.model.infrastructure import Infrastructure
from patchopt.reports.figures.style import (
    LegendShape,
    as_text,
    legend_below,
    new_figure,
    time_unit,
)
from patchopt.reports.trace.bars import Bar, Kind
from patchopt.reports.trace.curves import Curve

#: Colour and hatch of each kind of work; Okabe and Ito's, with hatches where hues are near.
_WORK: Final[dict[Kind, tuple[str, str, str]]] = {
    "patch": ("#0072B2", "", "patching, down"),
    "live": ("#56B4E9", "", "patching, serving"),
    "warmup": ("#CC79A7", "", "warming up"),
    "rollback": ("#D55E00", "////", "rolling back"),
    "build": ("#009E73", "", "building beside"),
    "built": ("#009E73", "....", "built, before its switch"),
    "wait": ("#ffffff", "....", "waiting for a constraint"),
    "impaired": ("#F0E442", "", "IMPAIRED, serving"),
    "failed": ("#000000", "", "FAILED or crashed"),
}

#: Colour of each state of a service: none serving, below min_up, at min_up, above.
_STATES: Final = (
    ("#000000", "none serving"),
    ("#D55E00", "below min_up"),
    ("#E6CF8A", "at min_up"),
    ("#D9E8F2", "above min_up"),
)

#: Beyond that many rows, names would be too small to read.
_NAMED_ROWS: Final = 70
#: Rows that either part has room for: with fewer its title takes it all, with more a page ends.
_LEAST_ROWS: Final = 4
_MOST_ROWS: Final = 130


def gantt_figure(
    infrastructure: Infrastructure,
    bars: Sequence[Bar],
    serving: Curve,
    end_s: int,
    title: str,
) -> Figure:
    """Draw one run: the work on each node, and beneath it how many instances serve.

    Parameters
    ----------
    infrastructure : Infrastructure
        For nodes, services and their min_up.
    bars : sequence of Bar
        Work on nodes.
    serving : Curve
        Instances that serve, of shape (steps, services).
    end_s : int
        End of the run, seconds.
    title : str
        Above the figure.

    Returns
    -------
    Figure
        Nodes in the order of their first work, from the top; those without any are left out.
    """
    first: dict[str, int] = {}
    for bar in sorted(bars, key=lambda bar: (bar.start_s, bar.end_s)):
        first.setdefault(bar.node, len(first))
    services = len(infrastructure.services.names)
    rows = [min(max(count, _LEAST_ROWS), _MOST_ROWS) for count in (len(first), services)]
    handles = _legend(bars, serving, infrastructure)
    legend = LegendShape.of([str(handle.get_label()) for handle in handles], 8.6)
    figure = new_figure(8.6, 1.5 + legend.height + 0.17 * sum(rows))
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=rows)
    unit, seconds = time_unit(max(end_s, 1))
    _work(upper, bars, first, seconds)
    _availability(lower, infrastructure, serving, seconds)
    lower.set_xlabel(f"time [{unit}]")
    lower.set_xlim(0, max(end_s, 1) / seconds)
    figure.suptitle(as_text(title), x=0.01, ha="left", fontsize=11)
    legend_below(figure, handles, legend)
    return figure


def _work(axes: Axes, bars: Sequence[Bar], first: dict[str, int], seconds: int) -> None:
    for bar in bars:
        colour, hatch, _ = _WORK[bar.kind]
        axes.barh(
            first[bar.node],
            (bar.end_s - bar.start_s) / seconds,
            left=bar.start_s / seconds,
            height=0.8,
            facecolor=colour,
            hatch=hatch,
            edgecolor="#999999" if bar.kind == "wait" else "white",
            linewidth=0.3,
        )
        if bar.kind == "failed":  # at the very end it has no length
            at = (bar.start_s / seconds, first[bar.node])
            axes.plot(*at, "x", color="#000000", markersize=6, markeredgewidth=1.8, clip_on=False)
    _rows(axes, list(first), "nodes")
    axes.set_title("work on nodes")


def _rows(axes: Axes, names: Sequence[str], what: str) -> None:
    axes.set_ylim(max(len(names), 1) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    if len(names) <= _NAMED_ROWS:
        axes.set_yticks(range(len(names)), [as_text(name) for name in names], fontsize=7)
        axes.tick_params(axis="y", length=0)
    else:
        axes.set_yticks([])
        axes.set_ylabel(f"{len(names)} {what}")


def _levels(infrastructure: Infrastructure, serving: Curve) -> NDArray[np.int64]:
    """Return the state of each service at each step, as a number of `_STATES`."""
    services = infrastructure.services
    counts = serving.values
    levels = np.where(counts > services.min_up, 3, 2)
    levels[counts < services.min_up] = 1
    levels[(counts == 0) & (services.instances > 0)] = 0
    return levels


def _availability(axes: Axes, infrastructure: Infrastructure, serving: Curve, seconds: int) -> None:
    names = infrastructure.services.names
    levels = _levels(infrastructure, serving)
    times = serving.times_s / seconds
    for service in range(len(names)):
        change = np.flatnonzero(np.diff(levels[:, service], prepend=-1))
        starts = times[change]
        ends = np.append(starts[1:], times[-1])
        colours = [_STATES[level][0] for level in levels[change, service]]
        axes.barh(
            np.full(len(starts), service),
            ends - starts,
            left=starts,
            height=0.8,
            color=colours,
            linewidth=0,
        )
    shown = [
        f"{name} (min_up {needed} of {count})"
        for name, needed, count in zip(
            names, infrastructure.services.min_up, infrastructure.services.instances, strict=True
        )
    ]
    _rows(axes, shown, "services")
    axes.set_title("instances that serve, by service")


def _legend(bars: Sequence[Bar], serving: Curve, infrastructure: Infrastructure) -> list[Swatch]:
    kinds = {bar.kind for bar in bars}
    work = [
        Swatch(facecolor=colour, hatch=hatch, edgecolor="#999999", label=label)
        for kind, (colour, hatch, label) in _WORK.items()
        if kind in kinds
    ]
    seen = set(_levels(infrastructure, serving).ravel().tolist())
    states = [
        Swatch(facecolor=colour, edgecolor="#999999", label=label)
        for level, (colour, label) in enumerate(_STATES)
        if level in seen
    ]
    return work + states
