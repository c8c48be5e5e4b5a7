"""A certificate is believed only where the steps of its plan have the exposure that it says."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from patchopt.cli import main
from patchopt.files import bundled_scenarios, load_scenario, plan_json
from patchopt.model.build import build_infrastructure
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan, with_certificate
from patchopt.optimizer import OptimizerParameters, optimize
from patchopt.verify import with_verdict
from support.contract import infrastructure_of
from support.examples import small

# Weights 10 and 5, one at a time, a minute each: 10 x 60 + 5 x 120 = 1,200 weight-seconds.
SCENARIO = small(
    {
        "a": {
            "blue_green": False,
            "patch": {"severity": 10, "duration": 60, "failure_probability": 0.5},
        },
        "b": {"blue_green": False, "patch": {"severity": 5, "duration": 60}},
    },
    max_parallel=1,
)


@pytest.fixture(scope="module")
def infrastructure() -> Infrastructure:
    return infrastructure_of(SCENARIO)


@pytest.fixture(scope="module")
def plan(infrastructure: Infrastructure) -> Plan:
    limits = OptimizerParameters(time_limit=5, deterministic=True)
    return optimize(infrastructure, limits).plan


def test_the_certificate_of_an_intact_plan_is_kept(
    infrastructure: Infrastructure, plan: Plan
) -> None:
    assert plan.certificate is not None
    assert plan.certificate.objective == 1_200_000
    # By hand, so not by prices: the fluid of one after another is the plan.
    judged = plan.certificate.model_copy(update={"bound_is": "shown"})
    assert with_verdict(plan, infrastructure) == (with_certificate(plan, judged), None)


def test_that_of_a_plan_cut_short_is_dropped(infrastructure: Infrastructure, plan: Plan) -> None:
    # Only a is patched, and b exposed until then: (10 + 5) x 60 = 900 weight-seconds.
    short = plan.model_copy(update={"steps": plan.steps[:1]})
    kept, why = with_verdict(short, infrastructure)
    assert kept == short.model_copy(update={"certificate": None})
    assert why is not None
    assert "1,200.000" in why
    assert "900.000" in why


def test_one_with_another_objective_is_dropped(infrastructure: Infrastructure, plan: Plan) -> None:
    assert plan.certificate is not None
    better = plan.certificate.model_copy(update={"objective": 1_199_999})
    kept, why = with_verdict(plan.model_copy(update={"certificate": better}), infrastructure)
    assert kept.certificate is None
    assert why is not None


def test_a_plan_without_one_stays_as_it_is(infrastructure: Infrastructure, plan: Plan) -> None:
    bare = plan.model_copy(update={"certificate": None})
    assert with_verdict(bare, infrastructure) == (bare, None)


@pytest.mark.slow
@pytest.mark.parametrize("name", bundled_scenarios())
@pytest.mark.parametrize("on_infeasible", ["downtime", "skip"])
def test_what_the_optimiser_certifies_is_kept(name: str, on_infeasible: Any) -> None:
    infrastructure = build_infrastructure(load_scenario(name))
    limits = OptimizerParameters(time_limit=1, deterministic=True)
    plan = optimize(infrastructure, limits, on_infeasible=on_infeasible).plan
    judged, dropped = with_verdict(plan, infrastructure)
    assert dropped is None
    assert judged.certificate is not None
    assert judged.certificate.bound_is in ("shown", "not checked")


def test_the_command_says_that_it_was_dropped(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    infrastructure: Infrastructure,
    plan: Plan,
) -> None:
    scenario, file, out = tmp_path / "s.yaml", tmp_path / "plan.json", tmp_path / "out"
    scenario.write_text(json.dumps(infrastructure.scenario.model_dump(mode="json")))
    file.write_text(plan_json(plan.model_copy(update={"steps": plan.steps[:1]})))
    arguments = ["simulate", str(scenario), "--plan", str(file), "--out", str(out)]
    monkeypatch.setattr(sys, "argv", ["patchopt", *arguments])
    with pytest.raises(SystemExit, match="0"):
        main()
    assert f"warning: {file}: the plan's certificate is dropped" in capsys.readouterr().err
    assert json.loads((out / "plan.json").read_text())["certificate"] is None
    assert "Proven optimal" not in (out / "report.md").read_text()
