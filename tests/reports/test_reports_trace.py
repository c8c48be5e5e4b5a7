"""Curves and bars read back from events agree with the metrics of the same run."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchopt.model.events import EventKind
from patchopt.model.infrastructure import Infrastructure
from patchopt.reports.pages.incidents import _Teller
from patchopt.reports.trace.bars import Bar, _Reader, bars
from patchopt.reports.trace.curves import availability, burn_down
from patchopt.reports.trace.events import end_of, new_at_end, was_aborted
from patchopt.reports.trace.outages import outages
from patchopt.simulator.running import simulate
from support.building import drawn, plan_by_hand, seed_for
from support.contract import infrastructure_of
from support.examples import ABORTED, BUILT, FAILING, small

#: Bars that stand for crew at work.
WORK = {"patch", "live", "warmup", "rollback", "build"}


#: Bars that stand for surge slots in use.
SURGE = {"build", "built"}


def length(bars: Iterable[Bar]) -> int:
    return sum(bar.end_s - bar.start_s for bar in bars)


def integral(times: Any, values: Any) -> float:
    steps = zip(pairwise(times.tolist()), values.tolist(), strict=False)
    return float(sum((after - before) * value for (before, after), value in steps))


def areas_are_metrics(data: st.DataObject, seed: int, **kind: Any) -> None:
    """Compare what is read from the events of a drawn plan with its metrics."""
    _, infrastructure, plan = drawn(data, **kind)
    outcome = simulate(infrastructure, plan, seed=seed, events=True)
    events = outcome.events
    end_s = max(infrastructure.limits.horizon_s, outcome.exact("completion_time"))
    assert end_of(events) >= end_s
    assert was_aborted(events) == bool(outcome.exact("aborted"))
    curve = burn_down(infrastructure, events)
    assert integral(curve.times_s, np.rint(curve.values * 1000)) == outcome.exact("total_exposure")
    serving = availability(infrastructure, events)
    services = infrastructure.services
    short = (serving.values < services.min_up).sum(axis=1)
    none = ((serving.values == 0) & (services.instances > 0)).sum(axis=1)
    assert integral(serving.times_s, short) == outcome.exact("downtime")
    assert integral(serving.times_s, none) == outcome.exact("outage")
    assert len(new_at_end(events)) == outcome.exact("patched")
    found = bars(infrastructure, plan, events)
    assert all(bar.start_s <= bar.end_s <= end_of(events) for bar in found)
    assert length(bar for bar in found if bar.kind in WORK) == outcome.exact("work_seconds")
    slots = length(bar for bar in found if bar.kind in SURGE)
    assert slots == outcome.exact("surge_node_seconds")
    broken = [each for each in outages(infrastructure, plan, events) if not each.allowed]
    assert sum(each.length_s for each in broken) == outcome.exact("unplanned_downtime")


@pytest.mark.slow
@pytest.mark.no_cover
@settings(max_examples=300)
@given(st.data(), st.integers(0, 10**6))
def test_areas_are_metrics(data: st.DataObject, seed: int) -> None:
    areas_are_metrics(data, seed)


@pytest.mark.slow
@pytest.mark.no_cover  # logs are long: traced, it would take six times as long
@settings(max_examples=100)
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
    seed = seed_for("small", {("a", 1): True, ("a", 2): False})
    assert bars_of(scenario, {"action": "patch", "nodes": ["a"]}, seed=seed) == {
        ("a", 0, 2, "patch"),
        ("a", 2, 5, "rollback"),
        ("a", 5, 7, "patch"),
        ("a", 7, 8, "warmup"),
    }


def test_bars_of_a_build_that_waits_for_its_switch_and_one_that_waits_for_a_slot() -> None:
    # L is 6 for {a, b} and 2 for c, which waits for the slots until 10. All draws succeed.
    seed = seed_for(BUILT["name"], {("a", 1): False, ("b", 1): False, ("c", 1): False})
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
    # It is FAILED until the observation ends.
    steps: list[dict[str, Any]] = [
        {"action": "patch", "nodes": ["live", "host"], "guarded": False},
        {"action": "patch", "nodes": ["last"], "after": []},
    ]
    assert bars_of(ABORTED, *steps) == {
        ("live", 0, 2, "live"),
        ("live", 2, 6, "rollback"),
        ("host", 0, 2, "patch"),
        ("host", 2, 10, "failed"),
        ("last", 0, 2, "wait"),
    }


def at(time: int, name: str, node: str | None = None, **keys: Any) -> dict[str, Any]:
    """Return an event; those of nodes are of step 0, first attempt."""
    of_node = {} if node is None else {"node": node, "step": 0, "attempt": 1}
    return {"time": time, "event": name} | of_node | keys


def restless() -> Infrastructure:
    """Return nodes a and b, of weight 1 each, that may crash and are repaired."""
    scenario = small({"a": {"service": "s"}, "b": {"service": "s"}}, min_up={"s": 1})
    scenario["environment"] = {
        "crash": {"mtbf": "2000h"},
        "repair": {"nominal": "1h", "sigma": 0.5},
    }
    return infrastructure_of(scenario)


#: How a node of two that is new at 10 becomes old again at 40, and new at 60 or never.
OLD_AGAIN = {
    # A crash takes nothing back; the repair does (MODEL 11).
    "repaired": [at(30, "node_crashed", "a"), at(40, "node_repaired", "a")],
    "rolled back": [at(30, "rollback_start", "a"), at(40, "rolled_back", "a")],
    "lost": [at(30, "rollback_start", "a"), at(40, "rollback_failed", "a")],
}


@pytest.mark.parametrize("how", OLD_AGAIN)
@pytest.mark.parametrize("commit", ["node_patched", "switched"])
def test_a_node_that_is_old_again_is_exposed_again(how: str, commit: str) -> None:
    events = [
        at(0, "run_start"),
        at(10, commit, "a"),
        *OLD_AGAIN[how],
        at(50, "node_repaired", "b"),  # old before and after
        at(70, "run_end"),
    ]
    curve = burn_down(restless(), events)
    assert curve.times_s.tolist() == [0, 10, 40, 70]
    assert curve.values.tolist() == [2, 1, 2, 2]
    assert new_at_end(events) == set()
    again = [*events[:-1], at(60, "node_patched", "a"), at(70, "run_end")]
    curve = burn_down(restless(), again)
    assert curve.times_s.tolist() == [0, 10, 40, 60, 70]
    assert curve.values.tolist() == [2, 1, 2, 1, 1]
    # 2 until 10, 1 for 30 s, 2 for 20 s, 1 for 10 s.
    assert integral(curve.times_s, curve.values) == 2 * 10 + 30 + 2 * 20 + 10
    assert new_at_end(again) == {"a"}


def test_what_happens_at_once_is_one_step_of_the_curve() -> None:
    events = [at(10, "node_patched", "a"), at(10, "node_patched", "b"), at(10, "run_end")]
    curve = burn_down(restless(), events)
    assert (curve.times_s.tolist(), curve.values.tolist()) == ([0, 10], [2, 0])
    events = [at(0, "node_patched", "a"), at(5, "run_end")]
    curve = burn_down(restless(), events)
    assert (curve.times_s.tolist(), curve.values.tolist()) == ([0, 5], [1, 1])


@pytest.mark.parametrize("down", ["node_down", "node_failed", "node_crashed"])
@pytest.mark.parametrize("up", ["node_serving", "node_repaired", "switched"])
def test_what_takes_a_node_out_of_service_and_what_brings_it_back(down: str, up: str) -> None:
    events = [at(0, "run_start"), at(10, down, "a"), at(30, up, "a"), at(50, "run_end")]
    curve = availability(restless(), events)
    assert curve.times_s.tolist() == [0, 10, 30, 50]
    assert curve.values.tolist() == [[2], [1], [2], [2]]


def test_without_events_all_serve() -> None:
    curve = availability(restless(), [])
    assert (curve.times_s.tolist(), curve.values.tolist()) == ([0], [[2]])
    assert end_of([]) == 0


def test_a_plan_that_goes_on_is_not_aborted() -> None:
    stop, on = at(10, "abort", reason="why"), at(20, "plan_resumed", reason="review")
    assert was_aborted([stop])
    assert not was_aborted([stop, on])
    assert was_aborted([stop, on, at(30, "abort", reason="why")])
    assert end_of([stop, on, at(70, "run_end", completion_time=30)]) == 70


#: A copy of b that fails, and its second attempt.
BUILT_AGAIN = [
    at(20, "step_start", step=1, action="build", nodes=["b"]),
    at(30, "build_failed", "b", step=1),
    at(35, "attempt_start", step=1, nodes=["b"], attempt=2),
    at(45, "built", "b", step=1),
]

#: What happened to a node, and its bars, in a run that ends at 90.
HAPPENED: dict[str, tuple[list[dict[str, Any]], set[Any]]] = {
    "a crash and its repair": (
        [at(20, "node_crashed", "a"), at(50, "node_repaired", "a")],
        {("a", 20, 50, "failed")},
    ),
    "a crash for good": ([at(20, "node_crashed", "a")], {("a", 20, 90, "failed")}),
    "impaired until detected, then rolled back": (
        [
            at(20, "node_impaired", "a"),
            at(40, "rollback_start", "a"),
            at(55, "rolled_back", "a"),
        ],
        {("a", 20, 40, "impaired"), ("a", 40, 55, "rollback")},
    ),
    "a rollback after a detection that fails": (
        [
            at(20, "node_impaired", "a"),
            at(40, "rollback_start", "a"),
            at(55, "rollback_failed", "a"),
            at(55, "node_failed", "a"),
        ],
        {("a", 20, 40, "impaired"), ("a", 40, 55, "rollback"), ("a", 55, 90, "failed")},
    ),
    "impaired to the end": ([at(20, "node_impaired", "a")], {("a", 20, 90, "impaired")}),
    "rolled back to the end": ([at(20, "rollback_start", "a")], {("a", 20, 90, "rollback")}),
    "impaired, then crashed": (
        [at(20, "node_impaired", "a"), at(30, "node_crashed", "a")],
        {("a", 20, 30, "impaired"), ("a", 30, 90, "failed")},
    ),
    "crashed, and replaced by its copy": (
        [at(20, "node_crashed", "a"), at(60, "switched", "a")],
        {("a", 20, 60, "failed")},
    ),
    "a step that waits when the plan aborts": (
        [at(20, "step_wait", step=0), at(35, "abort")],
        {("a", 20, 35, "wait")},
    ),
    "a step that waits to the end": (
        [at(20, "step_wait", step=0)],
        {("a", 20, 90, "wait")},
    ),
    "left out of its step": (
        [
            at(5, "node_crashed", "a"),
            at(20, "step_start", step=0, action="patch", nodes=["a"]),
            at(20, "node_left_out", "a"),
            at(30, "step_end", step=0),
            at(40, "node_patched", "a"),
        ],
        {("a", 5, 90, "failed")},
    ),
    "put off until it is back, then held by the guard": (
        [
            at(5, "node_crashed", "a"),
            at(20, "step_start", step=0, action="patch", nodes=["a"]),
            at(20, "node_put_off", step=0, nodes=["a"], attempt=1, reason="crashed"),
            at(20, "step_end", step=0),
            at(50, "node_repaired", "a"),
            at(50, "attempt_wait", step=0, nodes=["a"], attempt=1, reason="crew"),
            at(60, "attempt_start", step=0, nodes=["a"], attempt=1),
            at(70, "node_patched", "a"),
        ],
        {("a", 5, 50, "failed"), ("a", 50, 60, "wait"), ("a", 60, 70, "patch")},
    ),
    "a retry that is given up as the plan is stopped": (
        [
            at(20, "step_start", step=0, action="patch", nodes=["a"]),
            at(25, "patch_failed", "a"),
            at(32, "rolled_back", "a"),
            at(32, "attempt_wait", step=0, nodes=["a"], attempt=2, reason="crew"),
            at(40, "abort", reason="why"),
        ],
        {("a", 20, 25, "patch"), ("a", 25, 32, "rollback"), ("a", 32, 40, "wait")},
    ),
    "work that is cut at the end": (
        [at(80, "step_start", step=0, action="patch", nodes=["a"])],
        {("a", 80, 90, "patch")},
    ),
    "work that ends because the plan is aborted": (
        [
            at(20, "step_start", step=0, action="patch", nodes=["a"]),
            at(25, "patch_failed", "a"),
            at(32, "work_over", "a"),
        ],
        {("a", 20, 25, "patch"), ("a", 25, 32, "rollback")},
    ),
    "a copy thrown away, another that is never switched to": (
        [*BUILT_AGAIN],
        {("b", 20, 30, "build"), ("b", 35, 45, "build"), ("b", 45, 90, "built")},
    ),
    "a copy thrown away as the plan is stopped for good": (
        [*BUILT_AGAIN, at(60, "abort", reason="why")],
        {("b", 20, 30, "build"), ("b", 35, 45, "build"), ("b", 45, 60, "built")},
    ),
    "a copy kept as the plan goes on": (
        [
            *BUILT_AGAIN,
            at(60, "abort", reason="why"),
            at(70, "plan_resumed", reason="review"),
            at(80, "switched", "b", step=2),
        ],
        {("b", 20, 30, "build"), ("b", 35, 45, "build"), ("b", 45, 80, "built")},
    ),
    "a copy of a release that is replaced": (
        [
            *BUILT_AGAIN,
            at(60, "abort", reason="why"),
            at(70, "release_replaced", release="b (inline)", generation=1),
            at(70, "plan_resumed", reason="respin"),
        ],
        {("b", 20, 30, "build"), ("b", 35, 45, "build"), ("b", 45, 70, "built")},
    ),
    "a copy whose switch is left out": (
        [*BUILT_AGAIN, at(60, "node_left_out", "b", step=2)],
        {("b", 20, 30, "build"), ("b", 35, 45, "build"), ("b", 45, 60, "built")},
    ),
}


@pytest.mark.parametrize("what", HAPPENED)
def test_bars_of_what_happens(what: str) -> None:
    infrastructure = restless()
    steps = [("patch", "a"), ("build", "b"), ("switch", "b")]
    plan = plan_by_hand(infrastructure, *({"action": what, "nodes": [on]} for what, on in steps))
    events, expected = HAPPENED[what]
    found = bars(infrastructure, plan, [at(0, "run_start"), *events, at(90, "run_end")])
    assert {(bar.node, bar.start_s, bar.end_s, bar.kind) for bar in found} == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize("reader", [_Reader, _Teller])
def test_readers_of_events_know_no_event_that_there_is_not(reader: type[object]) -> None:
    told = {name.removeprefix("on_") for name in vars(reader) if name.startswith("on_")}
    assert told
    assert told <= {kind.label for kind in EventKind}
