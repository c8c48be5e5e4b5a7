"""Laws of the simulator on generated scenarios, plans and seeds; oracles share none of its code."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchopt.files import events_text
from patchopt.model.metrics import METRICS
from patchopt.simulator.loop.compile import uncompiled
from patchopt.simulator.running import Simulator, simulate
from patchopt.strategies import make_strategy
from support.building import drawn
from support.contract import infrastructure_of
from support.execution import check_execution
from support.generate import FEATURES, features, scenarios
from support.plans import USES, uses
from support.recompute import WITHOUT_TROUBLE, check_log, metrics

#: Traced for coverage, their thousands of examples would take three times as long.
pytestmark = [pytest.mark.slow, pytest.mark.no_cover]

Scenario = dict[str, Any]
SEEDS = st.integers(0, 2**31)


def recomputed(scenario: Scenario, events: list[dict[str, Any]]) -> dict[str, Any]:
    """Recompute the metrics from the log as it stands in ``events.jsonl``."""
    read = [json.loads(line) for line in events_text(events).splitlines()]
    found = metrics(scenario, read)
    for name in ("exposure", "residual_exposure"):
        found[name] = found.pop(f"{name}_milli")
    return found


def test_every_metric_follows_from_scenario_and_events() -> None:
    used: set[str] = set()
    met: set[str] = set()

    @settings(max_examples=1000)
    @given(st.data(), SEEDS)
    def law(data: st.DataObject, seed: int) -> None:
        scenario, infrastructure, plan = drawn(data)
        steps = plan.model_dump(mode="json")["steps"]
        outcome = simulate(infrastructure, plan, seed=seed, events=True)
        check_log(scenario, outcome.events)
        check_execution(scenario, steps, outcome.events)
        expected = recomputed(scenario, outcome.events)
        assert set(expected) == {metric.name for metric in METRICS}
        found = {metric.name: outcome.columns[metric.name][0] for metric in METRICS}
        assert found == expected
        used.update(features(scenario))
        used.update(uses(scenario, steps))
        met.update(event["event"] for event in outcome.events)
        met.update(name for name, value in found.items() if value)

    law()
    assert used == FEATURES | USES
    # Every metric was more than 0 in some run, so that none agrees by never happening.
    assert {metric.name for metric in METRICS} - set(WITHOUT_TROUBLE) <= met
    assert met >= {"gate_failed", "abort", "rolled_back", "node_failed", "build_failed"}


def test_strategies_plans_can_be_recomputed_too() -> None:
    names = ["big_bang", "batch_rolling", "canary", "blue_green", "dependency_aware", "hybrid"]

    @settings(max_examples=400)
    @given(scenarios(), st.sampled_from(names), st.booleans(), SEEDS)
    def law(scenario: Scenario, name: str, respect_units: bool, seed: int) -> None:
        infrastructure = infrastructure_of(scenario)
        plan = make_strategy(name, {"respect_units": respect_units}).plan(infrastructure)
        outcome = simulate(infrastructure, plan, seed=seed, events=True)
        check_log(scenario, outcome.events)
        check_execution(scenario, plan.model_dump(mode="json")["steps"], outcome.events)
        expected = recomputed(scenario, outcome.events)
        assert {metric.name: outcome.columns[metric.name][0] for metric in METRICS} == expected

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
        alone = simulate(infrastructure, plan, seed=seed + 2).frame()
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
