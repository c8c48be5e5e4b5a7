"""The commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from patchopt import __version__
from patchopt.cli import options
from patchopt.cli.options import (
    Failures,
    Force,
    Json,
    Out,
    Replications,
    ReplicationsOrAuto,
    RequiredOut,
    Scenario,
    Seed,
    Settings,
    StrategyName,
    Stratify,
    TimeLimit,
)

app = typer.Typer(
    name="patchopt",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    help="Plan, optimise, simulate and compare security-patch deployments.",
    epilog="Exit codes: 0 done, 1 done with failures, 2 bad input, 130 interrupted.",
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


@app.command()
def validate(
    scenarios: Annotated[list[str], typer.Argument(metavar="SCENARIO...")], json: Json = False
) -> None:
    """Check scenarios; show every problem, each with its place and what would do."""
    from patchopt.cli import running

    raise typer.Exit(running.validate(scenarios, json))


@app.command()
def plan(
    scenario: Scenario,
    strategy: StrategyName,
    settings: Settings = None,
    out: Out = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Plan a scenario with a strategy."""
    from patchopt.cli import running

    running.plan(scenario, strategy, options.parameters(settings), out, force, json)


@app.command()
def simulate(
    scenario: Scenario,
    strategy: Annotated[
        str | None, typer.Option("--strategy", "-s", help="Plan with this strategy.")
    ] = None,
    settings: Settings = None,
    plan: Annotated[
        Path | None, typer.Option("--plan", "-p", help="A plan.json instead of a strategy.")
    ] = None,
    seed: Seed = None,
    replications: Replications = 1,
    failures: Failures = "as_written",
    out: Out = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Simulate a plan with failure injection; write plan, metrics, events and a report."""
    from patchopt.cli import running

    if (strategy is None) == (plan is None):
        raise typer.BadParameter("give either --strategy NAME or --plan plan.json")
    if plan is not None and settings:
        raise typer.BadParameter("--set goes with --strategy, not with --plan")
    running.simulate(
        scenario,
        strategy,
        options.parameters(settings),
        plan,
        seed,
        replications,
        failures,
        out,
        force,
        json,
    )


@app.command()
def optimize(
    scenario: Scenario,
    time_limit: TimeLimit = 30.0,
    workers: Annotated[
        int,
        typer.Option(min=0, max=512, help="Parallel searches; 0: 8, or 1 if deterministic."),
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Of the search.")] = 0,
    deterministic: Annotated[
        bool,
        typer.Option(
            "--deterministic", help="Count the solver's own time: same inputs, same plan."
        ),
    ] = False,
    out: Out = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Find the plan of least exposure, with a certificate; Ctrl-C keeps the best so far."""
    from patchopt.cli import running

    limits = {
        "time_limit": time_limit,
        "workers": workers,
        "seed": seed,
        "deterministic": deterministic,
    }
    raise typer.Exit(running.optimize(scenario, limits, out, force, json))


@app.command()
def compare(
    scenario: Scenario,
    replications: ReplicationsOrAuto = "200",
    time_limit: TimeLimit = 10.0,
    seed: Seed = None,
    workers: Annotated[
        int, typer.Option(help="Worker processes; -1: one a core. Results do not depend on it.")
    ] = -1,
    failures: Failures = "as_written",
    stratify: Stratify = False,
    out: Out = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Compare every strategy with the optimum; the non-dominated ones are marked.

    The time limit counts the solver's own deterministic time, in the order of seconds,
    so that the same inputs give the same table.
    """
    from patchopt.cli import studies

    code = studies.compare(
        scenario,
        replications,
        time_limit,
        seed,
        workers,
        failures,
        stratify,
        out,
        force=force,
        as_json=json,
    )
    raise typer.Exit(code)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    epilog="Hydra's own flags work too: -m (multirun), --cfg job, --info, --hydra-help.",
)
def sweep(context: typer.Context, json: Json = False) -> None:
    """Run a study over scenarios, strategies and seeds, configured by Hydra overrides.

    For example: patchopt sweep 'sweep.scenarios=[online_boutique]'
    'sweep.strategies=[rolling,{name: canary, share: 0.2}]' sweep.replications=1000
    sweep.out=DIR parallel.n_jobs=2
    """
    from patchopt.cli import studies

    raise typer.Exit(studies.sweep(context.args, as_json=json))


@app.command()
def report(
    dataset: Annotated[Path, typer.Argument(metavar="DATASET", help="Folder of a sweep.")],
    out: RequiredOut,
    force: Force = False,
    json: Json = False,
) -> None:
    """Turn the dataset of a sweep into tables, figures and a page."""
    from patchopt.cli import studies

    studies.report(dataset, out, force=force, as_json=json)


@app.command("list")
def list_(
    what: Annotated[
        Literal["strategies", "scenarios", "failures", "metrics"],
        typer.Argument(help="What to list."),
    ],
    json: Json = False,
) -> None:
    """List what there is: strategies, bundled scenarios, presets of failures, metrics."""
    from patchopt.cli import listing

    listing.show(what, json)


@app.command()
def schema() -> None:
    """Print the JSON Schema of scenarios, for editors."""
    from patchopt.cli import printing
    from patchopt.files import scenario_schema

    printing.as_json(scenario_schema())
