"""From the dataset of a sweep to a folder with tables, figures and ``report.md``."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from patchopt.files.output import prepare_output, unwritable
from patchopt.reports.figures.drawing import draw_scenarios
from patchopt.reports.figures.study_bands import StudyBands
from patchopt.reports.numbers.objectives import check_reference
from patchopt.reports.numbers.opening import open_study
from patchopt.reports.numbers.study import Watcher
from patchopt.reports.numbers.summary import results_of
from patchopt.reports.numbers.table_files import write_tables
from patchopt.reports.pages.study_page import study_page
from patchopt.reports.paper.paper_files import write_paper, write_text
from patchopt.reports.paper.venues import VENUES, VenueName
from patchopt.reports.web.page import index_page


@dataclass(frozen=True, eq=False)
class ReportResult:
    """What was written.

    Parameters
    ----------
    out : Path
        Folder of the report.
    files : tuple of Path
        Every file, ``report.md`` last.
    summary : DataFrame
        As from `summarise`.
    """

    out: Path
    files: tuple[Path, ...]
    summary: pd.DataFrame


def write_report(
    *datasets: Path,
    out: Path,
    paper: VenueName | None = None,
    reference: Mapping[str, float] | None = None,
    force: bool = False,
    workers: int = 1,
    watch: Watcher | None = None,
) -> ReportResult:
    """Report on the dataset of a sweep, or on several as one study.

    Parameters
    ----------
    *datasets : Path
        Folders of datasets, or of multiruns; nothing else is read.
    out : Path
        Folder of the report: ``report.md``, ``index.html``, ``tables/`` and ``figures/``.
    paper : str, optional
        Write the folder ``paper/`` too: tables and numbers for LaTeX, as this venue prints.
    reference : mapping of str to float, optional
        Of hypervolumes, by objective, in place of what follows from each scenario (MODEL 7).
    force : bool
        Write into a folder that holds something already; files of the same names are
        replaced.
    workers : int
        Processes that draw, at most; the bytes do not depend on it.
    watch : callable, optional
        Told of the progress: ``numbers`` by plan, ``figures`` by scenario; how many are done, and
        of how many.

    Returns
    -------
    ReportResult

    Raises
    ------
    DatasetError
        If one is missing, damaged or of another schema version.
    OutputError
        If `out` cannot be written to, or holds something and `force` is not given.
    PatchoptError
        If `reference` names no objective, or gives it no finite number above 0.

    Notes
    -----
    Everything is made beside and moved to its place when it is complete, the page last.
    The same datasets give the same bytes.
    """
    given = dict(reference or {})
    check_reference(given)
    with open_study(*datasets) as study:
        prepare_output(out, force)
        try:
            with tempfile.TemporaryDirectory(prefix=".report-", dir=out) as passing:
                staged = Path(passing)
                results = results_of(study, given, watch)
                write_tables(results, staged / "tables")
                figures = staged / "figures"
                figures.mkdir()
                bands = StudyBands(study)
                pictures = draw_scenarios(
                    study, results, figures, bands, workers=workers, watch=watch
                )
                write_text(staged / "report.md", study_page(study, results, pictures, figures.name))
                write_text(staged / "index.html", index_page(study, results))
                if paper is not None:
                    write_paper(study, results, VENUES[paper], staged / "paper", bands)
                files = _move(staged, out)
        except OSError as error:
            raise unwritable(out, error) from None
    return ReportResult(out, files, results.summary)


def _move(staged: Path, out: Path) -> tuple[Path, ...]:
    inside = sorted(path.relative_to(staged) for path in staged.rglob("*") if path.is_file())
    page = Path("report.md")
    ordered = [*(path for path in inside if path != page), page]
    for path in ordered:
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(staged / path, out / path)
    return tuple(out / path for path in ordered)
