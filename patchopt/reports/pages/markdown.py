"""Small parts of pages: tables, numbers, names, times, as Markdown."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from patchopt.files.plain_text import one_line
from patchopt.model.metrics import Metric
from patchopt.model.quantities import format_duration

_NUMBERED = re.compile(r"(.*?)(\d+)")
_MARKS = re.compile(r"([\\`*_\[\]<>|~&]|(?<=\w):(?=//)|(?<=www)\.)", re.IGNORECASE)


def escape(text: str) -> str:
    r"""Take the meaning from what Markdown would read as its own: marks, HTML and addresses.

    Examples
    --------
    >>> print(escape("a|b_c"), escape("<script>"), escape("https://example.org"))
    a\|b\_c \<script\> https\://example.org
    """
    return _MARKS.sub(r"\\\1", one_line(text))


def code(text: str) -> str:
    """Write a name as a name.

    Examples
    --------
    >>> code("web-1"), code("a`b|c"), code("")
    ('`web-1`', "`a'b¦c`", '` `')
    """
    return "`" + (one_line(text).replace("`", "'").replace("|", "¦") or " ") + "`"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int] = ()) -> str:
    """Write a table.

    Parameters
    ----------
    header : sequence of str
        Names of the columns.
    rows : iterable of sequence of str
        Cells, escaped where they come from a user.
    numbers : iterable of int
        Columns that are aligned to the right.
    """
    right = set(numbers)
    rule = ["---:" if at in right else "---" for at in range(len(header))]
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, rule, *rows]) + "\n"


def number(value: float, digits: int = 0) -> str:
    """Write a number with its thousands apart; a dash where there is none.

    Examples
    --------
    >>> number(1234.5678, 1), number(float("nan")), number(-0.0)
    ('1,234.6', '–', '0')
    """
    if math.isnan(value):
        return "–"
    text = f"{value:,.{digits}f}"
    return text.removeprefix("-") if not any(c in "123456789" for c in text) else text


def percent(share: float, digits: int = 1) -> str:
    """Write a share as a percentage; a dash where there is none.

    Examples
    --------
    >>> percent(0.1234), percent(float("nan"))
    ('12.3%', '–')
    """
    return "–" if math.isnan(share) else f"{number(100 * share, digits)}%"


def digits_of(metric: Metric, whole: bool) -> int:
    """Return the decimals of a metric: exact ones of a single value, few of a mean."""
    if metric.kind == "share":
        return 3
    if whole:
        return 3 if metric.kind == "exposure" else 0
    if metric.kind == "exposure":
        return 0
    return 2 if metric.unit in ("count", "0/1") else 1


def with_interval(mean: float, low: float, high: float, digits: int) -> str:
    """Write a mean and its interval; the mean alone where there is none.

    Examples
    --------
    >>> with_interval(2.0, 1.5, 2.5, 1), with_interval(2.0, 2.0, 2.0, 1)
    ('2.0 [1.5, 2.5]', '2.0')
    """
    if math.isnan(low) or low == high == mean:
        return number(mean, digits)
    return f"{number(mean, digits)} [{number(low, digits)}, {number(high, digits)}]"


def names(given: Sequence[str]) -> str:
    """Write names, with runs of numbered ones drawn together.

    Examples
    --------
    >>> names(["web-1", "web-2", "web-3", "db"])
    '`web-1` to `web-3`, `db`'
    """
    parts: list[str] = []
    at = 0
    while at < len(given):
        end = at
        while end + 1 < len(given) and _follows(given[end], given[end + 1]):
            end += 1
        if end - at >= 2:
            parts.append(f"{code(given[at])} to {code(given[end])}")
        else:
            parts += [code(name) for name in given[at : end + 1]]
        at = end + 1
    return ", ".join(parts)


def _follows(name: str, other: str) -> bool:
    first, second = (_NUMBERED.fullmatch(each) for each in (name, other))
    if first is None or second is None or first[1] != second[1]:
        return False
    return second[2] == str(int(first[2]) + 1)


def clock(seconds: int) -> str:
    """Write an instant of a run.

    Examples
    --------
    >>> clock(0), clock(3725)
    ('0s', '1h2m5s')
    """
    return format_duration(seconds)
