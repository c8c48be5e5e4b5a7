"""Packing what the crew does last before each closing of a schedule, the first closing first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from patchopt.model.base import Floats, Ints
from patchopt.optimizer.bounds.grid import Window, openings
from patchopt.optimizer.closings.bins import Bins
from patchopt.optimizer.closings.iterating import Allowance, fill_up
from patchopt.optimizer.closings.packing import Packing, fleet_of, packing_of
from patchopt.optimizer.decoder import Decoder, Places
from patchopt.optimizer.problem import Problem
from patchopt.optimizer.search.annealer import Coded
from patchopt.optimizer.search.effort import Span
from patchopt.optimizer.search.luck import new_luck

#: What is moved has started at most so many mean lengths before the closing.
_ZONE: Final = 6.0
#: What is put off comes among so many on either side that are worth nearly as much.
_NEAR: Final = 5
#: Seeds are so far apart that closings have their own between them.
_MOST_CLOSINGS: Final = 100_000


def packable(problem: Problem) -> bool:
    """Say whether closings may cut the work of a problem's crew."""
    cut = problem.windows.period_s > 0 and problem.crew is not None
    return cut and not problem.dependencies


class Packer:
    """Packs schedules of one problem.

    What does not fit before a closing waits until the next opening, which costs much more than
    what order within a window makes of it; and lists are too coarse a tool to fit it in: a task
    that is put earlier in a list moves all that comes after it. Here all else stays.

    Parameters
    ----------
    decoder : Decoder
        Of a problem that is `packable`.
    """

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._fleet = fleet_of(decoder)
        self._zone_s = int(_ZONE * self._fleet.length_s.mean())

    def pack(
        self, coded: Coded, seed: int, span: Span, trials: int, ended: Callable[[], bool]
    ) -> Coded:
        """Return a list that is decoded to a schedule at least as good.

        Parameters
        ----------
        coded : Coded
            A list.
        seed : int
            Of the search.
        span : Span
            What may be used up, the same for each closing.
        trials : int
            How many stand for a move of the span.
        ended : callable
            Whether to give up.
        """
        best, (_, better) = coded, self._decoder.placed(coded.order, coded.wanted)
        placed = better
        closings = self._ahead(placed)
        for number, ahead in enumerate(closings):
            if ended() or span.share() >= 1.0:
                break
            begin_s = max(ahead[0].open_s, ahead[0].close_s - self._zone_s)
            packing = packing_of(self._decoder, self._fleet, placed, ahead, begin_s)
            if packing is None:
                continue
            luck = new_luck(seed * _MOST_CLOSINGS + number)
            allowance = Allowance(span, (number + 1) / len(closings), trials, ended)
            bins = fill_up(self._decoder, packing, luck, allowance)
            for behind in self._behind(placed, ahead[0].close_s):
                order, wanted = _list(packing, bins, placed, behind)
                value, found = self._decoder.placed(order, wanted)
                if value < best.objective_milli:
                    best, better = Coded(value, order, found.mode), found
            placed = better
        return best

    def _ahead(self, placed: Places) -> list[list[Window]]:
        """Return for each closing its window and those behind it, enough for all that waits."""
        windows: list[Window] = []
        last_s = int(placed.end_s.max())
        for window in openings(self._decoder.problem.windows):
            windows.append(window)
            if window.open_s > last_s:
                break
        return [windows[number:] for number in range(len(windows) - 2)]

    def _behind(self, placed: Places, close_s: int) -> Iterator[Floats]:
        """Yield starts that put in order what waits: by worth, and much as it was."""
        worth, tasks = self._fleet.worth, len(placed.start_s)
        starts = np.empty(tasks)
        starts[np.argsort(-worth, kind="stable")] = close_s + np.arange(tasks) / tasks
        yield starts
        waits = np.flatnonzero(placed.start_s >= close_s)
        waits = waits[np.argsort(worth[waits], kind="stable")]
        starts = placed.start_s.astype(np.float64)
        out = np.flatnonzero(placed.start_s < close_s)
        rank = np.searchsorted(worth[waits], worth[out])
        near = rank[:, np.newaxis] + np.arange(-_NEAR, _NEAR + 1)
        starts[out] = np.median(starts[waits[np.clip(near, 0, len(waits) - 1)]], axis=1)
        yield starts


def _list(packing: Packing, bins: Bins, placed: Places, behind: Floats) -> tuple[Ints, Ints]:
    """Return a list, and the modes that are wanted, with what has been packed.

    In it what is before the closing starts no later than it was put, as tasks before it in the
    list take no more at any time from then on.
    """
    starts, wanted = behind.copy(), np.full(len(behind), -1, np.int64)
    bin_of, mode, start_s = (np.asarray(one) for one in (bins.bin_of, bins.mode, bins.start_s))
    inside = packing.first[bin_of[packing.first] >= 0]
    starts[inside], wanted[inside] = start_s[inside], mode[inside]
    for one in packing.ends:
        starts[one.task], wanted[one.task] = one.start_s, one.mode
    # The head comes first, whatever it has started at.
    starts[packing.head] = np.arange(len(packing.head)) - len(packing.head)
    wanted[packing.head] = placed.mode[packing.head]
    return np.argsort(starts, kind="stable"), wanted
