"""Non-dominated plans and their hypervolume, by moocore."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import moocore
import numpy as np
from numpy.typing import NDArray

from patchopt.model.base import Floats

#: Reference point of the hypervolume, in units of the distance from ideal to worst.
REFERENCE: Final = 1.1


@dataclass(frozen=True, eq=False)
class Front:
    """The non-dominated ones among some points, all objectives to be minimised.

    Parameters
    ----------
    non_dominated : ndarray of bool, shape (points,)
        Ties are all kept: equal points do not dominate each other.
    ideal, worst : ndarray of float64, shape (objectives,)
        Best and worst value of each objective among all points.
    hypervolume : float
        Share, from 0 to 1, of the box between ideal and reference that the set dominates.
    contributions : ndarray of float64, shape (points,)
        How much of it would be lost without each point alone.
    """

    non_dominated: NDArray[np.bool_]
    ideal: Floats
    worst: Floats
    hypervolume: float
    contributions: Floats

    @property
    def reference(self) -> Floats:
        """Reference point in the units of the objectives."""
        return np.asarray(self.ideal + REFERENCE * (self.worst - self.ideal))


def front_of(points: Floats) -> Front:
    """Find the non-dominated points and the hypervolume of their set.

    Objectives are normalised so that the best value among all points is 0 and the worst 1
    (an objective in which they do not differ is 0 throughout); the reference point is 1.1
    in each, and the volume is divided by that of the box, 1.1 to the power of the number
    of objectives.

    Parameters
    ----------
    points : ndarray of float64, shape (points, objectives)
        Finite; at least one.

    Returns
    -------
    Front

    References
    ----------
    C. M. Fonseca, L. Paquete, M. López-Ibáñez, An improved dimension-sweep algorithm for
    the hypervolume indicator, CEC 2006; as implemented in moocore.

    Examples
    --------
    >>> front = front_of(np.array([[1.0, 4.0], [3.0, 2.0], [3.0, 5.0]]))
    >>> front.non_dominated.tolist(), [round(float(v), 9) for v in front.reference]
    ([True, True, False], [3.2, 5.3])
    """
    kept = np.asarray(moocore.is_nondominated(points, keep_weakly=True), np.bool_)
    ideal, worst = points.min(axis=0), points.max(axis=0)
    span = np.where(worst > ideal, worst - ideal, 1.0)
    normal = (points[kept] - ideal) / span
    whole = _volume(normal)
    contributions = np.zeros(len(points))
    contributions[kept] = [whole - _volume(np.delete(normal, at, 0)) for at in range(len(normal))]
    return Front(kept, ideal, worst, whole, np.maximum(contributions, 0.0))


def _volume(normal: Floats) -> float:
    if not len(normal):
        return 0.0
    box = float(REFERENCE ** normal.shape[1])
    return float(moocore.hypervolume(normal, ref=REFERENCE)) / box
