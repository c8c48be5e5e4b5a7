"""Output: JSON for programs, Rich tables for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


#: Letters that a table takes beside its cells: in all, and for each column.
_BESIDE: Final = 2
_BETWEEN: Final = 3


def as_json(value: Any) -> None:
    """Print a value as JSON, with a newline at the end."""
    # Where an encoding lacks characters, JSON has its own way to write them.
    unicode = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().startswith("utf")
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=not unicode) + "\n")


def plain(value: Any) -> Any:
    """Return a value that JSON knows: NumPy's scalars as Python's, NaN as null."""
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124 - NaN


def console(*, error: bool = False) -> Console:
    """Return a console on standard output, or on standard error.

    Without a terminal it is wide enough for every table, so that a file or a pipe gets
    whole lines.
    """
    from rich.console import Console

    terminal = (sys.stderr if error else sys.stdout).isatty()
    return Console(stderr=error, highlight=False, width=None if terminal else 180)


def table(
    columns: Sequence[tuple[str, bool]],
    rows: Iterable[Sequence[str]],
    title: str | None = None,
    *,
    apart: Iterable[Sequence[str]] = (),
) -> None:
    """Print a table.

    Parameters
    ----------
    columns : sequence of (str, bool)
        Header, and whether the column holds numbers.
    rows : iterable of sequence of str
        Cells.
    title : str, optional
        Above it.
    apart : iterable of sequence of str
        Further rows, below a line.
    """
    rows, apart = list(rows), list(apart)
    printer = console()
    headers = [header for header, _ in columns]
    widths = _widths([headers, *rows, *apart], printer.width - _BESIDE - _BETWEEN * len(columns))
    if widths is None:
        printer.print(_stacked(columns, [*rows, *apart], title))
    else:
        printer.print(_grid(columns, widths, rows, title, apart))


def _widths(lines: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Return columns' widths that break no word, the widest giving way; None: there are none.

    The first column that has a header gives way to none: names stay whole, to be copied.
    """
    from rich.cells import cell_len

    cells = list(zip(*lines, strict=True))
    widths = [max(map(cell_len, column)) for column in cells]
    words = [[word for cell in column for word in cell.split()] for column in cells]
    least = [max(map(cell_len, own), default=0) for own in words]
    named = next(at for at, column in enumerate(cells) if column[0])
    least[named] = widths[named]
    if sum(least) > room:
        return None
    while sum(widths) > room:
        widest = max(range(len(cells)), key=lambda at: (widths[at] > least[at], widths[at]))
        widths[widest] -= 1
    return widths


def _grid(
    columns: Sequence[tuple[str, bool]],
    widths: Sequence[int],
    rows: Sequence[Sequence[str]],
    title: str | None,
    apart: Sequence[Sequence[str]],
) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for (header, number), width in zip(columns, widths, strict=True):
        justify: Literal["left", "right"] = "right" if number else "left"
        made.add_column(header, justify=justify, overflow="fold", width=width)
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    made.add_section()
    for row in apart:
        made.add_row(*(Text(cell) for cell in row))
    return made


def _stacked(
    columns: Sequence[tuple[str, bool]], rows: Iterable[Sequence[str]], title: str | None
) -> Table:
    """Return what a narrow terminal can show: a line a cell, with its header, row after row."""
    from rich.table import Table
    from rich.text import Text

    made = Table.grid(padding=(0, 2, 0, 0))
    made.title, made.title_justify = title, "left"
    made.add_column()
    made.add_column(overflow="fold")
    for row in rows:
        for (header, _), cell in zip(columns, row, strict=True):
            if cell:
                made.add_row(header, Text(cell))
        made.add_row()
    return made


def error(text: str) -> None:
    """Print what is wrong to standard error, each line marked as an error."""
    for line in text.splitlines():
        sys.stderr.write(f"error: {line}\n")


def warn(text: str) -> None:
    """Print a warning to standard error."""
    sys.stderr.write(f"warning: {text}\n")


def note(text: str) -> None:
    """Print a line to standard error: what is not the result itself."""
    sys.stderr.write(f"{text}\n")


def number(value: float, digits: int = 0) -> str:
    """Write a number for a table: thousands apart, fixed decimals."""
    return f"{value:,.{digits}f}"


def percent(value: float | None, digits: int = 1) -> str:
    """Write a share as a percentage; a dash if there is none."""
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return "–"
    return f"{100 * value:.{digits}f}%"
