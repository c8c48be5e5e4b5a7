"""Where the starts that are priced lie, and room to price them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from patchopt.compiling.jit import inner
from patchopt.model.base import Floats, Ints
from patchopt.optimizer.bounds.grid import Cells
from patchopt.optimizer.bounds.layout import Layout


class Scratch(NamedTuple):
    """Room to work in; K cells, two families of starts.

    Parameters
    ----------
    paid : ndarray of float64, shape (rows, K + 1)
        Integral of each price up to the beginning of each cell, and to the end of the last.
    start_s, cell : ndarray of int64, shape (2, K + 1)
        Starts of a class and the cells that they are in; -1: none.
    cost : ndarray of float64, shape (2 modes, K + 1)
        Of each start in each mode, then its share; mode m in families 2m and 2m + 1.
    sum_paid, sum_price : ndarray of float64, shape (parts, K + 1)
        Of all demands of a part of a mode.
    steps, lines : ndarray of float64, shape (K,)
        Use of a part: what is added to the use from a cell on, and inside of it.
    row_steps : ndarray of float64, shape (rows, K)
        The same of each row: what is added from a cell on.
    """

    paid: Floats
    start_s: Ints
    cell: Ints
    cost: Floats
    sum_paid: Floats
    sum_price: Floats
    steps: Floats
    lines: Floats
    row_steps: Floats


def scratch_of(layout: Layout, cells: int) -> Scratch:
    """Return room for a layout and a number of cells."""
    modes = int(np.diff(layout.mode_begin).max(initial=0))
    parts = int(np.diff(layout.part_begin).max(initial=0))
    rows = len(layout.capacity)
    return Scratch(
        paid=np.zeros((rows, cells + 1)),
        start_s=np.zeros((2, cells + 1), np.int64),
        cell=np.zeros((2, cells + 1), np.int64),
        cost=np.zeros((2 * modes, cells + 1)),
        sum_paid=np.zeros((max(parts, 1), cells + 1)),
        sum_price=np.zeros((max(parts, 1), cells + 1)),
        steps=np.zeros(cells),
        lines=np.zeros(cells),
        row_steps=np.zeros((rows, cells)),
    )


@inner
def find_starts(layout: Layout, cells: Cells, scratch: Scratch, one: int, families: int) -> None:
    """Write down the starts of a class at which it fits its window, and their cells."""
    count = len(cells.begin_s)
    head, length = layout.head_s[one], layout.length_s[one]
    at = 0
    for k in range(count):
        begin = cells.begin_s[k]
        start = head if begin < head < begin + cells.width_s[k] else begin
        if start < head or start + length > cells.close_s[k]:
            start = -1
        scratch.start_s[0, k] = start
        scratch.cell[0, k] = k
        if families == 1:
            continue
        start = begin + cells.width_s[k] - length
        if start >= 0:
            while at + 1 < count and cells.begin_s[at + 1] <= start:
                at += 1
        inside = start < cells.begin_s[at] + cells.width_s[at]
        if start < head or not inside or start + length > cells.close_s[at]:
            start = -1
        scratch.start_s[1, k] = start
        scratch.cell[1, k] = at
    # Behind the last cell nothing changes any more.
    end = cells.begin_s[count - 1] + cells.width_s[count - 1]
    scratch.start_s[0, count] = end if head <= end <= cells.close_s[count - 1] - length else -1
    scratch.cell[0, count] = count - 1
    scratch.start_s[1, count] = -1
    scratch.cell[1, count] = count - 1
