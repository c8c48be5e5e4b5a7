"""How far chance may have moved what a sample is judged by."""

from __future__ import annotations

import numpy as np

from patchopt.model.base import Floats
from patchopt.model.expectation import Risk
from patchopt.model.metrics import Z_95
from patchopt.model.risk import tail_excess
from patchopt.stochastic.evaluating import TAIL_FROM


def half_width(costs: Floats, risk: Risk) -> float:
    """Return how far the 95% interval of what a sample is judged by reaches.

    Parameters
    ----------
    costs : ndarray of float64, shape (n,)
        Of independent replications, at least 2.
    risk : str
        By which they are judged.

    Returns
    -------
    float
        Of a mean that of the normal distribution; of a tail the same of what each replication
        adds to it (`tail_excess`).

    Examples
    --------
    >>> round(half_width(np.array([1.0, 2.0, 3.0, 4.0]), "mean"), 3)
    1.265
    """
    return _reach(_influence(costs, risk))


def half_width_of_difference(before: Floats, after: Floats, risk: Risk) -> float:
    """Return how far the 95% interval of a paired difference reaches.

    Parameters
    ----------
    before, after : ndarray of float64, shape (n,)
        Costs under the same luck.
    risk : str
        By which they are judged.

    Returns
    -------
    float
        As `half_width` of the differences that pairs add.
    """
    return _reach(_influence(after, risk) - _influence(before, risk))


def _reach(values: Floats) -> float:
    return Z_95 * float(values.std(ddof=1)) / float(len(values) ** 0.5)


def _influence(costs: Floats, risk: Risk) -> Floats:
    """Return what each replication adds to what a sample is judged by, but for a constant."""
    if risk == "mean":
        return costs
    return tail_excess(costs, float(np.quantile(costs, TAIL_FROM)), TAIL_FROM)
