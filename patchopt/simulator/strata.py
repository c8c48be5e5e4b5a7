"""Stratified sampling over defective releases: rare defects at few replications.

The defects of releases are the one thing in a replication whose probabilities are known
beforehand. Strata are: no release is defective; one alone is, for each release; two or
more are. Their probabilities are exact, so that weighted means are unbiased however many
replications each stratum gets.

References
----------
W. G. Cochran, Sampling Techniques, 3rd edition, 1977, chapter 5 (stratified sampling).
T. Hesterberg, Weighted Average Importance Sampling and Defensive Mixture Distributions,
Technometrics 37 (1995) 185-194: half of the replications go where probability is, so that
common events lose at most half of their precision.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from patchopt.errors import PatchoptError
from patchopt.model.base import Bits, Floats, Ints
from patchopt.model.infrastructure import Infrastructure
from patchopt.simulator.loop.draws import draw
from patchopt.simulator.loop.streams import STREAM_DEFECT, threshold

#: Replications that each stratum gets at least, so that its variance is known.
LEAST = 2


class Sample(NamedTuple):
    """Which releases are defective in each replication, and what it stands for."""

    defects: Ints  # shape (replications, releases)
    strata: Ints  # shape (replications,)
    weights: Floats  # shape (replications,), 1 on average


def stratum_probabilities(probabilities: NDArray[np.float64]) -> Floats:
    """Return the probability of each stratum: none, each alone, two or more.

    Parameters
    ----------
    probabilities : ndarray of float64, shape (releases,)
        Of each release to be defective, strictly between 0 and 1.

    Returns
    -------
    ndarray of float64, shape (releases + 2,)
        They add up to 1; the last is 0 for fewer than two releases.

    Examples
    --------
    >>> stratum_probabilities(np.array([0.5, 0.5])).tolist()
    [0.25, 0.25, 0.25, 0.25]
    """
    good = 1 - probabilities
    none = float(np.prod(good))
    alone = [p * float(np.prod(np.delete(good, k))) for k, p in enumerate(probabilities)]
    return np.array([none, *alone, _at_least(probabilities)[0, 2]])


def _at_least(probabilities: NDArray[np.float64]) -> Floats:
    """Return P(at least d of the releases from k on are defective), shape (releases + 1, 3).

    Sums of products, no difference of near-equal numbers: exact for the rarest defects.
    """
    found = np.zeros((len(probabilities) + 1, 3))
    found[:, 0] = 1
    for k in range(len(probabilities) - 1, -1, -1):
        p = probabilities[k]
        for d in (1, 2):
            found[k, d] = p * found[k + 1, d - 1] + (1 - p) * found[k + 1, d]
    return found


def allocate(probabilities: Floats, replications: int) -> Ints:
    """Return how many replications each stratum gets: half evenly, half by probability.

    Parameters
    ----------
    probabilities : ndarray of float64, shape (strata,)
        Strata of probability 0 get none.
    replications : int
        In all.

    Returns
    -------
    ndarray of int64, shape (strata,)

    Raises
    ------
    PatchoptError
        If there are too few for every stratum to get `LEAST`.

    Examples
    --------
    >>> allocate(np.array([0.9, 0.1, 0.0]), 100).tolist()
    [69, 31, 0]
    """
    live = probabilities > 0
    strata = int(live.sum())
    if replications < LEAST * strata:
        raise PatchoptError(
            f"{replications} replications are too few for {strata} strata of defective releases",
            remedy=f"run at least {LEAST * strata} at a time (simulator.block), or do not stratify",
        )
    free = replications - LEAST * strata
    wanted = free * (probabilities / probabilities.sum() + live / strata) / 2
    found = np.floor(wanted).astype(np.int64)
    # What rounding left over goes to the largest remainders, ties to the first.
    order = np.argsort(-(wanted - found), kind="stable")
    found[order[: free - int(found.sum())]] += 1
    return np.asarray(found + LEAST * live, np.int64)


def stratify(infrastructure: Infrastructure, keys: Bits) -> Sample:
    """Say for a block of replications which releases are defective in each.

    Parameters
    ----------
    infrastructure : Infrastructure
        Whose releases.
    keys : ndarray of uint64, shape (replications,)
        Of the replications' draws; the first ones have no defect at all.

    Returns
    -------
    Sample
        The same for every plan on the infrastructure, so that pairs stay pairs.

    Raises
    ------
    PatchoptError
        If there are too few replications for the strata.
    """
    every = infrastructure.releases.defect_probability
    uncertain = np.flatnonzero((every > 0) & (every < 1))
    defects = np.tile((every == 1).astype(np.int64), (len(keys), 1))
    probabilities = stratum_probabilities(every[uncertain])
    counts = allocate(probabilities, len(keys))
    strata = np.repeat(np.arange(len(counts)), counts)
    for k, release in enumerate(uncertain):
        defects[strata == k + 1, release] = 1
    several = np.flatnonzero(strata == len(uncertain) + 1)
    if len(several):
        defects[np.ix_(several, uncertain)] = _several(infrastructure, uncertain, keys[several])
    weights = len(keys) * (probabilities / np.maximum(counts, 1))[strata]
    return Sample(defects, strata, weights)


def thinned(strata: Ints, count: int) -> Ints:
    """Choose replications of a block that stand for all of it, stratum by stratum.

    Parameters
    ----------
    strata : ndarray of int64, shape (replications,)
        Of the block.
    count : int
        How many, about: every stratum keeps its part, and at least `LEAST`.

    Returns
    -------
    ndarray of int64
        Their places, ascending; within a stratum evenly apart.

    Examples
    --------
    >>> thinned(np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 1]), 5).tolist()
    [0, 2, 4, 6, 8]
    """
    chosen = []
    for stratum in np.unique(strata):
        places = np.flatnonzero(strata == stratum)
        wanted = max(LEAST, round(count * len(places) / len(strata)))
        kept = min(wanted, len(places))
        chosen.append(places[np.arange(kept) * len(places) // kept])
    return np.sort(np.concatenate(chosen))


def _several(infrastructure: Infrastructure, releases: Ints, keys: Bits) -> Ints:
    """Draw defects given that there are two or more, one release after another."""
    of_releases = infrastructure.releases.key[releases]
    probabilities = infrastructure.releases.defect_probability[releases]
    chance = _at_least(probabilities)
    found = np.zeros((len(keys), len(releases)), np.int64)
    for row, key in enumerate(keys):
        needed = 2
        for k, p in enumerate(probabilities):
            given = p * chance[k + 1, max(needed - 1, 0)] / chance[k, needed]
            if draw(key, STREAM_DEFECT, of_releases[k], 0) < threshold(given):
                found[row, k] = 1
                needed = max(needed - 1, 0)
    return found
