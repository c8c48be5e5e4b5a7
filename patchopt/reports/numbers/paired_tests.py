"""Tests of plans that met the same luck, with effect sizes: with enough pairs every p is small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from patchopt.model.base import Floats
from patchopt.model.metrics import Z_95
from patchopt.reports.numbers.gaps import Pairs
from patchopt.reports.numbers.stratified import stratified_mean

#: What is not above this share of the larger of two exact numbers is what rounding leaves.
_ROUNDING: Final = 1e-12


@dataclass(frozen=True, kw_only=True)
class PairedTest:
    """How sure it is that two plans differ in the mean, and how large that is.

    Parameters
    ----------
    better, worse : float
        Share of the replications on which the plan has less than the other, and more; what is
        left of 1 are ties.
    effect : float
        Mean difference over the standard deviation of differences (Cohen's d for pairs); 0 if
        all are 0, infinite if all are the same and not 0.
    p : float
        Two-sided, of no difference in the mean; NaN with one pair.
    """

    better: float
    worse: float
    effect: float
    p: float


def paired_test(pairs: Pairs) -> PairedTest:
    """Test whether two plans differ in the mean.

    Parameters
    ----------
    pairs : Pairs
        Of the plan and the other.

    Returns
    -------
    PairedTest
        By Student's t for pairs; where defects are dealt out by the normal distribution over
        strata (Cochran, Sampling Techniques, 3rd edition, 1977, section 5.5).

    Examples
    --------
    >>> values = np.array([9.0, 8.0, 10.0, 7.0])
    >>> even, one = np.zeros(4, int), np.ones(4)
    >>> found = paired_test(Pairs(values, np.full(4, 10.0), even, one))
    >>> found.better, found.worse, round(found.effect, 3), round(found.p, 3)
    (0.75, 0.0, -1.162, 0.103)
    """
    difference = pairs.values - pairs.others
    shares = pairs.weights / pairs.weights.sum()
    better, worse = float(shares @ (difference < 0)), float(shares @ (difference > 0))
    mean = float(shares @ difference)
    count = len(difference)
    if count == 1:
        return PairedTest(better=better, worse=worse, effect=np.nan, p=np.nan)
    spread = float(np.sqrt(shares @ (difference - mean) ** 2 * count / (count - 1)))
    if spread <= _ROUNDING * float(np.abs(difference).max()):
        effect = 0.0 if mean == 0 else float(np.copysign(np.inf, mean))
        return PairedTest(better=better, worse=worse, effect=effect, p=float(mean == 0))
    return PairedTest(better=better, worse=worse, effect=mean / spread, p=_p(pairs, mean, spread))


def _p(pairs: Pairs, mean: float, spread: float) -> float:
    from scipy.special import ndtr, stdtr  # takes its time to load

    count = len(pairs.values)
    if (pairs.strata == pairs.strata[0]).all():
        return float(2 * stdtr(count - 1, -abs(mean) / (spread / count**0.5)))
    _, half = stratified_mean((pairs.values - pairs.others)[:, None], pairs.strata, pairs.weights)
    error = float(half[0]) / Z_95
    return float(2 * ndtr(-abs(mean) / error)) if error > 0 else 0.0


def holm(p: Sequence[float] | Floats) -> Floats:
    """Correct p values of a family for how many there are.

    Parameters
    ----------
    p : sequence of float, shape (tests,)
        NaN for a test that was not made: it counts for none.

    Returns
    -------
    ndarray of float64, shape (tests,)
        Adjusted: a test below a level rejects at that level for the whole family.

    References
    ----------
    S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of
    Statistics 6 (1979) 65-70.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    given = np.asarray(p, np.float64)
    adjusted = np.full(len(given), np.nan)
    order = np.argsort(given, kind="stable")[: int((~np.isnan(given)).sum())]
    steps = given[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
