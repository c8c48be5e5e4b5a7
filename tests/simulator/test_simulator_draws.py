"""Common random numbers against a slow twin in whole numbers of any size."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri

from patchopt.model.build import key_of
from patchopt.simulator.loop import streams
from patchopt.simulator.loop.draws import draw, lognormal, normal_quantile, weibull
from patchopt.simulator.loop.streams import (
    STREAM_DEFECT,
    STREAM_FAILURE,
    replication_keys,
    threshold,
)
from support.luck import Luck, replication_key, slow_draw
from support.written import Crash, Time

KEYS = st.integers(0, 2**63 - 1)
SEEDS = st.integers(0, 2**63 - 1)
KEY_OF_WEB_1 = 2_806_996_387_206_076_211
FIRST_DRAW = 5_186_149_080_243_159


def bits_of(luck: Luck) -> Any:
    """Return the key of a replication as the loop has it: too many bits for its integers."""
    return np.uint64(luck.key)


@given(SEEDS, st.sampled_from([STREAM_FAILURE, STREAM_DEFECT]), KEYS, st.integers(0, 100))
def test_a_draw_is_that_of_its_slow_twin(seed: int, stream: int, key: int, attempt: int) -> None:
    assert draw(seed, stream, key, attempt) == slow_draw(seed, stream, key, attempt)


@given(st.sampled_from(["shop", "a", "\N{GREEK SMALL LETTER ALPHA}"]), SEEDS, st.integers(0, 1000))
def test_keys_of_replications_are_those_of_their_slow_twin(
    luck: str, seed: int, first: int
) -> None:
    keys = replication_keys(luck, seed, first, 3).tolist()
    assert keys == [replication_key(luck, seed, first + number) for number in range(3)]


@given(st.floats(0, 1), st.integers(0, 2**53 - 1))
def test_a_threshold_is_exact(probability: float, drawn: int) -> None:
    assert (drawn < threshold(probability)) == (drawn / 2**53 < probability)
    assert threshold(0.0) == 0
    assert threshold(1.0) == 2**53


def test_draws_are_uniform_and_their_neighbours_independent() -> None:
    # 40,000 draws over seeds, keys and attempts in 10 cells: chi square with 9 degrees of freedom
    # is above 27.9 once in a thousand.
    draws = [
        draw(seed, stream, key_of("node", f"n-{key}"), attempt) / 2**53
        for seed in range(100)
        for stream in (1, 2)
        for key in range(20)
        for attempt in range(10)
    ]
    counts = [0] * 10
    for value in draws:
        counts[int(10 * value)] += 1
    expected = len(draws) / 10
    assert sum((count - expected) ** 2 / expected for count in counts) < 27.9
    # Correlation of neighbours: standard deviation 1 / sqrt(40,000) = 0.005.
    mean = sum(draws) / len(draws)
    covariance = sum((a - mean) * (b - mean) for a, b in pairwise(draws)) / len(draws)
    assert abs(covariance * 12) < 0.02


def test_keys_depend_on_kind_and_name_alone() -> None:
    assert key_of("node", "web-1") != key_of("release", "web-1")
    assert 0 <= key_of("node", "web-1") < 2**63
    # Fixed for good: another value would change the luck of every published study.
    assert key_of("node", "web-1") == KEY_OF_WEB_1
    assert draw(1, STREAM_FAILURE, KEY_OF_WEB_1, 1) == FIRST_DRAW


def test_streams_are_all_different() -> None:
    numbers = [value for name, value in vars(streams).items() if name.startswith("STREAM_")]
    assert sorted(numbers) == list(range(1, 16))


@given(st.floats(2.0**-54, 1 - 2.0**-53))
def test_the_normal_quantile_is_that_of_scipy(p: float) -> None:
    assert normal_quantile(p) == pytest.approx(ndtri(p), rel=1e-13, abs=1e-15)


@given(SEEDS, st.integers(1, 10**6), st.floats(0, 3), st.integers(0, 9))
def test_a_lognormal_time_is_that_of_its_slow_twin(
    seed: int, median: int, sigma: float, count: int
) -> None:
    luck = Luck("web", seed, count)
    slow = luck.lasts(Time(median, sigma), streams.STREAM_REPAIR, "web-1", count)
    fast = lognormal(bits_of(luck), streams.STREAM_REPAIR, KEY_OF_WEB_1, count, median, sigma)
    assert fast == pytest.approx(slow, rel=1e-12)
    assert 1 <= fast <= 1000 * 365 * 86_400


@given(SEEDS, st.integers(1, 10**9), st.floats(0.2, 20), st.integers(1, 9))
def test_a_life_is_that_of_its_slow_twin(seed: int, mtbf: int, shape: float, count: int) -> None:
    scale = mtbf / math.gamma(1 + 1 / shape)
    luck = Luck("web", seed, count)
    fast = weibull(bits_of(luck), streams.STREAM_CRASH, KEY_OF_WEB_1, count, scale, shape)
    assert fast == pytest.approx(luck.life(Crash(mtbf, shape), "web-1", count), rel=1e-12)
    assert 1 <= fast <= 1000 * 365 * 86_400
