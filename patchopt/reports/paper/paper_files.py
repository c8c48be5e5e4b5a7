"""The folder ``paper``: every table as LaTeX, Markdown, CSV and Parquet, and their numbers."""

from __future__ import annotations

from pathlib import Path

from patchopt.reports.figures.study_bands import StudyBands
from patchopt.reports.numbers.across import across
from patchopt.reports.numbers.study import Study
from patchopt.reports.numbers.summary import Results
from patchopt.reports.numbers.table_files import write_table
from patchopt.reports.paper.front_table import front_table
from patchopt.reports.paper.latex import latex
from patchopt.reports.paper.macros import macros
from patchopt.reports.paper.outcome_tables import decomposition_table, outcome_table, tail_table
from patchopt.reports.paper.paired_table import paired_table
from patchopt.reports.paper.paper_figures import draw_paper
from patchopt.reports.paper.plain import frame, markdown
from patchopt.reports.paper.printed import Printed
from patchopt.reports.paper.scenario_tables import optimisation_table, scenario_table
from patchopt.reports.paper.sensitivity_table import sensitivity_table
from patchopt.reports.paper.threats import threats
from patchopt.reports.paper.venues import Venue, document


def paper_tables(study: Study, results: Results) -> list[Printed]:
    """Return all tables of a paper on a study, those that have any rows."""
    tables = [
        scenario_table(study),
        optimisation_table(study, results),
        outcome_table(study, results),
        paired_table(study, results),
        tail_table(study, results),
        sensitivity_table(results),
        decomposition_table(study, results),
        front_table(study, results),
    ]
    return [table for table in tables if table is not None and table.rows]


def write_paper(
    study: Study, results: Results, venue: Venue, folder: Path, bands: StudyBands
) -> None:
    """Write tables, numbers, and a document that shows them all.

    Parameters
    ----------
    study : Study
        What was measured.
    results : Results
        Its numbers.
    venue : Venue
        Whose columns and fonts are meant.
    folder : Path
        Made if it is not there.
    bands : StudyBands
        Of the plans of the study.
    """
    tables = paper_tables(study, results)
    folder.mkdir(parents=True, exist_ok=True)
    for table in tables:
        write_text(folder / f"{table.name}.tex", latex(table))
        write_text(folder / f"{table.name}.md", markdown(table))
        write_table(frame(table), folder, table.name)
    write_text(folder / "numbers.tex", macros(tables))
    figures = draw_paper(study, results, across(results), venue, folder, bands)
    write_text(folder / "paper.tex", document(venue, tables, figures))
    write_text(folder / "threats.md", threats(study, results))


def write_text(path: Path, text: str) -> None:
    """Write a file whose bytes are the same on every platform."""
    path.write_text(text, encoding="utf-8", newline="\n")
