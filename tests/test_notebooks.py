"""The notebooks in docs/ run from top to bottom, and say what their text says of them."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
NAMES = [path.stem for path in NOTEBOOKS]

#: What the outputs of each must say for its text to be true.
SAID = {
    "first_plan": (
        r"services\.database\.min_up: .*; give at most 0",
        r"^optimal, gap 0\.0%$",
        r"^\d\.\d% of the nights leave something out$",
        r"^unplanned downtime in 0\.0% of the nights$",
        r"^saved True$",
    ),
    "first_study": (
        r"replications of 8 plans, complete: True$",
        r"least that a canary is over the nominal optimum: [1-9]\d*%",
        r"Outcome with failures",
    ),
}
PICTURES = {"first_plan": 2, "first_study": 1}


@pytest.fixture(scope="module")
def running() -> ModuleType:
    """Return the module of the site that runs notebooks."""
    spec = importlib.util.spec_from_file_location("running", ROOT / "docs" / "site" / "running.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cells(path: Path) -> list[Any]:
    read: Any = nbformat.read
    return list(read(path, as_version=4).cells)


def test_there_is_one_for_operators_and_one_for_researchers() -> None:
    assert sorted(SAID) == NAMES


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_no_outputs_are_kept(path: Path) -> None:
    code = [cell for cell in cells(path) if cell.cell_type == "code"]
    assert [cell.source for cell in code if cell.outputs or cell.execution_count] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_lines_fit(path: Path) -> None:
    lines = [line for cell in cells(path) for line in cell.source.splitlines()]
    assert [line for line in lines if len(line) > 120] == []


@pytest.mark.slow
@pytest.mark.no_cover
# Sockets of a kernel that has ended are closed when they are collected.
@pytest.mark.filterwarnings("default::ResourceWarning")
@pytest.mark.filterwarnings("default::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_it_runs_and_says_what_its_text_says(
    path: Path, running: ModuleType, tmp_path: Path
) -> None:
    made = running.executed(path, tmp_path)
    outputs = [output for cell in made.cells for output in cell.get("outputs", [])]
    said = "\n".join(words(output) for output in outputs)
    for pattern in SAID[path.stem]:
        assert re.search(pattern, said, flags=re.MULTILINE), (pattern, said)
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == PICTURES[path.stem]


def words(output: Any) -> str:
    if output.output_type == "stream":
        return str(output.text)
    data = output.data
    return str(data.get("text/markdown", data.get("text/plain", "")))
