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
from patchopt.model.windows import WindowSet
from patchopt.verify.openings import closings, first_fits
from patchopt.verify.prices import GUARD, Points, Prices, refused
from patchopt.verify.rows import Held, Way

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
            chosen = [(at, way) for at in members for way in ways[at] if way.built is built]
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
        amounts = max(sum(abs(take.amount) for take in way.takes) for way in options)
        commit = max(way.commit_s for way in options)
        if item.weight_milli * (last + commit) + 2 * amounts * dearest >= GUARD:
            raise refused("prices", "a cost is beyond 62 bits", "round prices lower")


class _Starts:
    """Starts of work, of shape (m,) for all items or (n, m), and where what is held ends."""

    def __init__(self, group: _Length, at: Ints) -> None:
        find = group.prices.points
        self.at = at
        self.begin = find(at)
        self.end = find(at + group.length_s)
        self.switched = find(at + group.length_s + group.overhead_s)

    def until(self, held: Held, *, built: bool, sure: bool) -> Points:
        """Return the end of what is held; `sure`: a switch follows at once or later."""
        if held is Held.START:
            return self.begin
        if (held is Held.FINISH and built) or (held is Held.COPY and sure):
            return self.switched
        return self.end


class _Length:
    """All items of one length."""

    def __init__(self, prices: Prices, clock: Clock, length_s: int) -> None:
        self.prices, self.windows = prices, clock.windows
        self.length_s, self.overhead_s = length_s, clock.overhead_s
        self.shared = _Starts(self, self._kinks())
        self.block = max(1, _BLOCK // len(self.shared.at))

    def least(self, weights: Ints, heads: Ints, ways: Sequence[Way]) -> Ints:
        """Return the least cost of some items, all in place or all built."""
        own = _Starts(self, first_fits(heads[:, None], self.length_s, self.windows))
        best = self._costs(weights, ways, own).min(axis=1)
        costs = self._costs(weights, ways, self.shared)
        if heads.any():
            costs[self.shared.at[None, :] < heads[:, None]] = GUARD
        return np.asarray(np.minimum(best, costs.min(axis=1)), np.int64)

    def _kinks(self) -> Ints:
        """Return all starts that may be best, heads left aside.

        Those from which a start or an end of what is held meets a knot; the first after each
        knot, for what is between two openings; the last before each closing.
        """
        knots, windows, length_s = self.prices.knots, self.windows, self.length_s
        found = [knots, knots - length_s]
        if self.overhead_s:
            found.append(knots - length_s - self.overhead_s)
        if windows.period_s:
            found.append(closings(knots, windows) - length_s)
        starts = np.concatenate(found)
        starts = starts[(starts >= 0) & (starts <= knots[-1])]
        if windows.period_s:
            starts = starts[closings(starts, windows) >= starts + length_s]
            starts = np.append(starts, first_fits(knots, length_s, windows))
        return starts

    def _costs(self, weights: Ints, ways: Sequence[Way], starts: _Starts) -> Ints:
        prices, built = self.prices, ways[0].built
        commits = np.array([way.commit_s for way in ways], np.int64)
        costs = np.asarray(weights[:, None] * (starts.at + commits[:, None]), np.int64)
        for held in Held:
            until = starts.until(held, built=built, sure=self.windows.period_s == 0)
            for who, rows, amounts in _columns(prices, ways, held):
                integral = prices.integrals(rows, until.of(who))
                if held in (Held.WORK, Held.COPY):
                    integral -= prices.integrals(rows, starts.begin.of(who))
                costs[who] += amounts[:, None] * integral
        return costs


def _columns(prices: Prices, ways: Sequence[Way], held: Held) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Yield, of all ways that take so many priced rows, which ways, the rows and the amounts."""
    taken = [
        [
            (prices.number[take.row], take.amount)
            for take in way.takes
            if take.held is held and take.row in prices.number
        ]
        for way in ways
    ]
    for column in range(max(map(len, taken), default=0)):
        found = [(at, *rows[column]) for at, rows in enumerate(taken) if len(rows) > column]
        table = np.array(found, np.int64)
        yield table[:, 0], table[:, 1], table[:, 2]
