"""The dual function of integer prices, in exact integers.

What a class pays is linear between the starts that lie on an edge of a cell, or from which
something that it holds ends on one: so the least is at one of these, at the edge of what
is allowed, or at the first start after the last cell, from where on only the weighted commit
rises. Whatever the prices are, the value is a bound.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from patchopt.compiling.jit import inner, outer
from patchopt.model import windows
from patchopt.model.base import Ints
from patchopt.model.windows import FOREVER, WindowSet
from patchopt.optimizer.bounds.grid import Cells
from patchopt.optimizer.bounds.layout import Layout

_window_close = inner(windows.window_close)
_next_opening = inner(windows.next_opening)

#: Above this sums of products might not fit 64 bits.
_MOST = 2**61


class _Room(NamedTuple):
    """Room to work in: starts and costs by edge, sums of prices by part and cell."""

    start_s: Ints
    cost: Ints
    sum_paid: Ints
    sum_price: Ints
    least: Ints


class _Open(NamedTuple):
    """Windows, as in `WindowSet`."""

    period_s: int
    starts_s: Ints
    lengths_s: Ints


@inner
def _fits(opened: _Open, start: int, length: int) -> bool:
    if opened.period_s == 0 or length == 0:
        return True
    close = _window_close(start, opened.period_s, opened.starts_s, opened.lengths_s)
    return bool(close >= start + length)


@inner
def _first_fit(opened: _Open, time: int, length: int) -> int:
    if _fits(opened, time, length):
        return time
    return _next_opening(time, length, opened.period_s, opened.starts_s, opened.lengths_s)


@inner
def _paid(cells: Cells, room: _Room, part: int, last: int, time: int) -> int:
    """Return the integral of a part's price up to a time at or after the beginning of a cell.

    -1: the time is before the first cell.
    """
    if last < 0:
        return 0
    inside = min(time - cells.begin_s[last], cells.width_s[last])
    return int(room.sum_paid[part, last] + inside * room.sum_price[part, last])


@inner
def _add_costs(layout: Layout, cells: Cells, room: _Room, mode: int, count: int) -> None:
    """Add what the parts of a mode pay to the costs of ascending starts."""
    first = layout.part_begin[mode]
    for part in range(first, layout.part_begin[mode + 1]):
        held, zero = layout.held_s[part], layout.from_zero[part] == 1
        at, last = -1, -1
        for k in range(count):
            start = room.start_s[k]
            if start < 0:
                continue
            while last + 1 < len(cells.begin_s) and cells.begin_s[last + 1] <= start + held:
                last += 1
            room.cost[k] += _paid(cells, room, part - first, last, start + held)
            if not zero:
                while at + 1 < len(cells.begin_s) and cells.begin_s[at + 1] <= start:
                    at += 1
                room.cost[k] -= _paid(cells, room, part - first, at, start)


@inner
def _least_of(
    layout: Layout, cells: Cells, opened: _Open, room: _Room, one: int, mode: int, count: int
) -> int:
    """Price the starts that are written down, where they are allowed; return the least cost."""
    weight, length, head = layout.weight_milli[one], layout.length_s[one], layout.head_s[one]
    for k in range(count):
        if room.start_s[k] < head or not _fits(opened, room.start_s[k], length):
            room.start_s[k] = -1
        room.cost[k] = weight * (room.start_s[k] + layout.commit_s[mode])
    _add_costs(layout, cells, room, mode, count)
    least = FOREVER
    for k in range(count):
        if room.start_s[k] >= 0 and room.cost[k] < least:
            least = room.cost[k]
    return least


@inner
def _sum_up(layout: Layout, paid: Ints, prices: Ints, room: _Room, mode: int) -> None:
    first = layout.part_begin[mode]
    for part in range(first, layout.part_begin[mode + 1]):
        for k in range(prices.shape[1]):
            room.sum_paid[part - first, k] = 0
            room.sum_price[part - first, k] = 0
        for at in range(layout.demand_begin[part], layout.demand_begin[part + 1]):
            row, amount = layout.row[at], layout.amount[at]
            if paid[row, prices.shape[1]] == 0:
                continue
            for k in range(prices.shape[1]):
                room.sum_paid[part - first, k] += amount * paid[row, k]
                room.sum_price[part - first, k] += amount * prices[row, k]


@outer
def _least_costs(
    layout: Layout, cells: Cells, opened: _Open, paid: Ints, prices: Ints, edges: Ints, room: _Room
) -> None:
    """Write down the least cost of every class."""
    for one in range(len(layout.weight_milli)):
        least = FOREVER
        length, head = layout.length_s[one], layout.head_s[one]
        for mode in range(layout.mode_begin[one], layout.mode_begin[one + 1]):
            _sum_up(layout, paid, prices, room, mode)
            room.start_s[0] = _first_fit(opened, head, length)
            room.start_s[1] = _first_fit(opened, max(head, edges[-1]), length)
            least = min(least, _least_of(layout, cells, opened, room, one, mode, 2))
            first = layout.part_begin[mode]
            for which in range(-2, layout.part_begin[mode + 1] - first):
                shift = 0
                if which == -1:
                    shift = length
                elif which >= 0:
                    shift = layout.held_s[first + which]
                if which >= -1 and (shift == 0 or (which >= 0 and shift == length)):
                    continue
                for k in range(len(edges)):
                    room.start_s[k] = edges[k] - shift
                cost = _least_of(layout, cells, opened, room, one, mode, len(edges))
                least = min(least, cost)
        room.least[one] = least


def least_costs_milli(layout: Layout, cells: Cells, windows: WindowSet, prices: Ints) -> Ints:
    """Return what each class pays at least, its commit and its places together.

    Parameters
    ----------
    layout, cells
        The relaxation.
    windows : WindowSet
        Where work must lie.
    prices : ndarray of int64, shape (rows, cells)
        At least 0: milli-weight per place and second.

    Returns
    -------
    ndarray of int64, shape (classes,)
        Milli-weight-seconds, of one task. O(modes x parts x (demands + parts) x cells).

    Raises
    ------
    OverflowError
        If a sum might not fit 64 bits.
    """
    edges = np.unique(np.concatenate([cells.begin_s, cells.end_s]))
    _guard(layout, windows, prices, cells, int(edges[-1]))
    parts = max(1, int(np.diff(layout.part_begin).max(initial=0)))
    room = _Room(
        start_s=np.zeros(max(2, len(edges)), np.int64),
        cost=np.zeros(max(2, len(edges)), np.int64),
        sum_paid=np.zeros((parts, len(cells.begin_s)), np.int64),
        sum_price=np.zeros((parts, len(cells.begin_s)), np.int64),
        least=np.zeros(len(layout.weight_milli), np.int64),
    )
    opened = _Open(windows.period_s, windows.starts_s, windows.lengths_s)
    _least_costs(layout, cells, opened, paid_milli(cells, prices), prices, edges, room)
    return room.least


def paid_milli(cells: Cells, prices: Ints) -> Ints:
    """Return the integral of each price up to every cell, and to the end of the last.

    Returns
    -------
    ndarray of int64, shape (rows, cells + 1)
    """
    paid = np.zeros((len(prices), len(cells.begin_s) + 1), np.int64)
    np.cumsum(prices * cells.width_s, axis=1, out=paid[:, 1:])
    return paid


def dual_value_milli(layout: Layout, cells: Cells, windows: WindowSet, prices: Ints) -> int:
    """Return the bound that integer prices give; see `least_costs_milli`."""
    least = least_costs_milli(layout, cells, windows, prices).tolist()
    given = paid_milli(cells, prices)[:, -1].tolist()
    paid = sum(times * cost for times, cost in zip(layout.times.tolist(), least, strict=True))
    return int(
        paid - sum(c * total for c, total in zip(layout.capacity.tolist(), given, strict=True))
    )


def _guard(layout: Layout, windows: WindowSet, prices: Ints, cells: Cells, end_s: int) -> None:
    """Refuse prices whose sums might not fit."""
    paid = prices.astype(np.float64) @ cells.width_s
    asked = np.abs(layout.amount) * paid[layout.row]
    up_to = np.concatenate([np.zeros(1), np.cumsum(asked)])
    of_modes = np.diff(up_to[layout.demand_begin[layout.part_begin]])
    latest = float(max(end_s, layout.head_s.max(initial=0)) + windows.period_s)
    latest += float(2 * layout.commit_s.max(initial=0) + 2 * layout.held_s.max(initial=0))
    worth = float(layout.weight_milli.max(initial=0)) * latest
    if worth + 4 * (of_modes.max(initial=0.0) + paid.max(initial=0.0)) > _MOST:
        raise OverflowError("prices too high for 64 bits")
