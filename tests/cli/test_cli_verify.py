"""``patchopt verify``: what it says, and its exit codes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from patchopt.files import plan_json
from support.commands import called
from support.mutations import subject

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Write a plan and its scenario, verify it; return exit code, output and error output."""
    monkeypatch.chdir(tmp_path)
    it = subject("plain")
    Path("plain.yaml").write_text(
        json.dumps(it.scenario.model_dump(mode="json", exclude_none=True)), encoding="utf-8"
    )
    document = json.loads(plan_json(it.plan))

    def call(change: Callable[[Any], object] = lambda _: None, *more: str) -> tuple[int, str, str]:
        changed = json.loads(json.dumps(document))
        change(changed)
        Path("plan.json").write_text(json.dumps(changed), encoding="utf-8")
        return called(monkeypatch, capsys, "verify", "plan.json", "plain.yaml", *more)

    return call


def test_a_plan_that_holds(run: Run) -> None:
    code, out, err = run()
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "plan.json: valid"
    assert re.match(r"plan: \d+ steps, executed: exposure ", lines[1])
    assert ", shown; gap " in lines[2]
    assert len(lines) == 3


def test_a_certificate_that_does_not(run: Run) -> None:
    def lie(plan: Any) -> None:
        plan["certificate"]["objective"] -= 1000

    code, out, _ = run(lie)
    assert code == 1
    assert out.startswith("plan.json: NOT VALID")
    assert "wrong: certificate.objective: it says " in out

    code, out, _ = run(lie, "--json")
    assert code == 1
    found = json.loads(out)
    assert (found["valid"], found["bound"]) == (False, "shown")
    assert found["findings"][0]["place"] == "certificate.objective"


def test_a_malformed_proof_is_refused_with_its_place(run: Run) -> None:
    def overlap(plan: Any) -> None:
        plan["certificate"]["proof"]["cells"][1][0] -= 1

    code, out, _ = run(overlap)
    assert code == 1
    assert "wrong: certificate.proof.cells.1: it begins at " in out


@pytest.mark.parametrize("rate", [-1, 2**60, 1.5, "much", float("nan"), float("inf"), None, True])
def test_rates_that_are_none_are_bad_input(run: Run, rate: object) -> None:
    def spoil(plan: Any) -> None:
        plan["certificate"]["proof"]["prices"]["crew"][0][1] = rate

    code, _, err = run(spoil)
    assert code == 2
    assert "certificate.proof.prices.crew.0.1" in err


def test_a_plan_for_another_scenario_is_bad_input(run: Run) -> None:
    def swap(plan: Any) -> None:
        plan["scenario"]["sha256"] = "0" * 64

    code, _, err = run(swap)
    assert code == 2
    assert err.startswith("error: plan.json: the plan is for another scenario")


def test_a_step_that_is_none_is_bad_input(run: Run) -> None:
    def spoil(plan: Any) -> None:
        plan["steps"][0]["nodes"] = ["nobody"]

    code, _, err = run(spoil)
    assert code == 2
    assert err.startswith("error: plan.json: steps.0: unknown node 'nobody'")


def test_claims_are_said_to_be_unused(run: Run) -> None:
    def claim(plan: Any) -> None:
        claims = [{"kind": "head", "group": "s0-0", "value_s": 1}]
        plan["certificate"]["proof"]["claims"] = claims

    for more in ((), ("--reprove",)):
        code, out, _ = run(claim, *more)
        assert code == 0
        assert "note: certificate.proof.claims: 1 claims of a solver are not used" in out


def test_what_breaks_a_constraint_is_said(run: Run) -> None:
    def at_once(plan: Any) -> None:
        del plan["certificate"]
        for step in plan["steps"]:
            if step["action"] != "switch":
                step |= {"guarded": False, "after": []}

    code, out, _ = run(at_once)
    assert code == 1
    assert "wrong: steps." in out
    assert "max_parallel is 4" in out
