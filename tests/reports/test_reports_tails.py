"""Quantiles, tails, intervals of rare events, weights: against slow twins and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from patchopt.model.risk import cvar, quantiles, wilson
from patchopt.reports.numbers.bootstrap import compare
from patchopt.reports.numbers.stratified import stratified_mean, variance_saved

VALUES = st.lists(st.integers(-50, 50), min_size=1, max_size=40)
SHARES = st.sampled_from([0.05, 0.5, 0.9, 0.95, 0.99, 1.0])


@given(VALUES, st.data(), SHARES)
def test_weights_are_repetitions(values: list[int], data: st.DataObject, share: float) -> None:
    """A value of weight k counts as k values: a slow twin that knows no weights."""
    weights = data.draw(
        st.lists(st.integers(1, 4), min_size=len(values), max_size=len(values)), label="weights"
    )
    repeated = sorted(np.repeat(values, weights).tolist())
    place = max(1, math.ceil(round(share * len(repeated), 9)))
    found = quantiles(np.array(values, float), np.array(weights, float), np.array([share]))
    assert found[0] == repeated[place - 1]


@given(VALUES, st.sampled_from([0.5, 0.9, 0.95]), st.booleans())
def test_cvar_is_the_least_cost_of_a_threshold(
    values: list[int], share: float, higher: bool
) -> None:
    """Rockafellar and Uryasev, theorem 10: the minimum over c of c + E[max(X - c, 0)] / (1 - a)."""
    losses = [-value if higher else value for value in values]
    costs = [
        c + sum(max(loss - c, 0) for loss in losses) / len(losses) / (1 - share) for c in losses
    ]
    found = cvar(np.array(values, float), np.ones(len(values)), share, higher_is_better=higher) * (
        -1 if higher else 1
    )
    assert found == pytest.approx(min(costs), abs=1e-9)


@given(st.integers(1, 500), st.data())
def test_wilsons_interval_is_that_of_scipy(count: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, count))
    expected = stats.binomtest(hits, count).proportion_ci(method="wilson")
    assert wilson(hits, count) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_a_stratified_interval_by_hand() -> None:
    # Strata of 80% and 20%: means 2 and 10, variances 1 and 4, 3 and 3 observations.
    values = np.array([[1.0], [2.0], [3.0], [8.0], [10.0], [12.0]])
    strata = np.array([0, 0, 0, 1, 1, 1])
    weights = np.array([1.6, 1.6, 1.6, 0.4, 0.4, 0.4])
    mean, half = stratified_mean(values, strata, weights)
    assert mean[0] == pytest.approx(0.8 * 2 + 0.2 * 10)
    assert half[0] == pytest.approx(1.959964 * math.sqrt(0.64 * 1 / 3 + 0.04 * 4 / 3))


def test_pairs_in_strata_by_hand() -> None:
    values = np.array([2.0, 4.0, 20.0, 24.0])
    reference = np.array([1.0, 3.0, 10.0, 10.0])
    strata, weights = np.array([0, 0, 1, 1]), np.array([1.0, 1.0, 1.0, 1.0])
    found = compare(values, reference, strata, weights)
    assert found.ratio == pytest.approx(12.5 / 6 - 1)
    assert found.difference == pytest.approx(6.5)
    # Differences 1, 1 and 10, 14: variances 0 and 8, half the weight each, two of each.
    assert found.difference_high - 6.5 == pytest.approx(1.959964 * math.sqrt(0.25 * 8 / 2))
    assert found.ratio_low < found.ratio < found.ratio_high


@given(st.integers(0, 1000))
def test_independent_pairs_save_nothing_and_equal_ones_all(seed: int) -> None:
    generator = np.random.default_rng(seed)
    one, other = generator.normal(size=(2, 4000))
    assert abs(variance_saved(one, other, np.ones(4000))) < 0.1
    assert variance_saved(one, one + 3, np.ones(4000)) == pytest.approx(1)
    assert math.isnan(variance_saved(np.ones(3), np.zeros(3), np.ones(3)))
