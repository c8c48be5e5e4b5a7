"""How far chance may have moved quantiles and means of tails."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from patchopt.model.base import Floats
from patchopt.model.risk import quantiles, tail_excess
from patchopt.reports.numbers.resampling import RESAMPLES, TAILS
from patchopt.reports.numbers.stratified import stratified_mean

_KEY: Final = 20_260_102
#: Standard deviations beyond which no resample reaches into the rest of a sample.
_FAR: Final = 6.0
#: More values than that are resampled in groups of neighbours, which differ by little.
_GROUPS: Final = 2000
#: Resamples whose counts are floats at a time.
_PIECE: Final = 500
_NOWHERE: Final = (float("nan"), float("nan"))


def quantile_limits(ordered: Floats, share: float) -> tuple[float, float]:
    """Return the 95% interval of a quantile, between two of the values.

    Parameters
    ----------
    ordered : ndarray of float64, shape (n,)
        Ascending, independent.
    share : float
        Of the quantile, in (0, 1).

    Returns
    -------
    tuple of float
        NaN where no value is far enough out: above p99 with fewer than 368 replications, above p95
        with fewer than 72, of the median with fewer than 6.

    References
    ----------
    H. A. David, H. N. Nagaraja, Order Statistics, 3rd edition, 2003, section 7.1.

    Examples
    --------
    >>> quantile_limits(np.arange(1.0, 101.0), 0.5)
    (40.0, 61.0)
    >>> [quantile_limits(np.arange(float(n)), 0.99) for n in (367, 368)]
    [(nan, nan), (359.0, 367.0)]
    """
    count = len(ordered)
    low, high = _places(count, share)
    # Values are numbered from 1.
    if 1 <= low <= high <= count:
        return float(ordered[low - 1]), float(ordered[high - 1])
    return _NOWHERE


@lru_cache(maxsize=256)
def _places(count: int, share: float) -> tuple[int, int]:
    """Return the numbers of the values that the quantile lies below and above, each with 2.5%."""
    from scipy.stats import binom  # takes its time to load

    # P(X_(l) > quantile) = P(Bin <= l - 1), P(X_(u) < quantile) = P(Bin >= u), at most 2.5% each.
    low = int(binom.ppf(TAILS[0], count, share))
    if binom.cdf(low - 1, count, share) > TAILS[0]:
        low -= 1
    high = int(binom.ppf(TAILS[1], count, share)) + 1
    return low, high


def cvar_limits(ordered: Floats, share: float) -> tuple[float, float]:
    """Return the 95% interval of the mean of the worst values, by the percentile bootstrap.

    Parameters
    ----------
    ordered : ndarray of float64, shape (n,)
        The worst last, independent.
    share : float
        0.95: of the mean of the worst 5%.

    Returns
    -------
    tuple of float
        NaN where the tail is less than one value. In time that grows with
        RESAMPLES x (1 - share) n, up to where the tail is resampled in groups of neighbours.

    References
    ----------
    Efron, Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
    """
    count = len(ordered)
    tail = (1 - share) * count
    if tail < 1:
        return _NOWHERE
    reach = min(count, int(tail + _FAR * (tail * share) ** 0.5 + _FAR))
    size = -(-reach // _GROUPS)
    groups = reach // size
    # What is further from the end than that is in no resample's tail.
    worst = ordered[::-1][: groups * size].reshape(groups, size).mean(axis=1)
    draws = _draws(count, groups, size)
    means = np.empty(RESAMPLES)
    for begin in range(0, RESAMPLES, _PIECE):
        chosen = draws[begin : begin + _PIECE].astype(np.float64)
        before = np.cumsum(chosen, axis=1) - chosen
        inside = np.clip(tail - before, 0, chosen)
        means[begin : begin + len(chosen)] = inside @ worst / inside.sum(axis=1)
    low, high = np.quantile(np.clip(means, worst.min(), worst.max()), TAILS, method="inverted_cdf")
    return float(low), float(high)


@lru_cache(maxsize=4)
def _draws(count: int, groups: int, size: int) -> NDArray[np.uint16]:
    """Return how often each group of the last values of a sample is met in each resample.

    Returns
    -------
    ndarray of uint16, shape (RESAMPLES, groups)
    """
    generator = np.random.Generator(np.random.Philox(key=_KEY))
    among = generator.binomial(count, groups * size / count, RESAMPLES)
    found = np.empty((RESAMPLES, groups), np.uint16)
    for row, drawn in enumerate(among):
        found[row] = np.bincount(generator.integers(0, groups, drawn), minlength=groups)
    return found


def stratified_quantile_limits(
    values: Floats, strata: NDArray[np.int64], weights: Floats, quantile: float, share: float
) -> tuple[float, float]:
    """Return the 95% interval of a quantile of replications whose defects were dealt out.

    Parameters
    ----------
    values, strata, weights : ndarray, shape (n,)
        As `stratified_mean` takes them.
    quantile, share : float
        The quantile and its share.

    Returns
    -------
    tuple of float
        NaN for a limit that no value is far enough out for.

    References
    ----------
    R. S. Woodruff, Confidence Intervals for Medians and Other Position Measures, J. American
    Statistical Association 47 (1952) 635-646: that of the share below, carried over.
    """
    below = (values <= quantile).astype(np.float64)[:, None]
    _, half = stratified_mean(below, strata, weights)
    ends = np.array([share - half[0], share + half[0]])
    inside = (ends > 0) & (ends < 1)
    found = quantiles(values, weights, np.clip(ends, 1e-12, 1.0))
    low, high = np.where(inside, found, np.nan).tolist()
    return low, high


def stratified_cvar_limits(
    values: Floats,
    strata: NDArray[np.int64],
    weights: Floats,
    quantile: float,
    mean: float,
    share: float,
) -> tuple[float, float]:
    """Return the 95% interval of the mean of the highest values where defects were dealt out.

    Parameters
    ----------
    values, strata, weights : ndarray, shape (n,)
        As `stratified_mean` takes them.
    quantile, mean : float
        Where the tail begins, and its mean.
    share : float
        0.95: of the mean of the highest 5%.

    Returns
    -------
    tuple of float
        By what each replication adds (`tail_excess`).
    """
    added = tail_excess(values, quantile, share)[:, None]
    _, half = stratified_mean(added, strata, weights)
    return mean - float(half[0]), mean + float(half[0])
