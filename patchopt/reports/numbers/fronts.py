"""Non-dominated points, and their hypervolume, by moocore."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import moocore
import numpy as np
from numpy.typing import NDArray

from patchopt.model.base import Floats


@dataclass(frozen=True, eq=False)
class Front:
    """The non-dominated ones among some points, all objectives to be minimised.

    Parameters
    ----------
    non_dominated : ndarray of bool, shape (points,)
        Ties are all kept: equal points do not dominate each other.
    beyond : ndarray of bool, shape (points,)
        Which points are not below the reference in every objective, and so add no volume.
    hypervolume : float
        Share, from 0 to 1, of the box between 0 and reference that the set dominates.
    contributions : ndarray of float64, shape (points,)
        How much of it would be lost without each point alone.
    """

    non_dominated: NDArray[np.bool_]
    beyond: NDArray[np.bool_]
    hypervolume: float
    contributions: Floats


def front_of(points: Floats, reference: Floats) -> Front:
    """Find the non-dominated points and the hypervolume of their set.

    Parameters
    ----------
    points : ndarray of float64, shape (points, objectives)
        Finite, not below 0; at least one.
    reference : ndarray of float64, shape (objectives,)
        Above 0. The ideal is 0: neither depends on the points.

    Returns
    -------
    Front

    Examples
    --------
    >>> front = front_of(np.array([[1.0, 4.0], [3.0, 2.0], [3.0, 5.0]]), np.array([4.0, 5.0]))
    >>> front.non_dominated.tolist(), front.beyond.tolist(), round(front.hypervolume, 9)
    ([True, True, False], [False, False, True], 0.25)
    """
    kept = non_dominated(points[None])[0]
    return Front(
        kept,
        np.asarray((points >= reference).any(axis=1)),
        volume(points[kept], reference),
        contributions(points, kept, reference),
    )


def non_dominated(points: Floats) -> NDArray[np.bool_]:
    """Tell which points of each set are non-dominated within it.

    Parameters
    ----------
    points : ndarray of float64, shape (sets, points, objectives)
        All to be minimised.

    Returns
    -------
    ndarray of bool, shape (sets, points)
        Equal points do not dominate each other. In time that grows with sets x points².
    """
    kept = np.ones(points.shape[:2], np.bool_)
    for at in range(points.shape[1]):
        # All sets at once: there are thousands of them, with few points each.
        other = points[:, at : at + 1]
        kept &= ~((other <= points).all(axis=2) & (other < points).any(axis=2))
    return kept


def volume(points: Floats, reference: Floats) -> float:
    """Return the share of the box from 0 to a reference that is dominated; 0 without points.

    References
    ----------
    C. M. Fonseca, L. Paquete, M. López-Ibáñez, An improved dimension-sweep algorithm for
    the hypervolume indicator, CEC 2006; as implemented in moocore.

    Examples
    --------
    >>> volume(np.array([[1.0, 4.0]]), np.array([2.0, 5.0]))
    0.1
    """
    if not len(points):
        return 0.0
    normal = points / reference
    if len(normal) == 1:
        share = float(np.prod(np.maximum(1 - normal[0], 0)))
    else:
        share = float(_indicator(points.shape[1])(normal))
    return round(share, 12)  # the last digits are the machine's


@lru_cache
def _indicator(objectives: int) -> Callable[[Floats], float]:
    return cast("Callable[[Floats], float]", moocore.Hypervolume(ref=np.ones(objectives)))


def contributions(points: Floats, kept: NDArray[np.bool_], reference: Floats) -> Floats:
    """Return how much volume would be lost without each point alone.

    Parameters
    ----------
    points : ndarray of float64, shape (points, objectives)
        Of which `kept` tells the non-dominated ones; the others add nothing.
    kept : ndarray of bool, shape (points,)
        As from `non_dominated`.
    reference : ndarray of float64, shape (objectives,)
        As of `volume`.
    """
    found = np.zeros(len(points))
    whole = volume(points[kept], reference)
    for at in np.flatnonzero(kept):
        # What it alone dominates comes to light then, and counts.
        found[at] = whole - volume(np.delete(points, at, 0), reference)
    return np.maximum(np.round(found, 12), 0.0)
