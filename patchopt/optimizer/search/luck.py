"""Random numbers whose state is given, the same in compiled code and in plain Python.

Two multiplicative generators combined (L'Ecuyer, Efficient and portable combined random
number generators, Communications of the ACM 31, 1988): all products fit 64 bits, and the
period is about 2.3e18.
"""

from __future__ import annotations

import math

import numpy as np

from patchopt.compiling.jit import inner
from patchopt.model.base import Ints
from patchopt.model.windows import Numbers

_FIRST, _SECOND = 2147483563, 2147483399


def new_luck(seed: int) -> Ints:
    """Return the state of a generator.

    Parameters
    ----------
    seed : int
        Any; different ones give different streams.

    Returns
    -------
    ndarray of int64, shape (2,)

    Examples
    --------
    >>> new_luck(0).tolist()
    [1, 1]
    """
    spread = seed % (_FIRST - 1) * 48271 % (_FIRST - 1)
    return np.array([1 + spread, 1 + seed // (_FIRST - 1) % (_SECOND - 1)], np.int64)


@inner
def uniform(luck: Numbers) -> float:
    """Draw a number strictly between 0 and 1."""
    luck[0] = 40014 * luck[0] % _FIRST
    luck[1] = 40692 * luck[1] % _SECOND
    drawn = (luck[0] - luck[1]) % (_FIRST - 1)
    return (drawn + 0.5) / (_FIRST - 1)


@inner
def below(luck: Numbers, limit: int) -> int:
    """Draw one of 0, 1, ... to before a limit."""
    return int(uniform(luck) * limit)


@inner
def distance(luck: Numbers, most: int) -> int:
    """Draw a distance of 1 to `most` whose logarithm is uniform."""
    return max(1, int(math.exp(uniform(luck) * math.log(most))))
