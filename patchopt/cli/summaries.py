"""What studies come to, printed: the tables of a scenario, and how a sweep ended."""

from __future__ import annotations

import math
import sys
import textwrap
from typing import TYPE_CHECKING, Any

from patchopt.cli import printing, stopping

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from patchopt.sweeps import SweepResult


def print_ending(result: SweepResult, *, kept: bool = True, warned: Collection[str] = ()) -> int:
    """Say what is worth knowing, what failed, if it was interrupted; return the exit code.

    Of warnings those that were printed before are left out.
    """
    for warning in result.warnings:
        if warning not in warned:
            printing.warn(warning)
    for cell, error in result.failures.items():
        first, *rest = error.splitlines()
        printing.note(
            f"failed: {cell}: {first}" + (f" (and {len(rest)} more lines)" if rest else "")
        )
    for cell in result.imprecise:
        printing.note(f"not as precise as wanted: {cell}: the cap on replications came first")
    if result.interrupted:
        where = (
            f"what was finished is in {result.out}, and the same command goes on"
            if kept
            else "with --out it is kept"
        )
        printing.note(f"interrupted: {where}")
        return stopping.INTERRUPTED
    if not result.complete and not result.forecast:
        printing.note(f"not all of the study is finished yet: {result.out} has what is")
    return 1 if result.failures else 0


def records_of(summary: Any) -> list[dict[str, Any]]:
    """Return the rows of a summary with values that JSON knows."""
    rows = summary.to_dict(orient="records")
    return [{key: printing.plain(value) for key, value in row.items()} for row in rows]


def print_summary(summary: Any) -> None:
    """Print a summary: two tables a scenario, without failures and with them.

    Plans that break constraints come last, apart from the others.
    """
    from patchopt.reports.numbers.summary import by_nominal_exposure
    from patchopt.reports.numbers.verdict import verdict

    records = summary.to_dict(orient="records")
    scenarios = dict.fromkeys(record["scenario"] for record in records)
    for scenario in scenarios:
        found = verdict([r for r in records if r["scenario"] == scenario])
        if found:
            sys.stdout.write(f"{scenario}: {found}\n")
    for scenario in scenarios:
        rows = [record for record in records if record["scenario"] == scenario]
        _print_apart(
            _NOMINAL, by_nominal_exposure(rows), _nominal_row, f"{scenario}, without failures"
        )
        late = any(row["beyond_horizon"] > 0 for row in rows)
        _print_apart(
            _UNDER_FAILURES,
            rows,
            _row_under_failures,
            f"{scenario}, with failures",
            left_out=() if late else (_LATE,),
        )
        bounded = [row for row in rows if row["bounded_replications"]]
        if bounded:
            _print_bounded(scenario, bounded)
    sys.stdout.write(_LEGEND)


def _print_bounded(scenario: str, rows: Sequence[dict[str, Any]]) -> None:
    """Print how far plans are from what nobody can beat, and what that distance is made of."""
    from patchopt.reports.numbers.beside_bound import bound_text

    rows = sorted(rows, key=lambda row: float(row["total_exposure_where_bounded"]))
    lines = [
        [
            row["label"],
            printing.number(row["total_exposure_where_bounded"]),
            _signed(row["over_wait_and_see"]),
            _signed(row["over_wait_and_see_upper"]),
            printing.number(row["regret"]),
        ]
        for row in rows
    ]
    printing.table(_BOUNDED, lines, f"{scenario}, beside the wait-and-see bound")
    sys.stdout.write(f"{textwrap.fill(bound_text(rows[0]), 96)}\n")


_LEGEND = """\
exposure: weight·s; downtime: service·s; completion: s. gap: (exposure - proven bound) / exposure.
total exposure: mean until the end of the observation, and how far its 95% interval reaches. vs
nominal optimum: paired under the same luck; ~ if that is only the best plan known. unplanned: the
downtime that no running step allows. *: non-dominated among plans that break nothing, over those of
total exposure, unplanned downtime, lost capacity, surge and completion in which they differ.
!: plans, and replications, that end after the horizon.
"""
_NOMINAL = [
    ("strategy", False),
    ("exposure", True),
    ("gap", True),
    ("downtime", True),
    ("completion", True),
    ("certificate", False),
]
_BOUNDED = [
    ("strategy", False),
    ("total exposure", True),
    ("over the bound", True),
    ("95%: at most", True),
    ("regret", True),
]
_LATE = "beyond horizon"
_UNDER_FAILURES = [
    ("", False),
    ("strategy", False),
    ("total exposure", True),
    ("vs nominal optimum", True),
    ("downtime", True),
    ("unplanned", True),
    ("completion", True),
    (_LATE, True),
    ("patched", True),
    ("aborted", True),
]


def _print_apart(
    columns: list[tuple[str, bool]],
    records: Sequence[dict[str, Any]],
    row: Callable[[dict[str, Any]], list[str]],
    title: str,
    left_out: Sequence[str] = (),
) -> None:
    """Print plans that keep the constraints, and below them those that break any."""
    broken = any(record["breaks"] for record in records)
    every = [*columns, ("breaks", False)] if broken else columns
    shown = [at for at, (name, _) in enumerate(every) if name not in left_out]

    def cells(record: dict[str, Any]) -> list[str]:
        told = [*row(record), record["breaks"]]
        return [told[at] for at in shown]

    printing.table(
        [every[at] for at in shown],
        [cells(record) for record in records if not record["breaks"]],
        title,
        apart=[cells(record) for record in records if record["breaks"]],
    )


def _nominal_row(record: dict[str, Any]) -> list[str]:
    return [
        record["label"],
        printing.number(record["nominal_exposure"]),
        printing.percent(record["gap"], 2),
        printing.number(record["nominal_downtime"]),
        ("! " if record["nominal_completion_time"] > record["horizon"] else "")
        + printing.number(record["nominal_completion_time"]),
        record["certificate"],
    ]


def _row_under_failures(record: dict[str, Any]) -> list[str]:
    if record["replications"] == 0:
        return ["", record["label"], "failed", *[""] * 7]
    late = record["beyond_horizon"]
    return [
        "*" if record["non_dominated"] else "",
        record["label"],
        _mean(record, "total_exposure"),
        _ratio(record, "relative_to_nominal_optimum"),
        printing.number(record["downtime"]),
        printing.number(record["unplanned_downtime"]),
        printing.number(record["completion_time"]),
        f"! {printing.percent(late)}" if late else "",
        printing.percent(record["patched_share"]),
        printing.percent(record["aborted"]),
    ]


def _mean(record: dict[str, Any], name: str) -> str:
    """Write a mean, and how far its 95% interval reaches in percent of it."""
    value, low, high = (record[f"{name}{end}"] for end in ("", "_low", "_high"))
    if math.isnan(low) or low == high or not value:
        return printing.number(value)
    return f"{printing.number(value)} [{_signed(low / value - 1)}, {_signed(high / value - 1)}]"


def _ratio(record: dict[str, Any], name: str) -> str:
    """Write a ratio less 1 in percent, with its 95% interval; a dash if there is none."""
    value, low, high = (record[f"{name}{end}"] for end in ("", "_low", "_high"))
    if math.isnan(value):
        return "–"
    interval = "" if math.isnan(low) or low == high else f" [{_signed(low)}, {_signed(high)}]"
    return f"{'' if record['optimum_proven'] else '~'}{_signed(value)}{interval}"


def _signed(share: float) -> str:
    """Write a share as a percentage with its sign, of three digits or more if it is large."""
    return f"{share:+.1%}" if abs(share) < 1 else f"{share:+,.0%}"
