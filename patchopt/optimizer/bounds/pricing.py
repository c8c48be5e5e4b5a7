"""The dual function, smoothed, and its gradient: what prices bring in, and who uses how much.

Every class of tasks takes the start and the mode in which its weighted commit and what it pays
for its places are least together; the softmin over starts at a temperature instead of the
least makes that differentiable (Nesterov, Smooth minimization of non-smooth functions,
Mathematical Programming 103, 2005). Starts are where a cell begins, and where work would end
with a cell; the sum of prices times amounts of a part of a mode is one price, so that a
start is priced in the time of a few additions.
"""

from __future__ import annotations

import math

from patchopt.compiling.jit import inner, outer
from patchopt.model.base import Floats
from patchopt.optimizer.bounds.grid import Cells
from patchopt.optimizer.bounds.layout import Layout
from patchopt.optimizer.bounds.starts import Scratch, find_starts

#: What a start that is not allowed costs.
NEVER = 1e300
#: A start this many temperatures above the least has no share.
_FAR = 30.0


@inner
def add_up(layout: Layout, cells: Cells, prices: Floats, scratch: Scratch) -> float:
    """Add up prices over time; return what all capacity costs."""
    rows, count = prices.shape
    total = 0.0
    for row in range(rows):
        scratch.paid[row, 0] = 0.0
        for k in range(count):
            scratch.paid[row, k + 1] = scratch.paid[row, k] + prices[row, k] * cells.width_s[k]
        total += layout.capacity[row] * scratch.paid[row, count]
    return total


@inner
def _sum_up(layout: Layout, prices: Floats, scratch: Scratch, part: int, slot: int) -> None:
    """Add up what the demands of a part are to pay."""
    count = prices.shape[1]
    for k in range(count + 1):
        scratch.sum_paid[slot, k] = 0.0
        scratch.sum_price[slot, k] = 0.0
    for at in range(layout.demand_begin[part], layout.demand_begin[part + 1]):
        row, amount = layout.row[at], float(layout.amount[at])
        for k in range(count):
            scratch.sum_paid[slot, k] += amount * scratch.paid[row, k]
            scratch.sum_price[slot, k] += amount * prices[row, k]


@inner
def _charge(
    layout: Layout, cells: Cells, scratch: Scratch, part: int, slot: int, into: int, family: int
) -> None:
    """Add what a part of a mode pays to the cost of every start of a family."""
    count = len(cells.begin_s)
    held, zero = layout.held_s[part], layout.from_zero[part] == 1
    last = 0
    for k in range(count + 1):
        start = scratch.start_s[family, k]
        if start < 0:
            continue
        end = start + held
        at = scratch.cell[family, k]
        last = max(last, at)
        while last + 1 < count and cells.begin_s[last + 1] < end:
            last += 1
        inside = min(end - cells.begin_s[last], cells.width_s[last])
        paid = scratch.sum_paid[slot, last] + inside * scratch.sum_price[slot, last]
        if not zero:
            before = start - cells.begin_s[at]
            paid -= scratch.sum_paid[slot, at] + before * scratch.sum_price[slot, at]
        scratch.cost[into, k] += paid


@inner
def cost_of(
    layout: Layout, cells: Cells, prices: Floats, scratch: Scratch, one: int, families: int
) -> float:
    """Price all starts of a class in all modes; return the least cost."""
    least = NEVER
    first = layout.mode_begin[one]
    weight = float(layout.weight_milli[one])
    for mode in range(first, layout.mode_begin[one + 1]):
        base = weight * layout.commit_s[mode]
        for family in range(families):
            into = 2 * (mode - first) + family
            for k in range(len(cells.begin_s) + 1):
                scratch.cost[into, k] = base + weight * scratch.start_s[family, k]
        for part in range(layout.part_begin[mode], layout.part_begin[mode + 1]):
            _sum_up(layout, prices, scratch, part, 0)
            for family in range(families):
                into = 2 * (mode - first) + family
                _charge(layout, cells, scratch, part, 0, into, family)
        for family in range(families):
            into = 2 * (mode - first) + family
            for k in range(len(cells.begin_s) + 1):
                if scratch.start_s[family, k] < 0:
                    scratch.cost[into, k] = NEVER
                elif scratch.cost[into, k] < least:
                    least = scratch.cost[into, k]
    return least


@inner
def share_of(
    scratch: Scratch, modes: int, families: int, least: float, temperature: float
) -> float:
    """Turn costs into shares that are to be divided by the sum that is returned."""
    total = 0.0
    for mode in range(modes):
        for family in range(families):
            for k in range(scratch.cost.shape[1]):
                above = (scratch.cost[2 * mode + family, k] - least) / temperature
                share = math.exp(-above) if above < _FAR else 0.0
                scratch.cost[2 * mode + family, k] = share
                total += share
    return total


@inner
def _use(
    layout: Layout,
    cells: Cells,
    scratch: Scratch,
    part: int,
    into: int,
    scale: float,
    row_lines: Floats,
) -> None:
    """Add the use of a part of a mode, in both families, to that of its rows."""
    count = len(cells.begin_s)
    low, high = count, -1
    held, zero = layout.held_s[part], layout.from_zero[part] == 1
    for family in range(2):
        last = 0
        for k in range(count + 1):
            share = scratch.cost[into + family, k]
            if share <= 0.0:
                continue
            start, at = scratch.start_s[family, k], scratch.cell[family, k]
            end = start + held
            last = max(last, at)
            while last + 1 < count and cells.begin_s[last + 1] < end:
                last += 1
            inside = min(end - cells.begin_s[last], cells.width_s[last])
            if zero:
                at = 0
            else:
                scratch.lines[at] -= share * (start - cells.begin_s[at])
            scratch.steps[at] += share
            scratch.steps[last] -= share
            scratch.lines[last] += share * inside
            low, high = min(low, at), max(high, last)
    for at in range(layout.demand_begin[part], layout.demand_begin[part + 1]):
        row, amount = layout.row[at], scale * layout.amount[at]
        for k in range(low, high + 1):
            scratch.row_steps[row, k] += amount * scratch.steps[k]
            row_lines[row, k] += amount * scratch.lines[k]
    for k in range(low, high + 1):
        scratch.steps[k] = 0.0
        scratch.lines[k] = 0.0


@outer
def priced_out(
    layout: Layout,
    cells: Cells,
    prices: Floats,
    temperature: float,
    families: int,
    scratch: Scratch,
    gradient: Floats,
) -> tuple[float, float]:
    """Evaluate the dual function and its gradient.

    Parameters
    ----------
    layout, cells
        The relaxation.
    prices : ndarray of float64, shape (rows, K)
        Milli-weight per place and second.
    temperature : float
        Milli-weight-seconds.
    families : int
        1: starts at the beginning of cells only; 2: ends at their ends too.
    scratch : Scratch
        Whose shares are 0 where there is no second family.
    gradient : ndarray of float64, shape (rows, K)
        Receives use less capacity of every cell, in places times seconds.

    Returns
    -------
    smoothed, hard : float
        The smoothed value, and that with the least cost of every class on these starts.
        O(modes x (parts + demands) x K).
    """
    rows, count = prices.shape
    total = -add_up(layout, cells, prices, scratch)
    for row in range(rows):
        for k in range(count):
            scratch.row_steps[row, k] = 0.0
            gradient[row, k] = 0.0
    smoothed, hard = total, total
    for one in range(len(layout.weight_milli)):
        own_families = families if layout.length_s[one] > 0 else 1
        find_starts(layout, cells, scratch, one, own_families)
        least = cost_of(layout, cells, prices, scratch, one, own_families)
        if least >= NEVER:
            continue
        first, modes = layout.mode_begin[one], layout.mode_begin[one + 1] - layout.mode_begin[one]
        sum_of_shares = share_of(scratch, modes, own_families, least, temperature)
        times = layout.times[one]
        smoothed += times * (least - temperature * math.log(sum_of_shares))
        hard += times * least
        if own_families == 1:
            for mode in range(modes):
                for k in range(count + 1):
                    scratch.cost[2 * mode + 1, k] = 0.0
        for mode in range(first, layout.mode_begin[one + 1]):
            for part in range(layout.part_begin[mode], layout.part_begin[mode + 1]):
                into, scale = 2 * (mode - first), times / sum_of_shares
                _use(layout, cells, scratch, part, into, scale, gradient)
    for row in range(rows):
        used = 0.0
        for k in range(count):
            used += scratch.row_steps[row, k]
            free = (used - layout.capacity[row]) * cells.width_s[k]
            gradient[row, k] += free
    return smoothed, hard
