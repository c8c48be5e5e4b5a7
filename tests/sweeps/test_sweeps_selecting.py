"""Some cells alone, and what there is to do: said before, done exactly, and the same in the end."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from patchopt.cli.app import app
from patchopt.errors import ConfigError
from patchopt.files.dataset import read_dataset
from patchopt.sweeps import SweepResult, compose, run_sweep, sweep
from patchopt.sweeps.cells import plan_tasks
from patchopt.sweeps.selecting import Selection

TWO = (
    "sweep.scenarios=[ha_microservices,risky_patch]",
    "sweep.strategies=[rolling,{name: canary, share: 0.2}]",
    "sweep.replications=6",
    "sweep.seed=[3,4]",
    "parallel.n_jobs=1",
)


def chosen(*only: str, together: bool = False) -> list[tuple[str, str, list[int]]]:
    tasks = plan_tasks(compose(TWO))
    selection = Selection(only, tasks, together=together)
    return [
        (task.scenario_name, task.strategy, [s for s in task.seeds if selection.has_seed(s)])
        for task in tasks
        if selection.has(task)
    ]


def test_of_one_key_any_value_will_do_and_of_several_keys_all_must() -> None:
    assert len(chosen()) == 4
    assert chosen("strategy=rolling", "scenario=risky_patch") == [
        ("risky_patch", "rolling", [3, 4])
    ]
    assert chosen("label=canary(share=0.2)", "scenario=risky_patch", "seed=4") == [
        ("risky_patch", "canary", [4])
    ]
    assert chosen("seed=4", "seed=3") == chosen()
    assert len(chosen("strategy=rolling", "strategy=canary")) == 4


@pytest.mark.parametrize(
    ("only", "message"),
    [
        ("strategy", r"'strategy' is no key=value: write for example strategy=rolling"),
        ("strtegy=rolling", "no key 'strtegy': did you mean 'strategy'"),
        ("strategy=rollin", "no plan of the study has strategy 'rollin': did you mean 'rolling'"),
        ("seed=5", "no plan of the study has seed '5': known are 3, 4"),
        ("scenario=", "no plan of the study has scenario ''"),
    ],
)
def test_what_cannot_be_chosen_is_said(only: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"sweep.only: .*{message}"):
        chosen(only)


def test_plans_that_go_on_together_are_chosen_together() -> None:
    assert len(chosen("scenario=risky_patch", together=True)) == 2
    with pytest.raises(ConfigError, match="plans go on together, so seed cannot be chosen"):
        chosen("seed=3", together=True)


def run(out: Path, *more: str) -> SweepResult:
    return sweep([*TWO, f"sweep.out={out}", *more])


@pytest.mark.slow
def test_cells_one_after_another_come_to_the_same_dataset(tmp_path: Path) -> None:
    parts, whole = tmp_path / "parts", tmp_path / "whole"
    first = run(parts, "sweep.only=['strategy=rolling']")
    assert (first.rows, first.plans, first.complete, first.interrupted) == (24, 2, False, False)
    assert not (parts / "runs.parquet").exists()
    assert set(read_dataset(parts).runs["strategy"]) == {"rolling"}
    second = run(parts, "sweep.only=['strategy=canary','seed=4']")
    assert (second.rows, second.plans, second.complete) == (36, 4, False)
    third = run(parts, "sweep.only=['seed=3']")
    assert (third.rows, third.complete) == (48, True)
    assert run(whole).rows == 48
    for name in ("runs.parquet", "plans.parquet", "events.parquet", "config.yaml"):
        assert (parts / name).read_bytes() == (whole / name).read_bytes()


@pytest.mark.slow
def test_a_dry_run_says_what_there_is_to_do_and_does_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    dry = run(out, "sweep.dry_run=true")
    assert not out.exists()
    assert [(row.label, row.plan, row.replications, row.done) for row in dry.forecast] == [
        ("rolling", "missing", 12, 0),
        ("canary(share=0.2)", "missing", 12, 0),
    ] * 2
    assert {row.remaining_s for row in dry.forecast} == {None}
    run(out, "sweep.only=['scenario=risky_patch','label=rolling','seed=4']")
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    dry = run(out, "sweep.dry_run=true", "sweep.replications=8")
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before
    assert [(row.plan, row.replications, row.done) for row in dry.forecast] == [
        ("missing", 16, 0),
        ("missing", 16, 0),
        ("made", 16, 6),
        ("missing", 16, 0),
    ]
    # All by the one plan that there is; a plan that is not made takes time of its own.
    others = [row.remaining_s or 0.0 for row in dry.forecast]
    assert others[0] == others[1] == others[3] > others[2] > 0
    run(out)
    dry = run(out, "sweep.dry_run=true", "sweep.only=['seed=3']")
    assert [(row.seeds, row.done, row.remaining_s) for row in dry.forecast] == [(1, 6, 0.0)] * 4


@pytest.mark.slow
def test_a_plan_that_failed_has_nothing_to_do(tmp_path: Path) -> None:
    config = [
        "sweep.scenarios=[online_boutique]",
        "sweep.strategies=[{name: rolling, on_infeasible: error}]",
        f"sweep.out={tmp_path / 'out'}",
        "parallel.n_jobs=1",
    ]
    run_sweep(compose(config))
    (row,) = run_sweep(compose([*config, "sweep.dry_run=true"])).forecast
    assert (row.plan, row.replications, row.done, row.remaining_s) == ("failed", 0, 0, 0.0)


@pytest.mark.slow
def test_the_command_prints_what_there_is_to_do(tmp_path: Path) -> None:
    def told(*more: str) -> tuple[str, str]:
        arguments = [*TWO, f"sweep.out={tmp_path / 'out'}", *more]
        done = CliRunner().invoke(app, ["sweep", *arguments])
        assert done.exit_code == 0, done.output
        return done.stdout, done.stderr

    printed, noted = told("--dry-run")
    assert "canary(share=0.2)" in printed
    assert "nothing of it has run here yet" in noted
    _, noted = told("--only", "label=canary(share=0.2)", "--only", "seed=3")
    assert "not all of the study is finished yet" in noted
    _, noted = told("--dry-run")
    assert "of one worker's time, by what has run here" in noted
    told()
    printed, noted = told("--dry-run", "--only", "scenario=risky_patch")
    assert "ha_microservices" not in printed
    assert "all of it is finished" in noted
