"""Means over replications whose rare defects were dealt out instead of drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from patchopt.model.base import Floats
from patchopt.model.metrics import Z_95


def stratified_mean(
    values: Floats, strata: NDArray[np.int64], weights: Floats
) -> tuple[Floats, Floats]:
    """Return weighted means and the half-widths of their 95% intervals.

    Parameters
    ----------
    values : ndarray of float64, shape (replications, columns)
        Finite.
    strata : ndarray of int64, shape (replications,)
        Which replications are alike.
    weights : ndarray of float64, shape (replications,)
        How many replications each stands for; the weights of a stratum add up to what it
        is of all, exactly known.

    Returns
    -------
    tuple of ndarray of float64, shape (columns,)
        Means; half-widths by the normal distribution, NaN with one replication.

    References
    ----------
    W. G. Cochran, Sampling Techniques, 3rd edition, 1977, equations 5.1 and 5.13.

    Examples
    --------
    >>> values, strata = np.array([[0.0], [0.0], [1.0], [1.0]]), np.array([0, 0, 1, 1])
    >>> mean, half = stratified_mean(values, strata, np.array([1.9, 1.9, 0.1, 0.1]))
    >>> mean.tolist(), half.tolist()
    ([0.05], [0.0])
    """
    total = weights.sum()
    mean = np.clip(weights @ values / total, values.min(axis=0), values.max(axis=0))
    variance = np.zeros(values.shape[1])
    for stratum in np.unique(strata):
        chosen = strata == stratum
        count = int(chosen.sum())
        part = weights[chosen].sum() / total
        spread = values[chosen].var(axis=0, ddof=1) if count > 1 else np.nan
        variance = variance + part**2 * spread / count
    return mean, Z_95 * np.sqrt(variance)


def variance_saved(values: Floats, reference: Floats, weights: Floats) -> float:
    """Return what common random numbers save of the variance of a difference.

    Parameters
    ----------
    values, reference, weights : ndarray of float64, shape (replications,)
        Pairs that met the same luck.

    Returns
    -------
    float
        1 - Var(X - Y) / (Var X + Var Y), below 0 if pairing does harm; NaN if nothing
        varies.

    References
    ----------
    A. M. Law, Simulation Modeling and Analysis, 5th edition, 2015, section 11.2.

    Examples
    --------
    >>> x = np.array([1.0, 2.0, 3.0])
    >>> variance_saved(x, x + 1, np.ones(3)), variance_saved(x, -x, np.ones(3))
    (1.0, -1.0)
    """

    def variance(of: Floats) -> float:
        share = weights / weights.sum()
        return float(share @ (of - share @ of) ** 2)

    apart = variance(values) + variance(reference)
    return 1 - variance(values - reference) / apart if apart > 0 else float("nan")
