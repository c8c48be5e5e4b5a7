"""Means with 95% bootstrap intervals, alone and paired under the same luck.

Metrics are whole numbers of their smallest unit (an exposure of thousandths), so sums
over resamples are exact in double precision and no result depends on their order, nor
on the machine that adds them up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from patchopt.model.base import Floats
from patchopt.model.metrics import Kind
from patchopt.model.quantities import MILLI
from patchopt.reports.numbers.stratified import stratified_mean, variance_saved

RESAMPLES: Final = 2000
CONFIDENCE: Final = 0.95

#: Key of the resampling: the same in every report, so that the same data give the same intervals.
_KEY: Final = 20_260_101

#: More replications than that are resampled in blocks of neighbours. They are independent, so
#: the mean of a block varies as it should, and the work does not grow with their number.
_BLOCKS: Final = 2000

_SCALE: Final[dict[Kind, float]] = {"exposure": float(MILLI), "integer": 1.0, "share": 1.0}


@dataclass(frozen=True, eq=False)
class Estimate:
    """Means and their intervals, each of shape (columns,); NaN intervals of one replication."""

    mean: Floats
    low: Floats
    high: Floats


@lru_cache(maxsize=8)
def _draws(count: int) -> Floats:
    """Return how often each of some observations is in each resample.

    Returns
    -------
    ndarray of float64, shape (RESAMPLES, count)
        Whole numbers; rows add up to `count`.
    """
    generator = np.random.Generator(np.random.Philox(key=_KEY))
    chosen = generator.integers(0, count, size=(RESAMPLES, count))
    chosen += count * np.arange(RESAMPLES)[:, None]
    counts = np.bincount(chosen.ravel(), minlength=RESAMPLES * count)
    return counts.reshape(RESAMPLES, count).astype(np.float64)


def _resampled_means(values: Floats) -> Floats:
    """Return the mean of each column in each resample, shape (RESAMPLES, columns)."""
    count = len(values)
    blocks = min(count, _BLOCKS)
    starts = np.arange(blocks) * count // blocks
    sizes = np.diff(np.append(starts, count)).astype(np.float64)
    weights = _draws(blocks)
    means = (weights @ np.add.reduceat(values, starts)) / (weights @ sizes)[:, None]
    # A mean never leaves the range of its values: constant columns stay exactly constant.
    return np.clip(means, values.min(axis=0), values.max(axis=0))


def _limits(resampled: Floats) -> tuple[Floats, Floats]:
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail], axis=0)
    return low, high


def estimate(values: Floats) -> Estimate:
    """Return the mean of each column with its percentile bootstrap interval.

    Parameters
    ----------
    values : ndarray of float64, shape (replications, columns)
        Finite; at least one replication.

    Returns
    -------
    Estimate
        In time that grows with RESAMPLES x min(replications, 2000) x columns.

    References
    ----------
    B. Efron, R. J. Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.

    Examples
    --------
    >>> constant = estimate(np.full((5, 1), 0.1))
    >>> constant.mean.tolist(), constant.low.tolist(), constant.high.tolist()
    ([0.1], [0.1], [0.1])
    """
    mean = np.clip(values.sum(axis=0) / len(values), values.min(axis=0), values.max(axis=0))
    if len(values) == 1:
        unknown = np.full(values.shape[1], np.nan)
        return Estimate(mean, unknown, unknown)
    return Estimate(mean, *_limits(_resampled_means(values)))


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How one plan fares against another under the same luck; NaN where nothing is known.

    Parameters
    ----------
    ratio, ratio_low, ratio_high : float
        Mean over mean, less 1; NaN if the reference's mean is 0.
    difference, difference_low, difference_high : float
        Mean of the differences.
    variance_saved : float
        What meeting the same luck saves of the variance of the difference; NaN if nothing
        varies.
    """

    ratio: float = np.nan
    ratio_low: float = np.nan
    ratio_high: float = np.nan
    difference: float = np.nan
    difference_low: float = np.nan
    difference_high: float = np.nan
    variance_saved: float = np.nan


def compare(
    values: Floats,
    reference: Floats,
    strata: NDArray[np.int64] | None = None,
    weights: Floats | None = None,
) -> Comparison:
    """Compare paired observations: row i of both met the same luck.

    Parameters
    ----------
    values, reference : ndarray of float64, shape (replications,)
        Not negative.
    strata, weights : ndarray, shape (replications,), optional
        Of replications whose defects were dealt out; see `stratified_mean`.

    Returns
    -------
    Comparison
        Pairs are resampled together, so luck that hits both cancels out. With several
        strata the interval of the difference is by the normal distribution, that of the
        ratio by the delta method (Cochran, Sampling Techniques, 1977, equation 6.13).
    """
    shares = np.ones(len(values)) if weights is None else weights
    saved = variance_saved(values, reference, shares)
    triple = np.column_stack([values, reference, values - reference])
    if strata is not None and weights is not None and (strata != strata[0]).any():
        return _compare_strata(triple, strata, weights, saved)
    both = estimate(triple)
    own, other, difference = both.mean.tolist()
    ratio = own / other - 1 if other else np.nan
    low = high = np.nan
    if other and len(values) > 1:
        means = _resampled_means(triple[:, :2])
        positive = means[:, 1] > 0
        ratios = means[positive, 0] / means[positive, 1] - 1
        low, high = (float(limit) for limit in _limits(ratios))
    return Comparison(
        ratio=ratio,
        ratio_low=low,
        ratio_high=high,
        difference=difference,
        difference_low=float(both.low[2]),
        difference_high=float(both.high[2]),
        variance_saved=saved,
    )


def _compare_strata(
    triple: Floats, strata: NDArray[np.int64], weights: Floats, saved: float
) -> Comparison:
    mean, half = stratified_mean(triple, strata, weights)
    own, other, difference = mean.tolist()
    found = Comparison(
        difference=difference,
        difference_low=float(difference - half[2]),
        difference_high=float(difference + half[2]),
        variance_saved=saved,
    )
    if not other:
        return found
    rest = (triple[:, :1] - own / other * triple[:, 1:2]) / other
    of_ratio = float(stratified_mean(rest, strata, weights)[1][0])
    ratio = own / other - 1
    return replace(found, ratio=ratio, ratio_low=ratio - of_ratio, ratio_high=ratio + of_ratio)


def scale_of(kind: Kind) -> float:
    """Return how many of its smallest unit make one of a metric, as `exact` counts."""
    return _SCALE[kind]


def exact(values: NDArray[Any], kind: Kind) -> Floats:
    """Return a column in its smallest unit, exposures as whole thousandths."""
    scaled = values.astype(np.float64) * _SCALE[kind]
    return np.asarray(scaled if kind == "share" else np.rint(scaled), np.float64)
