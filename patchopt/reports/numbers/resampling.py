"""Resamples: the same in every report, so that the same data give the same intervals."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from patchopt.model.base import Floats

RESAMPLES: Final = 10_000
CONFIDENCE: Final = 0.95
#: Shares of resamples below and above an interval.
TAILS: Final = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)

_KEY: Final = 20_260_101

#: More replications than that are resampled in blocks of neighbours. They are independent, so
#: the sum of a block varies as it should, and the work does not grow with their number.
_BLOCKS: Final = 2000
#: Resamples whose counts are floats at a time.
_PIECE: Final = 500


@lru_cache(maxsize=4)
def _draws(count: int) -> NDArray[np.uint16]:
    """Return how often each of some observations is in each resample.

    Returns
    -------
    ndarray of uint16, shape (RESAMPLES, count)
        Rows add up to `count`.
    """
    generator = np.random.Generator(np.random.Philox(key=_KEY))
    found = np.empty((RESAMPLES, count), np.uint16)
    for begin in range(0, RESAMPLES, _PIECE):
        rows = min(_PIECE, RESAMPLES - begin)
        chosen = generator.integers(0, count, size=(rows, count))
        chosen += count * np.arange(rows)[:, None]
        counts = np.bincount(chosen.ravel(), minlength=rows * count)
        found[begin : begin + rows] = counts.reshape(rows, count)
    return found


def resampled_sums(values: Floats) -> Floats:
    """Return the sum of each column in each resample, and last how many observations it has.

    Parameters
    ----------
    values : ndarray of float64, shape (replications, columns)
        Sums of whole numbers below 2^53 are exact, whatever adds them up.

    Returns
    -------
    ndarray of float64, shape (RESAMPLES, columns + 1)
        In time that grows with RESAMPLES x min(replications, 2000) x columns.
    """
    count = len(values)
    blocks = min(count, _BLOCKS)
    starts = np.arange(blocks) * count // blocks
    sizes = np.diff(np.append(starts, count)).astype(np.float64)
    parts = np.column_stack([np.add.reduceat(values, starts), sizes])
    draws = _draws(blocks)
    pieces = [
        draws[begin : begin + _PIECE].astype(np.float64) @ parts
        for begin in range(0, RESAMPLES, _PIECE)
    ]
    return np.concatenate(pieces)
