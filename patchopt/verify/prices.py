"""The prices of a proof as step functions, and their exact integrals.

Every price is constant on the cells of the proof and 0 outside of them, so its integral from 0
is linear between knots, the edges of cells. All numbers are 64-bit integers; that none can
overflow is shown beforehand, in Python's integers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from patchopt.errors import PlanError, nearest
from patchopt.model.base import Ints
from patchopt.model.proof import Proof
from patchopt.model.windows import WindowSet
from patchopt.verify.openings import closings

#: No sum of a check may reach this.
GUARD = 2**62


def refused(place: str, cause: str, remedy: str) -> PlanError:
    """Return the refusal of a part of a proof."""
    return PlanError(cause, place=f"certificate.proof.{place}", remedy=remedy)


@dataclass(frozen=True, kw_only=True)
class Points:
    """Instants as places among the knots.

    Parameters
    ----------
    piece : ndarray of int64
        Number of the piece that begins with a knot.
    beyond : ndarray of int64
        Seconds into the piece.
    """

    piece: Ints
    beyond: Ints

    def of(self, chosen: Ints) -> Points:
        """Return those of some items; the same where all items share them."""
        if self.piece.ndim == 1:
            return self
        return Points(piece=self.piece[chosen], beyond=self.beyond[chosen])


@dataclass(frozen=True, eq=False, kw_only=True)
class Prices:
    """Prices of rows, ready to be integrated.

    Parameters
    ----------
    number : dict of str to int
        Place of each priced row; the place after the last is a row of price 0.
    knots : ndarray of int64, shape (knots,)
        Edges of cells, ascending.
    slopes : ndarray of int64, shape (rows + 1, knots)
        Price on the piece that begins with each knot.
    sums : ndarray of int64, shape (rows + 1, knots)
        Integral from 0 to each knot.
    """

    number: dict[str, int]
    knots: Ints
    slopes: Ints
    sums: Ints

    def points(self, instants: Ints) -> Points:
        """Find instants among the knots; those before the first and after the last too."""
        last = len(self.knots) - 1
        piece = np.searchsorted(self.knots, instants, side="right") - 1
        piece = np.clip(piece, 0, last)
        return Points(piece=piece, beyond=np.maximum(instants - self.knots[piece], 0))

    def integrals(self, rows: Ints, points: Points) -> Ints:
        """Integrate prices from 0.

        Parameters
        ----------
        rows : ndarray of int64, shape (n,)
            Which ones.
        points : Points
            Until when: of shape (m,), the same for all rows, or (n, m).

        Returns
        -------
        ndarray of int64, shape (n, m)
        """
        piece = points.piece
        if piece.ndim == 2:
            sums, slopes = self.sums[rows[:, None], piece], self.slopes[rows[:, None], piece]
        else:
            sums, slopes = self.sums[rows][:, piece], self.slopes[rows][:, piece]
        return np.asarray(sums + slopes * points.beyond, np.int64)

    def total(self, row: str) -> int:
        """Return the integral of a priced row over all time."""
        return int(self.sums[self.number[row], -1])


def prices_of(proof: Proof, capacity: Mapping[str, int], windows: WindowSet) -> Prices | None:
    """Read the prices of a proof.

    Parameters
    ----------
    proof : Proof
        Well-formed by itself: natural numbers below 2**53.
    capacity : mapping of str to int
        Rows that there are, with their places.
    windows : WindowSet
        Cells must lie in open time.

    Returns
    -------
    Prices or None
        None if nothing has a price.

    Raises
    ------
    PlanError
        With place and cause: cells that are empty, overlap, descend or reach out of a window;
        rows that there are not; runs that descend or begin at no cell; sums beyond 62 bits.
    """
    cells = np.array(proof.cells, np.int64).reshape(-1, 2)
    _check_cells(cells)
    _check_windows(cells, windows)
    for row, runs in proof.prices.items():
        _check_row(row, runs, len(cells), capacity)
    priced = [row for row, runs in proof.prices.items() if any(rate for _, rate in runs)]
    if not priced:
        return None
    lengths = cells[:, 1] - cells[:, 0]
    rates = np.zeros((len(priced) + 1, len(cells)), np.int64)
    for at, row in enumerate(priced):
        rates[at] = _spread(proof.prices[row], len(cells))
        most = int(rates[at].max()) * int(lengths.sum()) * max(capacity[row], 1)
        if most >= GUARD:
            raise refused(f"prices.{row}", "its sum is beyond 62 bits", "round prices lower")
    knots, of_knot = np.unique(cells, return_inverse=True)
    of_knot = of_knot.reshape(-1, 2)
    slopes = np.zeros((len(priced) + 1, len(knots)), np.int64)
    slopes[:, of_knot[:, 0]] = rates
    sums = np.zeros_like(slopes)
    np.cumsum(slopes[:, :-1] * np.diff(knots), axis=1, out=sums[:, 1:])
    return Prices(
        number={row: at for at, row in enumerate(priced)},
        knots=knots,
        slopes=slopes,
        sums=sums,
    )


def _check_cells(cells: Ints) -> None:
    empty = np.flatnonzero(cells[:, 1] <= cells[:, 0])
    if len(empty):
        begin, end = cells[empty[0]].tolist()
        cause = f"the cell from {begin} to {end} is empty"
        raise refused(f"cells.{empty[0]}", cause, "let each end after it begins")
    early = np.flatnonzero(cells[1:, 0] < cells[:-1, 1])
    if len(early):
        at = int(early[0]) + 1
        cause = f"it begins at {cells[at, 0]}, before the cell before it ends"
        raise refused(f"cells.{at}", cause, "let cells ascend and not overlap")


def _check_windows(cells: Ints, windows: WindowSet) -> None:
    begin, end = cells[:, 0], cells[:, 1]
    outside = np.flatnonzero(closings(begin, windows) < end)
    if len(outside):
        at = int(outside[0])
        cause = f"the cell from {begin[at]} to {end[at]} lies in no window"
        raise refused(f"cells.{at}", cause, "let each lie inside one opening")


def _check_row(
    row: str, runs: tuple[tuple[int, int], ...], cells: int, capacity: Mapping[str, int]
) -> None:
    place = f"prices.{row}"
    if row not in capacity:
        raise refused(place, "there is no such row", nearest(row, capacity))
    for (first, _), (second, _) in pairwise(runs):
        if second <= first:
            cause = f"the run from cell {second} comes after that from cell {first}"
            raise refused(place, cause, "let runs ascend")
    if runs and runs[-1][0] >= cells:
        cause = f"a run begins at cell {runs[-1][0]} of {cells}"
        raise refused(place, cause, "cells are numbered from 0")


def _spread(runs: tuple[tuple[int, int], ...], cells: int) -> Ints:
    """Return the rate of every cell; 0 before the first run."""
    if not runs:
        return np.zeros(cells, np.int64)
    starts = [first for first, _ in runs]
    lengths = np.diff([0, *starts, cells])
    return np.repeat(np.array([0, *(rate for _, rate in runs)], np.int64), lengths)
