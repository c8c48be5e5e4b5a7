"""What a shell offers on Tab: names of ours and Hydra's groups, in bash as in others."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from patchopt.cli.app import app
from patchopt.strategies import strategy_names


def offered(line: str) -> list[str]:
    """Return what zsh is told of a line that ends where Tab is pressed."""
    found = CliRunner().invoke(
        app,
        [],
        prog_name="patchopt",
        env={"_PATCHOPT_COMPLETE": "complete_fish", "_TYPER_COMPLETE_ARGS": f"patchopt {line}"}
        | {"_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    )
    return [text.partition("\t")[0] for text in found.output.split("\n") if text]


@pytest.mark.parametrize(
    ("line", "some"),
    [
        ("plan ha_", ["ha_microservices"]),
        ("plan ./m", ["./mine.yaml", "./more/"]),
        ("validate mine.yaml comp", ["compatibility"]),
        ("plan online_boutique --strategy bi", ["big_bang"]),
        ("plan online_boutique --strategy canary --set so", ["soak="]),
        ("simulate online_boutique --failures shared", ["shared_defect"]),
        ("verify plan.json ri", ["risky_patch"]),
        ("sweep --only str", ["strategy="]),
        ("sweep --only strategy=big", ["strategy=big_bang"]),
        ("sweep strat", ["strategy="]),
        ("sweep strategy=big", ["strategy=big_bang"]),
        ("sweep experiment=smo", ["experiment=smoke"]),
        ("sweep failures=shared", ["failures=shared_defect"]),
        ("sweep failures=pessimistic sweep.repl", ["sweep.replications="]),
        ("sweep -m optimizer=qu", ["optimizer=quick"]),
        (
            "sweep sweep.scenarios=[risky_patch,ha",
            ["sweep.scenarios=[risky_patch,ha_microservices"],
        ),
        ("sweep 'sweep.strategies=[roll", ["sweep.strategies=[rolling"]),
        ("sweep --config-dir conf experiment=mi", ["experiment=mine"]),
        ("sweep --config-dir nowhere experiment=smo", ["experiment=smoke"]),
        ("sweep no=such experiment.=", []),
        ("sweep --dr", ["--dry-run"]),
    ],
)
def test_tab_offers(
    line: str, some: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "more").mkdir()
    (tmp_path / "mine.yaml").touch()
    (tmp_path / "notes.txt").touch()
    (tmp_path / "conf" / "experiment").mkdir(parents=True)
    (tmp_path / "conf" / "experiment" / "mine.yaml").write_text("# @package _global_\n{}\n")
    assert offered(line) == some


def test_tab_offers_every_strategy() -> None:
    assert offered("plan online_boutique --strategy ") == sorted(strategy_names())


BASH = shutil.which("bash") or ""


@pytest.mark.slow
@pytest.mark.skipif(not BASH, reason="needs bash")
@pytest.mark.parametrize(
    ("words", "some"),
    [
        ("patchopt plan ha_", ["ha_microservices"]),
        # bash takes the sign of equality for a word and puts only what follows in place.
        ("patchopt sweep strategy = big", ["big_bang"]),
        ("patchopt sweep strategy =", ["all", "batch_rolling"]),
        ("patchopt sweep --only strategy = big", ["big_bang"]),
    ],
)
def test_bash_puts_in_what_is_offered(words: str, some: list[str]) -> None:
    shows = {"_PATCHOPT_COMPLETE": "source_bash"}
    script = CliRunner().invoke(app, [], prog_name="patchopt", env=shows).output
    program = f"{script}\nCOMP_WORDS=({words})\nCOMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n"
    program += "_patchopt_completion patchopt\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    found = subprocess.run(
        [BASH, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PATH": path},
    ).stdout.split()
    assert found[: len(some)] == some
