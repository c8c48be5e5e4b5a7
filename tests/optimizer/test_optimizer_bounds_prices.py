"""Prices by hand, their gradient by differences, and what an ascent keeps to."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from patchopt.compiling.plain import plain_module
from patchopt.optimizer.bounds import pricing, stages
from patchopt.optimizer.bounds.bound import Priced
from patchopt.optimizer.bounds.expected import expected_starts
from patchopt.optimizer.bounds.grid import cells_of
from patchopt.optimizer.bounds.groups import groups_of
from patchopt.optimizer.bounds.lagrange import lagrange_bound, price
from patchopt.optimizer.bounds.layout import layout_of
from patchopt.optimizer.bounds.order_rows import ordered_relaxation
from patchopt.optimizer.bounds.reduced_costs import decomposition, reduced_costs
from patchopt.optimizer.bounds.rows import relaxation_of
from patchopt.optimizer.bounds.stages import FREE, ORDERED, last_of, stages_of
from patchopt.optimizer.bounds.starts import scratch_of
from patchopt.optimizer.list_scheduling import list_schedule
from patchopt.optimizer.problem import Problem
from support.examples import small
from support.lists import made, problem_from

#: Weights 3 and 1.5, three seconds each; severity is 1.
HEAVY: dict[str, Any] = {"criticality": 3, "patch_with": {"duration": 3}, "blue_green": False}
LIGHT: dict[str, Any] = {"criticality": 1.5, "patch_with": {"duration": 3}, "blue_green": False}
PLAIN = plain_module("patchopt.optimizer.bounds", ["starts", "pricing"], "pricing")


def priced_by_hand(problem: Problem, *rates: int, width_s: int = 3) -> Priced:
    """Return prices of the only row."""
    relaxation = relaxation_of(problem)
    cells = cells_of(problem.windows, width_s, width_s * len(rates))
    return Priced(relaxation=relaxation, cells=cells, prices=np.array([rates], np.float64))


def test_prices_by_hand() -> None:
    # At 1500 a second before 3 the heavy one costs 3000 * 3 + 4500 at 0 and 3000 * 6 at 3, the
    # light one 1500 * 3 + 4500 at 0 and 1500 * 6 at 3. The crew's time before 3 costs 4500:
    # 13,500 + 9000 - 4500 is the optimum.
    problem = problem_from(small({"a": HEAVY, "b": LIGHT}, max_parallel=1))
    best = price(priced_by_hand(problem, 1500, 0))
    assert best.value_milli == list_schedule(problem).objective_milli == 18_000
    assert best.proof.prices == {"crew": ((0, 1500), (1, 0))}
    assert best.proof.cells == ((0, 3), (3, 6))
    # At 500 both start at 0: 9000 + 1500 + 4500 + 1500 - 1500.
    assert price(priced_by_hand(problem, 500)).value_milli == 15_000


def test_rows_are_named_by_what_is_narrow() -> None:
    nodes = {
        "rack": {"type": "host", "patch_with": {"duration": 3}},
        "a": HEAVY | {"host": "rack", "service": "web"},
        "b": LIGHT | {"host": "rack", "service": "web"},
        "c": {"blue_green": True},
        "d": {"blue_green": True},
    }
    problem = problem_from(small(nodes, min_up={"web": 0}, max_parallel=2, surge=1))
    rows = {row.name: row.capacity for row in relaxation_of(problem).rows}
    # Two guests of the rack, which takes both down, and two places of the crew.
    of_rack = {"host:rack": 2, "guests:rack:a": 1, "guests:rack:b": 1}
    assert rows == {"crew": 2, "service:web": 2, "surge": 1} | of_rack
    assert problem.task_names == ("rack", "a", "b", "c", "d")


def test_reduced_costs_and_the_gap_taken_apart_by_hand() -> None:
    problem = problem_from(small({"a": HEAVY, "b": LIGHT}, max_parallel=1))
    priced = priced_by_hand(problem, 500, 0)
    table, cell_s = reduced_costs(problem, priced, cells=2)
    # The heavy one at 3 costs 18,000, not 10,500; the light one 9000, not 6000.
    assert cell_s == 3
    assert table[:, 0].tolist() == [[0, 7500], [0, 3000]]
    assert np.isinf(table[:, 1]).all()
    parts = decomposition(problem, list_schedule(problem), priced)
    assert parts.tasks_milli == (0, 3000)
    assert parts.rows_milli == {"crew": 0}
    assert parts.total_milli == 3000 == 18_000 - price(priced).value_milli


@pytest.mark.parametrize("family", ["plain", "windows", "hosts", "warm_up"])
def test_the_gradient_is_that_of_the_smoothed_value(family: str) -> None:
    problem = made(family)
    relaxation = relaxation_of(problem)
    layout = layout_of(relaxation)
    cells = cells_of(problem.windows, 700, 9000)
    shape = (len(relaxation.rows), len(cells.begin_s))
    prices = np.random.default_rng(1).random(shape) * 2e4
    gradient = np.zeros(shape)
    scratch = scratch_of(layout, shape[1])

    def value(at: Any) -> tuple[float, float]:
        return pricing.priced_out(layout, cells, at, 1e6, 2, scratch, gradient)

    smoothed, hard = value(prices)
    found = gradient.copy()
    assert smoothed <= hard
    plain = np.zeros(shape)
    again = PLAIN.priced_out(layout, cells, prices, 1e6, 2, scratch, plain)
    np.testing.assert_allclose(again, (smoothed, hard), rtol=1e-12)
    np.testing.assert_allclose(plain, found, rtol=1e-9, atol=1e-6)
    for row, cell in np.ndindex(shape):
        nudged = prices.copy()
        nudged[row, cell] += 0.1
        above = value(nudged)[0]
        nudged[row, cell] -= 0.2
        slope = (above - value(nudged)[0]) / 0.2
        assert slope == pytest.approx(found[row, cell], rel=1e-3, abs=1.0)


def test_starts_that_prices_make_likely_by_hand() -> None:
    nodes = {"heavy": HEAVY, "light-1": LIGHT, "light-2": LIGHT}
    problem = problem_from(small(nodes, max_parallel=1))
    # At 1600 a light one costs 4500 + 4800 at 0, 9000 at 3 and 13,500 at 6; at 1500 it costs 9000
    # at both. The heavy one costs at most 9000 + 4800 at 0, and 18,000 at 3.
    assert expected_starts(priced_by_hand(problem, 1600, 0)).tolist() == [[0, 3, 3], [0, 3, 3]]
    for_free = expected_starts(priced_by_hand(problem, 1500, 0), [0])
    assert for_free.tolist() == [[0, 0, 3]]  # half of them each
    alone = problem_from(small({"heavy": HEAVY, "light": LIGHT}, max_parallel=1))
    assert expected_starts(priced_by_hand(alone, 1500, 0), [0]).tolist() == [[0, 1.5]]


def test_starts_of_what_never_fits_are_late() -> None:
    # Six seconds do not fit into the window of three that prices cover, nor right behind it.
    nodes = {"a": HEAVY, "b": LIGHT | {"patch_with": {"duration": 6}}}
    opened = [{"start": 0, "duration": 3}, {"start": 10, "duration": 6}]
    problem = problem_from(small(nodes, max_parallel=1, windows={"every": 20, "open": opened}))
    cells = cells_of(problem.windows, 1, 3)
    priced = Priced(relaxation=relaxation_of(problem), cells=cells, prices=np.zeros((1, 3)))
    assert expected_starts(priced, [0]).tolist() == [[0, 2]]


def test_likely_starts_are_the_same_uncompiled() -> None:
    problem = made("strict_windows", 20)
    priced = lagrange_bound(problem, 100).priced
    assert priced is not None
    found = expected_starts(priced)
    plain = plain_module("patchopt.optimizer.bounds", ["starts", "pricing", "expected"], "expected")
    assert np.array_equal(plain.expected_starts(priced), found)
    assert found.shape == (2, len(problem.tasks))


def test_an_ascent_repeats_itself_goes_on_and_stops() -> None:
    problem = made("plain", 30)
    one, two = (lagrange_bound(problem, iterations=60) for _ in range(2))
    assert one == two
    further = lagrange_bound(problem, iterations=200, priced=one.priced)
    assert further.value_milli >= one.value_milli
    asked = []

    def spent() -> float:
        asked.append(True)
        return len(asked) / 40

    early = lagrange_bound(problem, iterations=10_000, spent=spent)
    assert len(asked) == 40
    assert early.priced is not None
    assert one.priced is not None
    # Stages end by time as well: the last of them has been reached.
    assert early.priced.cells.width_s.max() == one.priced.cells.width_s.max()
    # At least what the prices of the fluid, and no prices at all, come to.
    assert early.value_milli >= lagrange_bound(problem, iterations=0).value_milli


def test_stages_go_from_few_cells_to_as_many_as_there_may_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = made("strict", 40)
    relaxation = ordered_relaxation(problem, groups_of(problem))
    found = stages_of(relaxation, ORDERED)
    cells = [len(stage.cells.begin_s) for stage in found]
    assert cells == sorted(cells)
    assert 8 <= cells[0] < 16  # half as many were fewer than 8
    levels = sorted(set(cells))
    assert [cells.count(level) for level in levels] == [2] * (len(levels) - 1) + [3]
    assert all(a.until < b.until for a, b in pairwise(found))
    assert found[-1].until == pytest.approx(1)
    again = last_of(found)
    assert [stage.cells for stage in again] == [stage.cells for stage in found[-5:]]
    # Each keeps its share of what is left after the others.
    assert again[1].until - again[0].until == pytest.approx(
        (found[-4].until - found[-5].until) / (1 - found[-6].until)
    )
    assert again[-1].until == 1
    assert last_of(again) == again
    # Room for 16 cells a row: the first level, with less, and no other.
    monkeypatch.setattr(stages, "_MOST_PRICES", 16 * len(relaxation.rows))
    assert {len(stage.cells.begin_s) for stage in stages_of(relaxation, ORDERED)} == {cells[0]}
    # Room for 4: the cells of that level are doubled until there are no more.
    monkeypatch.setattr(stages, "_MOST_PRICES", 4 * len(relaxation.rows))
    wider = {len(stage.cells.begin_s) for stage in stages_of(relaxation, ORDERED)}
    assert len(wider) == 1
    assert wider <= {2, 3, 4}
    # Room for none: one cell it is.
    monkeypatch.setattr(stages, "_MOST_PRICES", 1)
    assert {len(stage.cells.begin_s) for stage in stages_of(relaxation, ORDERED)} == {1}


def test_cells_are_not_made_wider_than_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    relaxation = relaxation_of(made("windows", 40))
    windows = len(np.unique(stages_of(relaxation, FREE)[0].cells.close_s))
    monkeypatch.setattr(stages, "_MOST_PRICES", 1)
    assert {len(stage.cells.begin_s) for stage in stages_of(relaxation, FREE)} == {windows}


def test_prices_that_do_not_fit_are_refused() -> None:
    problem = problem_from(small({"a": HEAVY, "b": LIGHT}, max_parallel=1))
    with pytest.raises(OverflowError, match="64 bits"):
        price(priced_by_hand(problem, 2**60))


def test_what_is_wide_has_no_price() -> None:
    problem = problem_from(small({"a": HEAVY, "b": LIGHT}))
    bound = lagrange_bound(problem)
    assert (bound.value_milli, bound.proof.prices, bound.proof.cells) == (13_500, {}, ())
    skipping = replace(problem, skipped_weight_milli=100)
    assert lagrange_bound(skipping).value_milli == 13_500 + 100 * 3
