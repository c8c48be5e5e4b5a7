"""``patchopt compare, sweep, report``: many plans at once, and what they come to."""

from __future__ import annotations

import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from patchopt.cli import printing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from patchopt.reports import ReportResult
    from patchopt.sweeps import SweepResult


def compare(
    scenario: str,
    replications: int | str,
    time_limit: float,
    seed: int | None,
    workers: int,
    failures: str,
    stratify: bool,
    out: Path | None,
    *,
    force: bool,
    as_json: bool,
) -> int:
    """Run every strategy on one scenario and print what each comes to."""
    from patchopt.files import load_preset, prepare_output
    from patchopt.reports import summarise, write_report
    from patchopt.strategies import strategy_names
    from patchopt.sweeps import check_config, run_sweep

    preset = load_preset(failures)
    if out is not None:
        prepare_output(out, force)
    with nullcontext(str(out)) if out is not None else tempfile.TemporaryDirectory() as folder:
        dataset = Path(folder) / "dataset"
        config = check_config(
            {
                "sweep": {
                    "scenarios": [scenario],
                    "strategies": list(strategy_names()),
                    "replications": replications,
                    "stratify": stratify,
                    "precision": {"metrics": ["total_exposure"], "share": 0.01, "cap": 100_000},
                    "seed": seed,
                    "out": str(dataset),
                    "force": force,
                },
                "optimizer": {"time_limit": time_limit, "deterministic": True},
                "simulator": {"block": 1000, "trace": out is not None},
                "failures": preset,
                "parallel": {"n_jobs": workers},
            }
        )
        with printing.progress() as watch:
            result = run_sweep(config, watch=watch)
        if not result.complete:
            return _ended(result, kept=out is not None)
        if out is not None:
            write_report(dataset, Path(folder) / "report", force=force)
        summary = summarise(dataset)
    _print_summary(summary, as_json)
    if out is not None and not as_json:
        sys.stdout.write(f"dataset: {out / 'dataset'}\nreport: {out / 'report' / 'report.md'}\n")
    return _ended(result)


def _ended(result: SweepResult, *, kept: bool = True) -> int:
    """Say what failed and whether it was interrupted, and give the exit code."""
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


def _print_summary(summary: Any, as_json: bool) -> None:
    """Print a summary: a table a scenario, the non-dominated strategies marked."""
    records = summary.to_dict(orient="records")
    if as_json:
        printing.as_json([{k: _plain(v) for k, v in record.items()} for record in records])
        return
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


def sweep(arguments: Sequence[str], *, as_json: bool) -> int:
    """Run one sweep, or hand over to Hydra where one of its flags is given."""
    from patchopt.sweeps import multirun
    from patchopt.sweeps import sweep as run

    if any(argument.startswith("-") for argument in arguments):
        results = multirun(arguments)
    else:
        with printing.progress() as watch:
            results = [run(arguments, watch=watch)]
    if as_json:
        printing.as_json([{**vars(result), "out": str(result.out)} for result in results])
    else:
        for result in results:
            sys.stdout.write(f"{result.rows} replications of {result.plans} plans: {result.out}\n")
    return max((_ended(result) for result in results), default=0)


def report(dataset: Path, out: Path, *, force: bool, as_json: bool) -> None:
    """Write a report and print its summary."""
    from patchopt.reports import write_report

    result: ReportResult = write_report(dataset, out, force=force)
    _print_summary(result.summary, as_json)
    if not as_json:
        sys.stdout.write(
            f"dataset: {dataset}\nfigures: {out / 'figures'}\nreport: {out / 'report.md'}\n"
        )
