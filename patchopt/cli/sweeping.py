"""``patchopt sweep``: one study, or Hydra's multirun of several."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from patchopt.cli import printing
from patchopt.cli.summaries import print_ending


def run_studies(arguments: Sequence[str], *, as_json: bool) -> int:
    """Run one sweep, or what Hydra's flags ask for; return the exit code.

    Parameters
    ----------
    arguments : sequence of str
        Of the command line, as Hydra takes them.
    as_json : bool
        Print for programs instead of people.
    """
    from patchopt.sweeps import run_command_line

    with printing.progress() as watch:
        ran = run_command_line(arguments, watch=watch)
    # Hydra's flags for information have no results, and have printed all there is.
    if as_json and ran != type(ran)():
        printing.as_json([{**vars(result), "out": str(result.out)} for result in ran.results])
    else:
        for result in ran.results:
            sys.stdout.write(f"{result.rows} replications of {result.plans} plans: {result.out}\n")
    codes = [print_ending(result) for result in ran.results]
    for text in ran.refused:
        printing.error(text)
        codes.append(2)
    if ran.interrupted and 130 not in codes:
        printing.note("interrupted: finished jobs are kept")
        codes.append(130)
    return max(codes, default=0)
