"""Strategies across scenarios: each scenario is one observation, not each replication."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from patchopt.model.base import Floats
from patchopt.reports.numbers.paired_tests import holm
from patchopt.reports.numbers.summary import Results

#: Fewer independent scenarios than that are no sample of anything.
LEAST_SCENARIOS: Final = 20
#: Of all tests together.
LEVEL: Final = 0.05
#: Logarithms that differ by less are ties: their last digits are the machine's.
_PLACES: Final = 9


@dataclass(frozen=True, eq=False, kw_only=True)
class Across:
    """Strategies compared over scenarios.

    Parameters
    ----------
    labels : tuple of str
        Those that keep the constraints in every scenario.
    left_out : tuple of str
        Those that do not, or are not everywhere.
    costs : ndarray of float64, shape (scenarios, labels)
        Mean total exposures, weight·s.
    ranks : ndarray of float64, shape (labels,)
        Mean ranks, 1 the least exposure; ties share theirs.
    friedman_p : float
        Of no difference among all; NaN for fewer than three.
    p : ndarray of float64, shape (labels, labels)
        Of each pair by Wilcoxon's signed-rank test of the logarithms of costs, corrected by Holm
        over all pairs; 1 on the diagonal.
    cliques : tuple of tuple of int
        Largest sets, in the order of ranks, within which no pair differs significantly.
    """

    labels: tuple[str, ...]
    left_out: tuple[str, ...]
    costs: Floats
    ranks: Floats
    friedman_p: float
    p: Floats
    cliques: tuple[tuple[int, ...], ...]


def costs_of(results: Results) -> tuple[tuple[str, ...], tuple[str, ...], Floats]:
    """Return mean total exposures of plans that keep the constraints, by scenario and label.

    Returns
    -------
    labels, left_out : tuple of str
        Those that are in every scenario, and the others.
    costs : ndarray of float64, shape (scenarios, labels)
        Weight·s.
    """
    summary = results.summary
    kept = summary[(summary["breaks"] == "") & (summary["replications"] > 0)]
    table = kept.pivot(index="scenario", columns="label", values="total_exposure")
    table = table.reindex(summary["scenario"].unique())
    names = [label for label in summary["label"].unique() if label in table.columns]
    there = tuple(label for label in names if table[label].notna().all())
    left_out = tuple(label for label in summary["label"].unique() if label not in there)
    return there, left_out, table[list(there)].to_numpy(float)


def across(results: Results) -> Across | str:
    """Compare strategies over scenarios.

    Parameters
    ----------
    results : Results
        Of a study.

    Returns
    -------
    Across or str
        The reason, if there is no comparison to be made.

    References
    ----------
    J. Demšar, Statistical comparisons of classifiers over multiple data sets, Journal of Machine
    Learning Research 7 (2006) 1-30; A. Benavoli, G. Corani, F. Mangili, Should we really use
    post-hoc tests based on mean-ranks?, ibid. 17 (2016) 1-10: pairs are tested without the others.
    """
    labels, left_out, costs = costs_of(results)
    count = len(costs)
    if count < LEAST_SCENARIOS:
        return (
            f"No tests across scenarios: {count} are too few; from {LEAST_SCENARIOS} independent "
            "ones on, differences between strategies are tested with scenarios as observations. "
            "Replications of one scenario say nothing of others."
        )
    if len(labels) < 2:
        return "No tests across scenarios: fewer than two strategies keep all constraints in all."
    return compared(labels, left_out, costs)


def compared(labels: Sequence[str], left_out: Sequence[str], costs: Floats) -> Across:
    """Test differences of costs, a row a scenario and a column a strategy."""
    from scipy import stats  # takes its time to load

    logs = np.log(np.maximum(costs, np.finfo(float).tiny))
    rounded = np.round(logs, _PLACES)
    ranks = stats.rankdata(rounded, axis=1).mean(axis=0)
    size = len(labels)
    pairs = list(combinations(range(size), 2))
    raw = [_wilcoxon(np.round(logs[:, one] - logs[:, other], _PLACES)) for one, other in pairs]
    p = np.ones((size, size))
    for (one, other), value in zip(pairs, holm(raw), strict=True):
        p[one, other] = p[other, one] = value
    friedman = float("nan")
    if size > 2:
        varied = np.ptp(rounded, axis=1).any()
        friedman = float(stats.friedmanchisquare(*rounded.T).pvalue) if varied else 1.0
    return Across(
        labels=tuple(labels),
        left_out=tuple(left_out),
        costs=costs,
        ranks=ranks,
        friedman_p=friedman,
        p=p,
        cliques=_cliques(ranks, p > LEVEL),
    )


def _wilcoxon(differences: Floats) -> float:
    from scipy import stats

    apart = differences[differences != 0]
    return float(stats.wilcoxon(apart).pvalue) if len(apart) else 1.0


def _cliques(ranks: Floats, alike: NDArray[np.bool_]) -> tuple[tuple[int, ...], ...]:
    """Return the largest runs in the order of ranks all of whose pairs are alike, two or more."""
    order = sorted(range(len(ranks)), key=lambda at: (ranks[at], at))
    found: list[tuple[int, ...]] = []
    reached = 0
    for begin in range(len(order)):
        end = begin + 1
        while end < len(order) and all(alike[order[end], own] for own in order[begin:end]):
            end += 1
        if end - begin > 1 and end > reached:
            found.append(tuple(order[begin:end]))
            reached = end
    return tuple(found)


def performance(costs: Floats) -> Floats:
    """Return how many times the best of its scenario each cost is, shape as `costs`.

    References
    ----------
    E. D. Dolan, J. J. Moré, Benchmarking optimization software with performance profiles,
    Mathematical Programming 91 (2002) 201-213.

    Examples
    --------
    >>> performance(np.array([[2.0, 3.0], [8.0, 4.0]])).tolist()
    [[1.0, 1.5], [2.0, 1.0]]
    """
    best = costs.min(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(costs == best, 1.0, costs / best))
