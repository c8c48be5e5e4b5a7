"""How far a plan is from what nobody can beat, with what chance leaves open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from patchopt.model.base import Floats

#: Chance that an upper limit is high enough.
LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class Gap:
    """What a plan costs over a bound, as a share of the bound.

    Parameters
    ----------
    gap : float
        Of the means: mean cost / mean bound - 1.
    upper : float
        One-sided 95% limit; NaN with one replication.
    """

    gap: float
    upper: float


def gap_over(bound: Floats, cost: Floats) -> Gap:
    """Compare costs with bounds that met the same luck.

    Parameters
    ----------
    bound, cost : ndarray of float64, shape (replications,)
        Pairs; bounds above 0 in the mean.

    Returns
    -------
    Gap
        NaN where the bound is 0 in the mean. The limit is that of a ratio of means, by the
        residuals of the pairs and Student's t (Cochran, Sampling Techniques, 3rd edition, 1977,
        section 6.3). It knows nothing of luck rarer than one in so many replications.

    Examples
    --------
    >>> found = gap_over(np.array([10.0, 20.0, 30.0]), np.array([11.0, 22.0, 33.0]))
    >>> round(found.gap, 9), round(found.upper, 9)
    (0.1, 0.1)
    """
    count, mean = len(bound), float(bound.mean())
    if mean <= 0:
        return Gap(gap=float("nan"), upper=float("nan"))
    ratio = float(cost.mean()) / mean
    if count < 2:
        return Gap(gap=ratio - 1, upper=float("nan"))
    from scipy.stats import t  # takes a while

    error = float(np.std(cost - ratio * bound, ddof=1)) / (mean * count**0.5)
    return Gap(gap=ratio - 1, upper=ratio - 1 + float(t.ppf(LEVEL, count - 1)) * error)
