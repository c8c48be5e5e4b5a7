"""Files are written whole or not at all, and nothing is overwritten unasked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from patchopt.errors import OutputError, PlanError
from patchopt.files import (
    atomic_write,
    events_text,
    load_scenario,
    metrics_csv_text,
    plan_json,
    prepare_output,
    read_plan,
)
from patchopt.model import METRICS, Infrastructure, Plan
from patchopt.model.build import build_infrastructure
from patchopt.simulator import Outcome, simulate
from patchopt.strategies import make_strategy


@pytest.fixture(scope="module")
def infrastructure() -> Infrastructure:
    return build_infrastructure(load_scenario("compatibility"))


@pytest.fixture(scope="module")
def plan(infrastructure: Infrastructure) -> Plan:
    return make_strategy("canary", {"soak": 60}).plan(infrastructure)


def test_a_file_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"

    def fail_half_way() -> None:
        with atomic_write(path) as handle:
            handle.write("half")
            raise RuntimeError("no more")

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert list(tmp_path.iterdir()) == []
    with atomic_write(path) as handle:
        handle.write("whole\n")
    assert path.read_bytes() == b"whole\n"


def test_nothing_is_overwritten_without_force(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(OutputError, match="there already"), atomic_write(path):
        pass
    with pytest.raises(OutputError, match="holds something already: give --force"):
        prepare_output(tmp_path)
    assert prepare_output(tmp_path, True) == tmp_path
    assert path.read_text(encoding="utf-8") == "old"


def test_a_place_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="there is a file of that name"):
        prepare_output(file)
    with pytest.raises(OutputError, match="cannot be written: not a directory"):
        prepare_output(file / "below")
    with pytest.raises(OutputError, match="cannot be written"), atomic_write(file / "below"):
        pass


def test_folders_that_are_missing_are_made(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "deeper" / "a.txt"
    with atomic_write(path) as handle:
        handle.write("new")
    assert path.read_text(encoding="utf-8") == "new"


def test_plans_come_back_as_they_were(tmp_path: Path, plan: Plan) -> None:
    path = tmp_path / "plan.json"
    path.write_text(plan_json(plan), encoding="utf-8")
    assert read_plan(path) == plan
    assert plan_json(read_plan(path)) == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "it is nested too deeply"),
        ("[]", "it is no plan"),
        ('{"version": 2}', "version 2 of a plan is unknown"),
        ('{"version": 1, "steps": [{"id": "0"}]}', "steps.0.action"),
        ('{"version": 1, "colour": "red"}', "colour"),
    ],
)
def test_broken_plans_are_refused_with_the_place(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PlanError, match=message) as caught:
        read_plan(path)
    assert str(path) in str(caught.value)


def test_a_plan_that_is_not_there_is_an_error_of_the_plan(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="cannot be read"):
        read_plan(tmp_path / "plan.json")


def test_events_begin_with_time_and_event(infrastructure: Infrastructure, plan: Plan) -> None:
    outcome = simulate(infrastructure, plan, seed=1, events=True)
    lines = events_text(outcome.events).splitlines()
    assert [json.loads(line) for line in lines] == outcome.events
    assert all(list(json.loads(line))[:2] == ["time", "event"] for line in lines)
    assert json.loads(lines[0])["event"] == "run_start"
    assert json.loads(lines[-1])["event"] == "run_end"


def test_exposures_have_exactly_three_decimals_beyond_floats() -> None:
    # 2**53 + 1 thousandths: a float cannot hold it.
    columns = {
        metric.name: np.array(
            [""] if metric.kind == "text" else [0.5 if metric.kind == "share" else 2]
        )
        for metric in METRICS
    }
    columns["exposure"] = np.array([2**53 + 1])
    outcome = Outcome(
        scenario="s",
        strategy="t",
        seed=7,
        replications=np.array([12]),
        columns=columns,
        strata=np.array([0]),
        weights=np.array([1.0]),
    )
    header, row = metrics_csv_text(outcome).splitlines()
    assert header.split(",")[:4] == ["scenario", "strategy", "seed", "replication"]
    assert header.split(",")[4:] == [metric.name for metric in METRICS]
    assert row.split(",")[:6] == ["s", "t", "7", "12", "9007199254740.993", "0.002"]


def test_events_text_is_one_object_a_line() -> None:
    text = events_text([{"step": 1, "event": "step_end", "time": 2}, {"time": 3, "event": "x"}])
    assert text == '{"time": 2, "event": "step_end", "step": 1}\n{"time": 3, "event": "x"}\n'
