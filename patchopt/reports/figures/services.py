"""A panel of a figure: how many instances of every service serve, in words and shades."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch as Swatch

from patchopt.model.infrastructure import Infrastructure
from patchopt.reports.figures.style import as_text
from patchopt.reports.trace.curves import Curve
from patchopt.reports.trace.outages import Outage

#: Colour, hatch and its colour of each state: lighter is better, hatches are times below min_up.
_ABOVE: Final = ("#E3EEF5", "", "white", "above min_up")
_AT: Final = ("#9FB8C8", "", "white", "at min_up")
_ALLOWED: Final = ("#FFFFFF", "////", "#555555", "below min_up, given up by the plan")
_BROKEN: Final = ("#B2182B", "xxxx", "white", "below min_up, broken")
#: A line through the times in which nothing serves, whatever min_up says.
_NONE: Final = ("#000000", "none serving")

#: Beyond that many rows, names would be too small to read.
_NAMED_ROWS: Final = 70


def service_panel(
    axes: Axes,
    infrastructure: Infrastructure,
    serving: Curve,
    outages: Sequence[Outage],
    seconds: int,
) -> None:
    """Draw a row a service.

    Parameters
    ----------
    axes : Axes
        Empty.
    infrastructure : Infrastructure
        For services and their min_up.
    serving : Curve
        Instances that serve, of shape (steps, services).
    outages : sequence of Outage
        When services are below min_up, by leave of the plan or not.
    seconds : int
        Of the unit of time.
    """
    services = infrastructure.services
    for row in range(len(services.names)):
        counts = serving.values[:, row]
        level = np.where(counts > services.min_up[row], 1, 0)
        for state, (colour, *_) in enumerate((_AT, _ABOVE)):
            for start, end in _spans(serving, level == state):
                _bar(axes, row, start / seconds, end / seconds, (colour, "", "white"))
    place = {name: row for row, name in enumerate(services.names)}
    for outage in outages:
        look = _ALLOWED if outage.allowed else _BROKEN
        span = (outage.start_s / seconds, outage.end_s / seconds)
        _bar(axes, place[outage.service], *span, look[:3])
    for row in range(len(services.names)):
        for start, end in _spans(serving, _dark(infrastructure, serving, row)):
            axes.plot(
                [start / seconds, end / seconds],
                [row, row],
                color=_NONE[0],
                linewidth=2.4,
                solid_capstyle="butt",
            )
    axes.set_title("instances that serve, by service")


def _bar(axes: Axes, row: int, start: float, end: float, look: tuple[str, str, str]) -> None:
    colour, hatch, edge = look
    axes.barh(
        row,
        end - start,
        left=start,
        height=0.8,
        facecolor=colour,
        hatch=hatch,
        edgecolor=edge,
        linewidth=0.3 if hatch else 0,
    )


def _dark(infrastructure: Infrastructure, serving: Curve, row: int) -> np.ndarray:
    has_any = infrastructure.services.instances[row] > 0
    return np.asarray((serving.values[:, row] == 0) & has_any)


def _spans(serving: Curve, holds: np.ndarray) -> list[tuple[int, int]]:
    """Return when something holds, from and until, of positive length."""
    times = serving.times_s
    change = np.flatnonzero(np.diff(holds.astype(np.int8), prepend=0, append=0))
    ends = np.append(times, times[-1])
    spans = zip(ends[change[::2]].tolist(), ends[change[1::2]].tolist(), strict=True)
    return [(start, end) for start, end in spans if start < end]


def service_names(infrastructure: Infrastructure) -> list[str]:
    """Name each service with its min_up."""
    services = infrastructure.services
    told = zip(services.names, services.min_up, services.instances, strict=True)
    return [f"{name} (min_up {needed} of {count})" for name, needed, count in told]


def name_rows(axes: Axes, names: Sequence[str], what: str) -> None:
    """Name the rows of a panel from the top, or say how many they are if there is no room."""
    axes.set_ylim(max(len(names), 1) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    if len(names) <= _NAMED_ROWS:
        axes.set_yticks(range(len(names)), [as_text(name) for name in names], fontsize=7)
        axes.tick_params(axis="y", length=0)
    else:
        axes.set_yticks([])
        axes.set_ylabel(f"{len(names)} {what}")


def service_legend(
    infrastructure: Infrastructure, serving: Curve, outages: Sequence[Outage]
) -> list[Artist]:
    """Return what the panel shows, in words."""
    services, counts = infrastructure.services, serving.values
    rows = range(len(services.names))
    shown = [
        (_ABOVE, bool((counts > services.min_up).any())),
        (_AT, bool((counts == services.min_up).any())),
        (_ALLOWED, any(outage.allowed for outage in outages)),
        (_BROKEN, any(not outage.allowed for outage in outages)),
    ]
    handles: list[Artist] = [
        Swatch(facecolor=colour, hatch=hatch, edgecolor=edge if hatch else "#999999", label=label)
        for (colour, hatch, edge, label), seen in shown
        if seen
    ]
    if any(_dark(infrastructure, serving, row).any() for row in rows):
        handles.append(Line2D([], [], color=_NONE[0], linewidth=2.4, label=_NONE[1]))
    return handles
