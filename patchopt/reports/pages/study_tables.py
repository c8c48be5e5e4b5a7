"""The tables of a scenario in a study: without failures, with failures, and where luck is bad."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from patchopt.reports.numbers.beside_bound import bound_text
from patchopt.reports.numbers.summary import by_nominal_exposure
from patchopt.reports.pages.markdown import (
    code,
    escape,
    number,
    percent,
    table,
    with_interval,
)

Row = Mapping[Any, Any]


def without_failures(rows: Sequence[Row]) -> list[str]:
    """Write what plans come to when nothing fails: exposure, gap to the bound, certificate.

    Parameters
    ----------
    rows : sequence of mapping
        Of the summary, one scenario.

    Returns
    -------
    list of str
        Markdown.
    """
    ordered = by_nominal_exposure(rows)
    if not ordered:
        return []
    header = ["strategy", "exposure [weight·s]", "gap", "downtime [service·s]", "completion [s]"]
    header.append("certificate")

    def cells(row: Row) -> list[str]:
        return [
            code(row["label"]),
            number(row["nominal_exposure"]),
            percent(row["gap"], 2),
            number(row["nominal_downtime"]),
            _flagged(number(row["nominal_completion_time"]), row),
            escape(row["certificate"]),
        ]

    return ["### Without failures\n", *_apart(header, ordered, cells, dropped=2)]


def _flagged(text: str, row: Row) -> str:
    return f"**{text}**" if row["nominal_completion_time"] > row["horizon"] else text


def with_failures(rows: Sequence[Row]) -> list[str]:
    """Write what plans come to under failures: means, intervals, paired to the nominal optimum.

    Parameters
    ----------
    rows : sequence of mapping
        Of the summary, one scenario.

    Returns
    -------
    list of str
        Markdown.
    """
    header = [
        "",
        "strategy",
        "total exposure [weight·s]",
        "vs nominal optimum",
        "downtime [service·s]",
        "unplanned downtime [service·s]",
        "completion [s]",
        "beyond horizon",
        "violations",
        "patched",
        "aborted",
        "variance saved",
    ]
    return ["### With failures\n", *_apart(header, rows, _under_failures)]


def _under_failures(row: Row) -> list[str]:
    if row["replications"] == 0:
        return ["", code(row["label"]), "failed", *[""] * 9]
    exposure, downtime, unplanned, completion = (
        with_interval(row[name], row[f"{name}_low"], row[f"{name}_high"], 0)
        for name in ("total_exposure", "downtime", "unplanned_downtime", "completion_time")
    )
    about = "" if row["optimum_proven"] or pd.isna(row["relative_to_nominal_optimum"]) else "~"
    return [
        "✓" if row["non_dominated"] else "",
        code(row["label"]),
        exposure,
        about + _percent_interval(row, "relative_to_nominal_optimum"),
        downtime,
        unplanned,
        completion,
        "" if row["beyond_horizon"] == 0 else f"**{percent(row['beyond_horizon'])}**",
        number(row["incompatibility_violations"], 2),
        percent(row["patched_share"]),
        percent(row["aborted"]),
        percent(row["variance_saved"]),
    ]


def _apart(
    header: Sequence[str],
    rows: Sequence[Row],
    cells: Callable[[Row], list[str]],
    dropped: int | None = None,
) -> list[str]:
    """Write plans that keep the constraints, and apart from them those that break any."""
    numbers = range(header.index("strategy") + 1, len(header))
    kept = [cells(row) for row in rows if not row["breaks"]]
    parts = [table(header, kept, numbers)] if kept else []
    broken = [[*cells(row), escape(row["breaks"])] for row in rows if row["breaks"]]
    if broken:
        shown = [at for at in range(len(header) + 1) if at != dropped]
        told = [[*header, "breaks"][at] for at in shown]
        parts.append("Apart, since they break constraints even when nothing fails:\n")
        lines = [[line[at] for at in shown] for line in broken]
        parts.append(table(told, lines, range(told.index("strategy") + 1, len(told) - 1)))
    return parts


def tails(rows: Sequence[Row]) -> str:
    """Write total exposure and downtime where luck is bad, and how likely any breach is.

    Parameters
    ----------
    rows : sequence of mapping
        Of the summary, one scenario.

    Returns
    -------
    str
        Markdown; empty if nothing was done.
    """
    kinds = {"p50": "p50", "p95": "p95", "p99": "p99", "cvar95": "CVaR"}
    header = [
        "strategy",
        *(f"exposure {shown}" for shown in kinds.values()),
        *(f"downtime {shown}" for shown in kinds.values()),
        "any breach",
    ]
    lines = [
        [
            code(row["label"]),
            *(_tail(row, f"{name}_{k}") for name in ("total_exposure", "downtime") for k in kinds),
            _percent_interval(row, "breach"),
        ]
        for row in rows
        if row["replications"]
    ]
    if not lines:
        return ""
    told = (
        "Tails: total exposure [weight·s] and downtime [service·s] where luck is bad, with 95% "
        "intervals; – where there are too few replications for one.\n\n"
    )
    return told + table(header, lines, range(1, len(header)))


def _tail(row: Row, name: str) -> str:
    value, low, high = (row[f"{name}{end}"] for end in ("", "_low", "_high"))
    return with_interval(value, low, high, 0) if not pd.isna(low) else f"{number(value)} [–]"


def beside_bound(rows: Sequence[Row]) -> list[str]:
    """Write how far plans are from what nobody can beat.

    Parameters
    ----------
    rows : sequence of mapping
        Of the summary, one scenario.

    Returns
    -------
    list of str
        Markdown; empty where no replication has a bound.
    """
    bounded = [row for row in rows if row["bounded_replications"]]
    if not bounded:
        return []
    header = ["strategy", "total exposure [weight·s]", "over the bound", "95%: at most"]
    header.append("regret [weight·s]")
    bounded.sort(key=lambda row: float(row["total_exposure_where_bounded"]))
    lines = [
        [
            code(row["label"]),
            number(row["total_exposure_where_bounded"]),
            percent(row["over_wait_and_see"]),
            percent(row["over_wait_and_see_upper"]),
            number(row["regret"]),
        ]
        for row in bounded
    ]
    return [
        "### Beside the wait-and-see bound\n",
        f"{bound_text(bounded[0])}\n",
        table(header, lines, range(1, len(header))),
    ]


def _percent_interval(row: Row, name: str) -> str:
    value, low, high = (100 * row[f"{name}{end}"] for end in ("", "_low", "_high"))
    return "–" if pd.isna(value) else f"{with_interval(value, low, high, 1)} %"
