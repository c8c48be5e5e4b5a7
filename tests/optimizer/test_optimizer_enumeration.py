"""Partial schedules in order of starts: what they prove, whatever there is room for."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from patchopt.model.items import OnInfeasible
from patchopt.optimizer.bounds.bound import Bound
from patchopt.optimizer.bounds.lagrange import lagrange_bound, price
from patchopt.optimizer.bounds.promising import costs_of_starts
from patchopt.optimizer.decoding.arrays import arrays_of
from patchopt.optimizer.enumeration.beam import Beam
from patchopt.optimizer.enumeration.tables import tables_of
from patchopt.optimizer.enumeration.widening import widen
from patchopt.optimizer.list_scheduling import list_schedule
from patchopt.optimizer.problem import Problem
from patchopt.optimizer.progress import Tracker
from support.enumerate import optimum
from support.examples import small
from support.generate import scenarios
from support.lists import problem_from
from support.priced import some_prices
from support.seldom import SELDOM

EXAMPLES = int(os.environ.get("PATCHOPT_BOUND_EXAMPLES", "100"))


def never() -> bool:
    return False


def without_prices(problem: Problem) -> Bound:
    """Return the bound of each task alone."""
    priced = lagrange_bound(problem, 1).priced
    assert priced is not None
    return price(replace(priced, prices=np.zeros_like(priced.prices)))


def bounds_of(problem: Problem, seed: int) -> list[Bound]:
    """Return a good bound, and bad ones by random prices."""
    good = lagrange_bound(problem, iterations=80)
    assert good.priced is not None
    if not good.priced.relaxation.rows:
        return [good]
    return [good, *(price(priced) for priced in some_prices(good.priced.relaxation, seed))]


def test_whatever_the_prices_the_optimum_is_found_and_narrow_beams_bound_it() -> None:
    seen = {"narrow": 0, "strict": 0, "windows": 0, "skipped": 0}

    @settings(max_examples=EXAMPLES)
    @example(SELDOM[0], "skip", 0)
    @example(SELDOM[1], "downtime", 0)
    @example(SELDOM[2], "downtime", 0)
    @given(
        scenarios(max_units=4, probabilities=False),
        st.sampled_from(("downtime", "skip")),
        st.integers(0, 2**31),
    )
    def law(scenario: dict[str, Any], on_infeasible: OnInfeasible, seed: int) -> None:
        problem = problem_from(scenario, on_infeasible)
        if not problem.tasks:
            return
        best, known = optimum(scenario, on_infeasible), list_schedule(problem)
        for bound in bounds_of(problem, seed):
            beam = Beam(known, bound)
            # A milli more, so that there always is something better.
            whole = beam.enumerate(known.objective_milli + 1, 5_000, never)
            assert whole.complete
            assert whole.schedule is not None
            assert whole.schedule.objective_milli == whole.bound_milli == best
            none = beam.enumerate(best, 5_000, never)
            assert (none.schedule, none.bound_milli, none.complete) == (None, best, True)
            for width in (1, 3):
                part = beam.enumerate(known.objective_milli + 1, width, never)
                assert bound.value_milli <= part.bound_milli <= best
                assert part.schedule is None or part.schedule.objective_milli >= best
                seen["narrow"] += not part.complete
        seen["strict"] += bool(problem.dependencies)
        seen["windows"] += problem.windows.period_s > 0
        seen["skipped"] += problem.skipped_weight_milli > 0

    law()
    assert min(seen.values()) >= 1, seen
    assert seen["narrow"] >= 50


# Weights 3 and 1, 2 s each, one at a time: 3 * 2 + 1 * 4 = 10 is the optimum, 1 * 2 + 3 * 4 = 14
# the other order.
TWO = small(
    {"a": {"criticality": 3, "blue_green": False}, "b": {"blue_green": False}}, max_parallel=1
)


@settings(max_examples=30)
@given(scenarios(max_units=4, probabilities=False), st.integers(0, 2**20), st.integers(1, 9000))
def test_what_starts_cost_from_a_moment_on_is_the_least_of_all_of_them(
    scenario: dict[str, Any], seed: int, until_s: int
) -> None:
    problem = problem_from(scenario)
    if not problem.tasks:
        return
    every = np.arange(until_s + 1, dtype=np.int64)
    for bound in bounds_of(problem, seed):
        assert bound.priced is not None
        tables = tables_of(arrays_of(problem), bound.priced, until_s)
        for one, _, least, costs in costs_of_starts(bound.priced, lambda _: every):
            rest = np.minimum.accumulate(np.min(costs, axis=0)[::-1])[::-1]
            for task in one.members:
                assert tables.least_milli[task] == least
                assert tables.later_milli[:, task].tolist() == rest[:: tables.moment_s].tolist()


def test_both_orders_of_two_tasks() -> None:
    problem = problem_from(TWO)
    known, bound = list_schedule(problem), without_prices(problem)
    assert (known.objective_milli, bound.value_milli) == (10_000, 8_000)
    beam = Beam(known, bound)
    best = beam.enumerate(10_000, 10, never)
    assert (best.schedule, best.bound_milli, best.complete) == (None, 10_000, True)
    found = beam.enumerate(20_000, 10, never).schedule
    assert found is not None
    assert [placement.start_s for placement in found.placements] == [0, 2]


def test_a_beam_that_is_stopped_has_the_bound_that_it_began_with() -> None:
    problem = problem_from(TWO)
    bound = without_prices(problem)
    found = Beam(list_schedule(problem), bound).enumerate(20_000, 10, lambda: True)
    # The empty schedule alone was there; it has spent nothing.
    assert (found.schedule, found.bound_milli, found.complete) == (None, bound.value_milli, False)


@pytest.mark.parametrize("by_clock", [False, True])
def test_beams_get_wider_until_one_proves_it(by_clock: bool, monkeypatch: Any) -> None:
    monkeypatch.setattr("patchopt.optimizer.enumeration.widening._FIRST", 1)
    # Five tasks of weights 1 to 5 and 2 s each, one at a time, the heaviest first:
    # 5 * 2 + 4 * 4 + 3 * 6 + 2 * 8 + 1 * 10 = 70.
    names = "abcde"
    nodes = {name: {"criticality": at + 1, "blue_green": False} for at, name in enumerate(names)}
    problem = problem_from(small(nodes, max_parallel=1))
    known, bound = list_schedule(problem), without_prices(problem)
    assert known.objective_milli == 70_000
    tracker = Tracker(known.objective_milli, bound.value_milli)
    found = widen(known, bound, tracker, 60.0, by_clock=by_clock)
    assert (found.schedule, found.bound_milli, found.interrupted) == (known, 70_000, False)
    assert tracker.met
    assert by_clock or 0 < found.spent_s < 1  # a beam or two; the rest is left to others
