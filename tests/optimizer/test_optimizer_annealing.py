"""Changes of lists and the search over them: always feasible, never lost, always the same."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchopt.compiling.plain import plain_module
from patchopt.optimizer.decoding.arrays import Arrays, arrays_of, schedule_of
from patchopt.optimizer.decoding.lists import decode, new_placed, new_profiles
from patchopt.optimizer.problem import Problem
from patchopt.optimizer.search import changes
from patchopt.optimizer.search.annealing import anneal, begin
from patchopt.optimizer.search.changes import Search, new_search
from patchopt.optimizer.search.luck import new_luck
from support.generate import scenarios
from support.lists import below, check_list, ints, problem_from, some_list

ANY = settings(max_examples=150)
#: As many moves of each kind.
EVEN = np.arange(1, 8) / 7
LUCK = plain_module("patchopt.optimizer.search", ["luck"], "luck")


def begun(problem: Problem, arrays: Arrays, luck: Random) -> tuple[Search, int]:
    search = new_search(arrays, problem.services)
    ints(search.now.order)[:] = some_list(problem, luck)
    value = decode(arrays, search.profiles, search.now.order, search.now.wanted, search.now.placed)
    begin(arrays, search)
    return search, value


def test_random_numbers_are_those_of_lecuyer() -> None:
    # From states 1 and 1: 40,014 and 40,692; their difference is -678, from the modulus down.
    luck = new_luck(0)
    assert LUCK.uniform(luck) == pytest.approx((2147483562 - 678 + 0.5) / 2147483562, abs=1e-15)
    assert luck.tolist() == [40014, 40692]
    drawn = [LUCK.below(luck, 6) for _ in range(6000)]
    assert sorted(set(drawn)) == [0, 1, 2, 3, 4, 5]
    assert all(900 < drawn.count(side) < 1100 for side in range(6))


@pytest.mark.slow
@pytest.mark.no_cover
def test_a_search_never_loses_its_place() -> None:
    moved: set[bool] = set()

    @ANY
    @given(scenarios(max_duration=20, max_patched=16), st.integers(0, 2**31))
    def law(scenario: dict[str, Any], seed: int) -> None:
        problem = problem_from(scenario)
        if not problem.tasks:
            return
        arrays = arrays_of(problem)
        search, first = begun(problem, arrays, Random(seed))  # noqa: S311 - luck, no secret
        values, margin = np.array([first, first]), np.array([0.1 * first])
        scale = max(1.0, first / len(problem.tasks) ** 2)
        guide = changes.no_guide()
        if seed % 2:  # any costs will do
            costs = np.random.default_rng(seed).random(2 * 7 * len(problem.tasks))
            guide = changes.Guide(costs, 7, 5, 0.5)
        state = new_luck(seed)
        for temperature in (scale, 0.1 * scale, 0.01 * scale):
            anneal(arrays, search, guide, state, EVEN, 67, temperature, values, margin)
        moved.add(bool(values[1] < first))
        assert values[1] <= min(first, values[0])
        for code, value in ((search.now, values[0]), (search.best, values[1])):
            check_list(problem, code.order)
            placed = new_placed(arrays)
            assert decode(arrays, new_profiles(arrays), code.order, code.wanted, placed) == value
            for found, expected in zip(code.placed, placed, strict=True):
                assert ints(found).tolist() == ints(expected).tolist()
            schedule = schedule_of(problem, placed.mode, placed.start_s, placed.switch_s)
            assert schedule.objective_milli == value
            ends, starts = ints(placed.end_s), ints(placed.start_s)
            assert all(ends[other] <= starts[one] for one, other in below(problem))

    law()
    assert moved == {True, False}


def test_kinds_of_moves_are_numbered_as_their_shares() -> None:
    kinds = (changes.INSERT, changes.SWAP, changes.MODE, changes.WITHIN)
    assert (*kinds, changes.SHUFFLE, changes.SLIDE, changes.REORDER) == tuple(range(len(EVEN)))
