"""The command line's root: what it is called, and what it says of itself."""

from __future__ import annotations

from typing import Annotated

import typer

from patchopt import __version__
from patchopt.cli.commands import plans
from patchopt.cli.group import Commands
from patchopt.cli.study_commands import studies

app = typer.Typer(
    name="patchopt",
    cls=Commands,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    help="Plan, optimise, simulate and compare security-patch deployments.",
    epilog=(
        "Exit codes: 0 done, 1 done with failures, 2 bad input, 130 interrupted, 143 terminated."
    ),
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"patchopt {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


# Without names of their own their commands are those of the root, in this order.
app.add_typer(plans)
app.add_typer(studies)
