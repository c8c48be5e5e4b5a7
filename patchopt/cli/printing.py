"""Output: JSON for programs, Rich tables for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from rich.console import Console


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
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    first = next(header for header, _ in columns if header)
    for header, number in columns:
        # Names stay whole, so that they can be copied.
        justify: Literal["left", "right"] = "right" if number else "left"
        made.add_column(header, justify=justify, overflow="fold", no_wrap=header == first)
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    made.add_section()
    for row in apart:
        made.add_row(*(Text(cell) for cell in row))
    console().print(made)


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
