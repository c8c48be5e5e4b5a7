"""Limits of quantiles and of means of tails: by brute force, by hand, by SciPy, by coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from patchopt.model.risk import cvar, quantiles
from patchopt.reports.numbers.tail_limits import (
    cvar_limits,
    quantile_limits,
    stratified_cvar_limits,
    stratified_quantile_limits,
)


@given(st.integers(1, 600), st.sampled_from([0.5, 0.95, 0.99]))
def test_limits_of_quantiles_by_trying_all(count: int, share: float) -> None:
    below = stats.binom(count, share)
    low = max(k for k in range(count + 1) if below.cdf(k - 1) <= 0.025)
    high = min(k for k in range(1, count + 2) if below.sf(k - 1) <= 0.025)
    found = quantile_limits(np.arange(1.0, count + 1), share)
    if low >= 1 and high <= count:
        assert found == (low, high)
    else:
        assert all(map(math.isnan, found))


@pytest.mark.parametrize(("share", "enough"), [(0.5, 6), (0.95, 72), (0.99, 368)])
def test_the_least_number_of_replications(share: float, enough: int) -> None:
    assert math.isnan(quantile_limits(np.zeros(enough - 1), share)[1])
    assert quantile_limits(np.zeros(enough), share) == (0, 0)


@pytest.mark.parametrize(("count", "share"), [(100, 0.5), (200, 0.95)])
def test_limits_of_quantiles_cover(count: int, share: float) -> None:
    # At least 95% of 400: 380, standard deviation 4.4; they are discrete, so a little more.
    generator, true = np.random.default_rng(2), -math.log(1 - share)
    hits = 0
    for _ in range(400):
        low, high = quantile_limits(np.sort(generator.exponential(1, count)), share)
        hits += low <= true <= high
    assert hits >= 367


def test_limits_of_a_tail_are_those_of_scipy() -> None:
    values = np.sort(np.random.default_rng(3).exponential(100.0, 200))

    def tail(sample: np.ndarray) -> float:
        return cvar(sample, np.ones(len(sample)), 0.95)

    other = stats.bootstrap(
        (values,), tail, method="percentile", n_resamples=4000, vectorized=False, rng=1
    ).confidence_interval
    low, high = cvar_limits(values, 0.95)
    # Of a width of 170.
    assert low == pytest.approx(other.low, abs=8)
    assert high == pytest.approx(other.high, abs=8)


def test_only_the_end_of_a_large_sample_is_resampled() -> None:
    # The tail of an exponential distribution is one: mean 1 + ln 20 of scale 1, and its standard
    # error sqrt((1 + 0.95) / 0.05 / n) = 0.0442 with 20,000.
    values = np.sort(np.random.default_rng(4).exponential(1.0, 20_000))
    low, high = cvar_limits(values, 0.95)
    assert high - low == pytest.approx(2 * 1.96 * 0.0442, rel=0.1)
    assert low < 1 + math.log(20) < high


def test_a_very_large_tail_is_resampled_in_groups_just_as_well() -> None:
    # The standard error with 200,000 is 0.0442 / sqrt(10) = 0.01397.
    values = np.sort(np.random.default_rng(4).exponential(1.0, 200_000))
    low, high = cvar_limits(values, 0.95)
    assert high - low == pytest.approx(2 * 1.96 * 0.01397, rel=0.1)
    assert low < 1 + math.log(20) < high


def test_a_tail_of_less_than_one_value_has_no_limits() -> None:
    assert math.isnan(cvar_limits(np.arange(19.0), 0.95)[0])
    assert not math.isnan(cvar_limits(np.arange(21.0), 0.95)[0])


def test_one_stratum_is_no_stratum() -> None:
    generator = np.random.default_rng(5)
    values = np.sort(generator.exponential(100.0, 2000))
    strata, weights = np.zeros(2000, np.int64), np.ones(2000)
    quantile = float(quantiles(values, weights, np.array([0.95]))[0])
    found = stratified_quantile_limits(values, strata, weights, quantile, 0.95)
    assert found == pytest.approx(quantile_limits(values, 0.95), rel=0.03)
    mean = cvar(values, weights, 0.95)
    tail = stratified_cvar_limits(values, strata, weights, quantile, mean, 0.95)
    assert tail == pytest.approx(cvar_limits(values, 0.95), rel=0.03)


def test_a_quantile_at_the_end_of_strata_has_no_upper_limit() -> None:
    # Nine of ten hundredths below, the last one alone: 0.99 and an error of 0.0098 reach beyond 1.
    values = np.arange(100.0)
    strata, weights = np.repeat([0, 1], 50), np.ones(100)
    low, high = stratified_quantile_limits(values, strata, weights, 98.0, 0.99)
    assert low < 98
    assert math.isnan(high)
