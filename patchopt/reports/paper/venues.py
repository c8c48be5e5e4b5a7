"""Where papers are printed: widths of columns, and a document with all that was written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from patchopt.reports.paper.latex import escaped
from patchopt.reports.paper.printed import Drawn, Printed

VenueName = Literal["ieee", "acm"]


@dataclass(frozen=True, kw_only=True)
class Venue:
    """How a venue prints.

    Parameters
    ----------
    name : str
        As it is asked for.
    column_in, page_in : float
        Widths of a column and of the text, inches.
    document_class : str
        What LaTeX begins with.
    title : str
        What its class wants to know before the text; empty if nothing.
    described : bool
        Whether it wants figures described in words, for those who do not see them.
    """

    name: VenueName
    column_in: float
    page_in: float
    document_class: str
    title: str = ""
    described: bool = False


#: IEEEtran (journals) and acmart (sigconf), as their guides to authors have it.
VENUES: Final[dict[VenueName, Venue]] = {
    "ieee": Venue(
        name="ieee",
        column_in=3.5,
        page_in=7.16,
        document_class=r"\documentclass[journal]{IEEEtran}",
    ),
    "acm": Venue(
        name="acm",
        column_in=3.33,
        page_in=7.0,
        document_class=r"\documentclass[sigconf,nonacm]{acmart}",
        title=r"\title{Tables and figures}",
        described=True,
    ),
}


def document(venue: Venue, tables: Sequence[Printed], figures: Sequence[Drawn] = ()) -> str:
    """Return a document that shows every table and figure, to be copied from.

    Parameters
    ----------
    venue : Venue
        Whose class it has.
    tables : sequence of Printed
        In the order of the document.
    figures : sequence of Drawn
        After them.
    """
    lines = [
        venue.document_class,
        r"\usepackage{booktabs,graphicx,siunitx}",
        r"\sisetup{group-separator={\,}}",
        r"\input{numbers}",
        r"\begin{document}",
        *([venue.title] if venue.title else []),
    ]
    for table in tables:
        lines += [
            r"\begin{table*}",
            r"\centering\scriptsize\setlength{\tabcolsep}{3pt}",
            rf"\input{{{table.name}}}",
            r"\end{table*}",
        ]
    for figure in figures:
        star = "*" if figure.wide else ""
        lines += [
            rf"\begin{{figure{star}}}",
            r"\centering",
            rf"\includegraphics{{{figure.name}}}",
            rf"\caption{{{escaped(figure.caption)}}}",
            *([rf"\Description{{{escaped(figure.caption)}}}"] if venue.described else []),
            rf"\label{{fig:{figure.name.replace('_', '-')}}}",
            rf"\end{{figure{star}}}",
        ]
    return "\n".join([*lines, r"\end{document}"]) + "\n"
