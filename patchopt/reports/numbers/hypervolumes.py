"""Hypervolumes with limits: of a set of plans, of what each adds, of a strategy beside the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from patchopt.model.base import Floats
from patchopt.reports.numbers.fronts import Front, contributions, volume
from patchopt.reports.numbers.resampling import TAILS

#: Resamples, the first of all, of which hypervolumes are taken: limits need no more.
VOLUMES: Final = 1000


@dataclass(frozen=True, eq=False, kw_only=True)
class Volume:
    """A hypervolume, or a difference of two, as a share of the box, with 95% limits."""

    value: float
    low: float = np.nan
    high: float = np.nan


@dataclass(frozen=True, eq=False, kw_only=True)
class Beside:
    """The plans of one strategy beside those of all others.

    Parameters
    ----------
    strategy : str
        Its name.
    plans : int
        How many of its plans are compared.
    own, rest : float
        Hypervolume of its plans, and of the others.
    difference : Volume
        Own less rest, from the same resamples.
    """

    strategy: str
    plans: int
    own: float
    rest: float
    difference: Volume


def whole_of(front: Front, again: Floats | None, corner: Floats) -> Volume:
    """Return the hypervolume of all plans together.

    Parameters
    ----------
    front : Front
        Of their means.
    again : ndarray of float64, shape (resamples, plans, objectives), optional
        Means in each resample; without them there are no limits.
    corner : ndarray of float64, shape (objectives,)
        The reference.
    """
    if again is None:
        return Volume(value=front.hypervolume)
    return _limited(front.hypervolume, _volumes(again, corner))


def _limited(value: float, again: Floats) -> Volume:
    """Return a number with the percentile limits of what resamples make of it."""
    low, high = np.quantile(again, TAILS, method="inverted_cdf").tolist()
    return Volume(value=value, low=low, high=high)


def _volumes(again: Floats, corner: Floats) -> Floats:
    """Return the hypervolume of each resample."""
    return np.array([volume(points, corner) for points in again])


def lost_of(
    front: Front, again: Floats | None, kept: NDArray[np.bool_] | None, corner: Floats
) -> tuple[Volume, ...]:
    """Return what would be lost without each plan; see `whole_of`.

    Parameters
    ----------
    front, again, corner
        As there.
    kept : ndarray of bool, shape (resamples or more, plans), optional
        Which plans are non-dominated in each resample.
    """
    values = front.contributions.tolist()
    if again is None or kept is None:
        return tuple(Volume(value=value) for value in values)
    lost = np.array(
        [contributions(points, own, corner) for points, own in zip(again, kept, strict=False)]
    )
    return tuple(_limited(value, column) for value, column in zip(values, lost.T, strict=True))


def besides(
    strategies: Sequence[str], points: Floats, again: Floats | None, corner: Floats
) -> tuple[Beside, ...]:
    """Return the plans of each strategy beside all others; nothing if there is one strategy.

    Parameters
    ----------
    strategies : sequence of str
        Of each plan.
    points : ndarray of float64, shape (plans, objectives)
        Their means.
    again, corner
        As of `whole_of`.
    """
    names = list(dict.fromkeys(strategies))
    if len(names) == 1:
        return ()
    found = []
    for name in names:
        mine = np.array([strategy == name for strategy in strategies])
        own, rest = (volume(points[some], corner) for some in (mine, ~mine))
        difference = Volume(value=own - rest)
        if again is not None:
            apart = _volumes(again[:, mine], corner) - _volumes(again[:, ~mine], corner)
            difference = _limited(own - rest, apart)
        found.append(
            Beside(strategy=name, plans=int(mine.sum()), own=own, rest=rest, difference=difference)
        )
    return tuple(found)
