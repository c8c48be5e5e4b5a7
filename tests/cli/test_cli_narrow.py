"""Tables in terminals of any width: no word is broken, and nothing is cut off."""

from __future__ import annotations

from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from patchopt.cli import printing

COLUMNS = [("strategy", False), ("what", False), ("seconds", True)]
ROWS = [("exposure_greedy", "heaviest first, whatever fits", "1,200"), ("rolling", "", "9")]
NAMES = [row[0] for row in ROWS]


def shown(monkeypatch: pytest.MonkeyPatch, width: int) -> list[str]:
    """Return the lines of the table in a terminal so wide."""
    terminal = Console(width=width, record=True, highlight=False, file=StringIO())
    monkeypatch.setattr(printing, "console", lambda: terminal)
    printing.table(COLUMNS, ROWS)
    return [line.rstrip() for line in terminal.export_text().splitlines() if line.strip()]


def test_a_wide_terminal_has_a_line_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, 100)
    assert [line.split()[0] for line in lines if "─" not in line] == ["strategy", *NAMES]


def test_a_narrower_one_breaks_between_words(monkeypatch: pytest.MonkeyPatch) -> None:
    # 15 for the name, 8 for "heaviest" and "whatever", 7 for "seconds", 11 beside and between: 41.
    lines = shown(monkeypatch, 41)
    assert all(len(line) <= 41 for line in lines)
    text = " ".join(lines).split()
    assert {"exposure_greedy", "heaviest", "first,", "whatever", "fits", "1,200"} <= set(text)
    assert "strategy" in lines[0]


def test_one_too_narrow_has_a_line_a_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, 40) == [
        "strategy  exposure_greedy",
        "what      heaviest first, whatever fits",
        "seconds   1,200",
        "strategy  rolling",
        "seconds   9",
    ]


@given(
    lines=st.integers(1, 4).flatmap(
        lambda columns: st.lists(
            st.lists(st.text("ab ", min_size=1, max_size=20), min_size=columns, max_size=columns),
            min_size=1,
            max_size=5,
        )
    ),
    room=st.integers(1, 80),
)
def test_widths_break_no_word_and_fit(lines: list[list[str]], room: int) -> None:
    widths = printing._widths(lines, room)
    columns = list(zip(*lines, strict=True))
    longest = [max((len(w) for c in column for w in c.split()), default=0) for column in columns]
    longest[0] = max(map(len, columns[0]))
    if sum(longest) > room:
        assert widths is None
    else:
        assert widths is not None
        assert sum(widths) <= room
        assert all(width >= least for width, least in zip(widths, longest, strict=True))
        # Nothing gives way where there is room.
        if sum(max(map(len, column)) for column in columns) <= room:
            assert widths == [max(map(len, column)) for column in columns]
