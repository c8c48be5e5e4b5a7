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

from collections.abc import Sequence
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
#: What is held against total exposure: the first of them that varies.
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
    pair = pair_of(study, standing)
    places = places_of_shared(study, standing.plans)
    if pair is None or len(places[0]) < 100 // SHARES[0]:
        return None
    few = thinned(study.column(standing.plans[0], "weight")[places[0]], MOST)
    points = np.stack(
        [
            np.column_stack([study.column(plan, name)[there[few]] for name in pair])
            for plan, there in zip(standing.plans, places, strict=True)
        ],
        axis=1,
    ).astype(np.float64)
    return Attainment(
        scenario=scenario,
        objectives=pair,
        surfaces=surfaces(points),
        plans=len(standing.plans),
        replications=len(few),
    )


def pair_of(study: Study, standing: Standing) -> tuple[str, str] | None:
    """Return total exposure and what it is held against; None if less than two vary.

    An objective that is the same in nearly all replications has no surface to speak of: one that
    differs from its least value in at least a twentieth of some plan's comes before such.
    """
    names = [name for name in _AGAINST if name in standing.objectives]
    if OBJECTIVES[0] not in standing.objectives or not names:
        return None
    seen = [name for name in names if _spread(study, standing.plans, name)]
    return OBJECTIVES[0], (seen or names)[0]


def _spread(study: Study, plans: Sequence[int], name: str) -> bool:
    columns = [study.column(plan, name) for plan in plans]
    least = min(column.min() for column in columns)
    return any((column > least).mean() >= SHARES[0] / 100 for column in columns)


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
