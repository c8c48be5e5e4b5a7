"""Cells of time on which prices are constant; they cover open time from the start on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from patchopt.model.base import Floats, Ints
from patchopt.model.windows import FOREVER, WindowSet

#: How much wider than the first the last cells may be.
_WIDEST = 8


class Window(NamedTuple):
    """An opening and its closing, in seconds from the start of the plan."""

    open_s: int
    close_s: int


class Cells(NamedTuple):
    """Cells in ascending order, none across the edge of a window.

    Parameters
    ----------
    begin_s, width_s : ndarray of int64, shape (cells,)
        Of each.
    close_s : ndarray of int64, shape (cells,)
        When the window that it lies in closes, `FOREVER` without windows.
    """

    begin_s: Ints
    width_s: Ints
    close_s: Ints

    @property
    def end_s(self) -> Ints:
        """End of each, shape (cells,)."""
        return self.begin_s + self.width_s


def cells_of(
    windows: WindowSet, width_s: int, open_s: int, widen_after_s: float | None = None
) -> Cells:
    """Cut open time into cells.

    Parameters
    ----------
    windows : WindowSet
        Where work may be.
    width_s : int
        Of a cell; the last before a closing may be narrower.
    open_s : int
        Seconds of open time to cover; the last window is covered whole.
    widen_after_s : float, optional
        After so many seconds of it cells grow.
    """
    rows: list[tuple[int, int, int]] = []
    before = 0  # open seconds before an opening
    for opening, closing in openings(windows):
        end = min(closing, open_s) if closing == FOREVER else closing
        at = opening
        while at < end:
            width = width_s
            spent = before + at - opening
            if widen_after_s is not None and spent > widen_after_s:
                growth = 1 + (spent - widen_after_s) / widen_after_s * _WIDEST
                width = min(_WIDEST * width_s, int(width_s * growth))
            width = min(width, end - at)
            rows.append((at, width, closing))
            at += width
        before += end - opening
        if before >= open_s:
            break
    return Cells(*np.array(rows, np.int64).reshape(-1, 3).T.copy())


def openings(windows: WindowSet) -> Iterator[Window]:
    """Yield one window after another, without end, the one that is open at 0 first.

    Examples
    --------
    >>> from itertools import islice
    >>> nightly = WindowSet(period_s=100, starts_s=np.array([90]), lengths_s=np.array([20]))
    >>> list(islice(openings(nightly), 2))
    [Window(open_s=0, close_s=10), Window(open_s=90, close_s=110)]
    """
    if windows.period_s == 0:
        yield Window(0, FOREVER)
        return
    period = -1
    while True:
        for start, length in zip(windows.starts_s, windows.lengths_s, strict=True):
            opening = period * windows.period_s + int(start)
            closing = opening + int(length)
            if closing > 0:
                yield Window(max(opening, 0), closing)
        period += 1


def interpolated(prices: Floats, old: Cells, new: Cells) -> Floats:
    """Carry prices from some cells to others, linearly between the middles of cells of a window.

    From one window to the next prices jump by what a night is worth.
    """
    carried = np.zeros((len(prices), len(new.begin_s)))
    before, after = (cells.begin_s + cells.width_s / 2 for cells in (old, new))
    for close in np.unique(new.close_s):
        here, there = new.close_s == close, old.close_s == close
        if there.any():
            for row, values in enumerate(prices):
                carried[row, here] = np.interp(after[here], before[there], values[there])
    return carried
