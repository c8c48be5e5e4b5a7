"""Figure: the work of one run on every node, the crew, and the services beneath."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch as Swatch
from matplotlib.ticker import MaxNLocator

from patchopt.model.base import Ints
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.windows import WindowSet
from patchopt.reports.figures.services import (
    name_rows,
    service_legend,
    service_names,
    service_panel,
)
from patchopt.reports.figures.style import (
    LegendShape,
    as_text,
    legend_below,
    new_figure,
    time_unit,
)
from patchopt.reports.trace.bars import Bar, Kind
from patchopt.reports.trace.curves import Curve
from patchopt.reports.trace.outages import Outage

if TYPE_CHECKING:
    from matplotlib.typing import LineStyleType

#: Colour, hatch and colour of the hatch of each kind of work. Okabe and Ito's; hatches tell them
#: apart in shades of grey too.
_WORK: Final[dict[Kind, tuple[str, str, str, str]]] = {
    "patch": ("#0072B2", "", "white", "patching, down"),
    "live": ("#A6D8F5", "", "white", "patching, serving"),
    "warmup": ("#CC79A7", "||||", "white", "warming up"),
    "rollback": ("#D55E00", "////", "white", "rolling back"),
    "build": ("#009E73", "\\\\\\\\", "white", "building beside"),
    "built": ("#C9EBDF", "....", "#007A58", "built, before its switch"),
    "wait": ("#ffffff", "....", "#999999", "waiting for a constraint"),
    "impaired": ("#F0E442", "xxxx", "#777777", "IMPAIRED, serving"),
    "failed": ("#000000", "", "white", "FAILED or crashed"),
}
#: Kinds of work that take crew, and those that take surge slots.
_CREW: Final[tuple[Kind, ...]] = ("patch", "live", "warmup", "rollback", "build")
_SURGE: Final[tuple[Kind, ...]] = ("build", "built")

#: Rows that a part has room for: with fewer its title takes it all, with more a page ends.
_LEAST_ROWS: Final = 4
_MOST_ROWS: Final = 130
_CREW_ROWS: Final = 5
#: With more closed times than that the figure would be nothing else.
_MOST_SPANS: Final = 300
#: Work of less than that of the axis would be all edge: it has the edge of its own colour.
_SHORT: Final = 0.006


@dataclass(frozen=True, kw_only=True)
class Page:
    """Where a chart is to be seen.

    Parameters
    ----------
    width_in, row_in : float
        Its width, and the height of a row, inches.
    height_in : float
        At most: where there are many rows they are lower.
    """

    width_in: float = 8.6
    row_in: float = 0.17
    height_in: float = math.inf


def gantt_figure(
    infrastructure: Infrastructure,
    bars: Sequence[Bar],
    serving: Curve,
    outages: Sequence[Outage],
    end_s: int,
    title: str,
    stops: Sequence[tuple[int, int]] = (),
    page: Page | None = None,
) -> Figure:
    """Draw one run: the work on each node, the crew at work, and how many instances serve.

    Parameters
    ----------
    infrastructure : Infrastructure
        For nodes, windows, crew, services and their min_up.
    bars : sequence of Bar
        Work on nodes.
    serving : Curve
        Instances that serve, of shape (steps, services).
    outages : sequence of Outage
        When services are below min_up.
    end_s : int
        End of what is drawn, seconds.
    title : str
        Above the figure; empty for none.
    stops : sequence of (int, int)
        From when until when the plan was stopped, seconds.
    page : Page, optional
        Where it is printed; on a screen by default.

    Returns
    -------
    Figure
        Nodes in the order of their first work, from the top; those without any are left out.
        Times outside of every window are hatched; those in which the plan is stopped are tinted.
    """
    first: dict[str, int] = {}
    for bar in sorted(bars, key=lambda bar: (bar.start_s, bar.end_s)):
        first.setdefault(bar.node, len(first))
    services = len(infrastructure.services.names)
    nodes, below = (min(max(n, _LEAST_ROWS), _MOST_ROWS) for n in (len(first), services))
    rows = [nodes, _CREW_ROWS, below]
    end_s = max(end_s, 1)
    closed = closed_spans(infrastructure.windows, end_s)
    handles: list[Artist] = [*_legend(bars), *_crew_legend(infrastructure, bars)]
    handles += service_legend(infrastructure, serving, outages)
    handles += [_closed(label="outside of every window")] * bool(closed)
    handles += [Swatch(label="the plan is stopped", **_STOPPED)] * bool(stops)
    page = page or Page()
    legend = LegendShape.of([str(handle.get_label()) for handle in handles], page.width_in)
    height = 1.8 + legend.height + page.row_in * sum(rows)
    figure = new_figure(page.width_in, min(height, page.height_in))
    upper, middle, lower = figure.subplots(3, 1, sharex=True, height_ratios=rows)
    unit, seconds = time_unit(end_s)
    _work(upper, bars, first, end_s, seconds)
    _crew(middle, infrastructure, bars, end_s, seconds)
    service_panel(lower, infrastructure, serving, outages, seconds)
    name_rows(lower, service_names(infrastructure), "services")
    for axes in (upper, middle, lower):
        for start, end in closed:
            axes.axvspan(start / seconds, end / seconds, zorder=0.5, **_CLOSED)
        for start, end in stops:
            axes.axvspan(start / seconds, end / seconds, zorder=0.6, **_STOPPED)
    lower.set_xlabel(f"time [{unit}]")
    lower.set_xlim(0, end_s / seconds)
    if title:
        figure.suptitle(as_text(title), x=0.01, ha="left", fontsize=11)
    legend_below(figure, handles, legend)
    return figure


#: How times outside of every window are drawn.
_CLOSED: Final[dict[str, Any]] = {
    "facecolor": "#f4f4f4",
    "edgecolor": "#cccccc",
    "hatch": "\\\\",
    "linewidth": 0,
}

_STOPPED: Final[dict[str, Any]] = {"facecolor": "#FBE3D6", "linewidth": 0}


def _closed(label: str) -> Swatch:
    return Swatch(label=label, **_CLOSED)


def closed_spans(windows: WindowSet, end_s: int) -> list[tuple[int, int]]:
    """Return when no window is open, from 0 to an end; none if there are too many to draw.

    Examples
    --------
    >>> from patchopt.model.scenario import Windows
    >>> every = {"every": 10, "open": [{"start": 2, "duration": 3}]}
    >>> closed_spans(WindowSet.of(Windows.model_validate(every)), 14)
    [(0, 2), (5, 12)]
    """
    if windows.period_s == 0 or end_s / windows.period_s * len(windows.starts_s) > _MOST_SPANS:
        return []
    spans, at = [], 0
    while at < end_s:
        close = windows.close_after(at)
        begin = at if close < 0 else min(close, end_s)
        at = min(windows.earliest_fit(begin + 1 if close >= 0 else begin, 0), end_s)
        if begin < at:
            spans.append((begin, at))
    return spans


def _crew(
    axes: Axes, infrastructure: Infrastructure, bars: Sequence[Bar], end_s: int, seconds: int
) -> None:
    """Draw the crew and the surge slots in use, with their limits."""
    limits = infrastructure.limits
    most = 1
    for kinds, limit, line in ((_CREW, limits.max_parallel, "-"), (_SURGE, limits.surge, "--")):
        chosen = [bar for bar in bars if bar.kind in kinds]
        if not chosen and kinds is _SURGE:
            continue
        times, counts = _in_use(chosen, end_s)
        colour = _IN_USE[kinds][0]
        axes.step(times / seconds, counts, where="post", color=colour, linestyle=line)
        if kinds is _CREW:
            axes.fill_between(times / seconds, counts, step="post", color="#d9d9d9", linewidth=0)
        if limit >= 0:
            axes.axhline(limit, color=colour, linestyle=":" if kinds is _CREW else "-.", lw=1)
        most = max(most, int(counts.max()), limit)
    axes.set_ylim(0, 1.15 * most)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    axes.set_title("in use" if any(bar.kind in _SURGE for bar in bars) else "crew at work")


def _in_use(bars: Sequence[Bar], end_s: int) -> tuple[Ints, Ints]:
    """Return how many bars lie over each instant, as a step function up to an end."""
    change: dict[int, int] = {0: 0, end_s: 0}
    for bar in bars:
        change[bar.start_s] = change.get(bar.start_s, 0) + 1
        change[bar.end_s] = change.get(bar.end_s, 0) - 1
    times = np.array(sorted(change), np.int64)
    return times, np.cumsum([change[int(time)] for time in times])


#: Colour, and words for what is in use and for its limit.
_IN_USE: Final = {
    _CREW: ("#333333", "crew at work", "max_parallel"),
    _SURGE: ("#007A58", "surge slots in use", "surge"),
}


def _crew_legend(infrastructure: Infrastructure, bars: Sequence[Bar]) -> list[Line2D]:
    limits = infrastructure.limits
    shown: list[tuple[tuple[Kind, ...], int, LineStyleType, LineStyleType]] = [
        (_CREW, limits.max_parallel, "-", ":"),
        (_SURGE, limits.surge, "--", "-."),
    ]
    handles = []
    for kinds, limit, line, of_limit in shown:
        if kinds is _SURGE and not any(bar.kind in kinds for bar in bars):
            continue
        colour, what, name = _IN_USE[kinds]
        handles.append(Line2D([], [], color=colour, linestyle=line, label=what))
        if limit >= 0:
            named = f"{name} {limit}"
            handles.append(Line2D([], [], color=colour, linestyle=of_limit, lw=1, label=named))
    return handles


def _work(axes: Axes, bars: Sequence[Bar], first: dict[str, int], end_s: int, seconds: int) -> None:
    for bar in bars:
        colour, hatch, edge, _ = _WORK[bar.kind]
        short = bar.end_s - bar.start_s < _SHORT * end_s
        axes.barh(
            first[bar.node],
            (bar.end_s - bar.start_s) / seconds,
            left=bar.start_s / seconds,
            height=0.8,
            facecolor=colour,
            hatch="" if short else hatch,
            edgecolor=colour if short else edge,
            linewidth=1.0 if short else 0.3,
        )
        if bar.kind == "failed":  # at the very end it has no length
            at = (bar.start_s / seconds, first[bar.node])
            axes.plot(*at, "x", color="#000000", markersize=6, markeredgewidth=1.8, clip_on=False)
    name_rows(axes, list(first), "nodes")
    axes.set_title("work on nodes")


def _legend(bars: Sequence[Bar]) -> list[Swatch]:
    kinds = {bar.kind for bar in bars}
    return [
        Swatch(facecolor=colour, hatch=hatch, edgecolor=edge, label=label, linewidth=0.5)
        for kind, (colour, hatch, edge, label) in _WORK.items()
        if kind in kinds
    ]
