r"""``numbers.tex``: a macro for every number that a text may quote.

``\patchHaMicroservicesOptimalTotalExposure`` is what the outcome table has for plan ``optimal``
of scenario ``ha_microservices``, rounded as there; with ``Low`` and ``High`` its limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from patchopt.reports.paper.latex import escaped
from patchopt.reports.paper.printed import Number, Printed, Row

_DIGITS: Final = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
_WORD: Final = re.compile(r"[A-Za-z]+|\d")


def macro_name(*parts: str) -> str:
    """Return the name of a macro, which may hold nothing but letters.

    Examples
    --------
    >>> macro_name("ha_microservices", "canary(share=0.2)", "total_exposure_p95")
    'patchHaMicroservicesCanaryShareZeroTwoTotalExposurePNineFive'
    """
    words = _WORD.findall(" ".join(parts))
    return "patch" + "".join(
        _DIGITS[int(w)] if w.isdigit() else w[0].upper() + w[1:] for w in words
    )


def macros(tables: Sequence[Printed]) -> str:
    """Write a macro for every number of some tables.

    Parameters
    ----------
    tables : sequence of Printed
        With names like ``T3_outcome``.

    Returns
    -------
    str
        LaTeX. Where names of plans differ in nothing that a macro's name can hold, the second
        one ends in ``Again``.
    """
    taken: dict[str, int] = {}
    lines = ["% A macro for every number of the tables; needs siunitx."]
    for table in tables:
        lines += ["", f"% {table.name}: {escaped(table.caption)}"]
        for row in table.rows:
            for name, digits in _numbers(table, row):
                taken[name] = taken.get(name, 0) + 1
                own = name + "Again" * (taken[name] - 1)
                lines.append(rf"\newcommand{{\{own}}}{{\num{{{digits}}}}}")
    return "\n".join(lines) + "\n"


def _numbers(table: Printed, row: Row) -> Iterator[tuple[str, str]]:
    words = [cell for cell in row.cells[:1] if isinstance(cell, str)]
    for column, cell in zip(table.columns, row.cells, strict=True):
        if not isinstance(cell, Number):
            continue
        value, low, high = column.printed(cell)
        name = macro_name(row.group, *words, table.name.partition("_")[2], column.key)
        if value:
            yield name, value
        if low and high:
            yield f"{name}Low", low
            yield f"{name}High", high
