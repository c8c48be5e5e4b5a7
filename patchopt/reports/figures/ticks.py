"""Ticks of axes: round numbers, and labels that never lie upon each other."""

from __future__ import annotations

import math
from typing import Final

from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import (
    FixedFormatter,
    FixedLocator,
    FuncFormatter,
    LogLocator,
    NullFormatter,
    NullLocator,
    SymmetricalLogLocator,
)
from matplotlib.transforms import Bbox

#: Room between two labels, points.
_GAP: Final = 2.2
#: Removing labels changes the layout, which may bring others together; it settles at once.
_ROUNDS: Final = 3

_LARGE: Final = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def short(value: float) -> str:
    """Write a number of an axis briefly.

    Examples
    --------
    >>> [short(v) for v in (0, 0.5, 20, 1500, 10_000, 2_500_000, 2e9, -1e6)]
    ['0', '0.5', '20', '1,500', '10k', '2.5M', '2G', '-1M']
    """
    if abs(value) >= 10_000:
        size, letter = next(each for each in _LARGE if abs(value) >= each[0])
        return f"{value / size:.10g}{letter}"
    return f"{value:,.10g}"


def plain_numbers(axis: Axis, low: float, high: float) -> None:
    """Label a logarithmic axis with 1, 2, 5, 10 ... instead of powers of ten.

    Parameters
    ----------
    axis : Axis
        Logarithmic, from zero or not.
    low, high : float
        Smallest and largest value above 0; over three powers of ten only 1, 10 ... are shown.
    """
    subs = (1, 2, 5) if high < 1000 * low else (1,)
    from_zero = SymmetricalLogLocator(base=10, linthresh=low, subs=subs)
    above_zero = LogLocator(subs=subs, numticks=20)
    axis.set_major_locator(from_zero if axis.get_scale() == "symlog" else above_zero)
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    axis.set_minor_formatter(NullFormatter())


def short_numbers(axis: Axis) -> None:
    """Label a linear axis with short numbers."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))


def keep_labels_apart(figure: Figure) -> None:
    """Take away the labels of ticks that would lie upon others, the less round ones first.

    Parameters
    ----------
    figure : Figure
        Finished; it is laid out.
    """
    for _ in range(_ROUNDS):
        figure.draw_without_rendering()
        every = [axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)]
        # All are looked at before any is changed: axes that are shared have one locator.
        thinned = [(axis, _kept(axis)) for axis in every]
        for axis, kept in thinned:
            if kept is not None:
                axis.set_major_locator(FixedLocator([at for at, _ in kept]))
                axis.set_major_formatter(FixedFormatter([text for _, text in kept]))
        if all(kept is None for _, kept in thinned):
            return


def labels_of(axis: Axis) -> list[tuple[float, str, Bbox]]:
    """Return the labels of an axis that are seen: where, what, and the room they take."""
    low, high = sorted(axis.get_view_interval())
    room = 1e-9 * (high - low)
    shown = []
    for tick in axis.get_major_ticks():
        text = tick.label1
        inside = low - room <= tick.get_loc() <= high + room
        if text.get_visible() and text.get_text() and inside:
            shown.append((float(tick.get_loc()), text.get_text(), text.get_window_extent()))
    return shown


def _kept(axis: Axis) -> list[tuple[float, str]] | None:
    """Return the labels of an axis that stay, in order; None if all may."""
    shown = labels_of(axis)
    figure = axis.get_figure(root=True)
    gap = _GAP * figure.dpi / 72 if figure is not None else 0.0
    kept: list[tuple[float, str, Bbox]] = []
    for label in sorted(shown, key=lambda each: _roundness(each[0])):
        if not any(_touch(label[2], other[2], gap) for other in kept):
            kept.append(label)
    if len(kept) == len(shown):
        return None
    return sorted((at, text) for at, text, _ in kept)


def _touch(one: Bbox, other: Bbox, gap: float) -> bool:
    return bool(
        one.x0 < other.x1 + gap
        and other.x0 < one.x1 + gap
        and one.y0 < other.y1
        and other.y0 < one.y1
    )


def _roundness(value: float) -> tuple[int, float]:
    """Sort 0 first, then powers of ten, then 5 and 2 times them, then the rest."""
    if value == 0:
        return 0, 0.0
    first = abs(value) / 10 ** math.floor(math.log10(abs(value)) + 1e-9)
    order = {1: 1, 5: 2, 2: 3}
    return order.get(round(first, 6), 4), value
