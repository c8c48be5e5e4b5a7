"""``patchopt plan --strategy expected``: the plan, what is told of it, and what reads it back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from support.commands import called
from support.examples import small
from support.searches import SHORT

Run = Callable[..., tuple[int, str, str]]

#: Half of the attempts fail, on the other node none does.
FLAKY = {"severity": 10.0, "duration": 100, "failure_probability": 0.5, "rollback": 100}
SURE = {"severity": 9.0, "duration": 100}
SETTINGS = [
    word for key, value in SHORT["expected"].items() for word in ("--set", f"{key}={value}")
]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Write a scenario; run the command beside it; return exit code, output and error output."""
    monkeypatch.chdir(tmp_path)
    nodes = {"a": {"patch": FLAKY, "blue_green": False}, "b": {"patch": SURE, "blue_green": False}}
    scenario = small(nodes, max_parallel=1, max_retries=5, horizon=100_000)
    Path("shop.yaml").write_text(yaml.safe_dump(scenario), encoding="utf-8")

    def call(*words: str) -> tuple[int, str, str]:
        return called(monkeypatch, capsys, *words)

    return call


def test_it_writes_a_plan_and_says_what_is_known_of_it(run: Run) -> None:
    code, out, err = run("plan", "shop.yaml", "-s", "expected", *SETTINGS, "--out", "p")
    assert code == 0
    assert err.startswith("plans: 1 of 20\n")
    assert "With failures: mean total exposure" in out
    assert "on 40 fresh replications" in out
    assert "less ±" in out
    assert "On the first 3 of the fresh ones nobody" in out
    page = Path("p/report.md").read_text(encoding="utf-8")
    assert "With failures: mean total exposure" in page
    plan = json.loads(Path("p/plan.json").read_text(encoding="utf-8"))
    assert [step["nodes"] for step in plan["steps"]] == [["b"], ["a"]]
    assert plan["expectation"]["is_nominal"] is False
    assert plan["certificate"] is None


def test_a_preset_takes_the_place_of_the_failures(run: Run) -> None:
    command = ("plan", "shop.yaml", "-s", "expected", *SETTINGS, "-f", "none")
    code, out, _ = run(*command, "--out", "p")
    assert code == 0
    assert "It is the nominal optimum" in out
    plan = json.loads(Path("p/plan.json").read_text(encoding="utf-8"))
    assert [step["nodes"] for step in plan["steps"]] == [["a"], ["b"]]
    # It is the scenario's as it is written, so it can be checked, and simulated either way.
    assert run("verify", "p/plan.json", "shop.yaml")[0] == 0
    for preset in ("as_written", "none"):
        said = run("simulate", "shop.yaml", "-p", "p/plan.json", "-f", preset, "-o", preset)
        assert said[0] == 0, said
    # What is known of it is of other failures than those that it is simulated with.
    told = "Those were other failures than these."
    assert told in Path("as_written/report.md").read_text(encoding="utf-8")
    assert told not in Path("none/report.md").read_text(encoding="utf-8")


def test_tails_are_called_tails(run: Run) -> None:
    _, out, _ = run("plan", "shop.yaml", "-s", "expected", *SETTINGS, "--set", "risk=cvar95")
    assert "mean total exposure of the worst twentieth" in out


@pytest.mark.parametrize("setting", ["risk=worst", "plans=0", "replications=1", "seeds=3"])
def test_wrong_settings_are_refused(run: Run, setting: str) -> None:
    code, out, err = run("plan", "shop.yaml", "-s", "expected", "--set", setting)
    assert (code, out) == (2, "")
    assert "strategy 'expected'" in err
    assert setting.partition("=")[0] in err
