"""Plans that do not fit their scenario: each refused with place, cause and remedy."""

from __future__ import annotations

from typing import Any

import pytest

from patchopt.errors import PlanError
from patchopt.model.plan import PlanBuilder, ScenarioRef, StrategyRef
from patchopt.simulator.running import simulate
from support.building import plan_by_hand
from support.contract import infrastructure_of
from support.examples import small

SCENARIO = small(
    {"a": {}, "b": {}, "fixed": {"patch": None}, "only": {"blue_green": False}},
    min_up={"web": 0},
)


def patch(*nodes: str, **more: Any) -> dict[str, Any]:
    return {"action": "patch", "nodes": list(nodes)} | more


def build(*nodes: str) -> dict[str, Any]:
    return {"action": "build", "nodes": list(nodes)}


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([patch("a", id=1)], "steps.0: id is 1; number the steps 0, 1, 2 ... in order"),
        ([patch("a", after=[3])], "steps.0: after names step 3; there is none of that id"),
        ([patch("c")], "steps.0: unknown node 'c'; "),
        ([patch("fixed")], "steps.0: node 'fixed' has nothing to patch; leave it out"),
        ([patch()], "steps.0: a patch step without nodes; name some or remove it"),
        (
            [patch("a", duration=3)],
            "steps.0: a patch step with a duration or a gate; only a pause has these",
        ),
        (
            [{"action": "pause", "nodes": ["a"], "duration": 1}],
            "steps.0: a pause has nodes; leave them out",
        ),
        (
            [patch("a"), patch("b", "a")],
            "steps.1: node 'a' is in step 0 already; patch or build it once",
        ),
        ([patch("a", "a")], "steps.0: node 'a' is in step 0 already; patch or build it once"),
        (
            [patch("a", after=[1]), patch("b", after=[0])],
            "steps 0 -> 1 -> 0 wait for each other; break the cycle",
        ),
        ([patch("a", after=[0])], "steps 0 -> 0 wait for each other; break the cycle"),
        ([build("only")], "steps.0: node 'only' cannot be built blue-green; patch it in place"),
        ([build("a")], "steps.0: builds 'a', which no step switches; add a switch step"),
        (
            [{"action": "switch", "nodes": ["a"]}],
            "steps.0: switches 'a', which no step builds; add a build step",
        ),
        (
            [build("a"), {"action": "switch", "nodes": ["a"], "after": []}],
            "steps.1: switches 'a' but is not after its build step 0",
        ),
        (
            [patch("a", waives=["wbe"])],
            "steps.0: unknown service 'wbe' in waives; did you mean 'web'?",
        ),
    ],
)
def test_a_plan_that_does_not_fit_is_refused(steps: list[dict[str, Any]], message: str) -> None:
    infrastructure = infrastructure_of(SCENARIO)
    plan = plan_by_hand(infrastructure, *steps)
    with pytest.raises(PlanError) as caught:
        simulate(infrastructure, plan, seed=1)
    assert any(message in line for line in str(caught.value).splitlines()), str(caught.value)


def test_all_problems_come_together_and_not_without_end() -> None:
    infrastructure = infrastructure_of(SCENARIO)
    plan = plan_by_hand(infrastructure, patch("x"), patch("y"), patch("fixed"))
    with pytest.raises(PlanError) as caught:
        simulate(infrastructure, plan, seed=1)
    assert len(str(caught.value).splitlines()) == 3
    many = plan_by_hand(infrastructure, *(patch(f"x{number}") for number in range(100)))
    with pytest.raises(PlanError, match="more problems") as caught:
        simulate(infrastructure, many, seed=1)
    assert len(str(caught.value).splitlines()) < 30


def test_a_plan_for_another_scenario_is_refused() -> None:
    infrastructure = infrastructure_of(SCENARIO)
    builder = PlanBuilder()
    builder.add("patch", ["a"], reason="by hand")
    plan = builder.build(ScenarioRef(name="other", sha256="0" * 64), StrategyRef(name="by hand"))
    with pytest.raises(PlanError, match=r"for another scenario: 'other'.*plan the scenario anew"):
        simulate(infrastructure, plan, seed=1)


def test_instants_beyond_exact_arithmetic_are_refused() -> None:
    told = {"criticality": 1e6, "patch_with": {"severity": 10}}
    infrastructure = infrastructure_of(small({"a": told, "b": told}))
    pauses = [{"action": "pause", "duration": 3_000_000_000} for _ in range(200)]
    with pytest.raises(PlanError, match="too long for exact 64-bit exposures"):
        simulate(infrastructure, plan_by_hand(infrastructure, *pauses), seed=1)
