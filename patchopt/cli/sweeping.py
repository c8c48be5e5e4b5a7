"""``patchopt sweep``: one study, or Hydra's multirun of several."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from patchopt.cli import printing, stopping
from patchopt.cli.progress import progress
from patchopt.cli.summaries import print_ending

if TYPE_CHECKING:
    from patchopt.sweeps import Forecast, SweepResult


def run_studies(
    arguments: Sequence[str], *, only: Sequence[str], dry_run: bool, as_json: bool
) -> int:
    """Run one sweep, or what Hydra's flags ask for; return the exit code.

    Parameters
    ----------
    arguments : sequence of str
        Of the command line, as Hydra takes them.
    only : sequence of str
        What alone is to be finished, each ``key=value``.
    dry_run : bool
        Only say what there is to do.
    as_json : bool
        Print for programs instead of people.
    """
    from patchopt.sweeps import run_command_line

    given = [*arguments, *_overrides(only, dry_run=dry_run)]
    with progress() as watch:
        ran = run_command_line(given, watch=watch, tell=_tell_of_owner)
    # Hydra's flags for information have no results, and have printed all there is.
    if as_json and ran != type(ran)():
        printing.as_json([{**asdict(result), "out": str(result.out)} for result in ran.results])
    else:
        for result in ran.results:
            _print_result(result)
    codes: list[int] = []
    warned: set[str] = set()  # jobs of a multirun mostly share their scenarios
    for result in ran.results:
        codes.append(print_ending(result, warned=warned))
        warned.update(result.warnings)
    for text in ran.refused:
        printing.error(text)
        codes.append(2)
    if ran.interrupted and stopping.INTERRUPTED not in codes:
        printing.note("interrupted: finished jobs are kept")
        codes.append(stopping.INTERRUPTED)
    return max(codes, default=0)


def _overrides(only: Sequence[str], *, dry_run: bool) -> list[str]:
    """Return our own flags as the overrides that they stand for."""
    found = ["sweep.dry_run=true"] if dry_run else []
    if only:
        escaped = (entry.replace("\\", "\\\\").replace("'", "\\'") for entry in only)
        found.append("sweep.only=[" + ",".join(f"'{entry}'" for entry in escaped) + "]")
    return found


def _tell_of_owner(owner: str) -> None:
    printing.note(f"waiting for another sweep that is writing there ({owner})")


def _print_result(result: SweepResult) -> None:
    if not result.forecast:
        sys.stdout.write(f"{result.rows} replications of {result.plans} plans: {result.out}\n")
        return
    columns = [("scenario", False), ("strategy", False), ("plan", False), ("seeds", True)]
    columns += [("replications", True), ("done", True), ("left", True)]
    printing.table(columns, map(_forecast_row, result.forecast), title=f"{result.out}, to be done")
    printing.note(_duration_left(result.forecast))


def _forecast_row(row: Forecast) -> list[str]:
    every = "until precise" if row.replications is None else printing.number(row.replications)
    left = _seconds(row.remaining_s)
    seeds, done = printing.number(row.seeds), printing.number(row.done)
    return [row.scenario, row.label, row.plan, seeds, every, done, left]


def _seconds(seconds: float | None) -> str:
    from patchopt.model.quantities import format_duration

    if seconds is None:
        return "–"
    return f"about {format_duration(seconds)}" if seconds else "nothing"


def _duration_left(rows: Sequence[Forecast]) -> str:
    known = [row.remaining_s for row in rows if row.remaining_s is not None]
    if len(known) < len(rows):
        return "how long the rest takes is not known: nothing of it has run here yet"
    left_s = sum(known)
    if not left_s:
        return "all of it is finished"
    return f"left: {_seconds(left_s)} of one worker's time, by what has run here"
