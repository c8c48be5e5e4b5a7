"""``patchopt generate`` and what it says of mistakes; sweeps over what it wrote."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from patchopt.cli import main
from patchopt.errors import ConfigError
from patchopt.files import load_scenario
from patchopt.model.facts import assumed_share
from patchopt.sweeps import compose
from patchopt.sweeps.cells import plan_tasks

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Call ``patchopt`` in an empty folder; return exit code, output and error output."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["patchopt", *words])
        with pytest.raises(SystemExit) as exit_:
            main()
        said = capsys.readouterr()
        assert isinstance(exit_.value.code, int)
        return exit_.value.code, said.out, said.err

    return call


def test_a_file_an_instance_and_it_says_how_to_get_it_again(run: Run) -> None:
    words = ("--nodes", "12", "--nodes", "20", "--count", "2", "--seed", "5", "--set", "slack=0.3")
    code, out, _ = run("generate", *words, "--failures", "independent", "--out", "some", "--json")
    rows = json.loads(out)
    assert code == 0
    assert [(row["nodes"], row["seed"]) for row in rows] == [(12, 5), (12, 6), (20, 5), (20, 6)]
    files = sorted(str(path) for path in Path("some").iterdir())
    assert files == sorted(row["file"] for row in rows)
    scenario = load_scenario(rows[0]["file"])
    assert assumed_share(scenario) == 1
    text = Path(rows[0]["file"]).read_text(encoding="utf-8")
    again = text.splitlines()[1].removeprefix("# patchopt ").replace("'", "").split()
    assert run(*again[:-1], "more")[0] == 0
    assert Path("more", Path(files[0]).name).read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--family", "plian"), "did you mean 'plain'"),
        (("--set", "slak=0.3"), "did you mean 'slack'"),
        (("--set", "slack=7"), "slack: it should be less than 1"),
        (("--failures", "none_at_all"), "none_at_all"),
    ],
)
def test_mistakes_leave_nothing(run: Run, words: tuple[str, ...], told: str) -> None:
    code, out, err = run("generate", *words, "--out", "some")
    assert (code, out) == (2, "")
    assert told in " ".join(err.split())
    assert not Path("some").exists()


def test_nothing_is_overwritten_unasked(run: Run) -> None:
    assert run("generate", "--nodes", "10", "--out", "some")[0] == 0
    code, _, err = run("generate", "--nodes", "10", "--out", "some")
    assert code == 2
    assert "--force" in err
    assert run("generate", "--nodes", "10", "--out", "some", "--force")[0] == 0


@pytest.mark.parametrize("what", ["families", "factors"])
def test_what_there_is(run: Run, what: str) -> None:
    code, out, _ = run("list", what, "--json")
    assert code == 0
    assert {"families": "strict_hosts", "factors": "slack"}[what] in out


def test_a_sweep_takes_all_files_that_are_like_a_pattern(run: Run) -> None:
    run("generate", "--nodes", "10", "--count", "3", "--out", "some")
    config = compose(["sweep.scenarios=[some/*.yaml]", "sweep.strategies=[rolling]"])
    names = [task.scenario_name for task in plan_tasks(config)]
    assert names == ["plain-10-0", "plain-10-1", "plain-10-2"]
    with pytest.raises(ConfigError, match="no file is like"):
        plan_tasks(compose(["sweep.scenarios=[other/*.yaml]", "sweep.strategies=[rolling]"]))
