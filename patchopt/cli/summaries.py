"""What studies come to, printed: the table a scenario, and how a sweep ended."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from patchopt.cli import printing

if TYPE_CHECKING:
    from patchopt.sweeps import SweepResult


def print_ending(result: SweepResult, *, kept: bool = True) -> int:
    """Say what is worth knowing, what failed, if it was interrupted; return the exit code."""
    for warning in result.warnings:
        printing.warn(warning)
    for cell, error in result.failures.items():
        first, *rest = error.splitlines()
        printing.note(
            f"failed: {cell}: {first}" + (f" (and {len(rest)} more lines)" if rest else "")
        )
    for cell in result.imprecise:
        printing.note(f"not as precise as wanted: {cell}: the cap on replications came first")
    if not result.complete:
        where = f"what was finished is in {result.out}" if kept else "with --out it is kept"
        printing.note(f"interrupted: {where}")
        return 130
    return 1 if result.failures else 0


def records_of(summary: Any) -> list[dict[str, Any]]:
    """Return the rows of a summary with values that JSON knows."""
    rows = summary.to_dict(orient="records")
    return [{key: _plain(value) for key, value in row.items()} for row in rows]


def print_summary(summary: Any) -> None:
    """Print a summary: a table a scenario, the non-dominated strategies marked."""
    records = summary.to_dict(orient="records")
    for scenario in dict.fromkeys(record["scenario"] for record in records):
        rows = [_summary_row(r) for r in records if r["scenario"] == scenario]
        printing.table(_COLUMNS, rows, scenario)
    sys.stdout.write(
        "exposure: mean of exposure + residual, weight·s; gap: of the plan without failures to\n"
        "the optimum (or to the best plan known, ~); *: non-dominated over exposure, downtime\n"
        "and completion time; intervals are in the report.\n"
    )


_COLUMNS = [
    ("", False),
    ("strategy", False),
    ("exposure", True),
    ("downtime, service·s", True),
    ("completion, s", True),
    ("violations", True),
    ("patched", True),
    ("aborted", True),
    ("gap", True),
]


def _summary_row(record: dict[str, Any]) -> list[str]:
    if record["replications"] == 0:
        return ["", record["label"], "failed", *[""] * 6]
    gap = printing.percent(record["gap_to_optimum"])
    if not record["optimum_proven"] and gap != printing.percent(None):
        gap = f"~{gap}"
    return [
        "*" if record["non_dominated"] else "",
        record["label"],
        printing.number(record["total_exposure"]),
        printing.number(record["downtime"]),
        printing.number(record["completion_time"]),
        printing.number(record["incompatibility_violations"], 1),
        printing.percent(record["patched_share"]),
        printing.percent(record["aborted"]),
        gap,
    ]


def _plain(value: Any) -> Any:
    """Return a value that JSON knows: NumPy's scalars as Python's, NaN as null."""
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124 - NaN
