"""``patchopt report``: the dataset of a sweep as tables, figures and a page."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from patchopt.cli import printing
from patchopt.cli.progress import progress
from patchopt.cli.summaries import print_summary, records_of
from patchopt.errors import PatchoptError
from patchopt.processes import workers_meant

if TYPE_CHECKING:
    from patchopt.cli.requests import ReportRequest
    from patchopt.reports import ReportResult


def deliver_report(request: ReportRequest) -> int:
    """Write a report on all datasets, or one on each; return the exit code."""
    reference = reference_of(request.reference)
    if request.each:
        return _report_on_each(request, reference)
    result = _written(request, request.datasets, request.out, reference)
    if request.as_json:
        printing.as_json(records_of(result.summary))
        return 0
    print_summary(result.summary)
    sys.stdout.write(
        f"dataset: {', '.join(map(str, request.datasets))}\n"
        f"figures: {request.out / 'figures'}\nreport: {request.out / 'report.md'}\n"
    )
    if request.paper:
        sys.stdout.write(f"paper: {request.out / 'paper'}\n")
    return 0


def _written(
    request: ReportRequest, datasets: Sequence[Path], out: Path, reference: dict[str, float]
) -> ReportResult:
    """Write one report, and show how far it is."""
    from patchopt.reports import write_report

    with progress() as show:
        return write_report(
            *datasets,
            out=out,
            paper=request.paper,
            reference=reference,
            force=request.force,
            workers=workers_meant(request.workers),
            watch=show,
        )


def reference_of(texts: Sequence[str]) -> dict[str, float]:
    """Return the reference of hypervolumes that options give.

    Parameters
    ----------
    texts : sequence of str
        Such as ``total_exposure=1e6,completion_time=86400``.

    Raises
    ------
    PatchoptError
        If one is no name and number, or a name comes twice.

    Examples
    --------
    >>> reference_of(["total_exposure=1e6,completion_time=86400"])
    {'total_exposure': 1000000.0, 'completion_time': 86400.0}
    """
    found: dict[str, float] = {}
    for entry in (part.strip() for text in texts for part in text.split(",")):
        name, _, value = (part.strip() for part in entry.partition("="))
        try:
            number = float(value)
        except ValueError:
            raise PatchoptError(
                f"{entry!r} will not do",
                place="--reference",
                remedy="give OBJECTIVE=VALUE, such as completion_time=86400",
            ) from None
        if name in found:
            raise PatchoptError(
                f"{name} is given twice", place="--reference", remedy="give it once"
            )
        found[name] = number
    return found


def _report_on_each(request: ReportRequest, reference: dict[str, float]) -> int:
    """Report on each dataset into a folder of its own; what cannot be read stops no other."""
    from patchopt.reports import dataset_folders

    code = 0
    summaries: dict[str, list[dict[str, Any]]] = {}
    folders = [inner for folder in request.datasets for inner in dataset_folders(folder)]
    for folder, name in zip(folders, _names(folders), strict=True):
        out = request.out / name
        try:
            result = _written(request, [folder], out, reference)
        except PatchoptError as error:
            printing.error(str(error))
            code = 2
            continue
        summaries[name] = records_of(result.summary)
        if not request.as_json:
            sys.stdout.write(f"{folder}: {out / 'report.md'}\n")
    if request.as_json:
        printing.as_json(summaries)
    return code


def _names(folders: list[Path]) -> list[str]:
    """Return names for the reports: those of the folders, numbered where they are not unique."""
    names = [folder.resolve().name for folder in folders]
    if len(set(names)) == len(names):
        return names
    return [f"{at}-{name}" for at, name in enumerate(names)]
