"""Commands on one plan: what each takes, parsed into one request that is handed down whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from patchopt.cli import completing, options
from patchopt.cli.options import (
    Failures,
    Force,
    Json,
    Out,
    Replications,
    Scenario,
    Seed,
    Settings,
    StrategyName,
    TimeLimit,
)
from patchopt.cli.requests import (
    Delivery,
    OptimizeRequest,
    PlanRequest,
    SimulateRequest,
    StrategyChoice,
)

plans = typer.Typer()


@plans.command("validate")
def _validate(
    scenarios: Annotated[
        list[str], typer.Argument(metavar="SCENARIO", autocompletion=completing.scenarios)
    ],
    json: Json = False,
) -> None:
    """Check scenarios; show every problem, each with its place and what would do."""
    from patchopt.cli.validating import check_scenarios

    raise typer.Exit(check_scenarios(scenarios, as_json=json))


@plans.command("plan")
def _plan(
    scenario: Scenario,
    strategy: StrategyName,
    settings: Settings = None,
    failures: Failures = "as_written",
    out: Out = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Plan a scenario with a strategy; of them `expected` plans for the failures given."""
    from patchopt.cli.planning import deliver_plan

    deliver_plan(
        PlanRequest(
            scenario=scenario,
            strategy=StrategyChoice(name=strategy, parameters=options.parameters(settings)),
            failures=failures,
            delivery=Delivery(out=out, force=force, as_json=json),
        )
    )


@plans.command("simulate")
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


@plans.command("optimize")
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


@plans.command("verify")
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
