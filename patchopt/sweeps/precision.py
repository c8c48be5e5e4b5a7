"""How precise means are, replication by replication, and how many more it takes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from patchopt.model.metrics import Z_95


class Precision:
    """Means of some metrics of one plan, with the half-widths of their 95% intervals.

    Moments are merged block by block in the order of the blocks, so the numbers do not
    depend on who computed them.

    Parameters
    ----------
    metrics : sequence of str
        Numeric metrics.

    References
    ----------
    T. F. Chan, G. H. Golub, R. J. LeVeque, Algorithms for Computing the Sample Variance,
    The American Statistician 37 (1983) 242-247, for the merging. A. M. Law, Simulation
    Modeling and Analysis, 5th edition, 2015, section 9.4.1, for stopping at a relative
    error. W. G. Cochran, Sampling Techniques, 3rd edition, 1977, equation 5.13, for strata.
    """

    def __init__(self, metrics: Sequence[str]) -> None:
        self.metrics = tuple(metrics)
        self.replications = 0
        self._moments: dict[int, tuple[int, float, NDArray[np.float64], NDArray[np.float64]]] = {}

    def add(self, columns: Mapping[str, NDArray[Any]]) -> None:
        """Take in a block: its metrics, and its ``stratum`` and ``weight``."""
        values = np.column_stack([columns[name].astype(np.float64) for name in self.metrics])
        strata = columns["stratum"]
        self.replications += len(strata)
        for stratum in np.unique(strata):
            chosen = strata == stratum
            mean = values[chosen].mean(axis=0)
            spread = ((values[chosen] - mean) ** 2).sum(axis=0)
            count, weight = int(chosen.sum()), float(columns["weight"][chosen].sum())
            before = self._moments.get(int(stratum))
            if before is not None:
                total = before[0] + count
                step = mean - before[2]
                spread = before[3] + spread + step**2 * (before[0] * count / total)
                mean = before[2] + step * (count / total)
                count, weight = total, before[1] + weight
            self._moments[int(stratum)] = (count, weight, mean, spread)

    def needed(self, share: float) -> int:
        """Return how many replications make every half-width at most a share of its mean.

        Returns
        -------
        int
            Not more than there are already if they are enough; 2**62 for a metric whose
            mean is 0 though it varies.
        """
        mean = np.zeros(len(self.metrics))
        variance = np.zeros(len(self.metrics))  # of one replication's worth
        for count, weight, of_stratum, spread in self._moments.values():
            part = weight / self.replications
            mean += part * of_stratum
            if count > 1:
                variance += part**2 * spread / (count - 1) * (self.replications / count)
        most = 0
        for centre, varies in zip(np.abs(mean).tolist(), variance.tolist(), strict=True):
            if varies > 0:
                count = math.ceil(varies * (Z_95 / (share * centre)) ** 2) if centre else 2**62
                most = max(most, count)
        return most
