"""Strategies across scenarios: tests, ranks, cliques, profiles."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from patchopt.reports.numbers.across import LEVEL, Across, compared, performance

ALPHABET = "abcdefgh"


def across_of(costs: np.ndarray) -> Across:
    return compared(ALPHABET[: costs.shape[1]], (), costs)


def test_ranks_and_tests_by_hand() -> None:
    # b is a tenth above a in every one of 24 scenarios, c now above and now below a.
    base = np.arange(1.0, 25.0)
    turn = np.where(np.arange(24) % 2, 1.02, 1 / 1.02)
    found = across_of(np.column_stack([base, 1.1 * base, turn * base]))
    # c is second in 12 scenarios and first in 12, a the other way round, b always third.
    assert found.ranks.tolist() == [1.5, 3.0, 1.5]
    # Wilcoxon's sum is 0 with b, 24 ties of 12.5: its variance 24 * 12.5**2 / 4, so that
    # z = 150 / 30.62 = 4.899; as much either way with c, so that z = 0. Holm: times 3.
    assert found.p[0, 1] == pytest.approx(3 * math.erfc(150 / math.sqrt(2 * 937.5)))
    assert found.p[0, 2] == 1
    assert found.cliques == ((0, 2),)
    assert found.friedman_p < 1e-6


@given(st.integers(0, 2**32 - 1), st.integers(2, 6))
def test_cliques_are_the_largest_runs_of_alike_ones(seed: int, size: int) -> None:
    generator = np.random.default_rng(seed)
    costs = np.exp(generator.normal(size=(25, size)) * 0.2 + 0.1 * np.arange(size))
    found = across_of(costs)
    order = np.argsort(found.ranks, kind="stable").tolist()
    runs = [
        tuple(order[begin:end])
        for begin in range(size)
        for end in range(begin + 2, size + 1)
        if all(
            found.p[one, other] > LEVEL
            for one in order[begin:end]
            for other in order[begin:end]
            if one != other
        )
    ]
    largest = [run for run in runs if not any(set(run) < set(other) for other in runs)]
    assert sorted(found.cliques) == sorted(largest)


@given(st.integers(0, 2**32 - 1))
def test_pairs_as_scipy_has_them(seed: int) -> None:
    generator = np.random.default_rng(seed)
    costs = np.exp(generator.normal(size=(30, 2)))
    found = across_of(costs)
    assert found.p[0, 1] == pytest.approx(
        stats.wilcoxon(np.log(costs[:, 0]) - np.log(costs[:, 1])).pvalue
    )
    assert math.isnan(found.friedman_p)


def test_what_is_the_same_everywhere() -> None:
    found = across_of(np.full((20, 3), 7.0))
    assert found.ranks.tolist() == [2, 2, 2]
    assert found.friedman_p == 1
    assert found.cliques == ((0, 1, 2),)


def test_last_digits_are_ties() -> None:
    # 1e-12 apart: the same to everybody but the machine.
    base = np.arange(1.0, 25.0)
    found = across_of(np.column_stack([base, base * (1 + 1e-12)]))
    assert found.p[0, 1] == 1


def test_profile_where_the_best_costs_nothing() -> None:
    assert performance(np.array([[0.0, 3.0]])).tolist() == [[1.0, math.inf]]
