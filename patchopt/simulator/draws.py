"""Common random numbers: draws keyed by seed, stream, node or release, and attempt.

A draw is a hash of its key, so it is the same whatever the strategy, the order of
events or the worker, and needs no state. The hash is the output function of
SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators,
OOPSLA 2014), applied once for each part of the key.
"""

from __future__ import annotations

import math

import numpy as np

from patchopt.simulator.jit import inner, outer

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S30 = np.uint64(30)
_S27 = np.uint64(27)
_S31 = np.uint64(31)
_S11 = np.uint64(11)

#: Streams keep kinds of draws apart: one more kind never changes another's luck.
STREAM_FAILURE = 1
STREAM_DEFECT = 2


@inner
def mix(value: np.uint64) -> np.uint64:
    """Scramble 64 bits (SplitMix64's finaliser); a bijection."""
    value = (value ^ (value >> _S30)) * _MIX_1
    value = (value ^ (value >> _S27)) * _MIX_2
    return value ^ (value >> _S31)


@outer
def draw(seed: int, stream: int, key: int, attempt: int) -> int:
    """Draw a uniform integer in [0, 2 ** 53) for a key.

    Parameters
    ----------
    seed : int
        Of the replication.
    stream : int
        Kind of draw.
    key : int
        Of the node or the release, 63 bits.
    attempt : int
        1, 2, ...; 0 for a draw made once a replication.

    Returns
    -------
    int
        To be held against a `threshold`.
    """
    value = mix(np.uint64(seed) + _GOLDEN * np.uint64(stream))
    value = mix(value ^ np.uint64(key))
    value = mix(value + _GOLDEN * np.uint64(attempt + 1))
    return np.int64(value >> _S11)  # type: ignore[return-value]  # NumPy integer


def threshold(probability: float) -> int:
    """Give the integer below which a draw must lie to happen with some probability.

    Exact: u = k / 2**53 is below p if and only if k is below ceil(p * 2**53), and
    scaling by a power of two rounds nothing.

    Examples
    --------
    >>> threshold(0.0), threshold(0.5) == 2**52, threshold(1.0) == 2**53
    (0, True, True)
    """
    return math.ceil(probability * 2**53)
