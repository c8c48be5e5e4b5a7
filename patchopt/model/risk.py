"""Tails and rare events: quantiles, conditional value at risk, probabilities."""

from __future__ import annotations

import numpy as np

from patchopt.model.base import Floats
from patchopt.model.metrics import Z_95


def quantiles(values: Floats, weights: Floats, shares: Floats) -> Floats:
    """Return the smallest values that at least some shares of the weight do not exceed.

    Parameters
    ----------
    values, weights : ndarray of float64, shape (replications,)
        Weights positive.
    shares : ndarray of float64, shape (quantiles,)
        In (0, 1].

    Returns
    -------
    ndarray of float64, shape (quantiles,)
        The inverse of the weighted distribution function; O(n log n).

    References
    ----------
    R. J. Hyndman, Y. Fan, Sample Quantiles in Statistical Packages, The American
    Statistician 50 (1996) 361-365, definition 1.

    Examples
    --------
    >>> quantiles(np.arange(1.0, 101.0), np.ones(100), np.array([0.5, 0.95, 0.99])).tolist()
    [50.0, 95.0, 99.0]
    """
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    # Sums of weights are rounded: what is a hair short of a share counts as having reached it.
    places = np.searchsorted(reached, shares * reached[-1] * (1 - 1e-12))
    return np.asarray(values[order][np.minimum(places, len(values) - 1)], np.float64)


def cvar(values: Floats, weights: Floats, share: float, *, higher_is_better: bool = False) -> float:
    """Return the mean of the worst values: those beyond a share of all.

    Parameters
    ----------
    values, weights : ndarray of float64, shape (replications,)
        Weights positive.
    share : float
        0.95: the mean of the worst 5%; a value that is partly among them counts in part.
    higher_is_better : bool
        Whether the worst values are the lowest.

    Returns
    -------
    float

    References
    ----------
    R. T. Rockafellar, S. Uryasev, Conditional Value-at-Risk for General Loss
    Distributions, Journal of Banking & Finance 26 (2002) 1443-1471.

    Examples
    --------
    >>> cvar(np.arange(1.0, 101.0), np.ones(100), 0.95)
    98.0
    """
    order = np.argsort(values, kind="stable")
    order = order if higher_is_better else order[::-1]
    weight = weights[order]
    before = np.concatenate([[0.0], np.cumsum(weight)[:-1]])
    # Rounded, so that 5% of a hundred are five and no hair more.
    inside = np.clip(round((1 - share) * float(weight.sum()), 9) - before, 0, weight)
    mean = float((inside * values[order]).sum() / inside.sum())
    worst = values[order][inside > 0]
    return float(np.clip(mean, worst.min(), worst.max()))


def tail_excess(values: Floats, quantile: float, share: float) -> Floats:
    """Return what each value adds to the mean of the highest ones, but for a constant.

    Parameters
    ----------
    values : ndarray of float64, shape (replications,)
        Of which less is better.
    quantile : float
        Where the tail begins.
    share : float
        0.95: of the mean of the highest 5%.

    Returns
    -------
    ndarray of float64, shape (replications,)

    References
    ----------
    A. A. Trindade, S. Uryasev, A. Shapiro, G. Zrazhevsky, Financial prediction with constrained
    tail risk, Journal of Banking & Finance 31 (2007) 3524-3538.

    Examples
    --------
    >>> tail_excess(np.array([1.0, 2.0, 4.0]), 2.0, 0.5).tolist()
    [0.0, 0.0, 4.0]
    """
    return np.maximum(values - quantile, 0.0) / (1 - share)


def wilson(hits: float, count: int) -> tuple[float, float]:
    """Return the 95% interval of a probability from independent trials.

    Parameters
    ----------
    hits : float
        Trials in which it happened.
    count : int
        Trials.

    Returns
    -------
    tuple of float
        Never empty, also if it never happened.

    References
    ----------
    E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference,
    JASA 22 (1927) 209-212. L. D. Brown, T. T. Cai, A. DasGupta, Interval Estimation for a
    Binomial Proportion, Statistical Science 16 (2001) 101-133, why not the usual one.

    Examples
    --------
    >>> low, high = wilson(0, 200)
    >>> low, round(high, 4)
    (0.0, 0.0188)
    """
    share, z2 = hits / count, Z_95 * Z_95
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = Z_95 / (1 + z2 / count) * np.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    low = 0.0 if hits == 0 else float(centre - half)
    return low, 1.0 if hits == count else float(centre + half)
