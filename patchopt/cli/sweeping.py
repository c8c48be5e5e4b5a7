"""``patchopt sweep``: one study, or Hydra's multirun of several."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from patchopt.cli import printing
from patchopt.cli.summaries import print_ending


def run_studies(arguments: Sequence[str], *, as_json: bool) -> int:
    """Run one sweep, or hand over to Hydra where one of its flags is given; return the exit code.

    Parameters
    ----------
    arguments : sequence of str
        Of the command line, as Hydra takes them.
    as_json : bool
        Print for programs instead of people.
    """
    from patchopt.sweeps import multirun, sweep

    if any(argument.startswith("-") for argument in arguments):
        results = multirun(arguments)
    else:
        with printing.progress() as watch:
            results = [sweep(arguments, watch=watch)]
    if as_json:
        printing.as_json([{**vars(result), "out": str(result.out)} for result in results])
    else:
        for result in results:
            sys.stdout.write(f"{result.rows} replications of {result.plans} plans: {result.out}\n")
    return max((print_ending(result) for result in results), default=0)
