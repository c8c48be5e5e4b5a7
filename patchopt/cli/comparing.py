"""``patchopt compare``: every strategy on one scenario, beside the nominal optimum."""

from __future__ import annotations

import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from patchopt.cli import printing
from patchopt.cli.progress import progress
from patchopt.cli.summaries import print_ending, print_summary, records_of

if TYPE_CHECKING:
    from patchopt.cli.requests import CompareRequest


def deliver_comparison(request: CompareRequest) -> int:
    """Run every strategy, print what each comes to, and return the exit code."""
    from patchopt.files import load_preset
    from patchopt.reports import summarise, write_report
    from patchopt.strategies import strategy_names
    from patchopt.sweeps import comparison, run_sweep

    preset = load_preset(request.failures)
    delivery = request.delivery
    out = delivery.out
    delivery.prepare(begun="dataset")
    with nullcontext(str(out)) if out is not None else tempfile.TemporaryDirectory() as folder:
        dataset = Path(folder) / "dataset"
        config = comparison(
            scenarios=[request.scenario],
            strategies=strategy_names(),
            replications=request.replications,
            bounded=request.bounded,
            seed=request.seed,
            time_limit=request.time_limit,
            out=dataset,
            workers=request.workers,
            failures=preset,
            stratify=request.stratify,
            trace=out is not None,
            force=delivery.force,
        )
        with progress() as watch:
            result = run_sweep(config, watch=watch)
        if result.interrupted:
            return print_ending(result, kept=out is not None)
        if out is not None:
            write_report(dataset, out=Path(folder) / "report", force=delivery.force)
        summary = summarise(dataset)
    if delivery.as_json:
        printing.as_json(records_of(summary))
        return print_ending(result)
    print_summary(summary)
    if out is not None:
        sys.stdout.write(f"dataset: {out / 'dataset'}\nreport: {out / 'report' / 'report.md'}\n")
    return print_ending(result)
