"""A table before it is written: columns, rows, numbers with their intervals and marks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from patchopt.reports.paper.rounding import decimals_of, fixed

#: The best of its column, or not to be told from the best.
Mark = Literal["", "best", "level"]


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number and what is known of it.

    Parameters
    ----------
    value : float
        NaN where there is none.
    low, high : float
        Of its interval; NaN where it has none.
    mark : {'', 'best', 'level'}
        Where it stands in its column.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    mark: Mark = ""


Cell = Number | str


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    key : str
        Its name in files.
    title : str
        What it is called in print.
    unit : str
        Of its numbers, empty if they have none or it holds text.
    decimals : int, optional
        Of numbers that have no interval, and at most of those that have one. None: text.
    interval : bool
        Whether numbers come with one.
    scale : float
        What numbers are multiplied by before they are printed, 100 for percentages.
    least : float
        Of what is less in print no more is said than that.
    """

    key: str
    title: str
    unit: str = ""
    decimals: int | None = None
    interval: bool = False
    scale: float = 1.0
    least: float = 0.0

    @property
    def numeric(self) -> bool:
        """Whether it holds numbers."""
        return self.decimals is not None

    def printed(self, number: Number) -> tuple[str, str, str]:
        """Return a number and its limits as digits, the limits empty where there are none.

        Examples
        --------
        >>> cost = Column(key="cost", title="cost", decimals=0, interval=True)
        >>> cost.printed(Number(value=430_079.6, low=428_830.0, high=431_330.0))
        ('430100', '428800', '431300')
        """
        if self.decimals is None:
            raise ValueError(f"{self.key} is no column of numbers")
        if 0 <= number.value < self.least:
            return f"<{self.least}", "", ""
        value, low, high = (self.scale * each for each in (number.value, number.low, number.high))
        known = decimals_of(low, high)
        if known is None:
            return fixed(value, self.decimals), "", ""
        places = min(known, self.decimals)
        return fixed(value, places), fixed(low, places), fixed(high, places)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of a table.

    Parameters
    ----------
    group : str
        Under which heading it stands; empty without headings.
    cells : sequence of Cell
        One a column.
    apart : bool
        Below a rule, since its plan breaks constraints.
    """

    group: str
    cells: Sequence[Cell]
    apart: bool = False


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A figure that was written.

    Parameters
    ----------
    name : str
        Of its files, without suffix.
    caption : str
        What it shows.
    wide : bool
        Whether it is as wide as the page, not as a column.
    """

    name: str
    caption: str
    wide: bool


@dataclass(frozen=True, kw_only=True)
class Printed:
    """A table of a paper.

    Parameters
    ----------
    name : str
        Of its files, such as ``T3_outcome``.
    caption : str
        One sentence.
    notes : tuple of str
        Under it: how numbers were found, what marks mean.
    columns : tuple of Column
        The first ones hold text.
    rows : tuple of Row
        Groups together, within each those apart last.
    """

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = field(default=())

    def groups(self) -> Iterator[tuple[str, list[Row]]]:
        """Yield headings and their rows, in order."""
        names = dict.fromkeys(row.group for row in self.rows)
        for name in names:
            yield name, [row for row in self.rows if row.group == name]
