"""Laws of the simulator on generated scenarios, plans and seeds; oracles share none of its code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchopt.files import events_text
from patchopt.model.metrics import METRICS
from patchopt.simulator.loop.compile import uncompiled
from patchopt.simulator.running import Simulator, simulate
from patchopt.strategies import make_strategy
from support.building import drawn
from support.check_log import check_log
from support.contract import infrastructure_of
from support.execution import check_execution
from support.generate import FEATURES, features, scenarios
from support.plans import USES, uses
from support.recompute import metrics

if TYPE_CHECKING:
    from patchopt.model.infrastructure import Infrastructure
    from patchopt.model.plan import Plan

#: Traced for coverage, their thousands of examples would take three times as long.
pytestmark = [pytest.mark.slow, pytest.mark.no_cover]

Scenario = dict[str, Any]
SEEDS = st.integers(0, 2**31)


#: Metrics of what only the troubled scenarios ask for (MODEL 11).
TROUBLED = {
    "failed_rollbacks",
    "latent_failures",
    "latent_nodes",
    "impaired_time",
    "detections",
    "false_alarms",
    "crashes",
    "repairs",
}
EVENTS_OF_TROUBLE = {
    "rollback_failed",
    "latent_failure",
    "rollback_start",
    "node_put_off",
    "node_left_out",
    "node_impaired",
    "failure_detected",
    "node_crashed",
    "node_repaired",
    "false_alarm",
    "work_over",
    "plan_resumed",
    "release_replaced",
}


#: Only scenarios in which a stopped plan goes on have these.
STOPPING = {"reviews", "respins", "stopped_time"}


def check_run(
    scenario: Scenario, infrastructure: Infrastructure, plan: Plan, seed: int
) -> set[str]:
    """Assert that one run is lawful, the plan's, and measured rightly; return what it met."""
    outcome = simulate(infrastructure, plan, seed=seed, events=True)
    # As they stand in ``events.jsonl``.
    events = [json.loads(line) for line in events_text(outcome.events).splitlines()]
    check_log(scenario, events)
    check_execution(scenario, plan.model_dump(mode="json")["steps"], events)
    found = {metric.name: outcome.columns[metric.name][0] for metric in METRICS}
    assert found == metrics(scenario, events)
    return {event["event"] for event in events} | {name for name, it in found.items() if it}


def test_every_metric_follows_from_scenario_and_events() -> None:
    used: set[str] = set()
    met: set[str] = set()

    @settings(max_examples=1000)
    @given(st.data(), SEEDS)
    def law(data: st.DataObject, seed: int) -> None:
        scenario, infrastructure, plan = drawn(data)
        met.update(check_run(scenario, infrastructure, plan, seed))
        used.update(features(scenario))
        used.update(uses(scenario, plan.model_dump(mode="json")["steps"]))

    law()
    assert used == FEATURES | USES
    # Every metric was more than 0 in some run, so that none agrees by never happening.
    assert {metric.name for metric in METRICS} - TROUBLED - STOPPING <= met
    assert met >= {"gate_failed", "abort", "rolled_back", "node_failed", "build_failed"}


def test_every_metric_follows_whatever_happens() -> None:
    met: set[str] = set()

    @settings(max_examples=400)
    @given(st.data(), SEEDS)
    def law(data: st.DataObject, seed: int) -> None:
        scenario, infrastructure, plan = drawn(data, trouble=True, max_duration=60)
        met.update(check_run(scenario, infrastructure, plan, seed))

    law()
    assert {metric.name for metric in METRICS} <= met
    assert met >= EVENTS_OF_TROUBLE


def test_strategies_plans_can_be_recomputed_too() -> None:
    names = ["big_bang", "batch_rolling", "canary", "blue_green", "dependency_aware", "hybrid"]

    @settings(max_examples=400)
    @given(scenarios(), st.sampled_from(names), st.booleans(), SEEDS)
    def law(scenario: Scenario, name: str, respect_units: bool, seed: int) -> None:
        infrastructure = infrastructure_of(scenario)
        plan = make_strategy(name, {"respect_units": respect_units}).plan(infrastructure)
        check_run(scenario, infrastructure, plan, seed)

    law()


@pytest.mark.parametrize(
    ("kind", "examples"), [({}, 400), ({"trouble": True, "max_duration": 60}, 300)]
)
def test_compiled_and_uncompiled_loop_agree_bit_for_bit(kind: Scenario, examples: int) -> None:
    plain = uncompiled()

    @settings(max_examples=examples)
    @given(st.data(), SEEDS)
    def law(data: st.DataObject, seed: int) -> None:
        _, infrastructure, plan = drawn(data, **kind)
        fast, slow = Simulator(infrastructure, plan), Simulator(infrastructure, plan, plain)
        first, second = fast.run(seed, 2), slow.run(seed, 2)
        for metric in METRICS:
            assert first.columns[metric.name].tolist() == second.columns[metric.name].tolist()
        assert fast.trace(seed) == slow.trace(seed)

    law()


def test_replications_do_not_know_of_each_other() -> None:
    @settings(max_examples=50)
    @given(st.data(), st.integers(0, 1000))
    def law(data: st.DataObject, seed: int) -> None:
        _, infrastructure, plan = drawn(data)
        block = simulate(infrastructure, plan, seed=seed, replications=3).frame()
        alone = simulate(infrastructure, plan, seed=seed, first=2).frame()
        assert block.iloc[2].tolist() == alone.iloc[0].tolist()

    law()


def test_two_plans_on_one_seed_meet_the_same_luck() -> None:
    """What fails in one plan at some attempt does not succeed in another at that attempt."""
    unlucky = 0

    @settings(max_examples=100)
    @given(scenarios(), SEEDS)
    def law(scenario: Scenario, seed: int) -> None:
        nonlocal unlucky
        infrastructure = infrastructure_of(scenario)
        verdicts: dict[tuple[str, int], bool] = {}
        for name in ("big_bang", "rolling", "exposure_greedy"):
            plan = make_strategy(name, {}).plan(infrastructure)
            for event in simulate(infrastructure, plan, seed=seed, events=True).events:
                failed = {"patch_failed": True, "build_failed": True, "node_patched": False}.get(
                    event["event"]
                )
                if failed is not None:
                    key = (event["node"], event["attempt"])
                    assert verdicts.setdefault(key, failed) == failed
                    unlucky += failed

    law()
    assert unlucky > 50
