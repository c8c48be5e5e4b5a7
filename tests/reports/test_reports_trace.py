"""Curves and bars read back from events agree with the metrics of the same run."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchopt.reports.trace import availability, bars, burn_down, end_of, new_at_end, was_aborted
from patchopt.simulator.simulate import simulate
from support.building import drawn, plan_by_hand, seed_for
from support.contract import infrastructure_of
from support.examples import ABORTED, BUILT, FAILING, small

#: Bars that stand for crew at work.
WORK = {"patch", "live", "warmup", "rollback", "build"}


def integral(times: Any, values: Any) -> float:
    steps = zip(pairwise(times.tolist()), values.tolist(), strict=False)
    return float(sum((after - before) * value for (before, after), value in steps))


def areas_are_metrics(data: st.DataObject, seed: int, **kind: Any) -> None:
    """Compare what is read from the events of a drawn plan with its metrics."""
    _, infrastructure, plan = drawn(data, **kind)
    outcome = simulate(infrastructure, plan, seed=seed, events=True)
    events = outcome.events
    assert end_of(infrastructure, events) == outcome.exact("completion_time")
    assert was_aborted(events) == bool(outcome.exact("aborted"))
    curve = burn_down(infrastructure, events)
    assert integral(curve.times_s, np.rint(curve.values * 1000)) == outcome.exact("exposure")
    serving = availability(infrastructure, events)
    services = infrastructure.services
    short = (serving.values < services.min_up).sum(axis=1)
    none = ((serving.values == 0) & (services.instances > 0)).sum(axis=1)
    assert integral(serving.times_s, short) == outcome.exact("downtime")
    assert integral(serving.times_s, none) == outcome.exact("outage")
    assert len(new_at_end(events)) == outcome.exact("patched")
    found = bars(infrastructure, plan, events)
    assert all(bar.start_s <= bar.end_s <= outcome.exact("completion_time") for bar in found)
    worked = sum(bar.end_s - bar.start_s for bar in found if bar.kind in WORK)
    assert worked == outcome.exact("work_seconds")


@pytest.mark.slow
@settings(max_examples=300)
@given(st.data(), st.integers(0, 10**6))
def test_areas_are_metrics(data: st.DataObject, seed: int) -> None:
    areas_are_metrics(data, seed)


@pytest.mark.slow
@settings(max_examples=300)
@given(st.data(), st.integers(0, 10**6))
def test_areas_are_metrics_whatever_happens(data: st.DataObject, seed: int) -> None:
    areas_are_metrics(data, seed, trouble=True, max_duration=60)


def bars_of(scenario: dict[str, Any], *steps: dict[str, Any], seed: int = 0) -> set[Any]:
    infrastructure = infrastructure_of(scenario)
    plan = plan_by_hand(infrastructure, *steps)
    events = simulate(infrastructure, plan, seed=seed, events=True).events
    found = bars(infrastructure, plan, events)
    return {(bar.node, bar.start_s, bar.end_s, bar.kind) for bar in found}


def test_bars_of_a_retried_patch() -> None:
    # Fails at 2, is back at 5, succeeds at 7, is warm at 8.
    told = FAILING | {"rollback": 3, "warmup": 1}
    scenario = small({"a": {"patch_with": told}}, max_retries=1)
    seed = seed_for({("a", 1): True, ("a", 2): False})
    assert bars_of(scenario, {"action": "patch", "nodes": ["a"]}, seed=seed) == {
        ("a", 0, 2, "patch"),
        ("a", 2, 5, "rollback"),
        ("a", 5, 7, "patch"),
        ("a", 7, 8, "warmup"),
    }


def test_bars_of_a_build_that_waits_for_its_switch_and_one_that_waits_for_a_slot() -> None:
    # L is 6 for {a, b} and 2 for c, which waits for the slots until 10. All draws succeed.
    seed = seed_for({("a", 1): False, ("b", 1): False, ("c", 1): False})
    steps: list[dict[str, Any]] = [
        {"action": "build", "nodes": ["a", "b"]},
        {"action": "switch", "nodes": ["a", "b"], "not_before": 10},
        {"action": "build", "nodes": ["c"], "after": []},
        {"action": "switch", "nodes": ["c"]},
    ]
    assert bars_of(BUILT, *steps, seed=seed) == {
        ("a", 0, 6, "build"),
        ("b", 0, 6, "build"),
        ("a", 6, 10, "built"),
        ("b", 6, 10, "built"),
        ("c", 0, 10, "wait"),
        ("c", 10, 12, "build"),
    }


def test_bars_of_a_node_that_is_lost() -> None:
    # The live node fails at 2 and is back at 6; its host has no rollback, and the plan aborts.
    steps: list[dict[str, Any]] = [
        {"action": "patch", "nodes": ["live", "host"], "guarded": False},
        {"action": "patch", "nodes": ["last"], "after": []},
    ]
    assert bars_of(ABORTED, *steps) == {
        ("live", 0, 2, "live"),
        ("live", 2, 6, "rollback"),
        ("host", 0, 2, "patch"),
        ("host", 2, 6, "failed"),
        ("last", 0, 2, "wait"),
    }
