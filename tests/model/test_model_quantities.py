"""Durations, shares and exact weights: what is taken, what is refused, what is exact."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchopt.model.quantities import (
    format_duration,
    format_milli,
    from_milli,
    min_up_of,
    parse_criticality,
    parse_duration,
    parse_min_up,
    parse_probability,
    parse_severity,
    weight_milli,
)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [(1, 1), ("90s", 90), ("5m", 300), ("1h30m", 5400), ("2d", 172_800), ("1d1h1m1s", 90_061)],
)
def test_durations(written: object, seconds: int) -> None:
    assert parse_duration(written) == seconds


@pytest.mark.parametrize(
    "written", [-1, 1.5, True, None, "", "5", "m", "5 m", "1m1h", "5m5m", "1:30", "-5m", "5M", []]
)
def test_no_durations(written: object) -> None:
    with pytest.raises(ValueError, match=";"):  # cause; remedy
        parse_duration(written)


@given(st.integers(1, 10**8))
def test_a_duration_is_read_back(seconds: int) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


@given(st.integers(1, 10**6), st.integers(0, 100))
def test_weights_are_exact(hundredths: int, tenths: int) -> None:
    criticality = parse_criticality(float(Decimal(hundredths) / 100))
    severity = parse_severity(float(Decimal(tenths) / 10))
    assert weight_milli(criticality, severity) == hundredths * tenths


@pytest.mark.parametrize("written", [0, -1, 1.005, float("nan"), float("inf"), "1", True, None])
def test_no_criticalities(written: object) -> None:
    with pytest.raises(ValueError, match=";"):
        parse_criticality(written)


@pytest.mark.parametrize("written", [-0.1, 10.1, 5.55, float("nan"), "9.8", True])
def test_no_severities(written: object) -> None:
    with pytest.raises(ValueError, match=";"):
        parse_severity(written)


@pytest.mark.parametrize("written", [-0.1, 1.1, float("nan"), float("-inf"), "0.5", True])
def test_no_probabilities(written: object) -> None:
    with pytest.raises(ValueError, match=";"):
        parse_probability(written)


@given(st.integers(0, 1000), st.integers(0, 50))
def test_shares_are_rounded_up_exactly(tenths_of_percent: int, instances: int) -> None:
    share = parse_min_up(f"{Decimal(tenths_of_percent) / 10}%")
    assert min_up_of(share, instances) == ceil(Fraction(tenths_of_percent, 1000) * instances)


@pytest.mark.parametrize(
    ("written", "instances", "needed"),
    # In binary, 0.07 x 100 and 0.14 x 50 are a little above seven, and would make eight.
    [("7%", 100, 7), ("14%", 50, 7), ("33.3333%", 3, 1), ("33.3334%", 3, 2), ("0%", 9, 0)],
)
def test_a_share_of_instances_is_the_decimal_that_was_written(
    written: str, instances: int, needed: int
) -> None:
    assert min_up_of(parse_min_up(written), instances) == needed


@pytest.mark.parametrize("written", [-1, 1.5, "80", "100.000001%", "-1%", "%", "many", True, None])
def test_no_min_up(written: object) -> None:
    with pytest.raises(ValueError, match=";"):
        parse_min_up(written)


@given(st.integers(-(10**20), 10**20))
def test_milli_units_are_written_with_every_digit(milli: int) -> None:
    # Beyond 2^53 a float has not all of them: 9007199254740993 thousandths end in .993.
    assert Decimal(format_milli(milli).replace(",", "")) == Decimal(milli) / 1000


def test_thousands_are_written_apart() -> None:
    assert format_milli(2**53 + 1) == "9,007,199,254,740.993"


def test_milli_units_are_read_as_numbers_and_as_arrays() -> None:
    assert from_milli(2500) == from_milli(2500.0) == 2.5
    assert from_milli(np.array([2500, -1])).tolist() == [2.5, -0.001]
