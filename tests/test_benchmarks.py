"""The lean SimPy model that the benchmarks hold the simulator against gives the same numbers."""

from __future__ import annotations

import importlib
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import patchopt
from patchopt.files.bundled import bundled_scenarios
from patchopt.model.build import build_infrastructure
from patchopt.model.failures import Defect
from patchopt.model.presets import FailurePreset
from patchopt.simulator import Simulator
from patchopt.strategies import make_strategy
from support.contract import infrastructure_of
from support.searches import HEURISTICS

if TYPE_CHECKING:
    from patchopt.model.infrastructure import Infrastructure
    from patchopt.model.plan import Plan
    from patchopt.model.scenario import Scenario

FOLDER = Path(__file__).resolve().parent.parent / "experiments" / "benchmarks"
#: Attempts fail, often, and releases are bad, often; nothing else goes wrong.
ATTEMPTS = FailurePreset(
    name="attempts",
    failure_probability=0.2,
    defect=Defect(probability=0.2, failure_probability=0.6),
)
NOTHING = FailurePreset(name="nothing", failure_probability=0.0)


@pytest.fixture(scope="module")
def lean() -> Any:
    """The lean model's module, where it and SimPy are there."""
    pytest.importorskip("simpy")
    if not FOLDER.is_dir():
        pytest.skip("the benchmarks do not come with a source distribution")
    sys.path.append(str(FOLDER))
    yield importlib.import_module("lean_simpy")
    sys.path.remove(str(FOLDER))


@cache
def built(name: str, preset: str, horizon_s: int | None = None) -> Infrastructure:
    scenario: Scenario = patchopt.load_scenario(name)
    if horizon_s is not None:
        shorter = scenario.constraints.model_copy(update={"horizon": horizon_s})
        scenario = scenario.model_copy(update={"constraints": shorter})
    failures = {"attempts": ATTEMPTS, "nothing": NOTHING}[preset]
    return build_infrastructure(failures.apply(scenario))


def compare(lean: Any, infrastructure: Infrastructure, plan: Plan, replications: int) -> None:
    outcome = Simulator(infrastructure, plan).run(3, replications)
    model = lean.LeanModel(infrastructure, plan)
    for number, key in enumerate(lean.keys_of(infrastructure, 3, replications)):
        found = model.run(key)
        assert found == {name: outcome.exact(name, number) for name in found}


@pytest.mark.parametrize("strategy", HEURISTICS)
@pytest.mark.parametrize("name", bundled_scenarios())
def test_nothing_fails(lean: Any, name: str, strategy: str) -> None:
    infrastructure = built(name, "nothing")
    compare(lean, infrastructure, make_strategy(strategy, {}).plan(infrastructure), 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", bundled_scenarios())
def test_nothing_fails_in_the_nominal_optimum(lean: Any, name: str) -> None:
    infrastructure = built(name, "nothing")
    limits: dict[str, Any] = {"time_limit": 1.0, "workers": 1, "deterministic": True}
    plan = patchopt.plan(infrastructure.scenario, "optimal", **limits)
    compare(lean, infrastructure, plan, 1)


@pytest.mark.parametrize("strategy", ["big_bang", "rolling", "blue_green", "hybrid"])
@pytest.mark.parametrize("name", ["compatibility", "ha_microservices", "online_boutique"])
def test_attempts_fail(lean: Any, name: str, strategy: str) -> None:
    # Nothing is observed after the plan.
    infrastructure = built(name, "attempts", 1)
    compare(lean, infrastructure, make_strategy(strategy, {}).plan(infrastructure), 30)


@pytest.mark.parametrize("strategy", HEURISTICS)
@pytest.mark.parametrize("name", bundled_scenarios())
def test_attempts_fail_and_the_world_goes_on(lean: Any, name: str, strategy: str) -> None:
    infrastructure = built(name, "attempts")
    compare(lean, infrastructure, make_strategy(strategy, {}).plan(infrastructure), 30)


# --- by hand ---

FAILS = {"severity": 10, "duration": 60, "failure_probability": 1}


def run(lean: Any, scenario: dict[str, Any]) -> dict[str, int]:
    infrastructure = infrastructure_of({"version": 1, "name": "tiny"} | scenario)
    plan = make_strategy("rolling", {}).plan(infrastructure)
    (key,) = lean.keys_of(infrastructure, 0, 1)
    found: dict[str, int] = lean.LeanModel(infrastructure, plan).run(key)
    return found


def test_who_dies_is_missed_to_the_horizon(lean: Any) -> None:
    # web-1 dies at 60; with it out, nothing lets web-2 start. Below min_up from 0 to 86,400.
    node = {"id": "web", "replicas": 2, "type": "service_instance", "service": "web"}
    found = run(
        lean,
        {
            "constraints": {"horizon": "24h", "surge": 0},
            "services": {"web": {"min_up": 2}},
            "nodes": [node | {"patch": FAILS}],
        },
    )
    assert found == {
        "exposure": 2 * 10 * 60 * 1000,
        "completion_time": 60,
        "downtime": 86_400,
        "mixed_time": 0,
        "mixed_edge_seconds": 0,
        "failures": 1,
        "rollbacks": 0,
    }


def test_a_retry_takes_as_long_again(lean: Any) -> None:
    # Twice 60 s of work and 30 s of rollback: 180 s down, and old all the while.
    node = {"id": "db-1", "type": "database", "service": "db", "patch": FAILS | {"rollback": 30}}
    found = run(
        lean,
        {
            "constraints": {"max_retries": 1, "horizon": "1h", "surge": 0},
            "services": {"db": {"min_up": 1}},
            "nodes": [node],
        },
    )
    assert found == {
        "exposure": 10 * 180 * 1000,
        "completion_time": 180,
        "downtime": 180,
        "mixed_time": 0,
        "mixed_edge_seconds": 0,
        "failures": 2,
        "rollbacks": 2,
    }


def test_an_edge_is_mixed_while_its_ends_serve_at_different_versions(lean: Any) -> None:
    # Patched live, one after the other: a is new from 60 on, b and c from 180 and 300 on.
    # a-b is mixed for 120 s, a-c for 240 s, any of them for 240 s.
    live = {"severity": 5, "restart": False}
    nodes = [
        {"id": "a", "criticality": 3, "patch": live | {"duration": 60}},
        {"id": "b", "criticality": 2, "patch": live | {"duration": 120}},
        {"id": "c", "criticality": 1, "patch": live | {"duration": 120}},
    ]
    found = run(
        lean,
        {
            "constraints": {"max_parallel": 1},
            "nodes": [node | {"type": "host"} for node in nodes],
            "edges": [{"source": "b", "target": "a"}, {"source": "c", "target": "a"}],
        },
    )
    # Weights 15, 10 and 5: 15·60 + 10·180 + 5·300.
    assert found == {
        "exposure": 4_200_000,
        "completion_time": 300,
        "downtime": 0,
        "mixed_time": 240,
        "mixed_edge_seconds": 360,
        "failures": 0,
        "rollbacks": 0,
    }
