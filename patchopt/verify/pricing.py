"""The least cost of each item under given prices, exactly.

An item that starts at s in some way costs W (s + commit) and, of every row that it takes, the
amount times the integral of the row's price over the time that it holds it. Between knots of
the prices that is linear in s, so it is least where the start or an end of what is held meets
a knot, at an end of the starts that are allowed, or, outside of all cells, as early as can be.

Items of one length share all but weights and amounts: they are priced together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from patchopt.model.base import Ints
from patchopt.model.items import Item
from patchopt.model.windows import FOREVER, WindowSet
from patchopt.verify.prices import GUARD, Points, Prices, refused
from patchopt.verify.rows import SURGE, Way

#: Most costs that are held at once.
_BLOCK = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Clock:
    """What the scenario says of time.

    Parameters
    ----------
    windows : WindowSet
        Where work must lie.
    overhead_s : int
        Length of a switch.
    """

    windows: WindowSet
    overhead_s: int


def least_costs(
    prices: Prices,
    items: Sequence[Item],
    ways: Sequence[Sequence[Way]],
    heads_s: Sequence[int],
    clock: Clock,
) -> list[int]:
    """Return the least cost of each item over all its ways and allowed starts.

    Parameters
    ----------
    prices : Prices
        Of rows.
    items : sequence of Item
        What is placed.
    ways : sequence of sequence of Way
        How each may be done.
    heads_s : sequence of int
        No start of an item is earlier.
    clock : Clock
        Windows and overhead.

    Returns
    -------
    list of int
        Milli-weight-seconds; O(knots) for every way of an item, in NumPy for all of a length.

    Raises
    ------
    PlanError
        If a cost may lie beyond 62 bits.
    """
    _check_range(prices, items, ways, heads_s, clock)
    by_length: dict[int, list[int]] = defaultdict(list)
    for at, item in enumerate(items):
        by_length[item.length_s].append(at)
    least: list[int] = [GUARD] * len(items)
    for length_s, members in by_length.items():
        group = _Length(prices, clock, length_s)
        for built in (False, True):
            chosen = [(at, way) for at in members for way in ways[at] if (way.surge > 0) is built]
            for begin in range(0, len(chosen), group.block):
                part = chosen[begin : begin + group.block]
                costs = group.least(
                    np.array([items[at].weight_milli for at, _ in part], np.int64),
                    np.array([heads_s[at] for at, _ in part], np.int64),
                    [way for _, way in part],
                )
                for (at, _), cost in zip(part, costs.tolist(), strict=True):
                    least[at] = min(least[at], cost)
    return least


def _check_range(
    prices: Prices,
    items: Sequence[Item],
    ways: Sequence[Sequence[Way]],
    heads_s: Sequence[int],
    clock: Clock,
) -> None:
    """Show, in Python's integers, that no cost can overflow."""
    dearest = int(prices.sums[:, -1].max())
    # Of all windows some occurrence holds no cell, at most so many periods after the last.
    last = max(int(prices.knots[-1]), max(heads_s, default=0)) + clock.windows.period_s * (
        len(prices.knots) + 2
    )
    for item, options in zip(items, ways, strict=True):
        amounts = max(sum(amount for _, amount in way.held) + way.surge for way in options)
        commit = max(way.commit_s for way in options)
        if item.weight_milli * (last + commit) + 2 * amounts * dearest >= GUARD:
            raise refused("prices", "a cost is beyond 62 bits", "round prices lower")


@dataclass(frozen=True, kw_only=True)
class _Starts:
    """Starts, of shape (m,) for all items or (n, m), and where what is held begins and ends."""

    at: Ints
    begin: Points
    end: Points
    copied: Points


class _Length:
    """All items of one length."""

    def __init__(self, prices: Prices, clock: Clock, length_s: int) -> None:
        self.prices, self.windows, self.length_s = prices, clock.windows, length_s
        # Without windows a switch follows at once or later; with them at the end of the work or
        # any time after, so its slots are only sure to be held until then.
        self.copied_s = length_s + (0 if clock.windows.period_s else clock.overhead_s)
        self.shared = self._starts(self._on_knots())
        self.block = max(1, _BLOCK // (len(self.shared.at) + 1))

    def least(self, weights: Ints, heads: Ints, ways: Sequence[Way]) -> Ints:
        """Return the least cost of some items, all in place or all built."""
        own = self._starts(_earliest(self.prices, self.windows, heads, self.length_s))
        best = self._costs(weights, ways, own).min(axis=1)
        costs = self._costs(weights, ways, self.shared)
        if heads.any():
            costs[self.shared.at[None, :] < heads[:, None]] = GUARD
        return np.asarray(np.minimum(best, costs.min(axis=1, initial=GUARD)), np.int64)

    def _starts(self, at: Ints) -> _Starts:
        find = self.prices.points
        return _Starts(
            at=at, begin=find(at), end=find(at + self.length_s), copied=find(at + self.copied_s)
        )

    def _on_knots(self) -> Ints:
        """Return the starts at kinks and at the ends of openings, as far as windows allow."""
        prices, length_s = self.prices, self.length_s
        held = sorted({0, length_s, self.copied_s})
        starts = np.concatenate(
            [*(prices.knots - after for after in held), prices.opens, prices.closes - length_s]
        )
        every = np.arange(len(prices.opens))
        opening = np.concatenate([np.tile(prices.opening, len(held)), every, every])
        allowed = (starts >= prices.opens[opening]) & (starts + length_s <= prices.closes[opening])
        # Without windows nothing closes: its last start is none.
        return np.unique(starts[allowed & (starts < FOREVER - length_s)])

    def _costs(self, weights: Ints, ways: Sequence[Way], starts: _Starts) -> Ints:
        prices = self.prices
        commits = np.array([way.commit_s for way in ways], np.int64)
        costs = np.asarray(weights[:, None] * (starts.at + commits[:, None]), np.int64)
        for who, rows, amounts in _columns(prices, ways):
            begin, end = starts.begin.of(who), starts.end.of(who)
            integral = prices.integrals(rows, end) - prices.integrals(rows, begin)
            costs[who] += amounts[:, None] * integral
        slots = np.array([way.surge for way in ways], np.int64)
        if SURGE in prices.number and slots.any():
            rows = np.full(len(ways), prices.number[SURGE], np.int64)
            integral = prices.integrals(rows, starts.copied) - prices.integrals(rows, starts.begin)
            costs += slots[:, None] * integral
        return costs


def _columns(prices: Prices, ways: Sequence[Way]) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Yield, of all ways that hold so many priced rows, which ways, the rows and the amounts."""
    held = [
        [(prices.number[row], amount) for row, amount in way.held if row in prices.number]
        for way in ways
    ]
    for column in range(max(map(len, held), default=0)):
        found = [(at, *rows[column]) for at, rows in enumerate(held) if len(rows) > column]
        table = np.array(found, np.int64)
        yield table[:, 0], table[:, 1], table[:, 2]


def _earliest(prices: Prices, windows: WindowSet, heads: Ints, length_s: int) -> Ints:
    """Return two starts an item: the first allowed one, and the first in an opening without cells.

    Where there are no cells prices are 0, and of such openings the first is the best.
    """
    firsts = {head: windows.earliest_fit(head, length_s) for head in set(heads.tolist())}
    first = np.array([firsts[head] for head in heads.tolist()], np.int64)
    empty = np.full(len(heads), FOREVER, np.int64)
    period = windows.period_s
    for start, length in zip(windows.starts_s.tolist(), windows.lengths_s.tolist(), strict=True):
        if length < length_s:
            continue
        taken = (prices.closes - start - length) // period
        taken = np.unique(taken[taken * period + start + length == prices.closes])
        free = _next_free(taken, -((start - heads) // period))
        empty = np.minimum(empty, free * period + start)
    return np.stack([first, np.where(empty < FOREVER, empty, first)], axis=1)


def _next_free(taken: Ints, wanted: Ints) -> Ints:
    """Return the first number at or after each wanted one that is not taken.

    Examples
    --------
    >>> _next_free(np.array([1, 2, 5]), np.array([0, 1, 2, 3, 5]))
    array([0, 3, 3, 3, 6])
    """
    if not len(taken):
        return wanted
    ends = np.flatnonzero(np.diff(taken, append=taken[-1] + 2) > 1)
    at = np.searchsorted(taken, wanted)
    hit = (at < len(taken)) & (taken[np.minimum(at, len(taken) - 1)] == wanted)
    run = ends[np.minimum(np.searchsorted(ends, at), len(ends) - 1)]
    return np.where(hit, taken[run] + 1, wanted)
