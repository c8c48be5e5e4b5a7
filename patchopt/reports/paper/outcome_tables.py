"""What plans come to under failures: means, tails, and what the distance from the bound is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pandas as pd

from patchopt.model.metrics import METRIC_BY_NAME
from patchopt.reports.numbers.bootstrap import BY_STUDENT
from patchopt.reports.numbers.study import Study
from patchopt.reports.numbers.summary import Results
from patchopt.reports.paper.marking import marks_of
from patchopt.reports.paper.printed import Column, Mark, Number, Printed, Row

PLAN: Final = Column(key="plan", title="plan")
#: Measures of the outcome table: title and decimals at most.
_OUTCOME: Final = {
    "total_exposure": ("total exposure", 0),
    "downtime": ("downtime", 0),
    "unplanned_downtime": ("unplanned", 1),
    "completion_time": ("completion", 0),
    "breach": ("any breach", 4),
}
_TAILS: Final = {"p50": "median", "p95": "95th", "p99": "99th", "cvar95": "CVaR"}


_KEPT_FIRST: Final = "Plans below a rule break constraints even if nothing fails."
_BOLD: Final = (
    "Bold: best mean among plans that keep the constraints; underlined: not told from it by a "
    "paired t test at 5%, without correction."
)


def outcome_table(study: Study, results: Results) -> Printed:
    """Return means with their intervals, plans that keep the constraints first."""
    columns = [PLAN]
    for name, (title, decimals) in _OUTCOME.items():
        if METRIC_BY_NAME[name].kind == "exposure":
            columns.append(exposure_column(name, title, results, interval=True))
            continue
        unit = "" if METRIC_BY_NAME[name].unit == "0/1" else METRIC_BY_NAME[name].unit
        columns.append(Column(key=name, title=title, unit=unit, decimals=decimals, interval=True))
    rows = []
    for scenario in study.scenarios:
        done = done_rows(results, scenario)
        marks = {name: _marks(study, name, done) for name in _OUTCOME}
        for row in done:
            numbers = [
                limited(row, name, mark=marks[name].get(row["plan"], "")) for name in _OUTCOME
            ]
            rows.append(of_plan(row, numbers))
    return Printed(
        name="T3_outcome",
        caption="Outcome with failures: means and 95% intervals.",
        columns=tuple(columns),
        rows=tuple(rows),
        notes=(
            _how_many(results),
            (
                f"Intervals of means: BCa bootstrap below {BY_STUDENT} replications, else "
                "Student's t; of any breach, a probability: Wilson. No correction for many "
                "intervals."
            ),
            _BOLD,
            _KEPT_FIRST,
        ),
    )


def tail_table(study: Study, results: Results) -> Printed:
    """Return quantiles and the mean of the worst 5%, with limits."""
    columns = [
        exposure_column(f"total_exposure_{kind}", title, results, interval=True)
        for kind, title in _TAILS.items()
    ]
    rows = [
        of_plan(row, [limited(row, f"total_exposure_{kind}") for kind in _TAILS])
        for scenario in study.scenarios
        for row in done_rows(results, scenario)
    ]
    return Printed(
        name="T5_tails",
        caption="Total exposure where luck is bad: quantiles and the mean of the worst 5% "
        "(CVaR), with 95% limits.",
        columns=(PLAN, *columns),
        rows=tuple(rows),
        notes=(
            _how_many(results),
            (
                "Limits of quantiles by order statistics, of CVaR by the percentile bootstrap; "
                "none where there are too few replications. No correction for many intervals."
            ),
            _KEPT_FIRST,
        ),
    )


def decomposition_table(study: Study, results: Results) -> Printed | None:
    """Return what plans have above the wait-and-see bound; None where there is no bound."""
    rows = [
        of_plan(
            row,
            [
                Number(value=row["total_exposure_where_bounded"]),
                Number(value=row["over_wait_and_see"]),
                Number(value=row["over_wait_and_see_upper"]),
                Number(value=row["bound_gap"]),
                Number(value=row["value_of_information"]),
                Number(value=row["regret"]),
            ],
        )
        for scenario in study.scenarios
        for row in done_rows(results, scenario)
        if row["bounded_replications"]
    ]
    if not rows:
        return None
    return Printed(
        name="T7_decomposition",
        caption="Distance from the wait-and-see bound, and what it is made of.",
        columns=(
            PLAN,
            exposure_column("total_exposure", "total exposure", results),
            percent_column("over", "over bound"),
            percent_column("over_upper", "at most"),
            exposure_column("bound_gap", "bound gap", results),
            exposure_column("information", "information", results),
            exposure_column("regret", "regret", results),
        ),
        rows=tuple(rows),
        notes=(
            *_bounds(study, results),
            (
                "At most: one-sided 95% limit of the ratio of means. Bound gap: from the bound to "
                "what one who sees ahead can have. Information: from there to the best plan here. "
                "Regret: from there to the plan."
            ),
        ),
    )


def exposure_column(key: str, title: str, results: Results, *, interval: bool = False) -> Column:
    """Return a column of exposures, in thousands or millions where a study has large ones."""
    largest = float(results.summary["total_exposure"].max())
    for power, shown, least in ((6, "10⁶ ", 1e10), (3, "10³ ", 1e6)):
        if largest >= least:
            return Column(
                key=key,
                title=title,
                unit=f"{shown}weight·s",
                decimals=1,
                interval=interval,
                scale=10.0**-power,
            )
    return Column(key=key, title=title, unit="weight·s", decimals=0, interval=interval)


def percent_column(key: str, title: str, *, decimals: int = 1, interval: bool = False) -> Column:
    """Return a column of shares, in percent."""
    return Column(key=key, title=title, unit="%", decimals=decimals, interval=interval, scale=100.0)


def done_rows(results: Results, scenario: str) -> list[Mapping[Any, Any]]:
    """Return the rows of the summary whose plans were run, those that keep all first."""
    return [row for row in results.summary_of(scenario).to_dict("records") if row["replications"]]


def of_plan(row: Mapping[Any, Any], numbers: list[Number]) -> Row:
    """Return the row of a plan."""
    return Row(group=row["scenario"], cells=[row["label"], *numbers], apart=bool(row["breaks"]))


def limited(row: Mapping[Any, Any], name: str, mark: Mark = "") -> Number:
    """Return a number of the summary with its limits."""
    return Number(value=row[name], low=row[f"{name}_low"], high=row[f"{name}_high"], mark=mark)


def _marks(study: Study, name: str, rows: list[Mapping[Any, Any]]) -> dict[int, Mark]:
    means = {int(row["plan"]): float(row[name]) for row in rows if not row["breaks"]}
    return marks_of(study, METRIC_BY_NAME[name], means)


def _how_many(results: Results) -> str:
    counts = results.summary["replications"]
    counts = counts[counts > 0]
    if counts.empty:
        return "No replications."
    few, many = int(counts.min()), int(counts.max())
    return f"{few:,} replications a plan." if few == many else f"{few:,} to {many:,} replications."


def _bounds(study: Study, results: Results) -> Iterator[str]:
    for scenario in study.scenarios:
        rows = [row for row in done_rows(results, scenario) if row["bounded_replications"]]
        if rows and not pd.isna(rows[0]["wait_and_see_bound"]):
            row = rows[0]
            yield (
                f"{scenario}: bound {row['wait_and_see_bound']:,.0f} weight·s, "
                f"{row['bounded_replications']} replications, {row['bounds_proven']} proven."
            )
