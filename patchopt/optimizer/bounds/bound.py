"""A bound, how it is known, and the prices that it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from patchopt.model.base import Floats, Ints
from patchopt.model.proof import Claim, Proof
from patchopt.optimizer.bounds.grid import Cells
from patchopt.optimizer.bounds.rows import Relaxation


@dataclass(frozen=True, eq=False, kw_only=True)
class Priced:
    """A relaxation with prices, to go on from or to look at.

    Parameters
    ----------
    relaxation : Relaxation
        Classes and rows.
    cells : Cells
        On which prices are constant.
    prices : ndarray of float64, shape (rows, cells)
        Milli-weight per place and second; outside of the cells 0.
    """

    relaxation: Relaxation
    cells: Cells
    prices: Floats

    @property
    def rates(self) -> Ints:
        """Prices rounded down: those of the proof, shape (rows, cells)."""
        return np.floor(self.prices).astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class Bound:
    """What no schedule of a problem can be below.

    Parameters
    ----------
    value_milli : int
        Milli-weight-seconds.
    proof : Proof
        What anybody needs to find the same value.
    priced : Priced, optional
        Where it comes from prices, these before rounding.
    """

    value_milli: int
    proof: Proof
    priced: Priced | None = field(default=None, compare=False, repr=False)


def proof_of(priced: Priced, claims: Sequence[Claim] = ()) -> Proof:
    """Write prices down as a proof; rows without a price are left out."""
    prices = {
        row.name: _runs(rates)
        for row, rates in zip(priced.relaxation.rows, priced.rates, strict=True)
        if rates.any()
    }
    begins, ends = priced.cells.begin_s.tolist(), priced.cells.end_s.tolist()
    return Proof(
        kind="lagrange",
        cells=tuple(zip(begins, ends, strict=True)) if prices else (),
        prices=prices,
        claims=tuple(claims),
    )


def _runs(rates: Ints) -> tuple[tuple[int, int], ...]:
    first = np.concatenate([np.zeros(1, np.int64), np.flatnonzero(np.diff(rates)) + 1])
    return tuple(zip(first.tolist(), rates[first].tolist(), strict=True))
