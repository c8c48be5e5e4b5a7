"""Hydra's own flags, its multirun, what Ctrl-C leaves of it, and the report on its jobs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from patchopt.cli.app import app
from patchopt.files.dataset import read_dataset

pytestmark = pytest.mark.slow

SMALL = ("experiment=smoke", "sweep.strategies=[rolling]", "parallel.n_jobs=1")
TWO = (*SMALL, "sweep.replications=2")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def sweep(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["sweep", *arguments])


@pytest.mark.parametrize(
    "flags", [("--run",), ("-r",), ("--config-dir", "mine"), ("-cd", "mine", "--run")]
)
def test_flags_of_one_run_run_one_sweep(flags: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "mine" / "simulator").mkdir(parents=True)
    (tmp_path / "mine" / "simulator" / "small.yaml").write_text("block: 1\ntrace: false\n")
    chosen = ("simulator=small",) if "mine" in flags else ()
    done = sweep(*flags, *TWO, *chosen, "sweep.out=d")
    assert (done.exit_code, done.stdout) == (0, "2 replications of 1 plans: d\n")
    config = json.loads(read_dataset(tmp_path / "d").metadata["config"])
    assert config["simulator"]["block"] == (1 if chosen else 1000)


def test_a_search_path_and_a_configuration_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "parallel").mkdir()
    (tmp_path / "parallel" / "mine.yaml").write_text("n_jobs: 1\n")
    path = f"hydra.searchpath=[file://{tmp_path}]"
    assert sweep(*TWO[:2], path, "parallel=mine", "sweep.replications=2").exit_code == 0
    # With a name of the configuration, Hydra itself runs the sweep.
    done = sweep("--config-name", "config", *TWO, "sweep.out=d")
    assert (done.exit_code, done.stdout) == (0, "2 replications of 1 plans: d\n")


@pytest.mark.parametrize(
    ("flags", "shown"),
    [
        (("--cfg", "job", "--resolve"), "n_jobs: -1"),
        (("--info", "searchpath"), "Config search path"),
        (("--hydra-help",), "hydra/launcher: basic, in_turn, joblib"),
    ],
)
def test_flags_that_show_something_show_it(flags: tuple[str, ...], shown: str) -> None:
    done = sweep(*flags, "--json")
    assert done.exit_code == 0
    assert shown in done.stdout


@pytest.mark.parametrize("launcher", ["basic", "joblib", "in_turn", "submitit_local"])
def test_every_launcher_runs_every_job_and_results_alone_are_printed(
    launcher: str, tmp_path: Path
) -> None:
    seeds = "sweep.seed=1,2"
    done = sweep("-m", f"hydra/launcher={launcher}", *TWO, seeds, "sweep.out=m", "--json")
    assert done.exit_code == 0, done.output
    assert [result["out"] for result in json.loads(done.stdout)] == ["m/0", "m/1"]
    assert read_dataset(tmp_path / "m" / "1").runs["seed"].tolist() == [2, 2]
    assert list((tmp_path / "multirun").rglob(".reports")) == []


def test_a_preset_of_ones_own(tmp_path: Path) -> None:
    folder = tmp_path / "mine" / "experiment"
    folder.mkdir(parents=True)
    preset = "# @package _global_\ndefaults:\n  - override /strategy: rolling\n"
    (folder / "night.yaml").write_text(preset + "sweep: {scenarios: [risky_patch], seed: 5}\n")
    done = sweep("--config-dir", "mine", "experiment=night", "sweep.replications=2", "sweep.out=d")
    assert (done.exit_code, done.stdout) == (0, "2 replications of 1 plans: d\n")
    assert read_dataset(tmp_path / "d").runs["seed"].tolist() == [5, 5]
    wrong = CliRunner().invoke(app, ["sweep", "--config-dir", "mine", "experiment=nihgt"])
    assert "did you mean 'night'?" in str(wrong.exception)


def test_hydras_own_completion_does_not_displace_the_commands() -> None:
    done = sweep("-sc", "install=bash")
    assert "patchopt --install-completion" in str(done.exception)


def test_a_job_that_is_refused_loses_no_other(tmp_path: Path) -> None:
    done = sweep("-m", *SMALL, "sweep.replications=2,-1", "sweep.out=m")
    assert (done.exit_code, done.stdout) == (2, "2 replications of 1 plans: m/0\n")
    assert "error: job 1: sweep.replications: -1 is no number of replications" in done.stderr
    # What is finished is not done again, and no job drops what one has finished.
    again = sweep("-m", *SMALL, "sweep.replications=1,3", "sweep.out=m")
    assert (again.exit_code, again.stdout) == (2, "3 replications of 1 plans: m/1\n")
    assert "error: job 0: m/0: this study would drop what is finished there" in again.stderr


def test_a_multiruns_folder_is_one_study_or_several(tmp_path: Path) -> None:
    import patchopt

    assert sweep("-m", *SMALL, "sweep.replications=2,3", "sweep.out=m").exit_code == 0
    # Both jobs have replications 0 and 1 of the same plan, and the same ones.
    assert patchopt.report("m", "r").summary["replications"].tolist() == [3]
    done = CliRunner().invoke(app, ["report", "m", "--out", "m/report", "--each"])
    assert (done.exit_code, done.stdout) == (
        0,
        "m/0: m/report/0/report.md\nm/1: m/report/1/report.md\n",
    )
    assert (tmp_path / "m" / "report" / "1" / "report.md").is_file()
    # What cannot be read stops no other.
    (tmp_path / "m" / "0" / "runs.parquet").write_bytes(b"nonsense")
    done = CliRunner().invoke(app, ["report", "m", "--out", "again", "--each", "--json"])
    assert done.exit_code == 2
    assert "error: m/0/runs.parquet: the file is damaged" in done.stderr
    assert list(json.loads(done.stdout)) == ["1"]


def test_jobs_that_warn_of_the_same_say_it_once(tmp_path: Path) -> None:
    # The one instance of redis-cart cannot be patched without downtime.
    wide = ("sweep.scenarios=[online_boutique]", "sweep.replications=1,2", "sweep.out=m")
    done = sweep("-m", *SMALL, *wide)
    assert done.exit_code == 0
    assert done.stderr.count("warning: online_boutique") == 1


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_one_ctrl_c_ends_a_multirun_and_keeps_what_is_finished(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from patchopt.cli import main; main()", "sweep", "-m"]
    endless = "sweep.replications=2,400000000,400000001"
    with subprocess.Popen(
        [*command, *SMALL, endless, "simulator.block=20000", "sweep.out=m"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        while not list((tmp_path / "m" / "1" / ".sweep" / "parts").glob("*.arrow")):
            assert running.poll() is None
            time.sleep(0.05)
        os.killpg(running.pid, signal.SIGINT)
        out, err = running.communicate()
    assert running.returncode == 130, err
    assert "Traceback" not in err
    assert out.startswith("2 replications of 1 plans: m/0\n")
    assert "interrupted: what was finished is in m/1" in err
    assert not (tmp_path / "m" / "2").exists()
    assert read_dataset(tmp_path / "m" / "0").metadata["complete"] == "true"
    assert read_dataset(tmp_path / "m" / "1").metadata["complete"] == "false"
