"""What a benchmark has measured: rows, a Parquet file, and a table in README.md."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import Any

import pandas as pd

HERE = Path(__file__).resolve().parent
Row = dict[str, Any]


def row(what: str, value: float, unit: str, reach: str = "") -> Row:
    met = ""
    if reach:
        relation, limit = reach.split()
        holds = value >= float(limit) if relation == ">=" else value < float(limit)
        met = "yes" if holds else "no"
    sys.stderr.write(f"{what}: {value:,.3g} {unit} {reach} {met}\n")
    return {"what": what, "value": value, "unit": unit, "reach": reach, "met": met}


def machine() -> str:
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(": ")[2] if names else model
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def table(rows: list[Row]) -> str:
    head = ["| what | measured | reach | met |", "| --- | ---: | --- | --- |"]
    lines = [f"Measured on {machine()}.\n", *head]
    for one in rows:
        digits = 0 if one["value"] >= 1000 else 2
        value = f"{one['value']:,.{digits}f} {one['unit']}"
        lines.append(f"| {one['what']} | {value} | {one['reach']} | {one['met']} |")
    return "\n".join(lines) + "\n"


def keep(rows: list[Row], out: Path, name: str) -> None:
    """Print the table, write it to ``<name>.parquet`` and between its marks in README.md."""
    out.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).assign(machine=machine()).to_parquet(out / f"{name}.parquet")
    sys.stdout.write(table(rows))
    between_marks(name, table(rows))


def between_marks(name: str, text: str, folder: Path = HERE) -> None:
    """Put a text between the marks of a name in a folder's README.md."""
    first, last = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    readme = folder / "README.md"
    before, _, rest = readme.read_text(encoding="utf-8").partition(first)
    _, _, after = rest.partition(last)
    readme.write_text(before + first + text + last + after, encoding="utf-8")
