"""Silly arguments: each ends with exit code 2 and one message, never with a traceback."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

from patchopt.cli.app import app
from patchopt.errors import PatchoptError

NINES = "9" * 40


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def refused(*arguments: str) -> str:
    """Return the one message that a command line is refused with."""
    result = invoke(*arguments)
    if isinstance(result.exception, PatchoptError):  # `main` prints it and exits with 2
        return str(result.exception)
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.exit_code == 2, result.output
    return " ".join(result.stderr.split())


@pytest.fixture(autouse=True)
def _in_an_empty_folder_where_nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: Any) -> None:
        raise AssertionError("a sweep began")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("patchopt.sweeps.runner._run", run)


@pytest.mark.slow  # all of them together
@pytest.mark.parametrize(
    "override",
    [
        "sweep=null",
        "optimizer=1",
        "=1",
        "=",
        "sweep=[]",
        "+sweep=1",
        "parallel=null",
        "parallel=3",
        "failures=3",
        "failures=[1]",
        "simulator=null",
        "optimizer={1: 2}",
        "~sweep",
        "~parallel",
        "~sweep.seed",
        "sweep.scenarios=[]",
        "sweep.scenarios=null",
        "sweep.scenarios=[1]",
        "sweep.scenarios=['']",
        "sweep.scenarios=[null]",
        "sweep.scenarios={a: b}",
        "sweep.scenarios=[otel_demo,otel_demo]",
        "sweep.scenarios=[[otel_demo]]",
        "sweep.strategies=[]",
        "sweep.strategies=rolling",
        "sweep.strategies=[1]",
        "sweep.strategies=[null]",
        "sweep.strategies=[[rolling]]",
        "sweep.strategies=[{name: 1}]",
        "sweep.strategies=[{name: canary, share: []}]",
        "sweep.strategies=[{name: canary, share: {a: b}}]",
        "sweep.strategies=[{name: canary, 1: 2}]",
        "sweep.strategies=" + "[" * 900 + "]" * 900,
        "sweep.seed=" + "9" * 5000,
        f"sweep.seed={NINES}",
        "sweep.seed=-1",
        "sweep.seed=1.5",
        "sweep.seed=true",
        "sweep.seed=nan",
        "sweep.out=''",
        "sweep.out='  '",
        "sweep.out=3",
        "sweep.out=[]",
        f"sweep.out={'x' * 300}",
        f"sweep.out={'x/' * 3000}",
        "sweep.force=maybe",
        f"sweep.replications={NINES}",
        "sweep.replications=-1",
        "sweep.replications=1e3",
        "sweep.precision=null",
        "sweep.precision.metrics=[]",
        "sweep.precision.metrics=[nothing]",
        "sweep.precision.share=2",
        "parallel.n_jobs=0",
        "parallel.n_jobs=" + "9" * 30,
        "parallel.n_jobs=-1000000000",
        "parallel.n_jobs=1.5",
        "parallel.n_jobs=null",
        "simulator.block=0",
        "simulator.block=null",
        "simulator.trace=2",
        "optimizer.time_limit=inf",
        f"optimizer.seed={NINES}",
        "optimizer.workers=-1",
        "optimizer=nothing",
        "failures=nothing",
        "failures=independent failures.failure_probability=2",
        "experiment=nothing",
        "hydra.searchpath=3",
        "hydra.searchpath=[nothing://x]",
        "sweep.seed=${nothing}",
        "sweep.seed=${oc.env:NOTHING_OF_THAT_NAME}",
        "sweep.seed=???",
        "a b",
        "'",
        "[",
        "sweep.seed",
        "sweep.seed==1",
        "sweep..seed=1",
        "sweep.seed=1,2",
        "x=\x00",
        "\N{SNOWMAN}=1",
    ],
)
def test_silly_overrides_are_refused(override: str, tmp_path: Path) -> None:
    words = override.split(" failures.")
    overrides = [words[0], *(f"failures.{word}" for word in words[1:])]
    if not override.startswith(("sweep.scenarios", "~sweep", "sweep=")):
        overrides.append("scenario=otel_demo")
    message = refused("sweep", *overrides)
    assert message
    assert len(message) < 7000
    assert "Traceback" not in message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "line",
    [
        f"simulate otel_demo -s rolling --seed {NINES}",
        "simulate otel_demo -s rolling --seed " + "9" * 5000,
        "simulate otel_demo -s rolling --seed -1",
        "simulate otel_demo -s rolling --seed 1.5",
        "simulate otel_demo -s rolling -r 0",
        f"simulate otel_demo -s rolling -r {NINES}",
        "simulate otel_demo -s rolling -f nothing",
        "simulate otel_demo -s rolling -f .",
        "simulate otel_demo -s rolling -p plan.json",
        "simulate otel_demo -p . ",
        "simulate otel_demo -p plan.json --set a=1",
        "simulate otel_demo",
        "simulate",
        "plan otel_demo",
        "plan . -s rolling",
        "plan otel_demo -s rolling --set =1",
        "plan otel_demo -s rolling --set respect_units",
        "plan otel_demo -s rolling --set respect_units=3",
        "plan otel_demo -s rolling --set respect_units=" + "[" * 5000,
        "plan otel_demo -s rolling --set a=1 --set a=2",
        "plan otel_demo -s rolling --set name=canary",
        "plan otel_demo -s canary --set share=" + "9" * 5000,
        "plan otel_demo -s canary --set share=NaN",
        f"plan otel_demo -s rolling --out {'x' * 300}",
        f"optimize otel_demo --seed {NINES}",
        "optimize otel_demo --seed -1",
        "optimize otel_demo -t 0",
        "optimize otel_demo -t nan",
        "optimize otel_demo -t inf",
        "optimize otel_demo --workers 1000000",
        "compare otel_demo --workers 0",
        f"compare otel_demo --workers {NINES}",
        "compare otel_demo -r some",
        f"compare otel_demo -r {NINES}",
        f"compare otel_demo --seed {NINES}",
        "report nowhere --out r",
        "report .",
        "report . --out r",
        "report . --out r --reference downtime=5",
        "report . --out r --reference completion_time",
        "report . --out r --reference completion_time=0",
        "report . --out r --reference completion_time=1,completion_time=2",
        "validate",
        "validate nowhere.yaml",
        "list",
        "list everything",
        "schema now",
        "sweep --nonsense",
        "sweep --cfg nothing",
        "sweep --resolve",
        "sweep --config-dir",
        "sweep --config-dir nowhere",
        "sweep --config-name nowhere",
        "sweep --cfg job optimizer=nothing",
        "sweep -m =1",
        "sweep -m --run",
        "sweep --shell-completion",
        "",
    ],
)
def test_silly_command_lines_are_refused(line: str, tmp_path: Path) -> None:
    message = refused(*line.split())
    assert message or not line
    for word in ("Traceback", "Value error", "Input should", "unable to parse"):
        assert word not in message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("override", "remedy"),
    [
        ("seed=1", "did you mean 'sweep.seed' or 'optimizer.seed'?"),
        ("scenarios=[otel_demo]", "did you mean 'sweep.scenarios'?"),
        ("otel_demo", "write key=value, for example sweep.scenarios=[online_boutique]"),
        (
            "failures=mine/ours.yaml",
            "one of your own lies in DIR/failures/ours.yaml: --config-dir DIR failures=ours",
        ),
        ("--out", "settings are overrides, such as sweep.out=DIR; see patchopt sweep --help"),
    ],
)
def test_newcomers_to_sweep_are_told_what_would_do(override: str, remedy: str) -> None:
    assert refused("sweep", override).endswith(remedy)


def test_help_shows_what_the_source_says() -> None:
    help_ = invoke("sweep", "--help").output
    assert "'sweep.scenarios=[online_boutique]'" in help_
    assert "'sweep.strategies=[rolling,{name: canary, share: 0.2}]'" in help_


def test_no_help_text_loses_its_brackets() -> None:
    # What looks like markup is eaten: every opening bracket is escaped in the source.
    texts = []
    for command in app.registered_commands:
        assert command.callback is not None
        texts += [command.callback.__doc__ or "", command.epilog or ""]
    for made in get_command(app).commands.values():  # type: ignore[attr-defined]
        texts += [getattr(parameter, "help", None) or "" for parameter in made.params]
    assert len(texts) > 40
    for text in texts:
        assert not re.search(r"(?<!\\)\[[a-z#/@]", text), text
