"""Tables of a paper as Markdown, and as frames for CSV and Parquet."""

from __future__ import annotations

import math

import pandas as pd

from patchopt.reports.pages.markdown import escape
from patchopt.reports.pages.markdown import table as markdown_table
from patchopt.reports.paper.printed import Column, Number, Printed, Row


def markdown(table: Printed) -> str:
    """Write a table as Markdown, rounded as in print."""
    grouped = any(row.group for row in table.rows)
    titles = [
        escape(f"{column.title} [{column.unit}]" if column.unit else column.title)
        for column in table.columns
    ]
    header = (["scenario"] if grouped else []) + titles
    ordered = [row for _, rows in table.groups() for row in sorted(rows, key=lambda row: row.apart)]
    lines = [
        ([escape(row.group)] if grouped else [])
        + [_cell(column, cell) for column, cell in zip(table.columns, row.cells, strict=True)]
        for row in ordered
    ]
    first = 1 if grouped else 0
    numbers = [first + at for at, column in enumerate(table.columns) if column.numeric]
    notes = [f"{escape(note)}\n" for note in table.notes]
    parts = [f"**{escape(table.caption)}**\n", markdown_table(header, lines, numbers), *notes]
    return "\n".join(parts)


def _cell(column: Column, cell: Number | str) -> str:
    if not isinstance(cell, Number):
        return escape(cell)
    value, low, high = column.printed(cell)
    if not value or value.startswith("<"):
        return escape(value) or "–"
    text = f"{_apart(value)} [{_apart(low)}, {_apart(high)}]" if low and high else _apart(value)
    return {"best": f"**{text}**", "level": f"<u>{text}</u>"}.get(cell.mark, text)


def _apart(digits: str) -> str:
    """Return digits with their thousands apart."""
    sign = "-" if digits.startswith("-") else ""
    whole, point, rest = digits.removeprefix("-").partition(".")
    return f"{sign}{int(whole):,}{point}{rest}"


def frame(table: Printed) -> pd.DataFrame:
    """Return a table with all digits: limits and marks have columns of their own."""
    grouped = any(row.group for row in table.rows)
    return pd.DataFrame([_values(table, row, grouped) for row in table.rows])


def _values(table: Printed, row: Row, grouped: bool) -> dict[str, object]:
    found: dict[str, object] = {"scenario": row.group} if grouped else {}
    for column, cell in zip(table.columns, row.cells, strict=True):
        if not column.numeric:
            found[column.key] = cell
            continue
        number = cell if isinstance(cell, Number) else Number(value=math.nan)
        found[column.key] = number.value
        if column.interval:
            found |= {f"{column.key}_low": number.low, f"{column.key}_high": number.high}
    if any(other.apart for other in table.rows):
        found["keeps_constraints"] = not row.apart
    return found
