"""Paired tests and Holm's correction, by hand and against SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from patchopt.reports.numbers.gaps import Pairs
from patchopt.reports.numbers.paired_tests import holm, paired_test


def pairs(values: list[float], others: list[float]) -> Pairs:
    count = len(values)
    return Pairs(np.array(values), np.array(others), np.zeros(count, int), np.ones(count))


def test_by_hand() -> None:
    # Differences -2, -2, 1, 0: mean -.75, squares off it 1.5625 twice, 3.0625, .5625, in all
    # 6.75, over 3: 2.25, root 1.5; effect -.5, t = -.5 * 2 = -1 with 3 degrees of freedom.
    found = paired_test(pairs([8, 8, 11, 10], [10, 10, 10, 10]))
    assert (found.better, found.worse) == (0.5, 0.25)
    assert found.effect == pytest.approx(-0.5)
    assert found.p == pytest.approx(2 * stats.t.cdf(-1, 3))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=30))
def test_as_scipy(rows: list[tuple[int, int]]) -> None:
    values, others = (list(map(float, column)) for column in zip(*rows, strict=True))
    found = paired_test(pairs(values, others))
    differences = np.subtract(values, others)
    if np.ptp(differences) == 0:
        assert found.p == (1 if differences[0] == 0 else 0)
    else:
        assert found.p == pytest.approx(stats.ttest_rel(values, others).pvalue)


def test_what_is_always_the_same() -> None:
    alike = paired_test(pairs([5, 6], [5, 6]))
    assert (alike.better, alike.worse, alike.effect, alike.p) == (0, 0, 0, 1)
    shifted = paired_test(pairs([4, 5], [5, 6]))
    assert (shifted.better, shifted.effect, shifted.p) == (1, -math.inf, 0)
    single = paired_test(pairs([4], [5]))
    assert single.better == 1
    assert math.isnan(single.p)


def test_strata_by_hand() -> None:
    # Strata of probability .9 and .1, four and two replications: weights .9 * 6 / 4 = 1.35 and
    # .3. Differences 1, -1, 1, -1 and 10, 12: means 0 and 11, together 1.1. Variances of the
    # strata's means (4/3)/4 and 2/2: .81 / 3 + .01 = .28.
    strata = np.array([0, 0, 0, 0, 1, 1])
    weights = np.array([1.35] * 4 + [0.3] * 2)
    values = np.array([21.0, 19.0, 21.0, 19.0, 30.0, 32.0])
    found = paired_test(Pairs(values, np.full(6, 20.0), strata, weights))
    assert found.worse == pytest.approx(0.55)
    assert found.p == pytest.approx(2 * stats.norm.cdf(-1.1 / math.sqrt(0.28)))


def test_holm_by_hand() -> None:
    # In order .01 * 3 = .03, .03 * 2 = .06, .04 * 1 = .04 raised to .06; what was not tested
    # counts for none.
    assert holm([0.04, 0.01, math.nan, 0.03]).tolist()[:2] == [0.06, 0.03]
    assert holm([0.04, 0.01, math.nan, 0.03]).tolist()[3] == 0.06
    assert math.isnan(holm([0.04, 0.01, math.nan, 0.03])[2])
    assert holm([0.6, 0.7]).tolist() == [1, 1]
    assert holm([]).tolist() == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_between_the_p_value_and_bonferroni(p: list[float]) -> None:
    adjusted = holm(p)
    assert (adjusted >= np.array(p)).all()
    assert (adjusted <= np.minimum(np.array(p) * len(p), 1)).all()
    # Rejecting step by step, as Holm has it.
    for level in (0.01, 0.05, 0.2):
        rejected = set()
        for step, at in enumerate(sorted(range(len(p)), key=lambda at: p[at])):
            if p[at] * (len(p) - step) > level:
                break
            rejected.add(at)
        assert rejected == set(np.flatnonzero(adjusted <= level).tolist())
