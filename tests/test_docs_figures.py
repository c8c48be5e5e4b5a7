"""Figures of the pages in docs/ show what the pages say, found here in another way."""

from __future__ import annotations

import importlib.util
import re
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = (DOCS / "model.md").read_text(encoding="utf-8")

#: As the page has them, in seconds.
D, R, SOAK, SEEN, RESPIN, HORIZON = 300, 300, 3600, 1200 + 1200, 86_400, 604_800


@pytest.fixture(scope="module")
def canary() -> ModuleType:
    """Return the script that draws the figure, as a module."""
    spec = importlib.util.spec_from_file_location("canary", DOCS / "when_a_canary_pays.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rollout(n: int, begin: int, *, held: bool) -> list[int]:
    """Return when each node commits; `held`: after the first there is a soak."""
    return [begin + D * k + SOAK * (held and k > 1) for k in range(1, n + 1)]


def exposure(n: int, plan: str, defect: str) -> int:
    """Return the time for which nodes of weight 1 are old, added up node by node."""
    held = plan == "canary"
    first = rollout(n, 0, held=held)
    if defect == "none":
        return sum(first)
    if plan == "unstopped":
        return n * HORIZON if defect == "fails" else n * (HORIZON - SEEN - R)
    worked_on = 1 if plan in ("canary", "budget") else n
    # One after another each fails and goes back; or each commits, and goes back by itself.
    stop = worked_on * (D + R if defect == "fails" else D) + SOAK * (plan != "budget")
    again = rollout(n, stop + RESPIN, held=held)
    new_meanwhile = 0 if defect == "fails" else worked_on * (SEEN + R)
    return sum(again) - new_meanwhile


def break_even(n: int, other: str, defect: str) -> Fraction | None:
    """Return where two lines meet that are linear in p, if the canary's is lower at 1."""
    more = exposure(n, "canary", "none") - exposure(n, other, "none")
    more_if_defective = exposure(n, "canary", defect) - exposure(n, other, defect)
    return Fraction(more, more - more_if_defective) if more > more_if_defective else None


COLUMNS = (("end", "shows"), ("end", "fails"), ("unstopped", "fails"))


def table_of_the_page() -> list[list[str]]:
    text = PAGE[PAGE.index("### When a canary pays") :]
    cells = [re.split(r" *\| *", line.strip("| ")) for line in text.splitlines() if "|" in line]
    return [row for row in cells if row[0].isdigit()]


def test_the_curves_are_where_two_exposures_meet(canary: ModuleType) -> None:
    for n in range(2, 301):
        for (_, curve, *_), (other, defect) in zip(canary.CURVES, COLUMNS, strict=True):
            assert curve(n) == break_even(n, other, defect), (n, other, defect)


@pytest.mark.parametrize("n", [2, 20, 300])
def test_a_canary_never_pays_against_a_plan_that_stops_at_its_first_bad_node(n: int) -> None:
    for defect, more in (("none", (n - 1) * SOAK), ("fails", (n - 1) * SOAK + n * SOAK)):
        assert exposure(n, "canary", defect) - exposure(n, "budget", defect) == more


def test_the_table_of_the_page_has_the_numbers_of_the_figure(canary: ModuleType) -> None:
    found = [
        [str(n), *(canary.percent(break_even(n, *column)) for column in COLUMNS)]
        for n in canary.ROWS
    ]
    # By hand, n = 10: 3,600 / (10 * 600) = 60%; in service 3,600 / (3,000 - 2,700) = 12 > 1.
    assert found[0][:3] == ["10", "never", "60%"]
    assert table_of_the_page() == found == canary.table()


def test_the_figure_is_the_one_that_the_script_draws(canary: ModuleType) -> None:
    drawn = canary.TARGET.read_text(encoding="utf-8")
    assert f"<dc:description>{canary.table()}</dc:description>" in drawn
    assert f"({canary.TARGET.name})" in PAGE
