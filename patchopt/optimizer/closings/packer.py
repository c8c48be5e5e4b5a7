"""Packing what the crew does last before each closing of a schedule, the first closing first."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from patchopt.model.base import Floats, Ints
from patchopt.optimizer.bounds.grid import Window, openings
from patchopt.optimizer.closings.bins import Bins
from patchopt.optimizer.closings.packing import Fleet, Packing, packing_of
from patchopt.optimizer.decoder import Decoder
from patchopt.optimizer.decoding.lists import Placed
from patchopt.optimizer.problem import Problem
from patchopt.optimizer.search.annealer import Coded
from patchopt.optimizer.search.effort import Span
from patchopt.optimizer.search.luck import new_luck

#: What is moved has started at most so many mean lengths before the closing.
_ZONE: Final = 6.0
#: First and last temperature, in node-seconds of the crew before the closing.
_HOT: Final = 15.0
_COLD: Final = 0.3
#: The annealing's share for each task that may be moved, and at most; then what is shaken at: a
#: temperature, and trials for each task.
_ANNEALED: Final = 1 / 1600
_MOST_ANNEALED: Final = 0.7
_WARM: Final = 1.0
_SHAKEN: Final = 100
#: Trials of an annealing that take as long as that of a pair of bins.
_FILLED_WHILE_REPACKED: Final = 8
#: What is put off comes among so many on either side that are worth nearly as much.
_NEAR: Final = 5
#: What the root of a second that a bin leaves unused costs, in the same.
_SCATTERED: Final = 0.5
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
        problem, arrays = decoder.problem, decoder.arrays
        assert problem.crew is not None  # noqa: S101 - it is packable
        self._decoder = decoder
        size = np.array([task.size for task in problem.tasks], np.int64)
        length_s = np.array(arrays.length_s, np.int64)
        weight = np.array(arrays.weight_milli, np.float64)
        ratio = weight / np.maximum(1, length_s)
        crew = problem.capacities[problem.crew]
        self._fleet = Fleet(crew, problem.crew, size, length_s, weight, ratio, ratio / size)
        self._zone_s = int(_ZONE * length_s.mean())

    def pack(
        self,
        coded: Coded,
        seed: int,
        span: Span,
        trials: int,
        ended: Callable[[], bool],
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
            begin_s = max(ahead[0].open_s, ahead[0].close_s - self._zone_s)
            packing = packing_of(self._decoder, self._fleet, placed, ahead, begin_s)
            if packing is None:
                continue
            luck = new_luck(seed * _MOST_CLOSINGS + number)
            until = (number + 1) / len(closings)
            packing = self._fill(packing, luck, span, until, trials, ended)
            for behind in self._behind(packing, placed, ahead[0].close_s):
                order, wanted = self._list(packing, placed, behind)
                value, found = self._decoder.placed(order, wanted)
                if value < best.objective_milli:
                    best, better = Coded(value, order, found.mode), found
            placed = better
            if ended():
                break
        return best

    def _ahead(self, placed: Placed) -> list[list[Window]]:
        """Return for each closing its window and those behind it, enough for all that waits."""
        windows: list[Window] = []
        last_s = int(placed.end_s.max())
        for window in openings(self._decoder.problem.windows):
            windows.append(window)
            if window.open_s > last_s:
                break
        return [windows[number:] for number in range(len(windows) - 2)]

    def _fill(
        self,
        packing: Packing,
        luck: Ints,
        span: Span,
        until: float,
        trials: int,
        ended: Callable[[], bool],
    ) -> Packing:
        """Pack until so much of a span is used up; return what the engine has made of it.

        One annealing, then pairs of bins until none gets better, and again from there after some
        trials that are not so cold (iterated local search: Lourenco, Martin, Stützle, 2003).
        """
        engine, arrays = self._decoder.engine, self._decoder.given
        bins, uses, trial, luck, shares = map(
            engine.given,
            (packing.bins, packing.uses, packing.trial, luck, engine.pairs.new_shares()),
        )
        state = arrays, bins, uses, trial
        engine.filling.begin(*state, engine.given(packing.first))
        begun = span.share()
        share = min(_MOST_ANNEALED, _ANNEALED * len(packing.first))
        cold = begun + share * (until - begun)
        while not ended() and (share := span.share()) < cold:
            hot = (
                packing.waiting.second * _HOT * (_COLD / _HOT) ** ((share - begun) / (cold - begun))
            )
            engine.filling.fill(
                *state, luck, trials * span.moves, hot, _SCATTERED * packing.waiting.second
            )
            span.spend(span.moves)
        engine.filling.fill(*state, luck, 0, 1.0, 0.0)
        best, least = None, math.inf
        rounds = max(1, trials * span.moves // _FILLED_WHILE_REPACKED)
        while not ended() and span.share() < until:
            made = engine.pairs.repack(*state, shares, luck, rounds)
            value = self._value(bins, packing.first)
            if value < least:
                best, least = copy.deepcopy(bins), value
            if made == 0:
                warm = packing.waiting.second * _WARM
                engine.filling.fill(*state, luck, _SHAKEN * len(packing.first), warm, 0.0)
            span.spend(span.moves)
        return packing._replace(bins=bins if best is None else best)

    def _value(self, bins: Bins, candidates: Ints) -> float:
        """Return what candidates contribute to the objective."""
        waits = candidates[np.asarray(bins.bin_of)[candidates] < 0]
        return float(np.sum(bins.value) + np.asarray(bins.later)[waits].sum())

    def _behind(self, packing: Packing, placed: Placed, close_s: int) -> Iterator[Floats]:
        """Yield ways to order what waits: at least once by worth, else much as it did."""
        yield close_s + 1.0 / (1.0 + self._fleet.worth)
        waits = np.flatnonzero(placed.start_s >= close_s)
        waits = waits[np.argsort(self._fleet.worth[waits], kind="stable")]
        starts = placed.start_s.astype(np.float64)
        out = np.flatnonzero(placed.start_s < close_s)
        rank = np.searchsorted(self._fleet.worth[waits], self._fleet.worth[out])
        near = rank[:, np.newaxis] + np.arange(-_NEAR, _NEAR + 1)
        starts[out] = np.median(starts[waits[np.clip(near, 0, len(waits) - 1)]], axis=1)
        yield starts

    def _list(self, packing: Packing, placed: Placed, behind: Floats) -> tuple[Ints, Ints]:
        """Return a list, and the modes that are wanted, with what has been packed."""
        bins, first = Bins(*map(np.asarray, packing.bins)), packing.first
        starts, wanted = behind.copy(), np.full(len(placed.mode), -1, np.int64)
        inside = first[bins.bin_of[first] >= 0]
        starts[inside], wanted[inside] = bins.start_s[inside], bins.mode[inside]
        for one in packing.ends:
            starts[one.task], wanted[one.task] = one.start_s, one.mode
        # The head comes first, whatever it has started at.
        starts[packing.head] = np.arange(len(packing.head)) - len(packing.head)
        wanted[packing.head] = placed.mode[packing.head]
        return np.argsort(starts, kind="stable"), wanted
