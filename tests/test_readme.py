"""What the README shows works as it stands there."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from patchopt.files import scenario_from_text
from patchopt.model.build import build_infrastructure
from patchopt.strategies import base
from patchopt.sweeps import compose

pytestmark = pytest.mark.slow

README = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_python_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = (block for block in blocks("python") if "load_scenario" in block)
    exec(compile(example, "README.md", "exec"), {})  # noqa: S102 - our own example
    said = capsys.readouterr().out
    assert re.fullmatch(r"(optimal|feasible), gap \d+\.\d%, saves [\d,]+ weight·s\n", said)


def test_the_first_scenario_is_valid_and_ten_lines_long() -> None:
    text = blocks("yaml")[0]
    infrastructure = build_infrastructure(scenario_from_text(text, "README.md"))
    assert infrastructure.nodes.ids == ("web-1", "web-2", "web-3", "db-1", "db-2")
    assert len(text.splitlines()) == 10


def test_the_failures_of_the_readme_are_valid() -> None:
    first, failures = (yaml.safe_load(text) for text in blocks("yaml"))
    patch = failures["patches"]["CVE-2026-0001"]
    assert set(patch) - set(first["patches"]["CVE-2026-0001"]) == {"latent", "defect"}
    first["patches"], first["environment"] = failures["patches"], failures["environment"]
    infrastructure = build_infrastructure(scenario_from_text(yaml.safe_dump(first), "README.md"))
    assert infrastructure.restless


def test_the_sweeps_of_the_readme_can_be_composed() -> None:
    (commands,) = (block for block in blocks("sh") if "failures=pessimistic" in block)
    line = next(line for line in commands.splitlines() if line.startswith("patchopt sweep"))
    config = compose(shlex.split(line)[2:])
    assert config.failures is not None
    assert config.failures.name == "pessimistic"
    assert config.failures.failure_probability == 0.2


def test_the_example_of_a_strategy_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_REGISTERED", dict(base._REGISTERED))
    (example,) = (block for block in blocks("python") if "@register" in block)
    module = ModuleType("readme")
    monkeypatch.setitem(sys.modules, "readme", module)
    exec(compile(example, "README.md", "exec", dont_inherit=True), vars(module))  # noqa: S102 - ours
    text = blocks("yaml")[0]
    infrastructure = build_infrastructure(scenario_from_text(text, "README.md"))
    plan = base.make_strategy("heaviest_first", {"batch_size": 1}).plan(infrastructure)
    # db: 10 x 7.2 = 72 each; web: 3 x 9.8 = 29.4 each.
    assert [step.nodes for step in plan.steps] == [
        ("db-1",), ("db-2",), ("web-1",), ("web-2",), ("web-3",)
    ]  # fmt: skip


def test_every_strategy_is_in_the_table() -> None:
    for name in base.strategy_names():
        if name in base._BUILT_IN:
            assert f"| `{name}` |" in README


@pytest.mark.parametrize("target", ["sweep", "test"])
def test_the_two_commands_are_targets(target: str) -> None:
    makefile = (Path(__file__).resolve().parent.parent / "Makefile").read_text(encoding="utf-8")
    assert f"make {target}" in README
    assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE)
