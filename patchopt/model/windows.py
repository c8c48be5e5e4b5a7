"""Periodic maintenance windows on flat arrays.

A window is a closed interval: work from a to b is inside it if it opens at or
before a and closes at or after b. The functions are plain Python over
arrays or lists, so that the simulator can compile the very same source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from patchopt.model.base import Ints
from patchopt.model.scenario import Windows

#: Stands for "never closes" and "never opens".
FOREVER: Final = 2**62


class Numbers(Protocol):
    """A list of integers: an array, or a list in plain Python."""

    def __getitem__(self, place: int, /) -> int:
        """Return one of them."""

    def __setitem__(self, place: int, value: int, /) -> None:
        """Put another in its place."""

    def __len__(self) -> int:
        """Return how many there are."""


def window_close(t: int, period: int, starts: Numbers, lengths: Numbers) -> int:
    """Return the instant at which the window that is open at t closes, or -1.

    Parameters
    ----------
    t : int
        Seconds from the start of the plan.
    period : int
        Period of the windows in seconds; 0: always open.
    starts, lengths : ndarray of int64, shape (windows,)
        Openings within a period, disjoint and not touching, sorted by start.

    Returns
    -------
    int
        Seconds; `FOREVER` if always open; -1 if no window is open at t.
    """
    if period == 0:
        return FOREVER
    phase = t % period
    base = t - phase
    close = -1
    for k in range(len(starts)):
        if starts[k] <= phase <= starts[k] + lengths[k]:
            close = max(close, base + starts[k] + lengths[k])
        if phase <= starts[k] + lengths[k] - period:  # reaches in from the period before
            close = max(close, base - period + starts[k] + lengths[k])
    return close


def next_opening(t: int, length: int, period: int, starts: Numbers, lengths: Numbers) -> int:
    """Return the first instant at or after t at which a window of some length opens.

    Parameters
    ----------
    t : int
        Seconds from the start of the plan.
    length : int
        Seconds that the window must last.
    period, starts, lengths
        As in `window_close`.

    Returns
    -------
    int
        Seconds, or `FOREVER` if no window is long enough or there is none.
    """
    best = FOREVER
    if period == 0:
        return best
    base = t - t % period
    for k in range(len(starts)):
        if lengths[k] >= length:
            opening = base + starts[k]
            if opening < t:
                opening += period
            best = min(best, opening)
    return best


def closed_time(begin: int, end: int, period: int, starts: Numbers, lengths: Numbers) -> int:
    """Return the seconds of [begin, end) that lie outside every window."""
    if period == 0 or end <= begin:
        return 0
    open_time = 0
    for k in range(len(starts)):
        # Occurrences of window k that end after begin and start before end.
        first = (begin - starts[k] - lengths[k]) // period + 1
        last = (end - 1 - starts[k]) // period
        if last < first:
            continue
        low = max(begin, first * period + starts[k])
        high = min(end, last * period + starts[k] + lengths[k])
        if first == last:
            open_time += high - low
        else:
            open_time += first * period + starts[k] + lengths[k] - low
            open_time += high - (last * period + starts[k])
            open_time += (last - first - 1) * lengths[k]
    return end - begin - open_time


@dataclass(frozen=True, eq=False, kw_only=True)
class WindowSet:
    """The windows of a scenario, merged.

    Parameters
    ----------
    period_s : int
        Period in seconds; 0: always open.
    starts_s, lengths_s : ndarray of int64, shape (windows,)
        Disjoint openings within a period, sorted, none touching another.
    """

    period_s: int
    starts_s: Ints
    lengths_s: Ints

    @classmethod
    def of(cls, windows: Windows | None) -> WindowSet:
        """Merge what a scenario writes; windows that cover the whole period are no windows."""
        nothing = np.zeros(0, np.int64)
        always = cls(period_s=0, starts_s=nothing, lengths_s=nothing)
        if windows is None:
            return always
        period = windows.every
        merged: list[list[int]] = []
        for start, end in sorted((w.start, w.start + w.duration) for w in windows.open):
            if merged and start <= merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], end)
            else:
                merged.append([start, end])
        # The last window may reach around into the first ones of the next period.
        while len(merged) > 1 and merged[-1][1] >= merged[0][0] + period:
            first = merged.pop(0)
            merged[-1][1] = max(merged[-1][1], first[1] + period)
        if len(merged) == 1 and merged[0][1] - merged[0][0] >= period:
            return always
        starts = np.array([start for start, _ in merged], np.int64)
        ends = np.array([end for _, end in merged], np.int64)
        return cls(period_s=period, starts_s=starts, lengths_s=ends - starts)

    @property
    def longest_s(self) -> int:
        """Length of the longest window in seconds; `FOREVER` if always open."""
        return FOREVER if self.period_s == 0 else int(self.lengths_s.max())

    def close_after(self, t_s: int) -> int:
        """As `window_close`."""
        return int(window_close(t_s, self.period_s, self.starts_s, self.lengths_s))

    def earliest_fit(self, t_s: int, length_s: int) -> int:
        """Return the earliest start at or after an instant at which work fits a window.

        `FOREVER` if it is longer than every window.
        """
        if self.close_after(t_s) >= t_s + length_s:
            return t_s
        return int(next_opening(t_s, length_s, self.period_s, self.starts_s, self.lengths_s))
