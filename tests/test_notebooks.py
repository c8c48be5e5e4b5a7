"""The notebooks in docs/ are as they are kept; running them is part of making the site."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
NAMES = [path.stem for path in NOTEBOOKS]


def cells(path: Path) -> list[Any]:
    read: Any = nbformat.read
    return list(read(path, as_version=4).cells)


def test_there_is_one_for_operators_and_one_for_researchers() -> None:
    assert NAMES == ["first_plan", "first_study"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_no_outputs_are_kept(path: Path) -> None:
    code = [cell for cell in cells(path) if cell.cell_type == "code"]
    assert [cell.source for cell in code if cell.outputs or cell.execution_count] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_lines_fit(path: Path) -> None:
    lines = [line for cell in cells(path) for line in cell.source.splitlines()]
    assert [line for line in lines if len(line) > 120] == []
