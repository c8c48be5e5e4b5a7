"""What a set of plans attains in two objectives, in how many replications (by moocore).

A replication attains a point if some plan is, in it, as good in both objectives. The surface of
a share bounds what is attained in that share of the replications: who could choose the best plan
for each luck, knowing it, would be there so often. Of one plan it is its own distribution.

References
----------
V. Grunert da Fonseca, C. M. Fonseca, A. O. Hall, Inferential Performance Assessment of Stochastic
Optimisers and the Attainment Function, EMO 2001. C. M. Fonseca, A. P. Guerreiro,
M. López-Ibáñez, L. Paquete, On the Computation of the Empirical Attainment Function, EMO 2011; as
implemented in moocore.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import moocore
import numpy as np

from patchopt.model.base import Floats, Ints
from patchopt.reports.numbers.objectives import OBJECTIVES
from patchopt.reports.numbers.shared import places_of_shared
from patchopt.reports.numbers.standing import Standing
from patchopt.reports.numbers.study import Study

#: Shares of the replications in percent: what luck at its best allows, usually, nearly always.
SHARES: Final = (5, 50, 95)
#: Replications at most: surfaces show no more, and computing them takes long.
MOST: Final = 400
#: Fewer replications have no 5%.
_LEAST: Final = 20
#: What is held against total exposure: the first of them that varies, over replications too.
_AGAINST: Final = (
    "unplanned_downtime",
    "completion_time",
    "lost_capacity",
    "surge_node_seconds",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Attainment:
    """Surfaces of a scenario's plans in two objectives.

    Parameters
    ----------
    scenario : str
        Its name.
    objectives : tuple of str
        Across, and up.
    surfaces : tuple of ndarray of float64, each of shape (corners, 2)
        One a share: its lower left corners, ascending in the first objective.
    plans, replications : int
        How many of each.
    """

    scenario: str
    objectives: tuple[str, str]
    surfaces: tuple[Floats, ...]
    plans: int
    replications: int

    @property
    def flat(self) -> bool:
        """Whether the second objective is the same all over: some plan is always best in it."""
        return bool(np.ptp(np.concatenate(self.surfaces)[:, 1]) == 0)


def attainment(study: Study, scenario: str, standing: Standing) -> Attainment | None:
    """Return what the plans of a scenario that keep the constraints attain.

    Parameters
    ----------
    study : Study
        What was measured.
    scenario : str
        Its name.
    standing : Standing
        Of its plans.

    Returns
    -------
    Attainment or None
        None if fewer than two objectives vary, or the plans share too few replications for
        the outer shares.
    """
    names = [name for name in _AGAINST if name in standing.objectives]
    places = places_of_shared(study, standing.plans)
    if OBJECTIVES[0] not in standing.objectives or not names or len(places[0]) < _LEAST:
        return None
    few = thinned(study.column(standing.plans[0], "weight")[places[0]], MOST)
    where = {plan: there[few] for plan, there in zip(standing.plans, places, strict=True)}
    found = [
        Attainment(
            scenario=scenario,
            objectives=(OBJECTIVES[0], name),
            surfaces=surfaces(_points(study, where, (OBJECTIVES[0], name))),
            plans=len(standing.plans),
            replications=len(few),
        )
        for name in names
    ]
    return next((one for one in found if not one.flat), found[0])


def _points(study: Study, where: Mapping[int, Ints], names: tuple[str, str]) -> Floats:
    """Return what each plan came to, of shape (replications, plans, 2)."""
    columns = [[study.column(plan, name)[there] for name in names] for plan, there in where.items()]
    return np.array(columns, np.float64).transpose(2, 0, 1)


def thinned(weights: Floats, most: int) -> Ints:
    """Choose replications at equal steps of what they stand for, at most so many.

    Parameters
    ----------
    weights : ndarray of float64, shape (replications,)
        How many each stands for.
    most : int
        How many are chosen, some of them more than once if they stand for many.

    Examples
    --------
    >>> thinned(np.ones(6), 3).tolist(), thinned(np.array([1.0, 3.0]), 4).tolist()
    ([0, 2, 4], [0, 1, 1, 1])
    """
    if (weights == weights[0]).all():
        count = min(len(weights), most)
        return np.arange(count) * len(weights) // count
    sums = np.cumsum(weights / weights.sum())
    steps = (np.arange(most) + 0.5) / most
    return np.minimum(np.searchsorted(sums, steps, side="left"), len(weights) - 1)


def surfaces(points: Floats) -> tuple[Floats, ...]:
    """Return the surfaces that a share of sets attains, one for each of `SHARES`.

    Parameters
    ----------
    points : ndarray of float64, shape (sets, points, 2)
        Of each replication what each plan came to, to be minimised.

    Examples
    --------
    >>> sets = np.array([[[1.0, 4.0]], [[2.0, 3.0]]])
    >>> [surface.tolist() for surface in surfaces(sets)]
    [[[1.0, 4.0], [2.0, 3.0]], [[1.0, 4.0], [2.0, 3.0]], [[2.0, 4.0]]]
    """
    sets, count, _ = points.shape
    number = np.repeat(np.arange(1, sets + 1), count)
    flat = points.reshape(sets * count, 2)
    found = moocore.eaf(flat, number, percentiles=list(SHARES))
    each = (found[found[:, 2] == share, :2] for share in SHARES)
    return tuple(surface[np.argsort(surface[:, 0], kind="stable")] for surface in each)
