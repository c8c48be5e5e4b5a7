"""The commands: what each takes, parsed into one request that is handed down whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from patchopt import __version__
from patchopt.cli import completing, options
from patchopt.cli.group import Commands
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
    Workers,
)
from patchopt.cli.requests import (
    BoundRequest,
    CompareRequest,
    Delivery,
    OptimizeRequest,
    PlanRequest,
    ReportRequest,
    SimulateRequest,
    StrategyChoice,
)

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


@app.command("validate")
def _validate(
    scenarios: Annotated[
        list[str], typer.Argument(metavar="SCENARIO", autocompletion=completing.scenarios)
    ],
    json: Json = False,
) -> None:
    """Check scenarios; show every problem, each with its place and what would do."""
    from patchopt.cli.validating import check_scenarios

    raise typer.Exit(check_scenarios(scenarios, as_json=json))


@app.command("plan")
def _plan(
    scenario: Scenario,
    strategy: StrategyName,
    settings: Settings = None,
    out: Out = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Plan a scenario with a strategy."""
    from patchopt.cli.planning import deliver_plan

    deliver_plan(
        PlanRequest(
            scenario=scenario,
            strategy=StrategyChoice(name=strategy, parameters=options.parameters(settings)),
            delivery=Delivery(out=out, force=force, as_json=json),
        )
    )


@app.command("simulate")
def _simulate(
    scenario: Scenario,
    strategy: Annotated[
        str | None,
        typer.Option(
            "--strategy",
            "-s",
            autocompletion=completing.strategies,
            help="Plan with this strategy.",
        ),
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
    from patchopt.cli.simulating import deliver_run

    deliver_run(
        SimulateRequest(
            scenario=scenario,
            plan=_strategy_or_plan(strategy, settings, plan),
            seed=seed,
            replications=replications,
            failures=failures,
            delivery=Delivery(out=out, force=force, as_json=json),
        )
    )


def _strategy_or_plan(
    strategy: str | None, settings: list[str] | None, plan: Path | None
) -> StrategyChoice | Path:
    if strategy is not None and plan is None:
        return StrategyChoice(name=strategy, parameters=options.parameters(settings))
    if plan is None or strategy is not None:
        raise typer.BadParameter("give either --strategy NAME or --plan plan.json")
    if settings:
        raise typer.BadParameter("--set goes with --strategy, not with --plan")
    return plan


@app.command("optimize")
def _optimize(
    scenario: Scenario,
    time_limit: TimeLimit = 30.0,
    workers: Annotated[
        int,
        typer.Option(min=0, max=512, help="Searches of CP-SAT side by side; 0: 8, or 1."),
    ] = 0,
    gap: Annotated[
        float,
        typer.Option(min=0, max=0.999, help="(objective - bound) / objective that is good enough."),
    ] = 0.0,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Of the search.")] = 0,
    deterministic: Annotated[
        bool,
        typer.Option(
            "--deterministic", help="Count steps instead of the clock: same inputs, same plan."
        ),
    ] = False,
    out: Out = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Find the nominal optimum, with a certificate; Ctrl-C keeps the best plan so far."""
    from patchopt.cli.planning import deliver_optimum

    request = OptimizeRequest(
        scenario=scenario,
        limits={
            "time_limit": time_limit,
            "workers": workers,
            "gap": gap,
            "seed": seed,
            "deterministic": deterministic,
        },
        delivery=Delivery(out=out, force=force, as_json=json),
    )
    raise typer.Exit(deliver_optimum(request))


@app.command("verify")
def _verify(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="A plan.json.")],
    scenario: Scenario,
    reprove: Annotated[
        bool, typer.Option("--reprove", help="Prove the claims of the proof again, and use them.")
    ] = False,
    json: Json = False,
) -> None:
    """Check a plan and its certificate, without solver and search; exit code 1 if it is false.

    The plan is executed without failures, every constraint is checked at every instant, and
    objective, gap and bound are computed anew from scenario and proof.
    """
    from patchopt.cli.verifying import deliver_verdict

    raise typer.Exit(deliver_verdict(plan, scenario, reprove=reprove, as_json=json))


@app.command("compare")
def _compare(
    scenario: Scenario,
    replications: ReplicationsOrAuto = "200",
    time_limit: TimeLimit = 10.0,
    seed: Seed = None,
    workers: Workers = -1,
    failures: Failures = "as_written",
    stratify: Stratify = False,
    out: Out = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Compare every strategy with the nominal optimum, without failures and with them.

    The time limit counts the solver's own deterministic time, in the order of seconds,
    so that the same inputs give the same table.
    """
    from patchopt.cli.comparing import deliver_comparison

    request = CompareRequest(
        scenario=scenario,
        replications=replications,
        time_limit=time_limit,
        seed=seed,
        workers=workers,
        failures=failures,
        stratify=stratify,
        delivery=Delivery(out=out, force=force, as_json=json),
    )
    raise typer.Exit(deliver_comparison(request))


@app.command("bound")
def _bound(
    scenario: Scenario,
    replications: Replications = 200,
    time_limit: Annotated[
        float,
        typer.Option(
            "--time-limit", "-t", min=0.01, max=10_000_000, help="Seconds of each outcome."
        ),
    ] = 0.5,
    seed: Seed = None,
    workers: Workers = -1,
    failures: Failures = "as_written",
    out: Out = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Bound what any plan can reach under failures, and say how far the nominal optimum is.

    On every replication the cheapest schedule of one who knows all its luck beforehand is a
    bound on the total exposure of every guarded plan or policy of whole units (wait and see).
    The time limit counts the solver's own deterministic time, so that the same inputs give the
    same bounds.
    """
    from patchopt.cli.bounding import deliver_bounds

    request = BoundRequest(
        scenario=scenario,
        replications=replications,
        time_limit=time_limit,
        seed=seed,
        workers=workers,
        failures=failures,
        delivery=Delivery(out=out, force=force, as_json=json),
    )
    raise typer.Exit(deliver_bounds(request))


@app.command(
    "sweep",
    context_settings={"ignore_unknown_options": True},
    epilog="Hydra's own flags work too: -m (multirun), --cfg job, --info, --hydra-help.",
)
def _sweep(
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="OVERRIDE",
            help="group=option, key=value; and Hydra's flags.",
            autocompletion=completing.overrides,
            show_default=False,
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            autocompletion=completing.selected,
            help="Finish these cells alone: scenario, strategy, label or seed; repeatable.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what there is to do, and do nothing.")
    ] = False,
    json: Json = False,
) -> None:
    r"""Run a study over scenarios, strategies and seeds, configured by Hydra overrides.

    For example: patchopt sweep 'sweep.scenarios=\[online_boutique]'
    'sweep.strategies=\[rolling,{name: canary, share: 0.2}]' sweep.replications=1000
    sweep.out=DIR parallel.n_jobs=2

    The same command again goes on where it was interrupted; more seeds, strategies, scenarios
    or replications run only what is new.
    """
    from patchopt.cli.sweeping import run_studies

    raise typer.Exit(run_studies(overrides or [], only=only or [], dry_run=dry_run, as_json=json))


@app.command("report")
def _report(
    datasets: Annotated[
        list[Path], typer.Argument(metavar="DATASET", help="Folders of sweeps, or of multiruns.")
    ],
    out: RequiredOut,
    each: Annotated[
        bool, typer.Option("--each", help="Report on each dataset, in a folder below --out.")
    ] = False,
    force: Force = False,
    json: Json = False,
) -> None:
    """Turn the dataset of a sweep into tables, figures and a page.

    Several datasets, and the jobs of a multirun, are reported on as one study: what is the same
    in them is pooled, what differs is told apart by what differs in their configurations.
    """
    from patchopt.cli.reporting import deliver_report

    request = ReportRequest(datasets=tuple(datasets), out=out, each=each, force=force, as_json=json)
    raise typer.Exit(deliver_report(request))


@app.command("list")
def _list(
    what: Annotated[
        Literal["strategies", "scenarios", "failures", "metrics"],
        typer.Argument(help="What to list."),
    ],
    json: Json = False,
) -> None:
    """List what there is: strategies, bundled scenarios, presets of failures, metrics."""
    from patchopt.cli.listing import print_list

    print_list(what, as_json=json)


@app.command("schema")
def _schema() -> None:
    """Print the JSON Schema of scenarios, for editors."""
    from patchopt.cli import printing
    from patchopt.files import scenario_schema

    printing.as_json(scenario_schema())
