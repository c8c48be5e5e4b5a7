"""Limits, determinism, progress and interruption of the search."""

from __future__ import annotations

import os
import signal
import time
from itertools import pairwise

import pytest

from patchopt.files import load_scenario
from patchopt.model.build import build_infrastructure
from patchopt.model.infrastructure import Infrastructure
from patchopt.optimizer import OptimizerParameters, Progress, optimize
from patchopt.optimizer.progress import Watcher
from patchopt.strategies import make_strategy
from support.contract import nominal

SHORT = OptimizerParameters(time_limit=0.3, workers=1, seed=0, deterministic=True)


@pytest.fixture(scope="module")
def shop() -> Infrastructure:
    return build_infrastructure(load_scenario("online_boutique"))


@pytest.mark.slow
def test_the_same_inputs_give_the_same_bytes(shop: Infrastructure) -> None:
    first, second = (optimize(shop, SHORT).plan.model_dump_json() for _ in range(2))
    assert first == second
    assert '"wall_time_s":null' in first


def test_a_measured_search_says_how_long_it_took(shop: Infrastructure) -> None:
    found = optimize(shop, OptimizerParameters(time_limit=0.05, workers=1))
    assert found.certificate.wall_time_s is not None


@pytest.mark.slow
def test_a_short_search_still_has_a_plan_and_a_bound(shop: Infrastructure) -> None:
    solution = optimize(shop, SHORT)
    found = solution.certificate
    assert found.objective is not None
    assert found.bound is not None
    assert found.gap == (found.objective - found.bound) / found.objective
    assert found.status == ("feasible" if found.gap else "optimal")
    assert 0 <= found.gap < 0.001
    greedy = make_strategy("exposure_greedy", {}).plan(shop)
    assert found.objective <= nominal(shop, greedy).exact("exposure")
    assert found.parameters["time_limit"] == 0.3
    assert solution.plan.strategy.parameters == found.parameters


@pytest.mark.slow
def test_progress_only_gets_better(shop: Infrastructure) -> None:
    seen: list[Progress] = []
    solution = optimize(shop, SHORT, watch=seen.append)
    assert seen
    for earlier, later in pairwise(seen):
        assert later.objective_milli <= earlier.objective_milli
        assert later.bound_milli >= earlier.bound_milli
    assert seen[-1].objective_milli == solution.certificate.objective


@pytest.mark.slow
def test_an_interrupted_search_keeps_its_best_plan(shop: Infrastructure) -> None:
    """Whether Ctrl-C comes while it searches or while nothing waits for it."""
    for moment in (2, 3, 4):
        seen: list[Progress] = []

        def interrupt(progress: Progress, seen: list[Progress] = seen, at: int = moment) -> None:
            seen.append(progress)
            if len(seen) == at:  # the first is told before the search begins
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.5)  # so that it has come before all is done

        _interrupted(shop, interrupt)


def _interrupted(shop: Infrastructure, watch: Watcher) -> None:
    solution = optimize(shop, OptimizerParameters(time_limit=60, workers=1), watch=watch)
    assert solution.interrupted
    assert solution.certificate.status == "feasible"
    outcome = nominal(shop, solution.plan)
    assert outcome.exact("exposure") == solution.certificate.objective
