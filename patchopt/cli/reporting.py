"""``patchopt report``: the dataset of a sweep as tables, figures and a page."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from patchopt.cli import printing
from patchopt.cli.summaries import print_summary, records_of

if TYPE_CHECKING:
    from patchopt.cli.requests import ReportRequest


def deliver_report(request: ReportRequest) -> None:
    """Write a report and print its summary."""
    from patchopt.reports import write_report

    result = write_report(request.dataset, request.out, force=request.force)
    if request.as_json:
        printing.as_json(records_of(result.summary))
        return
    print_summary(result.summary)
    sys.stdout.write(
        f"dataset: {request.dataset}\nfigures: {request.out / 'figures'}\n"
        f"report: {request.out / 'report.md'}\n"
    )
