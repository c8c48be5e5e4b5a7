"""Figures of a paper that show runs: how plans burn down, the best plan, what is attained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from matplotlib.figure import Figure

from patchopt.files.output import file_names
from patchopt.model.quantities import format_duration
from patchopt.reports.figures.attainment import attainment_figure
from patchopt.reports.figures.burn_down import BurnDown
from patchopt.reports.figures.burn_downs import burn_downs_figure, is_bent
from patchopt.reports.figures.gantt import Page
from patchopt.reports.figures.scenario_figures import gantt_of_run
from patchopt.reports.figures.study_bands import StudyBands, seed_of
from patchopt.reports.numbers.attainment import Attainment, attainment
from patchopt.reports.numbers.best_maps import SEARCHING
from patchopt.reports.numbers.study import Study
from patchopt.reports.numbers.summary import Results
from patchopt.reports.paper.outcome_tables import done_rows
from patchopt.reports.paper.venues import Venue
from patchopt.reports.trace.events import completion_of

#: No paper has room for Gantt charts of more scenarios.
_GANTTS: Final = 6
#: Height of a page, less its caption, and of a row of a chart, inches.
_PAGE_IN: Final = 8.2
_ROW_IN: Final = 0.125

Row = Mapping[Any, Any]
#: Name, whether it is as wide as the page, caption, and the figure.
Made = tuple[str, bool, str, Figure]


def run_figures(study: Study, results: Results, venue: Venue, bands: StudyBands) -> Iterator[Made]:
    """Yield the figures, those that a study has the traces and numbers for.

    Parameters
    ----------
    study : Study
        What was measured.
    results : Results
        Its numbers.
    venue : Venue
        Whose widths are meant.
    bands : StudyBands
        Of the plans of the study.

    Yields
    ------
    tuple of (str, bool, str, Figure)
        Name, whether it is as wide as the page, caption, figure.
    """
    traced = {scenario: _traced(study, results, scenario) for scenario in study.scenarios}
    traced = {scenario: rows for scenario, rows in traced.items() if rows}
    yield from _burn_downs(study, traced, venue, bands)
    yield from _gantts(study, traced, venue)
    yield from _attained(study, results, venue)


def _traced(study: Study, results: Results, scenario: str) -> list[Row]:
    """Return the plans that keep the constraints and left a trace, least total exposure first."""
    rows = (row for row in done_rows(results, scenario) if not row["breaks"])
    return [row for row in rows if study.trace(int(row["plan"]))]


def parts_of(rows: Sequence[Row]) -> dict[str, Row]:
    """Return which plan is the nominal optimum, which the best of `expected`, of heuristics.

    Parameters
    ----------
    rows : sequence of mapping
        Of the summary, one scenario, least total exposure first.
    """
    found: dict[str, Row] = {}
    for row in rows:
        if row["plan"] == row["nominal_optimum"]:
            found.setdefault("nominal optimum", row)
        if row["strategy"] not in SEARCHING:
            found.setdefault("best heuristic", row)
        elif row["strategy"] == "expected":
            found.setdefault("expected", row)
    return found


def _burn_downs(
    study: Study, traced: Mapping[str, list[Row]], venue: Venue, bands: StudyBands
) -> Iterator[Made]:
    scenarios: dict[str, dict[str, BurnDown]] = {}
    for scenario, rows in traced.items():
        infrastructure, seed = study.infrastructure(scenario), seed_of(study, rows)
        scenarios[scenario] = {
            part: bands.of(infrastructure, row, seed) for part, row in parts_of(rows).items()
        }
    if not scenarios:
        return
    plans = [plan for parts in scenarios.values() for plan in parts.values()]
    runs = sorted({plan.band.runs for plan in plans})
    count = f"{runs[0]}" if len(runs) == 1 else f"{runs[0]} to {runs[-1]}"
    bent = any(is_bent(list(parts.values())) for parts in scenarios.values())
    wide = len(scenarios) > 1
    yield (
        "F6_burn_down",
        wide,
        (
            "Open weight (criticality × severity) over time: medians, and pointwise bands from "
            f"5% to 95% of {count} replications; in brackets the best heuristic by mean total "
            "exposure."
            + (" Time is logarithmic where bad luck takes much longer than usual." if bent else "")
        ),
        burn_downs_figure(scenarios, venue.page_in if wide else venue.column_in),
    )


def _gantts(study: Study, traced: Mapping[str, list[Row]], venue: Venue) -> Iterator[Made]:
    page = Page(width_in=venue.page_in, row_in=_ROW_IN, height_in=_PAGE_IN)
    names = dict(zip(study.scenarios, file_names(study.scenarios), strict=True))
    for scenario, rows in list(traced.items())[:_GANTTS]:
        number, label = int(rows[0]["plan"]), rows[0]["label"]
        plan, events = study.plan(number), study.trace(number)
        assert plan is not None  # noqa: S101 - what has a trace was planned
        yield (
            f"F7_gantt_{names[scenario]}",
            True,
            (
                f"{scenario}: the plan of least mean total exposure, {label}, in the first "
                f"replication of seed {events[0]['seed']}; it ends at "
                f"{format_duration(completion_of(events))}."
            ),
            gantt_of_run(study.infrastructure(scenario), plan, events, "", page),
        )


def _attained(study: Study, results: Results, venue: Venue) -> Iterator[Made]:
    every = (attainment(study, name, one) for name, one in results.standings.items())
    found: list[Attainment] = [one for one in every if one is not None]
    if not found:
        return
    counts = sorted({one.replications for one in found})
    count = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    yield (
        "F8_attainment",
        False,
        (
            "Empirical attainment: what some plan that keeps the constraints attains in 5%, 50% "
            f"and 95% of {count} replications, the plan chosen anew in each; lower left is better."
        ),
        attainment_figure(found, venue.column_in),
    )
