"""Which plans are non-dominated, how surely, and what each adds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from patchopt.model.metrics import METRIC_BY_NAME
from patchopt.reports.numbers.hypervolumes import VOLUMES
from patchopt.reports.numbers.objectives import OBJECTIVES
from patchopt.reports.numbers.resampling import RESAMPLES
from patchopt.reports.numbers.standing import Standing
from patchopt.reports.numbers.study import Study
from patchopt.reports.numbers.summary import Results
from patchopt.reports.pages.front_section import counted, words
from patchopt.reports.paper.outcome_tables import (
    PLAN,
    done_rows,
    exposure_column,
    limited,
    of_plan,
    percent_column,
)
from patchopt.reports.paper.printed import Column, Number, Printed, Row

_TITLES: Final = {
    "unplanned_downtime": ("unplanned", 1),
    "lost_capacity": ("lost capacity", 0),
    "surge_node_seconds": ("surge", 0),
    "completion_time": ("completion", 0),
}


def front_table(study: Study, results: Results) -> Printed:
    """Return the plans that are non-dominated, or would be in some resample."""
    found = results.standings
    rows = [
        row
        for scenario in study.scenarios
        if scenario in found
        for row in _rows(done_rows(results, scenario), found[scenario])
    ]
    columns = [exposure_column("total_exposure", "total exposure", results, interval=True)]
    for name, (title, decimals) in _TITLES.items():
        unit = METRIC_BY_NAME[name].unit
        columns.append(Column(key=name, title=title, unit=unit, decimals=decimals, interval=True))
    return Printed(
        name="T8_non_dominated",
        caption="Non-dominated plans: means with 95% intervals, share of resamples in which each "
        "stays so, and what it adds to the hypervolume.",
        columns=(
            PLAN,
            *columns,
            percent_column("stays_non_dominated", "stays"),
            percent_column("hypervolume_contribution", "adds", decimals=4),
        ),
        rows=tuple(rows),
        notes=(
            (
                "Plans that keep the constraints and are non-dominated by their means, or in some "
                "resample, over those of the five objectives in which the plans of a scenario "
                "differ; a dash: the same for all, left out. Intervals of means as in the table of "
                "outcomes."
            ),
            (
                f"Stays: share of {RESAMPLES:,} resamples of the replications, the same ones for "
                "every plan, in which it is non-dominated. Adds: what would be lost of the "
                "hypervolume without it, a share of the box from 0 to the reference; limits of "
                f"hypervolumes are percentiles over {VOLUMES:,} of these resamples. No correction "
                "for many intervals."
            ),
            *_references(results.standings),
        ),
    )


def _rows(done: list[Mapping[Any, Any]], found: Standing) -> Iterator[Row]:
    for row in done:
        if counted(row):
            numbers = [
                limited(row, name) if name in found.objectives else Number(value=np.nan)
                for name in OBJECTIVES
            ]
            numbers.append(Number(value=row["stays_non_dominated"]))
            numbers.append(Number(value=row["hypervolume_contribution"]))
            yield of_plan(row, numbers)


def _references(found: Mapping[str, Standing]) -> Iterator[str]:
    for scenario, one in found.items():
        place = ", ".join(
            f"{words([name])} {one.reference[name]:,.0f} {METRIC_BY_NAME[name].unit}"
            for name in one.objectives
        )
        told = f"{scenario}: hypervolume {100 * one.whole.value:.2f}%"
        if not np.isnan(one.whole.low):
            told += f" ({100 * one.whole.low:.2f}% to {100 * one.whole.high:.2f}%)"
        beyond = f"; {one.beyond} beyond it" if one.beyond else ""
        yield f"{told}, {one.replications:,} replications, reference at {place}{beyond}."
