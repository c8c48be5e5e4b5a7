"""Quasi-Newton directions: by hand, against the plain source, and up to where nothing rises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchopt.compiling.plain import plain_module
from patchopt.optimizer.bounds.curvature import direct, go, new_memory, remember

if TYPE_CHECKING:
    from patchopt.model.base import Floats

PLAIN = plain_module("patchopt.optimizer", ["bounds.curvature"], "bounds.curvature")


def array(*numbers: float) -> Floats:
    return np.array(numbers, np.float64)


def test_without_a_memory_it_follows_the_scaled_gradient_but_not_below_zero() -> None:
    ahead = np.zeros(3)
    # Prices 0, 2, 0 with slopes -5, 4, 3: the first is at 0 and would fall. Half of the scale.
    slope = direct(array(0, 2, 0), array(-5, 4, 3), array(1, 2, 4), 0.5, new_memory(3, 3), ahead)
    assert ahead.tolist() == [0.0, 4.0, 6.0]
    assert slope == 4 * 4 + 3 * 6


def test_a_step_ends_at_zero() -> None:
    to = np.zeros(2)
    # 1 - 4 / 2 would be below 0, so that it moves by -1 only; 1 + 6 / 2 = 4.
    assert go(array(1, 1), array(-4, 6), 0.5, to, array(-1, 2)) == 1.0 + 2.0 * 3.0
    assert to.tolist() == [0.0, 4.0]


def test_one_move_tells_the_curvature_along_it() -> None:
    # b'x - x'Ax / 2 with A = diag(2, 8) and b = (8, 8) from (1, 1): slopes 6 and 0; after a move to
    # (2, 1) 4 and 0. Of 4 a curvature of 2 makes a step of 2, right to the top at 4.
    memory = new_memory(2, 2)
    remember(memory, array(1, 1), array(2, 1), array(6, 0), array(4, 0))
    ahead = np.zeros(2)
    direct(array(2, 1), array(4, 0), array(1, 1), 1.0, memory, ahead)
    assert ahead.tolist() == [2.0, 0.0]


def test_moves_that_do_not_curve_are_forgotten() -> None:
    memory = new_memory(2, 1)
    remember(memory, array(1), array(2), array(3), array(3))
    remember(memory, array(1), array(2), array(3), array(5))
    assert memory.state[0] == 0


@pytest.mark.parametrize("known", [0, 1, 4])
def test_compiled_and_plain_code_agree(known: int) -> None:
    luck = np.random.default_rng(known)
    memories = new_memory(3, 6), PLAIN.new_memory(3, 6)
    for _ in range(known):
        one, other, gradient = luck.random((3, 6))
        there = gradient - 2.0 * (other - one)
        remember(memories[0], one, other, gradient, there)
        PLAIN.remember(memories[1], one, other, gradient, there)
    prices = np.maximum(0.0, luck.normal(size=6))
    gradient, scale = luck.normal(size=6), luck.random(6)
    ahead, plain = np.zeros((2, 6))
    slope = direct(prices, gradient, scale, 0.5, memories[0], ahead)
    assert slope == pytest.approx(PLAIN.direct(prices, gradient, scale, 0.5, memories[1], plain))
    np.testing.assert_allclose(ahead, plain)


@settings(max_examples=60)
@given(st.integers(1, 8), st.integers(0, 10**6))
def test_it_climbs_to_where_nothing_rises(count: int, seed: int) -> None:
    luck = np.random.default_rng(seed)
    root = luck.normal(size=(count, count))
    curve, pull = root @ root.T + 0.1 * np.eye(count), luck.normal(size=count)
    memory = new_memory(6, count)
    prices, ahead, to = luck.random(count), np.zeros(count), np.zeros(count)

    def value(at: Floats) -> float:
        return float(pull @ at - at @ curve @ at / 2)

    for _ in range(400):
        gradient = pull - curve @ prices
        if direct(prices, gradient, np.ones(count), 0.1, memory, ahead) <= 0.0:
            memory.state[0] = 0
            direct(prices, gradient, np.ones(count), 0.1, memory, ahead)
        share = 1.0
        while share > 1e-12:
            along = go(prices, ahead, share, to, gradient)
            if along > 0.0 and value(to) >= value(prices) + 1e-4 * along:
                break
            share /= 2
        else:
            memory.state[0] = 0
            continue
        remember(memory, prices, to, gradient, pull - curve @ to)
        prices = to.copy()
    slopes = pull - curve @ prices
    # No price rises, and none that is above 0 falls (Karush, Kuhn, Tucker).
    assert slopes.max() < 1e-3
    assert np.abs(slopes[prices > 1e-6]).max(initial=0.0) < 1e-3
