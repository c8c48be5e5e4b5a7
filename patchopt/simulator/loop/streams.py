"""Kinds of draws, and when a draw makes something happen; needs no compiler."""

from __future__ import annotations

import hashlib
import math
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

#: Streams keep kinds of draws apart: one more kind never changes another's luck.
STREAM_FAILURE: Final = 1
STREAM_DEFECT: Final = 2
STREAM_DURATION: Final = 3
STREAM_ROLLBACK: Final = 4
STREAM_ROLLBACK_TIME: Final = 5
STREAM_LATENT: Final = 6
STREAM_LATENT_DELAY: Final = 7
STREAM_DETECTION: Final = 8
STREAM_DETECTION_DELAY: Final = 9
STREAM_ALARM: Final = 10
STREAM_CRASH: Final = 11
STREAM_REPAIR: Final = 12
STREAM_REVIEW: Final = 13
STREAM_RESPIN_DELAY: Final = 14
STREAM_RESPIN_DEFECT: Final = 15

GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX_1: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2: Final = np.uint64(0x94D049BB133111EB)
_S27, _S30, _S31 = np.uint64(27), np.uint64(30), np.uint64(31)

_Bits = TypeVar("_Bits", np.uint64, NDArray[np.uint64])

#: A draw is an integer from 0 up to this.
RANGE: Final = 2**53


def scramble(value: _Bits) -> _Bits:
    """Scramble 64 bits (SplitMix64's finaliser); a bijection."""
    value = (value ^ (value >> _S30)) * _MIX_1
    value = (value ^ (value >> _S27)) * _MIX_2
    return value ^ (value >> _S31)


def replication_keys(luck: str, seed: int, first: int, count: int) -> NDArray[np.uint64]:
    """Return the keys of all draws of some replications.

    Parameters
    ----------
    luck : str
        Of the scenario.
    seed : int
        Of the replications, 0 to 2 ** 63 - 1.
    first, count : int
        Number of the first replication, and how many.

    Returns
    -------
    ndarray of uint64, shape (count,)
        Hashes of luck, seed and number: no two seeds share a replication.

    Examples
    --------
    >>> together = replication_keys("shop", 1, 0, 3)
    >>> bool((together[1:] == replication_keys("shop", 1, 1, 2)).all())
    True
    """
    digest = hashlib.blake2b(luck.encode(), digest_size=8).digest()
    numbers = np.arange(first + 1, first + count + 1, dtype=np.uint64)
    with np.errstate(over="ignore"):  # it wraps around on purpose
        of_luck = scramble(np.frombuffer(digest, "<u8").astype(np.uint64))
        of_seed = scramble(of_luck + GOLDEN * np.array([seed], np.uint64))
        return scramble(of_seed + GOLDEN * numbers)


def threshold(probability: float) -> int:
    """Return the integer below which a draw must lie to happen with some probability.

    Exact: u = k / 2**53 is below p if and only if k is below ceil(p * 2**53), and
    scaling by a power of two rounds nothing.

    Examples
    --------
    >>> threshold(0.0), threshold(0.5) == 2**52, threshold(1.0) == 2**53
    (0, True, True)
    """
    return math.ceil(probability * RANGE)
