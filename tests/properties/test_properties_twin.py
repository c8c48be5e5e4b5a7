"""Failures as they happen (MODEL 11): the simulator against a SimPy model of the same page."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchopt.model.metrics import METRICS
from patchopt.simulator.running import Simulator, simulate
from support.building import drawn
from support.generate import TROUBLES, troubles
from support.simpy_twin import Twin

#: Traced for coverage, their thousands of examples would take three times as long.
pytestmark = [pytest.mark.slow, pytest.mark.no_cover]

Scenario = dict[str, Any]
SEEDS = st.integers(0, 2**31)

#: How the simulator's reasons for an abort read, and what the twin calls them. Whatever else is a
#: reason is why something was left out.
REASONS = {
    "the gate's": "gate",
    "abort_after_failures": "failures",
    "abort_share": "share",
    "does not end": "endless",
}
EVENTS = {
    "rollback_failed",
    "latent_failure",
    "rollback_start",
    "node_left_out",
    "node_impaired",
    "failure_detected",
    "node_crashed",
    "node_repaired",
    "false_alarm",
    "work_over",
    "attempt_wait",
    "attempt_start",
    "node_put_off",
    "plan_resumed",
    "release_replaced",
}


#: What hardly comes to pass where stops are as rare as anything else.
AFTER_STOPS = {"respins", "release_replaced", "work_over"}


def kind_of(reason: str) -> str:
    """Return what a reason for an abort is about; empty if there is none."""
    kind = next((kind for text, kind in REASONS.items() if text in reason), "stuck")
    return kind if reason else ""


def agree(data: st.DataObject, seed: int, *, stops: bool = False) -> tuple[Scenario, set[str]]:
    """Hold a simulator against the twin; return the scenario, and what was met."""
    scenario, infrastructure, plan = drawn(data, stops=stops, trouble=True, max_duration=60)
    twin = Twin(scenario, plan.model_dump(mode="json")["steps"])
    simulator = Simulator(infrastructure, plan)
    outcome = simulator.run(seed, 2)
    met = {event["event"] for event in simulator.trace(seed)}
    for replication in range(2):
        found = {m.name: outcome.columns[m.name][replication] for m in METRICS}
        found["abort_reason"] = kind_of(found["abort_reason"])
        assert found == twin.run(seed, replication)
        met.update(name for name, value in found.items() if value)
        met.add(found["abort_reason"])
    return scenario, met


def test_a_simpy_model_agrees_metric_by_metric() -> None:
    asked: set[str] = set()
    met: set[str] = set()

    @settings(max_examples=400)
    @given(st.data(), SEEDS)
    def law(data: st.DataObject, seed: int) -> None:
        scenario, happened = agree(data, seed)
        met.update(happened)
        asked.update(troubles(scenario))

    law()
    assert asked == TROUBLES
    # Every metric was more than 0 in some run, so that none agrees by never happening.
    every = {metric.name for metric in METRICS} | EVENTS | {*REASONS.values(), "stuck"}
    assert met >= every - AFTER_STOPS


def test_a_simpy_model_agrees_on_plans_that_stop_and_go_on() -> None:
    met: set[str] = set()

    @settings(max_examples=300)
    @given(st.data(), SEEDS)
    def law(data: st.DataObject, seed: int) -> None:
        _, happened = agree(data, seed, stops=True)
        met.update(happened)

    law()
    assert met >= AFTER_STOPS | {"reviews", "stopped_time", "attempt_wait", "node_put_off"}


def test_replications_that_are_alike_are_copied_and_no_others() -> None:
    """A block knows which replications have no bad luck; alone, each is simulated."""

    @settings(max_examples=50)
    @given(st.data(), st.integers(0, 1000))
    def law(data: st.DataObject, seed: int) -> None:
        _, infrastructure, plan = drawn(data, trouble=data.draw(st.booleans()), max_duration=60)
        block = simulate(infrastructure, plan, seed=seed, replications=8).frame()
        for replication in range(8):
            alone = simulate(infrastructure, plan, seed=seed, first=replication).frame()
            assert block.iloc[replication].tolist() == alone.iloc[0].tolist()

    law()
