"""A plan executed by its partial order alone: by hand, and as the simulator does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchopt.errors import PlanError
from patchopt.model.plan import Plan
from patchopt.strategies.base import make_strategy
from patchopt.verify.execution import execute
from patchopt.verify.fitting import need_fit
from support.building import plan_by_hand
from support.contract import infrastructure_of, nominal
from support.generate import scenarios
from support.tiny import alike, build, patch, pause, several, switch


def run(scenario: dict[str, Any], *steps: dict[str, Any]) -> tuple[int, int, dict[str, int]]:
    """Return exposure, completion and the commit of every node."""
    infrastructure = infrastructure_of(scenario)
    plan = plan_by_hand(infrastructure, *steps)
    need_fit(plan, infrastructure)
    found = execute(plan, infrastructure)
    commits = {infrastructure.nodes.ids[node]: at for node, at in found.commit_s.items()}
    return found.exposure_milli, found.completion_s, commits


def test_one_after_another() -> None:
    # Overhead 1, 10 s, warm-up 3: commits at 11, the next starts at 14.
    scenario = alike("ab", of={"warmup": 3}, constraints={"step_overhead": 1})
    assert run(scenario, patch("a"), patch("b")) == (36_000, 28, {"a": 11, "b": 25})


def test_a_copy_is_switched_when_the_switch_ends() -> None:
    # Overhead 2: built at 12, switched from 12 to 14. c begins with the others' end.
    scenario = alike("abc", constraints={"step_overhead": 2})
    steps = [build("a", "b"), switch("a", after=[0]), switch("b", after=[0, 1]), patch("c")]
    assert run(scenario, *steps) == (
        14_000 + 16_000 + 28_000,
        28,
        {"a": 14, "b": 16, "c": 28},
    )


def test_windows_hold_up_guarded_steps() -> None:
    # Open [0, 15) in 20: the second must wait until 20; unguarded it does not.
    windows = {"every": 20, "open": [{"start": 0, "duration": 15}]}
    scenario = alike("ab", constraints={"windows": windows})
    assert run(scenario, patch("a"), patch("b"))[2] == {"a": 10, "b": 30}
    assert run(scenario, patch("a"), patch("b", guarded=False))[2] == {"a": 10, "b": 20}


def test_pauses_and_what_stays_old() -> None:
    # 10, a pause of 5, not before 40: commit at 50. c is old until 50.
    scenario = alike("abc")
    steps = [patch("a"), pause(5, 0), patch("b", not_before=40)]
    assert run(scenario, *steps) == (10_000 + 50_000 + 50_000, 50, {"a": 10, "b": 50})


def test_units_of_a_step_end_by_themselves() -> None:
    # a and b (20 s) are a unit, and end with the longer; c ends by itself.
    edges = [{"source": "a", "target": "b", "compatibility": "incompatible"}]
    nodes: dict[str, Any] = {"a": {}, "b": {"of": {"duration": 20}}, "c": {}}
    scenario = several(nodes, edges=edges)
    assert run(scenario, patch("a", "b", "c"))[1:] == (20, {"a": 20, "b": 20, "c": 10})
    assert run(scenario, patch("a", "c"), patch("b"))[1:] == (30, {"a": 10, "b": 30, "c": 10})


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ([patch("a", after=[7])], "it comes after step 7"),
        ([patch("a", id=3)], "its id is 3"),
        ([patch("x")], "unknown node 'x'"),
        ([patch("a", waives=["t"])], "unknown service 't'"),
        ([patch()], "a patch step that has none"),
        ([patch("a"), patch("a")], "node 'a' is in step 0 already"),
        ([build("a")], "which no step switches"),
        ([patch("a"), switch("a")], "which no step builds"),
        ([build("a"), switch("a", after=[])], "does not come after step 0"),
        ([patch("a", after=[1]), patch("b")], "waits for itself"),
        ([patch("a", duration=5)], "only a pause has a duration"),
    ],
)
def test_what_is_no_plan_is_refused(steps: list[dict[str, Any]], why: str) -> None:
    infrastructure = infrastructure_of(alike("ab"))
    with pytest.raises(PlanError, match=why):
        need_fit(plan_by_hand(infrastructure, *steps), infrastructure)


def test_a_plan_for_another_scenario_is_refused() -> None:
    infrastructure = infrastructure_of(alike("ab"))
    plan = plan_by_hand(infrastructure_of(alike("abc")), patch("a"))
    with pytest.raises(PlanError, match="for another scenario"):
        need_fit(plan, infrastructure)


def test_a_switch_waits_for_a_window_too() -> None:
    windows = {"every": 20, "open": [{"start": 0, "duration": 15}]}
    scenario = alike("ab", constraints={"windows": windows, "step_overhead": 0})
    infrastructure = infrastructure_of(scenario)
    steps = [build("a"), switch("a")]
    assert execute(plan_by_hand(infrastructure, *steps), infrastructure).completion_s == 10
    scenario["constraints"]["step_overhead"] = 5
    assert run(scenario, *steps)[1] == 25  # built at 15, the window closes; the next is at 20


def check_as_simulated(plan: Plan, infrastructure: Any) -> None:
    need_fit(plan, infrastructure)
    found, outcome = execute(plan, infrastructure), nominal(infrastructure, plan)
    assert found.exposure_milli == outcome.exact("exposure")
    assert found.completion_s == outcome.exact("completion_time")


@pytest.mark.slow
@given(scenarios(), st.sampled_from(["downtime", "skip"]), st.booleans())
@settings(max_examples=150, deadline=None)
def test_greedy_plans_go_as_simulated(
    scenario: dict[str, Any], on_infeasible: str, whole: bool
) -> None:
    infrastructure = infrastructure_of(scenario)
    given_ = {"on_infeasible": on_infeasible, "respect_units": whole}
    plan = make_strategy("exposure_greedy", given_).plan(infrastructure)
    check_as_simulated(plan, infrastructure)


@pytest.mark.slow
@given(scenarios(max_patched=6))
@settings(max_examples=40, deadline=None)
def test_optimal_plans_go_as_simulated(scenario: dict[str, Any]) -> None:
    infrastructure = infrastructure_of(scenario)
    limits = {"time_limit": 0.2, "deterministic": True}
    check_as_simulated(make_strategy("optimal", limits).plan(infrastructure), infrastructure)
