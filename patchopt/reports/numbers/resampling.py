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
def _draws(count: int, stream: int = 0) -> NDArray[np.uint16]:
    """Return how often each of some observations is in each resample.

    Returns
    -------
    ndarray of uint16, shape (RESAMPLES, count)
        Rows add up to `count`. Of other streams they are independent.
    """
    generator = np.random.Generator(np.random.Philox(key=_KEY + (stream << 64)))
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
    return sums_over(blocks_of(values))


def blocks_of(values: Floats, most: int = _BLOCKS) -> Floats:
    """Return sums over blocks of neighbours, and last how many observations each has.

    Parameters
    ----------
    values : ndarray of float64, shape (replications, columns)
        Whole numbers are added exactly.
    most : int
        Blocks at most; with fewer replications each is one.

    Returns
    -------
    ndarray of float64, shape (blocks, columns + 1)

    Examples
    --------
    >>> blocks_of(np.array([[1.0], [2.0], [4.0]]), most=2).tolist()
    [[1.0, 1.0], [6.0, 2.0]]
    """
    count = len(values)
    blocks = min(count, most)
    starts = np.arange(blocks) * count // blocks
    sizes = np.diff(np.append(starts, count)).astype(np.float64)
    return np.column_stack([np.add.reduceat(values, starts), sizes])


def sums_over(blocks: Floats, stream: int = 0) -> Floats:
    """Return the sum of each column in each resample of some blocks.

    Parameters
    ----------
    blocks : ndarray of float64, shape (blocks, columns)
        As from `blocks_of`. Columns side by side are resampled together.
    stream : int
        What is drawn apart from each other, such as strata, has numbers of its own.

    Returns
    -------
    ndarray of float64, shape (RESAMPLES, columns)
    """
    draws = _draws(len(blocks), stream)
    pieces = [
        draws[begin : begin + _PIECE].astype(np.float64) @ blocks
        for begin in range(0, RESAMPLES, _PIECE)
    ]
    return np.concatenate(pieces)
