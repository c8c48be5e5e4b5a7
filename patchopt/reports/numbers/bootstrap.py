"""Means with 95% intervals, alone and paired under the same luck.

Metrics are whole numbers of their smallest unit (an exposure of thousandths), so sums
over resamples are exact in double precision and no result depends on their order, nor
on the machine that adds them up.

References
----------
B. Efron, Better Bootstrap Confidence Intervals, J. American Statistical Association 82 (1987)
171-185 (BCa). B. Efron, R. J. Tibshirani, An Introduction to the Bootstrap, 1993, sections 12.5
(bootstrap-t) and 14.3. P. Hall, Theoretical Comparison of Bootstrap Confidence Intervals, Annals of
Statistics 16 (1988) 927-953.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from patchopt.model.base import Floats
from patchopt.model.metrics import Kind
from patchopt.model.quantities import MILLI
from patchopt.reports.numbers.resampling import TAILS, resampled_sums
from patchopt.reports.numbers.stratified import stratified_mean, variance_saved

#: From so many replications on means have Student's interval, which then is as good.
BY_STUDENT: Final = 5000

_SCALE: Final[dict[Kind, float]] = {"exposure": float(MILLI), "integer": 1.0, "share": 1.0}
#: Relative to a ratio, less error than that is rounding.
_ROUNDING: Final = 1e-12


@dataclass(frozen=True, eq=False)
class Estimate:
    """Means and their intervals, each of shape (columns,); NaN intervals of one replication."""

    mean: Floats
    low: Floats
    high: Floats


def estimate(values: Floats) -> Estimate:
    """Return the mean of each column with its 95% interval.

    Parameters
    ----------
    values : ndarray of float64, shape (replications, columns)
        Finite; at least one replication.

    Returns
    -------
    Estimate
        BCa below 5,000 replications, else Student's; never outside of the range of the values.

    Examples
    --------
    >>> constant = estimate(np.full((5, 1), 0.1))
    >>> constant.mean.tolist(), constant.low.tolist(), constant.high.tolist()
    ([0.1], [0.1], [0.1])
    """
    least, most = values.min(axis=0), values.max(axis=0)
    mean = np.clip(values.sum(axis=0) / len(values), least, most)
    if len(values) == 1:
        unknown = np.full(values.shape[1], np.nan)
        return Estimate(mean, unknown, unknown)
    low, high = _student(values, mean) if len(values) >= BY_STUDENT else _bca(values, mean)
    # A mean never leaves the range of its values: constant columns stay exactly constant.
    return Estimate(mean, np.clip(low, least, most), np.clip(high, least, most))


def _student(values: Floats, mean: Floats) -> tuple[Floats, Floats]:
    from scipy.special import stdtrit  # takes its time to load

    count = len(values)
    half = stdtrit(count - 1, TAILS[1]) * values.std(axis=0, ddof=1) / count**0.5
    return mean - half, mean + half


def _bca(values: Floats, mean: Floats) -> tuple[Floats, Floats]:
    """Return limits corrected for bias and for how the error changes with the mean."""
    from scipy.special import ndtr, ndtri  # takes its time to load

    sums = resampled_sums(values)
    means = np.sort(sums[:, :-1] / sums[:, -1:], axis=0)
    resamples = len(means)
    off = values - mean
    squares = (off**2).sum(axis=0)
    low, high = np.array(mean), np.array(mean)
    for column in np.flatnonzero(squares > 0):
        ordered, value = means[:, column], mean[column]
        below = np.searchsorted(ordered, value, "left") + np.searchsorted(ordered, value, "right")
        bias = ndtri(np.clip(below / 2, 0.5, resamples - 0.5) / resamples)
        # Of a mean, what the jackknife gives in closed form.
        slope = float((off[:, column] ** 3).sum()) / (6 * squares[column] ** 1.5)
        places = []
        for tail in TAILS:
            there = bias + ndtri(tail)
            share = ndtr(bias + there / (1 - slope * there))
            # An order statistic: a share that differs in its last digit changes nothing.
            places.append(min(int(share * resamples), resamples - 1))
        low[column], high[column] = ordered[places]
    return low, high


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
        Pairs stay together, so luck that hits both cancels out: the difference has the interval
        of a mean, the ratio that of the bootstrap-t. With several strata the interval of the
        difference is by the normal distribution, that of the ratio by the delta method (Cochran,
        Sampling Techniques, 1977, equation 6.13).
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
        low, high = _ratio_limits(values / other, reference / other)
    return Comparison(
        ratio=ratio,
        ratio_low=low,
        ratio_high=high,
        difference=difference,
        difference_low=float(both.low[2]),
        difference_high=float(both.high[2]),
        variance_saved=saved,
    )


def _ratio_limits(values: Floats, reference: Floats) -> tuple[float, float]:
    """Return limits of the ratio of means less 1, the second of which is 1.

    The error of each resample's ratio, by the delta method, is that resample's own, so that
    the interval is as skewed as the sample.
    """
    count = len(values)
    ratio = float(values.mean()) / float(reference.mean())
    error = float(np.sqrt(((values - ratio * reference) ** 2).sum())) / count
    if error <= _ROUNDING * max(ratio, 1.0):
        return ratio - 1, ratio - 1
    squares = [values**2, values * reference, reference**2]
    own, other, own2, both, other2, size = resampled_sums(
        np.column_stack([values, reference, *squares])
    ).T
    there = other > 0
    own, other, own2, both, other2, size = (
        column[there] for column in (own, other, own2, both, other2, size)
    )
    ratios = own / other
    errors = np.sqrt(np.maximum(own2 - 2 * ratios * both + ratios**2 * other2, 0)) / other
    sure = errors > _ROUNDING * np.maximum(ratios, 1.0)
    if not sure.any():
        return float("nan"), float("nan")
    off = (ratios[sure] - ratio) / errors[sure]
    near, far = np.quantile(off, TAILS, method="inverted_cdf")
    # No ratio is below 0; the last digits are the machine's.
    low, high = max(ratio - far * error, 0.0) - 1, ratio - near * error - 1
    return round(float(low), 12), round(float(high), 12)


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
