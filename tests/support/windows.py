"""Maintenance windows, second by second."""

from __future__ import annotations

from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from support.written import seconds

if TYPE_CHECKING:
    from collections.abc import Mapping


class Windows:
    """Maintenance windows as one list of open seconds a period.

    Second k stands for the time from k to k + 1. Work from a to b is inside one (closed, merged)
    window exactly if each of its seconds is open; an instant, if a second beside it is open.

    Parameters
    ----------
    written
        The windows as the scenario gives them; None: always open.
    """

    def __init__(self, written: Mapping[str, Any] | None) -> None:
        self.every = seconds(written["every"]) if written else 1
        self.open = [written is None] * self.every
        for window in written["open"] if written else []:
            for second in range(min(seconds(window["duration"]), self.every)):
                self.open[(seconds(window["start"]) + second) % self.every] = True

    @cached_property
    def _run(self) -> list[int]:
        """How many seconds stay open from each second of the period on."""
        run = [0] * (2 * self.every + 1)
        for second in range(2 * self.every - 1, -1, -1):
            run[second] = run[second + 1] + 1 if self.open[second % self.every] else 0
        return run[: self.every]

    @property
    def always(self) -> bool:
        """Whether no second is closed."""
        return all(self.open)

    @property
    def longest(self) -> int | None:
        """Return the length of the longest window; None if it never closes."""
        return None if self.always else max(self._run)

    def is_open(self, second: int) -> bool:
        """Whether the time from `second` to `second` + 1 is inside a window."""
        return self.open[second % self.every]

    def holds(self, start: int, end: int) -> bool:
        """Whether all of [start, end] is inside one window."""
        if self.always:
            return True
        if start == end:
            return self.is_open(start) or self.is_open(start - 1)
        return self._run[start % self.every] >= end - start

    @cached_property
    def _closed(self) -> list[int]:
        """How many of the first so many seconds of a period are closed."""
        return [0, *accumulate(not open_ for open_ in self.open)]

    def closed(self, start: int, end: int) -> int:
        """Return how many seconds from `start` to `end` are outside any window."""
        return self._closed_until(end) - self._closed_until(start)

    def _closed_until(self, second: int) -> int:
        periods, rest = divmod(second, self.every)
        return periods * self._closed[-1] + self._closed[rest]

    def earliest(self, time: int, length: int) -> int:
        """Return the first start, at `time` or later, of work of that length inside one window."""
        for start in range(time, time + self.every + 1):
            if self.holds(start, start + length):
                return start
        raise ValueError(f"no window holds {length} s")
