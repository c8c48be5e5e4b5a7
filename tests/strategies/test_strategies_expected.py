"""The strategy that expects failures tells what is known of its plan, in the plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from patchopt.files import plan_json
from patchopt.files.plan_file import read_plan
from patchopt.model.infrastructure import Infrastructure
from patchopt.stochastic.expecting import expect
from patchopt.strategies import make_strategy
from patchopt.strategies.expected import ExpectedStrategy
from support.contract import infrastructure_of
from support.examples import small
from support.searches import SHORT


def risky() -> Infrastructure:
    patch = {"severity": 10, "duration": 100, "failure_probability": 0.8, "rollback": 100}
    sure = {"severity": 10, "duration": 250}
    nodes: dict[str, Any] = {
        "a": {"blue_green": False, "patch": patch},
        "b": {"blue_green": False, "patch": sure, "criticality": 2},
    }
    return infrastructure_of(small(nodes, max_parallel=1, max_retries=20, horizon=86400))


def quick(**given: Any) -> ExpectedStrategy:
    made = make_strategy("expected", SHORT["expected"] | given)
    assert isinstance(made, ExpectedStrategy)
    return made


def test_the_plan_says_who_has_made_it_and_what_is_known(tmp_path: Any) -> None:
    plan = quick().plan(risky())
    assert plan.strategy.name == "expected"
    assert plan.strategy.parameters == quick().parameters
    assert plan.certificate is None
    known = plan.expectation
    assert known is not None
    assert not known.is_nominal
    assert known.wait_and_see is not None
    assert known.wait_and_see.sample.replications == 3
    assert known.wait_and_see.sample.seed == known.fresh.seed
    path = tmp_path / "plan.json"
    path.write_text(plan_json(plan), encoding="utf-8")
    assert read_plan(path) == plan


def test_more_processes_find_the_same() -> None:
    strategy, infrastructure = quick(bounds=40), risky()
    assert strategy.solve(infrastructure, workers=2) == strategy.solve(infrastructure)


@pytest.mark.parametrize("rules", [{"bounds": 0}, {"respect_units": False}])
def test_without_a_bound_there_is_no_gap(rules: dict[str, Any]) -> None:
    # No bound was asked for, or none is known of plans that part units.
    known = quick(**rules).plan(risky()).expectation
    assert known is not None
    assert known.wait_and_see is None


def test_progress_is_told() -> None:
    told: list[tuple[str, int, int]] = []
    quick().solve(risky(), watch=lambda *given: told.append(given))
    plans = [given for given in told if given[0] == "plans"]
    assert [done for _, done, _ in plans] == list(range(1, len(plans) + 1))
    assert {total for _, _, total in plans} == {20}
    assert [given for given in told if given[0] == "outcomes"][-1][1] >= 1


def test_rules_of_strategies_hold_for_the_search() -> None:
    infrastructure = risky()
    strategy = quick()
    assert strategy.plan(infrastructure).steps == expect(infrastructure, strategy).plan.steps
    other = replace(strategy, seed=7).plan(infrastructure).expectation
    assert other is not None
    assert other.fresh.seed == strategy.plan(infrastructure).expectation.fresh.seed + 7  # type: ignore[union-attr]  # it always has one
