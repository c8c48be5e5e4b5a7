"""``patchopt report``: the dataset of a sweep as tables, figures and a page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from patchopt.cli import printing
from patchopt.cli.summaries import print_summary, records_of
from patchopt.errors import PatchoptError

if TYPE_CHECKING:
    from patchopt.cli.requests import ReportRequest


def deliver_report(request: ReportRequest) -> int:
    """Write a report, or one for each job of a multirun; return the exit code."""
    from patchopt.reports import dataset_folders, write_report

    folders = dataset_folders(request.dataset)
    if folders != [request.dataset]:
        return _report_on_jobs(request, folders)
    result = write_report(request.dataset, request.out, force=request.force)
    if request.as_json:
        printing.as_json(records_of(result.summary))
        return 0
    print_summary(result.summary)
    sys.stdout.write(
        f"dataset: {request.dataset}\nfigures: {request.out / 'figures'}\n"
        f"report: {request.out / 'report.md'}\n"
    )
    return 0


def _report_on_jobs(request: ReportRequest, folders: list[Path]) -> int:
    """Report on each job into a folder of its own; what cannot be read stops no other."""
    from patchopt.reports import write_report

    code = 0
    summaries: dict[str, list[dict[str, Any]]] = {}
    for folder in folders:
        out = request.out / folder.name
        try:
            result = write_report(folder, out, force=request.force)
        except PatchoptError as error:
            printing.error(str(error))
            code = 2
            continue
        summaries[folder.name] = records_of(result.summary)
        if not request.as_json:
            sys.stdout.write(f"{folder}: {out / 'report.md'}\n")
    if request.as_json:
        printing.as_json(summaries)
    return code
