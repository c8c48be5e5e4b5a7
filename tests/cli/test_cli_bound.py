"""``patchopt bound``: what it prints and writes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from patchopt.cli import main
from support.examples import small

Run = Callable[..., tuple[int, str, str]]

#: One place in the crew; half of the attempts fail, and are made once more.
PATCH = {"severity": 1.0, "duration": 10, "failure_probability": 0.5, "rollback": 5}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Write a scenario, bound it; return exit code, output and error output."""
    monkeypatch.chdir(tmp_path)
    nodes = {name: {"patch": PATCH, "blue_green": False} for name in "abc"}
    scenario = small(nodes, max_parallel=1, max_retries=1, horizon=1000)
    Path("shop.yaml").write_text(yaml.safe_dump(scenario), encoding="utf-8")

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["patchopt", "bound", "shop.yaml", *words])
        with pytest.raises(SystemExit) as exit_:
            main()
        said = capsys.readouterr()
        assert isinstance(exit_.value.code, int)
        return exit_.value.code, said.out, said.err

    return call


def test_it_tells_a_program_what_it_writes(run: Run) -> None:
    code, out, _ = run("-r", "30", "--workers", "1", "--json", "--out", "one")
    told = json.loads(out)
    assert code == 0
    table = pd.read_parquet("one/bounds.parquet")
    assert list(table.columns) == [
        "scenario",
        "seed",
        "replication",
        "bound",
        "incumbent",
        "status",
    ]
    assert table["replication"].tolist() == list(range(30))
    assert told["bound"] == pytest.approx(table["bound"].mean())
    assert told["incumbent"] == pytest.approx(table["incumbent"].mean())
    assert told["proven"] == (table["status"] == "proven").sum() == 30
    assert told["nominal_optimum"] >= told["bound"]
    assert told["gap"] == pytest.approx(told["nominal_optimum"] / told["bound"] - 1)
    assert told["gap_upper"] > told["gap"]
    # At most 3 ^ 3 outcomes: good at once, at the second attempt, or never.
    assert 5 < told["outcomes"] <= 27


def test_files_are_the_same_on_any_number_of_workers(run: Run) -> None:
    assert run("-r", "30", "--workers", "1", "--out", "one")[0] == 0
    assert run("-r", "30", "--workers", "2", "--out", "two")[0] == 0
    first, second = (Path(out, "bounds.parquet").read_bytes() for out in ("one", "two"))
    assert first == second
    code, _, err = run("-r", "30", "--out", "one")
    assert code == 2
    assert "one: the folder holds something already" in err


def test_it_tells_a_person(run: Run) -> None:
    code, out, err = run("-r", "30", "--workers", "1")
    assert code == 0
    assert "small, seed" in out
    assert "wait-and-see bound" in out
    assert "over the bound" in out
    assert "the bound is met on 30 of 30 replications" in out
    assert "outcomes:" in err  # a sign of life
    # One replication says nothing of chance.
    assert "95%: at most –" in run("-r", "1", "--workers", "1")[1]
