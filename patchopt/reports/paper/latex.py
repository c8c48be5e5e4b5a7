r"""Tables as LaTeX: booktabs rules, siunitx columns, nothing that a venue's class would not take.

A paper needs ``\usepackage{booktabs,siunitx}`` and inputs the files inside a ``table``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from patchopt.files.plain_text import one_line
from patchopt.reports.paper.printed import Column, Number, Printed, Row

_SPECIAL: Final = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "–": "--",
    "·": r"\,",
    "≤": r"$\leq$",
    "≈": r"$\approx$",
    "±": r"$\pm$",
    "τ": r"$\tau$",
    "³": "$^3$",
    "⁶": "$^6$",
}
_ANY: Final = re.compile("|".join(map(re.escape, _SPECIAL)))


def escaped(text: str) -> str:
    r"""Return text that LaTeX prints as it is.

    Examples
    --------
    >>> print(escaped("canary_1 & 20%"))
    canary\_1 \& 20\%
    """
    return _ANY.sub(lambda found: _SPECIAL[found[0]], one_line(text))


def latex(table: Printed) -> str:
    """Write a table as a ``tabular`` with its caption and notes as comments and text.

    Parameters
    ----------
    table : Printed
        What it holds.

    Returns
    -------
    str
        To be put into a ``table`` or ``table*``: caption, tabular, notes.
    """
    rooms = _rooms(table)
    lines = [
        rf"\caption{{{escaped(table.caption)}}}",
        rf"\label{{tab:{table.name.replace('_', '-')}}}",
        rf"\begin{{tabular}}{{@{{}}{_columns(table, rooms)}@{{}}}}",
        r"\toprule",
        *_head(table.columns),
        r"\midrule",
        *_body(table, rooms),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    if table.notes:
        notes = " ".join(escaped(note) for note in table.notes)
        lines += [r"\par\smallskip", rf"{{\raggedright {notes}\par}}"]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class _Room:
    """Digits before and after the decimal point of the widest numbers of a column."""

    whole: int = 1
    places: int = 0
    negative: bool = False

    @classmethod
    def of(cls, column: Column, cells: Sequence[Number | str]) -> _Room:
        room = cls()
        for cell in cells:
            if isinstance(cell, Number):
                value = column.printed(cell)[0].removeprefix("<")
                whole, _, places = value.removeprefix("-").partition(".")
                room = cls(
                    max(room.whole, len(whole)),
                    max(room.places, len(places)),
                    room.negative or value.startswith("-"),
                )
        return room

    @property
    def column(self) -> str:
        """Its column, which aligns numbers at the decimal point."""
        return f"S[table-format={'-' if self.negative else ''}{self.whole}.{self.places}]"

    def holding(self, value: str, printed: str) -> str:
        """Return a cell with a number in its place that is printed otherwise."""
        places = len(value.partition(".")[2])
        before = ("-" if self.negative else "") + "8" * self.whole + ("." if places else "")
        after = ("." if self.places and not places else "") + "8" * (self.places - places)
        behind = rf"\hphantom{{{after}}}" if after else ""
        room = rf"\hphantom{{\num{{{before}{'8' * places}}}}}"
        return rf"{{{room}\llap{{{printed}}}{behind}}}"


def _rooms(table: Printed) -> list[_Room]:
    """Return what each column has to hold."""
    columns = zip(*(row.cells for row in table.rows), strict=True)
    return [
        _Room.of(column, cells) if column.numeric else _Room()
        for column, cells in zip(table.columns, columns, strict=True)
    ]


def _columns(table: Printed, rooms: Sequence[_Room]) -> str:
    parts = []
    for column, room in zip(table.columns, rooms, strict=True):
        parts.append(room.column if column.numeric else "l")
        if column.interval:
            parts.append(r"@{\enspace}r")
    return "".join(parts)


def _head(columns: Sequence[Column]) -> Iterator[str]:
    names, units = [], []
    for column in columns:
        if not column.numeric:
            names.append(escaped(column.title))
            units.append("")
            continue
        span = 2 if column.interval else 1
        names.append(rf"\multicolumn{{{span}}}{{c}}{{{escaped(column.title)}}}")
        unit = f"[{escaped(column.unit)}]" if column.unit else ""
        units.append(rf"\multicolumn{{{span}}}{{c}}{{{unit}}}")
    yield " & ".join(names) + r" \\"
    if any(column.unit for column in columns):
        yield " & ".join(units) + r" \\"


def _body(table: Printed, rooms: Sequence[_Room]) -> Iterator[str]:
    width = sum(2 if column.interval else 1 for column in table.columns)
    groups = list(table.groups())
    for number, (name, rows) in enumerate(groups):
        if number:
            yield r"\addlinespace"
        if name:
            yield rf"\multicolumn{{{width}}}{{@{{}}l}}{{\itshape {escaped(name)}}} \\"
        kept = [row for row in rows if not row.apart]
        apart = [row for row in rows if row.apart]
        yield from (_row(table.columns, rooms, row) for row in kept)
        if kept and apart:
            yield rf"\cmidrule{{1-{width}}}"
        yield from (_row(table.columns, rooms, row) for row in apart)


def _row(columns: Sequence[Column], rooms: Sequence[_Room], row: Row) -> str:
    cells: list[str] = []
    for column, room, cell in zip(columns, rooms, row.cells, strict=True):
        if not isinstance(cell, Number):
            cells += [f"{{{escaped(cell)}}}" if column.numeric else escaped(cell)]
            cells += [""] if column.interval else []
            continue
        value, low, high = column.printed(cell)
        cells.append(_marked(value, cell, room) if value else "{--}")
        if column.interval:
            limits = rf"[\num{{{low}}}, \num{{{high}}}]"
            cells.append(limits if low and high else "")
    return " & ".join(cells) + r" \\"


def _marked(value: str, cell: Number, room: _Room) -> str:
    """Return a number: bold if it is the best, underlined if it cannot be told from the best."""
    if value.startswith("<"):
        return rf"{{$<${digits(value[1:])}}}"
    if not cell.mark:
        return value
    command = "textbf" if cell.mark == "best" else "underline"
    return room.holding(value, rf"\{command}{{{digits(value)}}}")


def digits(value: str) -> str:
    r"""Return digits as siunitx sets them: from five on, thousands apart; a true minus.

    Examples
    --------
    >>> print(digits("430100"), digits("-1234.5"))
    430\,100 $-$1234.5
    """
    sign = "$-$" if value.startswith("-") else ""
    whole, point, rest = value.removeprefix("-").partition(".")
    if len(whole) > 4:
        whole = f"{int(whole):,}".replace(",", r"\,")
    return sign + whole + point + rest
