"""Statistics, fronts and gaps, by hand and against slow twins."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from patchopt.reports.figures.style import looks, time_unit
from patchopt.reports.numbers.bootstrap import compare, estimate
from patchopt.reports.numbers.gaps import gap, under_same_luck
from patchopt.reports.numbers.verdict import verdict
from patchopt.reports.pages.markdown import (
    clock,
    escape,
    names,
    number,
    percent,
    table,
    with_interval,
)
from support.frames import study_of_runs


def test_bootstrap_intervals_are_those_of_scipy() -> None:
    values = np.random.default_rng(1).gamma(0.5, 100.0, size=120).round()
    found = estimate(values[:, None])
    other = stats.bootstrap(
        (values,), np.mean, method="BCa", n_resamples=20_000, rng=2, vectorized=True
    ).confidence_interval
    plain = stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=20_000, rng=2, vectorized=True
    ).confidence_interval
    assert found.mean[0] == values.mean()
    # Two bootstraps differ by their resampling only: a few percent of the width of 22; the
    # percentiles alone are further away.
    assert found.low[0] == pytest.approx(other.low, abs=1)
    assert found.high[0] == pytest.approx(other.high, abs=1)
    assert other.high - plain.high > 1


def test_blocks_of_neighbours_do_as_well_as_single_replications() -> None:
    values = np.random.default_rng(3).exponential(1000.0, size=4_500).round()
    found = estimate(values[:, None])
    # Normal interval of the mean: 1.96 x 1000 / sqrt(4500) = 29 either way.
    assert found.high[0] - found.low[0] == pytest.approx(2 * 29.2, rel=0.1)
    assert found.low[0] < values.mean() < found.high[0]


def test_many_replications_have_students_interval() -> None:
    values = np.random.default_rng(3).exponential(1000.0, size=6_000).round()
    found = estimate(values[:, None])
    other = stats.t.interval(0.95, 5_999, values.mean(), stats.sem(values))
    assert (found.low[0], found.high[0]) == pytest.approx(other)


def test_intervals_cover_the_mean_as_often_as_they_say() -> None:
    # 95% of 300 is 285, standard deviation 3.8; of skew values a little less.
    generator = np.random.default_rng(5)
    hits = 0
    for _ in range(300):
        found = estimate(generator.exponential(1, size=(100, 1)))
        hits += bool(found.low[0] <= 1 <= found.high[0])
    assert 270 <= hits <= 298


def test_ratios_cover_as_often_as_they_say() -> None:
    # Pairs whose means are 1.2 and 1 times that of shared luck; 95% of 300 is 285.
    generator = np.random.default_rng(6)
    hits = 0
    for _ in range(300):
        luck = generator.exponential(1, size=60)
        found = compare(1.2 * luck * generator.gamma(4, 0.25, 60), luck)
        hits += bool(found.ratio_low <= 0.2 <= found.ratio_high)
    assert 272 <= hits <= 297


def test_a_ratio_without_error_has_no_width() -> None:
    luck = np.random.default_rng(7).exponential(1000, size=50).round()
    found = compare(2 * luck, luck)
    assert found.ratio == pytest.approx(1)
    assert (found.ratio_low, found.ratio_high) == pytest.approx((1, 1))


def test_one_replication_has_no_interval() -> None:
    found = estimate(np.array([[5.0]]))
    assert found.mean.tolist() == [5.0]
    assert math.isnan(found.low[0])
    assert math.isnan(found.high[0])


@given(st.lists(st.integers(0, 10**12), min_size=2, max_size=30))
def test_order_of_replications_does_not_change_a_mean(values: list[int]) -> None:
    column = np.array(values, np.float64)[:, None]
    assert estimate(column).mean == estimate(column[::-1]).mean
    found = estimate(column)
    assert min(values) <= found.low[0] <= found.high[0] <= max(values)


def test_paired_luck_cancels_out() -> None:
    luck = np.random.default_rng(7).exponential(1000, size=200).round()
    found = compare(luck + 50, luck)
    assert found.difference == found.difference_low == found.difference_high == 50
    assert found.ratio == pytest.approx(50 / luck.mean())
    apart = estimate((luck + 50)[:, None])
    assert apart.high[0] - apart.low[0] > 100


def test_comparing_with_nothing() -> None:
    found = compare(np.array([1.0, 2.0]), np.array([0.0, 0.0]))
    assert math.isnan(found.ratio)
    assert found.difference == 1.5


def test_gaps_are_those_of_certificates() -> None:
    # (150 - 120) / 150
    assert gap(150.0, 120.0) == 0.2
    assert gap(0.0, 0.0) == 0.0
    assert math.isnan(gap(0.0, 1.0))


def test_plans_are_paired_by_seed_and_replication() -> None:
    # Plan 0 costs 5 more than plan 1 on (1, 0) and (2, 0), 8 more on (1, 1); (2, 1) and (3, 0)
    # have no partner: (5 + 8 + 5) / 3 = 6 weight·s.
    rows = [
        (0, 1, 0, 15.0),
        (0, 1, 1, 28.0),
        (0, 2, 0, 105.0),
        (0, 3, 0, 999.0),
        (1, 2, 1, 1.0),
        (1, 2, 0, 100.0),
        (1, 1, 1, 20.0),
        (1, 1, 0, 10.0),
    ]
    runs = pd.DataFrame(rows, columns=["plan", "seed", "replication", "total_exposure"])
    runs = runs.assign(stratum=0, weight=1.0)
    found = under_same_luck(study_of_runs(runs), 0, 1)
    assert found is not None
    assert found.difference == 6000
    assert under_same_luck(study_of_runs(runs), 0, 2) is None


def test_the_order_of_replications_does_not_matter() -> None:
    generator = np.random.default_rng(1)
    rows = [
        (plan, seed, replication, float(generator.integers(0, 1000)))
        for plan in (0, 1)
        for seed in (5, 3)
        for replication in range(50)
    ]
    runs = pd.DataFrame(rows, columns=["plan", "seed", "replication", "total_exposure"])
    runs = runs.assign(stratum=0, weight=1.0)
    alike = under_same_luck(study_of_runs(runs), 0, 1)
    assert alike is not None
    shuffled = runs.sample(frac=1, random_state=1)
    assert under_same_luck(study_of_runs(shuffled), 0, 1) == alike
    by_seed = runs.sort_values(["plan", "seed", "replication"])
    assert under_same_luck(study_of_runs(by_seed), 0, 1) == alike


def row_of(label: str, low: float, high: float) -> dict[str, object]:
    return {
        "label": label,
        "optimum_proven": False,
        "better_than_nominal_optimum": high < 0,
        "relative_to_nominal_optimum": (low + high) / 2,
        "relative_to_nominal_optimum_low": low,
        "relative_to_nominal_optimum_high": high,
    }


def test_what_is_better_than_the_nominal_optimum_is_said_with_how_much() -> None:
    rows = [row_of("a", -0.1, 0.1), row_of("b", -0.2, -0.1), row_of("c", -0.4, -0.2)]
    assert verdict(rows[:1]) == ""
    assert verdict(rows, lambda label: f"<{label}>") == (
        "Under failures <c> is better than the nominal optimum (the best plan known): "
        "30.0% [20.0, 40.0] less total exposure (95% interval, paired under the same luck); "
        "so is <b> (15.0% [10.0, 20.0])."
    )
    many = [row_of(f"s{k}", -0.2, -0.1 - k / 1000) for k in range(6)]
    assert verdict(many).endswith("2 more.")


def test_looks_tell_strategies_apart() -> None:
    found = list(looks([f"s{number}" for number in range(91)]).values())
    assert len({(look.colour, look.marker) for look in found}) == 91
    # Without colours, the first 13.
    assert len({look.marker for look in found[:13]}) == 13


def test_units_of_time() -> None:
    assert [time_unit(longest)[0] for longest in (10, 200, 20_000, 400_000)] == [
        "s",
        "min",
        "h",
        "d",
    ]
    # On a logarithmic axis from 1000 s to 260,000 s the middle counts: 16,000 s.
    assert time_unit(260_000, 1000) == ("h", 3600)


def test_parts_of_pages() -> None:
    assert escape("a|b *c*\nd") == r"a\|b \*c\* d"
    assert names(["web-1", "web-2", "web-3", "db-1", "db-3"]) == (
        "`web-1` to `web-3`, `db-1`, `db-3`"
    )
    assert [number(0.004, 2), number(-0.001, 2), number(1234567.0)] == ["0.00", "0.00", "1,234,567"]
    assert [percent(0.5), percent(float("nan"))] == ["50.0%", "–"]
    assert with_interval(1.0, float("nan"), float("nan"), 1) == "1.0"
    assert clock(86_461) == "1d1m1s"
    assert table(["a", "b"], [["1", "2"]], [1]) == "| a | b |\n| --- | ---: |\n| 1 | 2 |\n"
