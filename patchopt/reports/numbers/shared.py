"""Replications that several plans share, resampled for all of them at once.

Plans met the same luck in them, so a resample draws the same replications for every plan; where
defects were dealt out, it draws within each stratum, which keeps the share that it is known to
have (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, section 8.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Final

import numpy as np

from patchopt.model.base import Floats, Ints
from patchopt.model.metrics import METRIC_BY_NAME
from patchopt.reports.numbers.bootstrap import exact, scale_of
from patchopt.reports.numbers.gaps import luck_of, pairs_of
from patchopt.reports.numbers.resampling import blocks_of, sums_over
from patchopt.reports.numbers.study import Study

#: Blocks of all strata together, and of one at least, as far as it has replications.
_BLOCKS: Final = 2000
_LEAST_BLOCKS: Final = 50


@dataclass(frozen=True, eq=False, kw_only=True)
class Stratum:
    """Replications that are alike.

    Parameters
    ----------
    share : float
        How probable they are, exactly known; 1 if there is no other stratum.
    count : int
        How many the plans share.
    sums : ndarray of float64, shape (blocks, plans x measures + 1)
        As `blocks_of` has them, in the smallest unit of each measure.
    """

    share: float
    count: int
    sums: Floats


@dataclass(frozen=True, eq=False, kw_only=True)
class Shared:
    """What several plans came to under the same luck.

    Parameters
    ----------
    plans, measures : tuple
        Numbers of plans, names of metrics.
    strata : tuple of Stratum
        Their shares add up to 1.
    """

    plans: tuple[int, ...]
    measures: tuple[str, ...]
    strata: tuple[Stratum, ...]

    @property
    def replications(self) -> int:
        """How many the plans share."""
        return sum(stratum.count for stratum in self.strata)

    @property
    def varies(self) -> bool:
        """Whether resamples tell anything: no stratum has a single replication."""
        return all(stratum.count > 1 for stratum in self.strata)

    @cached_property
    def means(self) -> Floats:
        """Means, of shape (plans, measures). Plans whose values are alike have the same ones."""
        total = [stratum.sums.sum(axis=0)[None] for stratum in self.strata]
        return np.asarray(self._over_strata(total)[0])

    @cached_property
    def resampled(self) -> Floats:
        """Means in each resample, of shape (RESAMPLES, plans, measures)."""
        return self._over_strata(
            [sums_over(stratum.sums, stream) for stream, stratum in enumerate(self.strata)]
        )

    def _over_strata(self, sums: Sequence[Floats]) -> Floats:
        # Sums are exact and shares multiply elementwise: what is alike stays alike.
        means = sum(
            stratum.share * (every[:, :-1] / every[:, -1:])
            for stratum, every in zip(self.strata, sums, strict=True)
        )
        scale = np.array([scale_of(METRIC_BY_NAME[name].kind) for name in self.measures])
        shape = (-1, len(self.plans), len(self.measures))
        return np.asarray(np.asarray(means).reshape(shape) / scale, np.float64)


def shared(study: Study, plans: Sequence[int], measures: Sequence[str]) -> Shared | None:
    """Put plans side by side on the replications that all of them have.

    Parameters
    ----------
    study : Study
        What was measured.
    plans : sequence of int
        Of one scenario; at least one.
    measures : sequence of str
        Metrics that are numbers.

    Returns
    -------
    Shared or None
        None if they share no replication, or none of some stratum.
    """
    places = places_of_shared(study, plans)
    if not len(places[0]):
        return None
    every, weights = (study.column(plans[0], name) for name in ("stratum", "weight"))
    strata = every[places[0]].astype(np.int64)
    numbers = np.unique(every).astype(np.int64)
    if len(np.unique(strata)) < len(numbers):
        return None
    chosen = [np.flatnonzero(strata == number) for number in numbers]
    sums: list[list[Floats]] = [[] for _ in numbers]
    for plan, there in zip(plans, places, strict=True):
        for name in measures:
            # One column at a time: of many replications all together would be large.
            column = exact(study.column(plan, name), METRIC_BY_NAME[name].kind)[there]
            for own, some in zip(sums, chosen, strict=True):
                own.append(_blocks(column[some], len(strata)))
    sizes = [_blocks(np.ones(len(some)), len(strata)) for some in chosen]
    found = [
        Stratum(
            share=float(weights[every == number].sum() / weights.sum()),
            count=len(some),
            sums=np.column_stack([*own, size]),
        )
        for number, some, own, size in zip(numbers, chosen, sums, sizes, strict=True)
    ]
    return Shared(plans=tuple(plans), measures=tuple(measures), strata=tuple(found))


def _blocks(values: Floats, of: int) -> Floats:
    """Return sums over blocks of a stratum, more of them the more it is of all replications."""
    most = max(_LEAST_BLOCKS, _BLOCKS * len(values) // of)
    return blocks_of(values[:, None], most)[:, 0]


def places_of_shared(study: Study, plans: Sequence[int]) -> list[Ints]:
    """Return of each plan where the replications are that all have, by seed and number."""
    lucks = [luck_of(study, plan) for plan in plans]
    common = lucks[0]
    if all(map(np.array_equal, common * (len(plans) - 1), chain(*lucks[1:]))):
        return [np.lexsort(common[::-1])] * len(plans)
    for luck in lucks[1:]:
        own, _ = pairs_of(common, luck)
        common = tuple(each[own] for each in common)
    return [pairs_of(luck, common)[0] for luck in lucks]
