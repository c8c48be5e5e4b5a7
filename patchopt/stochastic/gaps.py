"""How far a plan is from what nobody can beat, with what chance leaves open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from patchopt.model.base import Floats, Ints

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
    low, high : float
        Two-sided 95% limits; NaN as well.
    """

    gap: float
    upper: float
    low: float = float("nan")
    high: float = float("nan")


def gap_over(
    bound: Floats, cost: Floats, strata: Ints | None = None, shares: Floats | None = None
) -> Gap:
    """Compare costs with bounds that met the same luck.

    Parameters
    ----------
    bound, cost : ndarray of float64, shape (replications,)
        Pairs; bounds above 0 in the mean.
    strata : ndarray of int64, shape (replications,), optional
        Which replications are alike, where defects are dealt out.
    shares : ndarray of float64, shape (replications,), optional
        What each replication stands for: those of a stratum the same, and together its probability.

    Returns
    -------
    Gap
        NaN where the bound is 0 in the mean. The limit is that of a ratio of means, by the
        residuals of the pairs and Student's t (Cochran, Sampling Techniques, 3rd edition, 1977,
        sections 6.3 and 6.11). It knows nothing of luck rarer than one in so many replications.

    Examples
    --------
    >>> found = gap_over(np.array([10.0, 20.0, 30.0]), np.array([11.0, 22.0, 33.0]))
    >>> round(found.gap, 9), round(found.upper, 9)
    (0.1, 0.1)
    """
    count = len(bound)
    strata = np.zeros(count, np.int64) if strata is None else strata
    shares = np.full(count, 1 / count) if shares is None else shares
    mean = float(shares @ bound)
    if mean <= 0:
        return Gap(gap=float("nan"), upper=float("nan"))
    ratio = float(shares @ cost) / mean
    free = count - len(np.unique(strata))
    if free < 1:
        return Gap(gap=ratio - 1, upper=float("nan"))
    from scipy.special import stdtrit  # takes its time to load

    rest = cost - ratio * bound
    variance = 0.0
    for stratum in np.unique(strata):
        own = strata == stratum
        spread = float(rest[own].var(ddof=1)) if own.sum() > 1 else float("nan")
        variance += float(shares[own].sum()) ** 2 * spread / int(own.sum())
    error = variance**0.5 / mean
    one_sided, two_sided = (error * float(stdtrit(free, q)) for q in (LEVEL, (1 + LEVEL) / 2))
    gap = ratio - 1
    return Gap(gap=gap, upper=gap + one_sided, low=gap - two_sided, high=gap + two_sided)
