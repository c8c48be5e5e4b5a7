"""Claims: every number that a text may quote, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pandas as pd

#: Columns that tell rows apart.
_NAMES: Final = ("scenario", "plan")
_LIMITS: Final = ("_low", "_high")


def claims_of(paper: Path) -> pd.DataFrame:
    """Return the numbers of a paper's tables, a row each.

    Parameters
    ----------
    paper : Path
        The folder ``paper`` of a report.

    Returns
    -------
    DataFrame
        ``table``, ``scenario``, ``plan``, ``quantity``, ``value``, ``low``, ``high``: limits
        empty where there are none.
    """
    rows = [row for path in sorted(paper.glob("T*.parquet")) for row in _of_table(path)]
    columns = ["table", *_NAMES, "quantity", "value", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def _of_table(path: Path) -> Iterator[dict[str, Any]]:
    table = pd.read_parquet(path)
    numbers = [str(name) for name in table.select_dtypes("number").columns]
    quantities = [name for name in numbers if not name.endswith(_LIMITS)]
    for row in table.to_dict("records"):
        who = {name: row.get(name, "") for name in _NAMES}
        for name in quantities:
            low, high = (row.get(f"{name}{end}") for end in _LIMITS)
            if not pd.isna(row[name]):
                told = {"quantity": name, "value": row[name], "low": low, "high": high}
                yield {"table": path.stem, **who, **told}
