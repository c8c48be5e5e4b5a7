"""Starts that a better schedule may have: those whose reduced cost is within the gap.

Reduced-cost fixing (Dantzig, Fulkerson, Johnson, Solution of a large-scale traveling-salesman
problem, Operations Research 2, 1954; by Lagrangian prices: Beasley, Lagrangian relaxation, in
Modern heuristic techniques for combinatorial problems, 1993). With prices the objective of
any schedule is the bound plus what each task's start and mode cost more than its best ones,
plus terms of at least 0; a better one than is known has less than the gap to spend.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from patchopt.model.base import Ints
from patchopt.optimizer.bounds.bound import Bound, Priced
from patchopt.optimizer.bounds.exact import least_costs_milli
from patchopt.optimizer.bounds.layout import layout_of
from patchopt.optimizer.bounds.reduced_costs import Integrals
from patchopt.optimizer.bounds.rows import TaskClass


class Starts(NamedTuple):
    """Blocks of starts of one task, and what they cost at least.

    Parameters
    ----------
    mode : ndarray of int64, shape (blocks,)
        Number of the mode.
    block : ndarray of int64, shape (blocks,)
        Starts from ``block * width`` to before ``(block + 1) * width``, in the units asked for.
    cost_milli : ndarray of int64, shape (blocks,)
        More than the best start of the task, at least.
    """

    mode: Ints
    block: Ints
    cost_milli: Ints


def costs_of_starts(
    priced: Priced, starts_of: Callable[[TaskClass], Ints]
) -> Iterator[tuple[TaskClass, Ints, int, list[Ints]]]:
    """Tell of every class of tasks what its best start costs, and others by mode beyond that.

    Parameters
    ----------
    priced : Priced
        The prices; they are rounded down, as in the proof.
    starts_of : callable
        The starts of a class that are asked for, in seconds.

    Yields
    ------
    tuple of TaskClass, ndarray of int64, int and list of ndarray of int64
        The class, those starts, the best cost, and theirs beyond it by mode.
        O(modes x starts x demands) each.
    """
    integrals = Integrals(priced.cells, priced.rates)
    layout = layout_of(priced.relaxation)
    windows = priced.relaxation.problem.windows
    least = least_costs_milli(layout, priced.cells, windows, priced.rates).tolist()
    for one, best in zip(priced.relaxation.classes, least, strict=True):
        if one.members:
            # Where a start is not allowed it may cost less than the best.
            starts = starts_of(one)
            costs = [np.maximum(integrals.cost(one, way, starts) - best, 0) for way in one.ways]
            yield one, starts, best, costs


class StartCosts:
    """What every start costs more than the best one.

    Parameters
    ----------
    bound : Bound
        By prices.
    unit_s : int
        Starts are multiples of it.
    until_s : int
        Latest start that counts. O(classes x modes x starts x demands).
    """

    def __init__(self, bound: Bound, unit_s: int, until_s: int) -> None:
        assert bound.priced is not None  # noqa: S101 - bounds by prices have them
        starts = np.arange(until_s // unit_s + 1, dtype=np.int64) * unit_s
        self._rows = [
            (one.members, costs)
            for one, _, _, costs in costs_of_starts(bound.priced, lambda _: starts)
        ]

    def within(self, spare_milli: int, width: int = 1) -> dict[int, Starts]:
        """Return the starts that schedules of at most the bound and so much more may have.

        Parameters
        ----------
        spare_milli : int
            What all starts together may cost more than the best ones.
        width : int
            Of a block, in units.

        Returns
        -------
        dict of int to Starts
            By task; all of them. Windows are left to others.
        """
        found: dict[int, Starts] = {}
        for members, rows in self._rows:
            least = [np.minimum.reduceat(row, np.arange(0, len(row), width)) for row in rows]
            kept = [np.flatnonzero(row <= spare_milli) for row in least]
            made = Starts(
                mode=np.repeat(np.arange(len(rows), dtype=np.int64), [len(each) for each in kept]),
                block=np.concatenate(kept),
                cost_milli=np.concatenate(
                    [row[each] for row, each in zip(least, kept, strict=True)]
                ),
            )
            found |= dict.fromkeys(members, made)
        return found
