"""How the ascent over prices is cut into stages: coarse and warm first, fine and cold last."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np

from patchopt.model.base import Floats
from patchopt.model.windows import closed_time
from patchopt.optimizer.bounds.grid import Cells, cells_of
from patchopt.optimizer.bounds.rows import Relaxation, TaskClass

#: Beyond the load of the narrowest row prices go on for so many of the longest works.
_BEYOND = 1.2
#: After so much of the crew's time cells grow, if prices go on much longer than that.
_WIDEN_AFTER, _WIDEN_IF = 1.1, 1.3
#: The first level is the coarsest with at least so many cells.
_LEAST_CELLS = 8
#: Levels with more prices than that are left out, and where all have more cells are made wider: a
#: dozen arrays of so many are at hand at once.
_MOST_PRICES = 15_000_000
#: With prices of a relaxation that is much the same, the last two levels are gone through.
_AGAIN = 5
#: Iterations of a level relative to those of the level before.
_MORE = 1.25


@dataclass(frozen=True, kw_only=True)
class Levels:
    """Widths of cells by level, and temperatures, as shares of mean length and mean cost.

    Parameters
    ----------
    widths, temperatures : sequence of float
        Falling. Where there is room for none of the widths, the first is doubled until there is.
        A level goes through two temperatures, the last one through three if there are.
    prices : float
        Levels with more prices for each mean length of width are left out: steps that take so
        long are worth more where cells are wider.
    """

    widths: Sequence[float]
    temperatures: Sequence[float]
    prices: float = math.inf


#: What has worked best without and with order, over the families of `patchopt.generate`. Under
#: order prices hang on each other along paths, and move far in few steps where cells are wide.
FREE = Levels(
    widths=(8 / 20, 4 / 20, 2 / 20, 1 / 20, 1 / 40),
    temperatures=(0.03, 0.01, 0.003, 0.001, 0.0003),
)
ORDERED = Levels(
    widths=tuple(12.8 / 2**level for level in range(9)),
    temperatures=(0.1, 0.03, 0.01, 0.003, 0.001, 0.0003, 0.0001),
    prices=9_400_000,
)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A part of the ascent.

    Parameters
    ----------
    cells : Cells
        On which prices are constant.
    temperature : float
        Milli-weight-seconds.
    until : float
        Share of all iterations, or of the time, at which it ends.
    """

    cells: Cells
    temperature: float
    until: float


def stages_of(relaxation: Relaxation, levels: Levels, until_s: int = 0) -> list[Stage]:
    """Return the stages of an ascent, coarsest first.

    Parameters
    ----------
    relaxation : Relaxation
        With at least one row.
    levels : Levels
        Widths and temperatures.
    until_s : int
        Prices go at least up to there.
    """
    mean_s = sum(one.length_s * one.count for one in relaxation.classes) / _tasks(relaxation)
    cost_milli = mean_cost_milli(relaxation)
    open_s, widen_after_s = _horizon(relaxation, until_s)
    windows = relaxation.problem.windows
    rows = len(relaxation.rows)

    def cut(width: float) -> Cells:
        return cells_of(windows, max(1, int(mean_s * width)), open_s, widen_after_s)

    def fits(width: float, cells: Cells) -> bool:
        return len(cells.begin_s) * rows <= min(_MOST_PRICES, levels.prices * width)

    grids = [cut(width) for width in levels.widths]
    few = sum(len(cells.begin_s) < _LEAST_CELLS for cells in grids[:-1])
    fitting = sum(map(fits, levels.widths, grids))
    grids = grids[few:fitting] or [_wider(cut, fits, levels.widths[few])]
    found = []
    last = len(grids) - 1
    for level, cells in enumerate(grids):
        for at, temperature in enumerate(levels.temperatures):
            if level - (level == last) <= at <= level + 1:
                found.append((cells, max(1.0, temperature * cost_milli), _MORE**level))
    shares = list(accumulate(share for _, _, share in found))
    return [
        Stage(cells=cells, temperature=temperature, until=share / shares[-1])
        for (cells, temperature, _), share in zip(found, shares, strict=True)
    ]


def mean_cost_milli(relaxation: Relaxation) -> float:
    """Return what a task costs in the mean if each starts as soon as it may."""
    cost = sum(one.weight_milli * one.count * _earliest_s(one) for one in relaxation.classes)
    return cost / _tasks(relaxation)


def last_of(stages: list[Stage]) -> list[Stage]:
    """Return the stages with which an ascent goes on from good prices."""
    before = 0.0 if len(stages) <= _AGAIN else stages[-_AGAIN - 1].until
    return [
        replace(stage, until=(stage.until - before) / (1 - before)) for stage in stages[-_AGAIN:]
    ]


def _wider(
    cut: Callable[[float], Cells], fits: Callable[[float, Cells], bool], width: float
) -> Cells:
    """Double a width until its cells fit, or are no longer fewer: each window keeps one."""
    cells = cut(width)
    while not fits(width, cells):
        width, before, cells = 2 * width, len(cells.begin_s), cut(2 * width)
        if len(cells.begin_s) == before:
            break
    return cells


def _tasks(relaxation: Relaxation) -> int:
    return sum(len(one.members) for one in relaxation.classes)


def _earliest_s(one: TaskClass) -> int:
    return one.head_s + min(way.commit_s for way in one.ways)


def _horizon(relaxation: Relaxation, until_s: int) -> tuple[int, float | None]:
    """Return the open time that prices cover, and after how much of it cells may grow."""
    load = np.zeros(len(relaxation.rows))
    for one in relaxation.classes:
        for row, work in _least_work(one).items():
            load[row] += work * one.count
    capacity = np.array([row.capacity for row in relaxation.rows])
    needed = np.where(capacity > 0, load / np.maximum(capacity, 1), 0.0)
    longest = max(one.length_s for one in relaxation.classes)
    windows = relaxation.problem.windows
    latest = max(until_s, max(one.head_s for one in relaxation.classes) + longest)
    if windows.period_s:
        latest = _open_until(relaxation, latest)
    end = max(int(needed.max(initial=0.0) + _BEYOND * longest), latest) + 1
    crew = needed.max(initial=0.0) if relaxation.crew is None else needed[relaxation.crew]
    widens = 0 < _WIDEN_IF * crew < end
    return end, _WIDEN_AFTER * float(crew) if widens else None


def _open_until(relaxation: Relaxation, time_s: int) -> int:
    windows = relaxation.problem.windows
    closed = closed_time(0, time_s, windows.period_s, windows.starts_s, windows.lengths_s)
    return time_s - int(closed)


def _least_work(one: TaskClass) -> dict[int, int]:
    """Return places times seconds of every row that no mode of a class can do without."""
    work: dict[int, int] | None = None
    for way in one.ways:
        own: dict[int, int] = {}
        for demand in way.demands:
            if not demand.from_zero:
                own[demand.row] = own.get(demand.row, 0) + demand.amount * demand.held_s
        work = own if work is None else {r: min(w, own[r]) for r, w in work.items() if r in own}
    return work or {}


def fluid_prices(relaxation: Relaxation, cells: Cells) -> Floats:
    """Return prices of the crew with which to start: those of the fluid relaxation.

    The fluid works at one task after another by falling W / (qL); the crew's price falls at
    the rate of the one that it is at, to 0 when all is done; while windows are closed too.

    Returns
    -------
    ndarray of float64, shape (rows, cells)
    """
    prices = np.zeros((len(relaxation.rows), len(cells.begin_s)))
    if relaxation.crew is None:
        return prices
    rows = []
    for one in relaxation.classes:
        places = {d.amount for way in one.ways for d in way.demands if d.row == relaxation.crew}
        if one.members and places:
            work = max(places) * one.length_s
            rows.append((one.weight_milli / work, work * one.count))
    rows.sort(reverse=True)
    rate, work = np.array(rows).T
    spent = work / relaxation.rows[relaxation.crew].capacity
    ends = np.concatenate([np.zeros(1), np.cumsum(spent)])
    left = np.concatenate([np.cumsum((rate * spent)[::-1])[::-1], np.zeros(1)])
    middles = np.cumsum(cells.width_s) - cells.width_s / 2  # in open time
    prices[relaxation.crew] = np.interp(middles, ends, left, right=0.0)
    closed = np.append(cells.begin_s[1:] - cells.end_s[:-1], 0)
    at = np.searchsorted(ends, np.cumsum(cells.width_s), side="right") - 1
    falls = closed * np.append(rate, 0.0)[np.minimum(at, len(rate))]
    prices[relaxation.crew] += np.cumsum(falls[::-1])[::-1]
    return prices
