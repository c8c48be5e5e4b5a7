"""Whether plans keep the constraints: by hand, and as the simulator's guard and metrics say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchopt.simulator.running import simulate
from patchopt.strategies.base import make_strategy, strategy_names
from patchopt.verify.execution import execute
from patchopt.verify.keeping import broken, split_units
from support.building import drawn, plan_by_hand
from support.contract import infrastructure_of
from support.generate import scenarios
from support.searches import SHORT
from support.tiny import alike, build, patch, several, switch

INCOMPATIBLE = [{"source": "a", "target": "b", "compatibility": "incompatible"}]


def found(scenario: dict[str, Any], *steps: dict[str, Any]) -> list[tuple[str, int, int]]:
    """Return what is not kept, when first, and by which step."""
    infrastructure = infrastructure_of(scenario)
    plan = plan_by_hand(infrastructure, *steps)
    run = execute(plan, infrastructure)
    wrong = broken(plan, infrastructure, run) + split_units(plan, infrastructure, run)
    return [(it.what, it.at_s, it.step) for it in wrong]


def test_crew() -> None:
    scenario = alike("abc", constraints={"max_parallel": 2})
    steps = [patch("a"), patch("b"), patch("c", after=[0])]
    assert found(scenario, *steps) == []  # b and c from 10 to 20
    assert found(scenario, patch("a"), patch("b", "c", after=[])) == [("crew", 0, 1)]


def test_surge_until_the_switch_has_ended() -> None:
    # Overhead 5: built at 15, switched from 15 to 20; d may be built at 20, not at 15.
    scenario = alike("cd", constraints={"surge": 1, "step_overhead": 5})
    steps = [build("c"), switch("c"), build("d"), switch("d")]
    assert found(scenario, *steps) == []
    steps[2] = build("d", after=[0])
    assert found(scenario, *steps) == [("surge", 15, 2)]


def test_services_and_what_is_waived() -> None:
    scenario = alike("abc", min_up=2, constraints={"surge": 0})
    assert found(scenario, patch("a"), patch("b"), patch("c")) == []
    assert found(scenario, patch("a"), patch("b", after=[])) == [("min_up", 0, 1)]
    # Alone in the service, and waived: kept. With another at work it is not.
    both = patch("b", "c", waives=["s"])
    assert found(scenario, patch("a"), both) == []
    assert found(scenario, patch("a"), both | {"after": []}) == [("min_up", 0, 1)]


def test_live_patches_take_nothing_out() -> None:
    scenario = alike("ab", of={"restart": False}, min_up=2)
    assert found(scenario, patch("a", "b")) == []


def test_windows() -> None:
    windows = {"every": 20, "open": [{"start": 0, "duration": 15}]}
    scenario = alike("ab", constraints={"windows": windows})
    assert found(scenario, patch("a"), patch("b")) == []
    assert found(scenario, patch("a"), patch("b", guarded=False)) == [("windows", 10, 1)]


def test_hosts_and_their_guests() -> None:
    nodes: dict[str, Any] = {
        "h": {"type": "host"},
        "g": {"type": "host", "host": "h"},
        "a": {"host": "g"},
    }
    scenario = several(nodes)
    assert found(scenario, patch("a"), patch("g"), patch("h")) == []
    assert found(scenario, patch("a"), patch("h", after=[])) == [("hosts", 0, 1)]
    assert found(scenario, patch("a", "h")) == [("hosts", 0, 0)]
    built = [build("a"), switch("a"), patch("h", after=[])]
    assert found(scenario, *built) == [("hosts", 0, 2)]
    # In one unit they go down together.
    edges = [{"source": "a", "target": "h", "compatibility": "incompatible"}]
    assert found(scenario | {"edges": edges}, patch("a", "h")) == []


def test_strict_order_means_finished() -> None:
    # a depends on s, which depends on b (warm-up 5): b has finished at 15.
    nodes: dict[str, Any] = {"a": {}, "b": {"of": {"warmup": 5}}, "x": {"service": "s"}}
    del nodes["x"]
    edges = [{"source": "a", "target": "b"}]
    scenario = several(nodes, edges=edges, constraints={"dependency_order": "strict"})
    assert found(scenario, patch("b"), patch("a")) == []
    assert found(scenario, patch("b"), patch("a", after=[], not_before=14)) == [("order", 14, 1)]
    assert found(scenario, patch("a")) == [("order", 0, 0)]  # b never is


def test_units_are_whole() -> None:
    scenario = several({"a": {}, "b": {}}, edges=INCOMPATIBLE)
    assert found(scenario, patch("a", "b")) == []
    assert found(scenario, patch("a"), patch("b")) == [("units", 0, 0)]
    assert found(scenario, build("a", "b"), switch("a", "b")) == []
    steps = [build("a", "b"), switch("a"), switch("b", after=[0, 1])]
    scenario["constraints"]["step_overhead"] = 1
    assert found(scenario, *steps) == [("units", 0, 0)]


@pytest.mark.slow
@given(st.data())
@settings(max_examples=300, deadline=None)
def test_any_plan_is_judged_as_it_is_simulated(data: st.DataObject) -> None:
    """A guarded plan keeps all if and only if its partial order alone says when it starts what."""
    _, infrastructure, plan = drawn(data)
    calm = infrastructure.without_failures()
    steps = [step.model_copy(update={"guarded": True}) for step in plan.steps]
    plan = plan.model_copy(update={"steps": tuple(steps)})
    run, outcome = execute(plan, infrastructure), simulate(calm, plan, seed=0, events=True)
    starts = {it["step"]: it["time"] for it in outcome.events if it["event"] == "step_start"}
    kept = not broken(plan, infrastructure, run)
    assert kept == (starts == dict(enumerate(run.step_start_s)))
    if kept:
        assert run.exposure_milli == outcome.exact("exposure")
        assert run.completion_s == outcome.exact("completion_time")


@pytest.mark.slow
@given(scenarios(), st.sampled_from(sorted(strategy_names())))
@settings(max_examples=200, deadline=None)
def test_strategies_are_judged_as_they_are_simulated(scenario: dict[str, Any], name: str) -> None:
    infrastructure = infrastructure_of(scenario)
    plan = make_strategy(name, SHORT.get(name)).plan(infrastructure)
    run = execute(plan, infrastructure)
    outcome = simulate(infrastructure.without_failures(), plan, seed=0)
    if not broken(plan, infrastructure, run) or not any(step.guarded for step in plan.steps):
        assert run.exposure_milli == outcome.exact("exposure")
        assert run.completion_s == outcome.exact("completion_time")
    if outcome.exact("breach"):
        assert broken(plan, infrastructure, run)
