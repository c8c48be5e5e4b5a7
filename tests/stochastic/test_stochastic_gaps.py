"""Gaps over bounds: by hand, with and without strata, and as often high enough as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchopt.simulator.strata import LEAST, thinned
from patchopt.stochastic import gap_over


def test_a_limit_by_hand() -> None:
    # Means 20 and 22; residuals of the ratio 1.1: -1, 2, -1, standard deviation sqrt(3).
    found = gap_over(np.array([10.0, 20.0, 30.0]), np.array([10.0, 24.0, 32.0]))
    assert found.gap == pytest.approx(0.1)
    # Student's t with two degrees of freedom at 95%: 2.919986.
    assert found.upper == pytest.approx(0.1 + 2.919986 * math.sqrt(3 / 3) / 20)


def test_a_limit_in_strata_by_hand() -> None:
    # Strata of 90% and 10%: bounds 10 and 100 in the mean, costs 12 and 130; 19 and 23.8.
    bound = np.array([9.0, 11.0, 90.0, 110.0])
    cost = np.array([11.0, 13.0, 120.0, 140.0])
    strata, shares = np.array([0, 0, 1, 1]), np.array([0.45, 0.45, 0.05, 0.05])
    found = gap_over(bound, cost, strata, shares)
    ratio = 23.8 / 19
    assert found.gap == pytest.approx(ratio - 1)
    # Residuals differ by 2 - 2 r and 20 - 20 r inside the strata: half the square is the variance.
    variance = 0.81 * (2 - 2 * ratio) ** 2 / 2 / 2 + 0.01 * (20 - 20 * ratio) ** 2 / 2 / 2
    assert found.upper == pytest.approx(ratio - 1 + 2.919986 * math.sqrt(variance) / 19)


def test_one_pair_and_no_bound_tell_nothing() -> None:
    assert math.isnan(gap_over(np.array([1.0]), np.array([2.0])).upper)
    assert math.isnan(gap_over(np.zeros(3), np.ones(3)).gap)


def test_limits_are_high_enough_as_often_as_they_say() -> None:
    # 95% of 600 is 570, standard deviation 5.3; skew samples have a little less.
    generator, hits = np.random.default_rng(3), 0
    for _ in range(600):
        bound = generator.gamma(4.0, 1.0, 60)
        cost = bound * (1 + generator.uniform(0, 0.4, 60))
        hits += gap_over(bound, cost).upper >= 0.2
    assert 552 <= hits <= 590


@given(st.lists(st.integers(2, 30), min_size=1, max_size=5), st.integers(1, 60))
def test_what_is_left_of_a_block_has_all_of_its_strata(sizes: list[int], count: int) -> None:
    strata = np.repeat(np.arange(len(sizes)), sizes)
    places = thinned(strata, count)
    assert (np.diff(places) > 0).all()
    for stratum, size in enumerate(sizes):
        kept = int((strata[places] == stratum).sum())
        due = count * size / len(strata)
        assert LEAST <= kept <= max(LEAST, due + 0.5)
        assert kept == size or kept >= due - 0.5
