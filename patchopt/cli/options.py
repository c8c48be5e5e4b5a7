"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from patchopt.cli import completing
from patchopt.errors import StrategyError

Scenario = Annotated[
    str,
    typer.Argument(
        metavar="SCENARIO",
        autocompletion=completing.scenarios,
        help="A YAML file, or the name of a bundled scenario.",
    ),
]
StrategyName = Annotated[
    str,
    typer.Option(
        "--strategy",
        "-s",
        autocompletion=completing.strategies,
        help="Name; see `patchopt list strategies`.",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        autocompletion=completing.settings,
        help="A parameter of the strategy; repeatable.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", file_okay=True, help="Folder to write to; omitted: only print."),
]
RequiredOut = Annotated[Path, typer.Option("--out", "-o", help="Folder to write to.")]
Force = Annotated[
    bool, typer.Option("--force", help="Write into a folder that holds something already.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed", min=0, max=2**53 - 1, help="Of all replications; omitted: the scenario's."
    ),
]
Replications = Annotated[
    int, typer.Option("--replications", "-r", min=1, max=100_000_000, help="How many runs.")
]


def _count_or_auto(text: str) -> int | str:
    if text == "auto":
        return text
    count = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= count <= 100_000_000:
        raise typer.BadParameter(f"{text!r} is neither auto nor a number from 1 to 100000000")
    return count


def _count_of_workers(count: int) -> int:
    if count == 0:
        raise typer.BadParameter("0 workers do nothing: give -1 for one a core")
    return count


Workers = Annotated[
    int,
    typer.Option(
        "--workers",
        min=-512,
        max=512,
        callback=_count_of_workers,
        help="Worker processes; -1: one a core. Results do not depend on it.",
    ),
]
ReplicationsOrAuto = Annotated[
    Any,
    typer.Option(
        "--replications",
        "-r",
        parser=_count_or_auto,
        metavar="N|auto",
        help="How many runs; auto: until mean total exposures are known to 1%.",
    ),
]
Stratify = Annotated[
    bool,
    typer.Option("--stratify", help="Deal out rare defects of releases instead of drawing them."),
]
Failures = Annotated[
    str,
    typer.Option(
        "--failures",
        "-f",
        autocompletion=completing.presets,
        help="A preset (see `patchopt list failures`), or its file, instead of the scenario's own.",
    ),
]
TimeLimit = Annotated[
    float,
    typer.Option("--time-limit", "-t", min=0.01, max=10_000_000, help="Seconds in all."),
]


def parameters(settings: list[str] | None) -> dict[str, Any]:
    """Read ``key=value`` pairs: numbers, true, false and null as such, the rest as text.

    Raises
    ------
    StrategyError
        For a pair without a key, or one given twice.
    """
    found: dict[str, Any] = {}
    for setting in settings or []:
        key, sign, text = setting.partition("=")
        if not sign or not key:
            message = f"'{setting}' is no parameter"
            raise StrategyError(message, place="--set", remedy="write it as key=value")
        if key in found:
            raise StrategyError(f"'{key}' is set twice", place="--set", remedy="set it once")
        try:
            found[key] = json.loads(text)
        except (ValueError, RecursionError):
            found[key] = text
    return found
