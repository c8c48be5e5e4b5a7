"""Common random numbers: draws keyed by seed, stream, node or release, and attempt.

A draw is a hash of its key, so it is the same whatever the strategy, the order of
events or the worker, and needs no state. The hash is the output function of
SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators,
OOPSLA 2014), applied once for each part of the key.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S30 = np.uint64(30)
_S27 = np.uint64(27)
_S31 = np.uint64(31)
_S11 = np.uint64(11)
_UNIT = 1.0 / 9007199254740992.0  # 2 ** -53

#: Streams keep kinds of draws apart: one more kind never changes another's luck.
STREAM_FAILURE = np.uint64(1)
STREAM_DEFECT = np.uint64(2)


@njit(cache=True)
def mix(value: np.uint64) -> np.uint64:
    """Scramble 64 bits (SplitMix64's finaliser); a bijection."""
    value = (value ^ (value >> _S30)) * _MIX_1
    value = (value ^ (value >> _S27)) * _MIX_2
    return value ^ (value >> _S31)


@njit(cache=True)
def uniform(seed: np.uint64, stream: np.uint64, key: np.uint64, attempt: np.uint64) -> float:
    """Draw a uniform number in [0, 1) for a key.

    Parameters
    ----------
    seed : uint64
        Of the replication.
    stream : uint64
        Kind of draw.
    key : uint64
        Of the node or the release.
    attempt : uint64
        1, 2, ...; 0 for a draw made once a replication.

    Returns
    -------
    float
        A multiple of 2 ** -53.
    """
    value = mix(seed + _GOLDEN * stream)
    value = mix(value ^ key)
    value = mix(value + _GOLDEN * (attempt + np.uint64(1)))
    return float(value >> _S11) * _UNIT
