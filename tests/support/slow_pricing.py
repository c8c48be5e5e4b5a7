"""The value of prices by trying every second: what `dual_value_milli` has to come to."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from patchopt.optimizer.bounds.bound import Priced
    from patchopt.optimizer.bounds.rows import Demand, TaskClass


def slow_value(priced: Priced) -> int:
    """Return the bound of rounded prices, without skipped weight; for short horizons only."""
    relaxation = priced.relaxation
    windows = relaxation.problem.windows
    heads = [one.head_s for one in relaxation.classes]
    held = [d.held_s for one in relaxation.classes for way in one.ways for d in way.demands]
    longest = max(one.length_s for one in relaxation.classes)
    end = max(int(priced.cells.end_s[-1]), *heads)
    last = end + 2 * windows.period_s + longest + 1
    paid = _paid(priced, last + max(held, default=0) + 1)
    value = -sum(
        row.capacity * so_far[-1] for row, so_far in zip(relaxation.rows, paid, strict=True)
    )
    for one in relaxation.classes:
        starts = [
            start
            for start in range(one.head_s, last)
            if one.length_s == 0 or windows.earliest_fit(start, one.length_s) == start
        ]
        value += one.count * min(_cost(one, start, paid) for start in starts)
    return value


def _paid(priced: Priced, seconds: int) -> list[list[int]]:
    """Return of each row the integral of its price up to every second."""
    found = []
    cells = priced.cells
    for rates in priced.rates:
        price = [0] * seconds
        for begin, end, rate in zip(cells.begin_s, cells.end_s, rates, strict=True):
            price[begin:end] = [int(rate)] * int(end - begin)
        found.append(list(accumulate(price[:seconds], initial=0)))
    return found


def _cost(one: TaskClass, start: int, paid: list[list[int]]) -> int:
    return min(
        one.weight_milli * (start + way.commit_s)
        + sum(_price(demand, start, paid[demand.row]) for demand in way.demands)
        for way in one.ways
    )


def _price(demand: Demand, start: int, paid: list[int]) -> int:
    before = 0 if demand.from_zero else paid[start]
    return demand.amount * (paid[start + demand.held_s] - before)
