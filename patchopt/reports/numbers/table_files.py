"""The tables of a report as files, CSV and Parquet."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from patchopt.files.plain_text import csv_cell
from patchopt.reports.numbers.standing import fronts_table, strategies_table
from patchopt.reports.numbers.summary import Results


def write_tables(results: Results, folder: Path) -> list[Path]:
    """Write every table as CSV and as Parquet.

    Parameters
    ----------
    results : Results
        What they hold.
    folder : Path
        Made if it is not there.

    Returns
    -------
    list of Path
        What was written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "summary": results.summary,
        "metrics": results.estimates,
        "fronts": fronts_table(results.standings),
        "hypervolumes": strategies_table(results.standings),
    }
    return [path for name, table in tables.items() for path in write_table(table, folder, name)]


def write_table(table: pd.DataFrame, folder: Path, name: str) -> list[Path]:
    """Write a table as CSV and as Parquet; return both files."""
    csv, parquet = folder / f"{name}.csv", folder / f"{name}.parquet"
    _as_csv(table).to_csv(csv, index=False, lineterminator="\n")
    table.to_parquet(parquet, index=False, compression="zstd")
    return [csv, parquet]


def _as_csv(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose text is safe to open in a spreadsheet."""
    text = table.select_dtypes(exclude=["number", "bool"])
    cells = {str(name): column.map(csv_cell, na_action="ignore") for name, column in text.items()}
    return table.assign(**cells)
