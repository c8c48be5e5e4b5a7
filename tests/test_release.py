"""A version is the same wherever it stands, and the changelog says what is in it."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path

import pytest
import yaml

import patchopt

ROOT = Path(__file__).resolve().parent.parent
VERSION = patchopt.__version__
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
#: Headings of the changelog, `## 0.2.0 (2026-12-01)`: number and date.
HEADING = re.compile(r"^## (\d+\.\d+\.\d+)(?: \((\d{4}-\d\d-\d\d)\))?$", re.MULTILINE)
RELEASES = HEADING.findall((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))


def test_the_package_says_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION


def test_the_citation_is_of_this_version() -> None:
    assert CITATION["version"] == VERSION
    citing = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Citing")[2]
    assert re.findall(r"\b\d+\.\d+\.\d+\b", citing) == [VERSION]


def test_the_newest_release_of_the_changelog_is_this_version() -> None:
    assert RELEASES[0][0] == VERSION
    assert RELEASES[0][1] == CITATION["date-released"]


def test_releases_are_in_order_and_dated() -> None:
    numbers = [tuple(map(int, number.split("."))) for number, _ in RELEASES]
    assert numbers == sorted(set(numbers), reverse=True)
    dates = [date.fromisoformat(day) for _, day in RELEASES]
    assert dates == sorted(dates, reverse=True)


@pytest.mark.parametrize("number", [number for number, _ in RELEASES])
def test_a_release_says_something(number: str) -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    own = text.partition(f"## {number}")[2].partition("\n## ")[0]
    assert re.search(r"^- \S", own, re.MULTILINE)
