"""How the open exposure of a plan falls over many replications: median and 5 to 95%."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from patchopt.model.base import Floats, Ints
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan
from patchopt.reports.trace.curves import Curve, burn_down
from patchopt.reports.trace.events import was_aborted

#: So many replications, and fewer of plans with so many events that they would take long.
MOST_RUNS: Final = 200
_LEAST_RUNS: Final = 20
_MOST_EVENTS: Final = 400_000
#: No figure shows more instants than that.
_MOST_TIMES: Final = 1500

#: Shares of the replications that are below the band's edges and its middle.
SHARES: Final = (0.05, 0.5, 0.95)


@dataclass(frozen=True, eq=False)
class Band:
    """The open exposure of a plan over time, over replications.

    Parameters
    ----------
    times_s : ndarray of int64, shape (steps,)
        Ascending, from 0.
    low, median, high : ndarray of float64, shape (steps,)
        Weight that is open from then on: quantiles at 5%, 50% and 95%, at each instant.
    settled_s : int
        When the exposure has come to rest in 95% of the replications, seconds.
    runs, aborted : int
        Replications, and those in which the plan was aborted.
    """

    times_s: Ints
    low: Floats
    median: Floats
    high: Floats
    settled_s: int
    runs: int
    aborted: int


def band(infrastructure: Infrastructure, plan: Plan, seed: int, most: int = MOST_RUNS) -> Band:
    """Run a plan many times and see how its open exposure falls.

    Parameters
    ----------
    infrastructure : Infrastructure
        Where the plan runs.
    plan : Plan
        What is done.
    seed : int
        Of all replications.
    most : int
        Replications at most.

    Returns
    -------
    Band
    """
    from patchopt.simulator import Simulator
    from patchopt.simulator.loop import compile as compilation

    simulator = Simulator(infrastructure, plan, compilation.fitting(infrastructure, most))
    curves: list[Curve] = []
    runs, aborted = most, 0
    while len(curves) < runs:
        events = simulator.trace(seed, len(curves))
        if not curves:
            runs = min(most, max(_LEAST_RUNS, _MOST_EVENTS // len(events)))
        curves.append(burn_down(infrastructure, events))
        aborted += was_aborted(events)
    return band_of(curves, aborted)


def band_of(curves: list[Curve], aborted: int = 0) -> Band:
    """Return the quantiles of step functions at each instant.

    Parameters
    ----------
    curves : list of Curve
        At least one.
    aborted : int
        How many are of a plan that was aborted.

    Examples
    --------
    >>> curves = [Curve(np.array([0, at, 9]), np.array([4, 0, 0])) for at in (2, 3, 5)]
    >>> found = band_of(curves)
    >>> found.times_s.tolist(), found.median.tolist(), found.settled_s
    ([0, 2, 3, 5, 9], [4.0, 4.0, 0.0, 0.0, 0.0], 5)
    """
    times = np.unique(np.concatenate([curve.times_s for curve in curves]))
    if len(times) > _MOST_TIMES:
        times = times[np.linspace(0, len(times) - 1, _MOST_TIMES).round().astype(np.int64)]
    values = np.array(
        [c.values[np.searchsorted(c.times_s, times, side="right") - 1] for c in curves], np.float64
    )
    # Values that were there, none in between: definition 1 of Hyndman and Fan.
    low, median, high = np.quantile(values, SHARES, axis=0, method="inverted_cdf")
    settled = [_settled(curve) for curve in curves]
    rest = int(np.quantile(settled, SHARES[-1], method="inverted_cdf"))
    return Band(times, low, median, high, rest, len(curves), aborted)


def _settled(curve: Curve) -> int:
    """Return when a step function changes for the last time."""
    changes = np.flatnonzero(np.diff(curve.values))
    return int(curve.times_s[changes[-1] + 1]) if len(changes) else 0
