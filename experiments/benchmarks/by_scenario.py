"""A study of every bundled scenario under some presets: a line of results each, then a table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from result_lines import Line, Lines
from tables import between_marks

from patchopt.files import bundled_scenarios


def rows(presets: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return every scenario under every preset."""
    return [(scenario, preset) for scenario in bundled_scenarios() for preset in presets]


def run(
    doc: str,
    presets: tuple[str, ...],
    lines: Lines,
    sizes: tuple[int, ...],
    measure: Callable[[str, str, int], Line],
    table: Callable[[list[Line]], str],
    folder: Path,
) -> None:
    """Run a study's command line.

    Parameters
    ----------
    doc : str
        What it says of itself.
    presets : tuple of str
        Under which scenarios are looked at.
    lines : Lines
        Of its results, known by scenario, preset and sizes.
    sizes : tuple of int
        Those of results that are wanted.
    measure : callable
        Makes a line of a scenario under a preset, with so many workers.
    table : callable
        Makes the table of all lines.
    folder : Path
        Of its README.md, whose marks bear its name.
    """
    parser = argparse.ArgumentParser(description=doc.partition("\n")[0])
    parser.add_argument("scenario", nargs="?", choices=bundled_scenarios())
    parser.add_argument("failures", nargs="?", choices=presets)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--all", action="store_true", help="run all that is left")
    parser.add_argument("--table", action="store_true", help="write the table into README.md")
    given = parser.parse_args()
    if given.scenario and not given.failures:
        parser.error("give a preset beside the scenario")
    every = rows(presets)
    wanted = [(given.scenario, given.failures)] if given.scenario else every if given.all else []
    for scenario, failures in wanted:
        if (scenario, failures, *sizes) not in lines.done():
            line = measure(scenario, failures, given.workers)
            lines.put(line)
            sys.stderr.write(f"{scenario}, {failures}: done\n")
    if given.table:
        text = table(lines.all())
        sys.stdout.write(text)
        between_marks(folder.name, text, folder)
    elif not wanted:
        done = lines.done()
        for scenario, failures in every:
            state = "done" if (scenario, failures, *sizes) in done else "left"
            sys.stdout.write(f"{scenario:<20}{failures:<16}{state}\n")
