"""Common random numbers: draws keyed by replication, stream, node or release, and count.

A draw is a hash of its key, so it is the same whatever the strategy, the order of
events or the worker, and needs no state. The hash is the output function of
SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators,
OOPSLA 2014), applied once for each part of the key. Times are drawn by inversion, one
draw a time: of all methods it keeps the most of what is common between two plans
(Law: Simulation Modeling and Analysis, 5th edition, 2015, section 11.2).
"""

from __future__ import annotations

import math

import numpy as np

from patchopt.compiling.jit import outer
from patchopt.simulator.loop.streams import GOLDEN, RANGE, scramble

_S11 = np.uint64(11)

#: No time that is drawn is longer, in seconds: a thousand years.
_LONGEST_S = 1000.0 * 365 * 86400


#: `patchopt.simulator.loop.streams.scramble`, compiled.
mix = outer(scramble)


@outer
def draw(seed: int, stream: int, key: int, count: int) -> int:
    """Draw a uniform integer in [0, 2 ** 53) for a key.

    Parameters
    ----------
    seed : int
        Key of the replication, 64 bits (`patchopt.simulator.loop.streams.replication_keys`).
    stream : int
        Kind of draw.
    key : int
        Of the node or the release, 63 bits.
    count : int
        1, 2, ... of the attempt, life or repair; 0 for a draw made once a replication.

    Returns
    -------
    int
        To be held against a `threshold` of `patchopt.simulator.loop.streams`.
    """
    value = mix(np.uint64(seed) + GOLDEN * np.uint64(stream))
    value = mix(value ^ np.uint64(key))
    value = mix(value + GOLDEN * np.uint64(count + 1))
    return np.int64(value >> _S11)  # type: ignore[return-value]  # NumPy integer


@outer
def normal_quantile(p: float) -> float:
    """Return the quantile of the standard normal distribution, to about 16 digits.

    Parameters
    ----------
    p : float
        Strictly between 0 and 1.

    Returns
    -------
    float

    References
    ----------
    M. J. Wichura, Algorithm AS 241: The Percentage Points of the Normal Distribution,
    Applied Statistics 37 (1988) 477-484, its PPND16.

    Examples
    --------
    >>> round(normal_quantile(0.975), 12), normal_quantile(0.5)
    (1.95996398454, 0.0)
    """
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        top = 2.5090809287301226727e3
        for factor in _CENTRE_TOP:
            top = top * r + factor
        bottom = 5.2264952788528545610e3
        for factor in _CENTRE_BOTTOM:
            bottom = bottom * r + factor
        return q * top / bottom
    r = math.sqrt(-math.log(min(p, 1.0 - p)))
    if r <= 5.0:
        r -= 1.6
        top = 7.74545014278341407640e-4
        for factor in _MIDDLE_TOP:
            top = top * r + factor
        bottom = 1.05075007164441684324e-9
        for factor in _MIDDLE_BOTTOM:
            bottom = bottom * r + factor
    else:
        r -= 5.0
        top = 2.01033439929228813265e-7
        for factor in _FAR_TOP:
            top = top * r + factor
        bottom = 2.04426310338993978564e-15
        for factor in _FAR_BOTTOM:
            bottom = bottom * r + factor
    return top / bottom if q > 0.0 else -top / bottom


_CENTRE_TOP = (
    3.3430575583588128105e4,
    6.7265770927008700853e4,
    4.5921953931549871457e4,
    1.3731693765509461125e4,
    1.9715909503065514427e3,
    1.3314166789178437745e2,
    3.3871328727963666080e0,
)
_CENTRE_BOTTOM = (
    2.8729085735721942674e4,
    3.9307895800092710610e4,
    2.1213794301586595867e4,
    5.3941960214247511077e3,
    6.8718700749205790830e2,
    4.2313330701600911252e1,
    1.0,
)
_MIDDLE_TOP = (
    2.27238449892691845833e-2,
    2.41780725177450611770e-1,
    1.27045825245236838258e0,
    3.64784832476320460504e0,
    5.76949722146069140550e0,
    4.63033784615654529590e0,
    1.42343711074968357734e0,
)
_MIDDLE_BOTTOM = (
    5.47593808499534494600e-4,
    1.51986665636164571966e-2,
    1.48103976427480074590e-1,
    6.89767334985100004550e-1,
    1.67638483018380384940e0,
    2.05319162663775882187e0,
    1.0,
)
_FAR_TOP = (
    2.71155556874348757815e-5,
    1.24266094738807843860e-3,
    2.65321895265761230930e-2,
    2.96560571828504891230e-1,
    1.78482653991729133580e0,
    5.46378491116411436990e0,
    6.65790464350110377720e0,
)
_FAR_BOTTOM = (
    1.42151175831644588870e-7,
    1.84631831751005468180e-5,
    7.86869131145613259100e-4,
    1.48753612908506148525e-2,
    1.36929880922735805310e-1,
    5.99832206555887937690e-1,
    1.0,
)


@outer
def _uniform(seed: int, stream: int, key: int, count: int) -> float:
    """Draw a float strictly between 0 and 1."""
    return (draw(seed, stream, key, count) + 0.5) / RANGE


@outer
def _whole(seconds: float) -> int:
    """Round a time to whole seconds, at least one."""
    return max(1, math.floor(min(seconds, _LONGEST_S) + 0.5))


@outer
def lognormal(seed: int, stream: int, key: int, count: int, median: int, sigma: float) -> int:
    """Draw a time whose logarithm is normal.

    Parameters
    ----------
    seed, stream, key, count : int
        As in `draw`.
    median : int
        Seconds.
    sigma : float
        Of the logarithm; 0: always the median, and nothing is drawn.

    Returns
    -------
    int
        Whole seconds, at least 1 unless the median is 0.
    """
    if sigma == 0.0:
        return median
    return _whole(median * math.exp(sigma * normal_quantile(_uniform(seed, stream, key, count))))


@outer
def weibull(seed: int, stream: int, key: int, count: int, scale: float, shape: float) -> int:
    """Draw a life, Weibull of some scale in seconds; with shape 1 it is exponential.

    Parameters
    ----------
    seed, stream, key, count : int
        As in `draw`.
    scale : float
        Seconds.
    shape : float
        Below 1: early failures; above: wear.

    Returns
    -------
    int
        Whole seconds, at least 1.
    """
    return _whole(scale * (-math.log(_uniform(seed, stream, key, count))) ** (1.0 / shape))
