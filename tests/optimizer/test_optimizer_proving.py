"""CP-SAT on starts that a better schedule may have: never one too few."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchopt.optimizer import OptimizerParameters, proving
from patchopt.optimizer.bounds import latest_commits_s
from patchopt.optimizer.bounds.lagrange import lagrange_bound
from patchopt.optimizer.bounds.promising import StartCosts
from patchopt.optimizer.list_scheduling import list_schedule
from patchopt.optimizer.progress import Tracker
from support.enumerate import optimum
from support.examples import small
from support.generate import scenarios
from support.lists import problem_from

PROOF = OptimizerParameters(time_limit=20, workers=1, deterministic=True)


@pytest.mark.slow
@pytest.mark.no_cover
def test_the_optimum_is_found_among_the_starts_that_prices_leave(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Whatever share of starts they leave, and in blocks of any width.
    monkeypatch.setattr(proving, "_MOST_SHARE", 1.0)
    seen: dict[bool, int] = {True: 0, False: 0}

    @settings(max_examples=200, derandomize=True)
    @given(scenarios(max_units=4, probabilities=False), st.sampled_from([10, 40, 1000]))
    def law(scenario: dict[str, Any], blocks: int) -> None:
        problem = problem_from(scenario)
        if not problem.tasks:
            return
        known, bound = list_schedule(problem), lagrange_bound(problem, 60)
        if bound.priced is None or bound.value_milli >= known.objective_milli:
            return
        monkeypatch.setattr(proving, "_MOST_BLOCKS", blocks * len(problem.tasks))
        tracker = Tracker(known.objective_milli, bound.value_milli)
        proven = proving.prove(known, PROOF, 20.0, tracker, bound)
        best = optimum(scenario, "downtime")
        assert proven.schedule.objective_milli == proven.bound_milli == best
        seen[best < known.objective_milli] += 1

    law()
    assert min(seen.values()) >= 5, seen


def test_starts_that_cost_more_than_the_gap_are_left_out() -> None:
    # Weights 3 and 1, 2 s each, one at a time: 3 * 2 + 1 * 4 = 10,000 is the optimum. With nothing
    # to spare beyond the bound the heavy one starts at 0, and no price moves it.
    fixed = {"blue_green": False}
    scenario = small({"a": fixed | {"criticality": 3}, "b": fixed}, max_parallel=1)
    problem = problem_from(scenario)
    bound = lagrange_bound(problem, 500)
    spare = 10_000 - bound.value_milli
    assert 0 <= spare < 100
    latest = max(latest_commits_s(problem, 10_000))
    costs = StartCosts(bound, 1, latest)
    found = costs.within(spare)
    assert found[0].block.tolist() == [0]
    assert 2 in found[1].block.tolist()
    assert 0 not in found[1].block.tolist()
    wide = costs.within(spare, width=2)
    assert wide[0].block.tolist() == [0]
    assert 1 in wide[1].block.tolist()
