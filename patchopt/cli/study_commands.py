"""Commands on many runs, and lists: what each takes, parsed into one request.

They stand behind those on one plan.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from patchopt.cli import completing
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
    Stratify,
    TimeLimit,
    Workers,
    parameters,
)
from patchopt.cli.requests import (
    ArchiveRequest,
    BoundRequest,
    CompareRequest,
    Delivery,
    GenerateRequest,
    ReportRequest,
    ReproduceRequest,
)

studies = typer.Typer()


@studies.command("compare")
def _compare(
    scenario: Scenario,
    replications: ReplicationsOrAuto = "200",
    bounded: Annotated[
        int,
        typer.Option(
            "--bounded",
            "-b",
            min=0,
            max=1_000_000,
            help="Replications with a wait-and-see bound.",
        ),
    ] = 20,
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
        bounded=bounded,
        time_limit=time_limit,
        seed=seed,
        workers=workers,
        failures=failures,
        stratify=stratify,
        delivery=Delivery(out=out, force=force, as_json=json),
    )
    raise typer.Exit(deliver_comparison(request))


@studies.command("bound")
def _bound(
    scenario: Scenario,
    replications: Replications = 200,
    time_limit: Annotated[
        float,
        typer.Option(
            "--time-limit", "-t", min=0.01, max=10_000_000, help="Seconds of each outcome."
        ),
    ] = 0.2,
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


@studies.command(
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


@studies.command("report")
def _report(
    datasets: Annotated[
        list[Path], typer.Argument(metavar="DATASET", help="Folders of sweeps, or of multiruns.")
    ],
    out: RequiredOut,
    each: Annotated[
        bool, typer.Option("--each", help="Report on each dataset, in a folder below --out.")
    ] = False,
    paper: Annotated[
        Literal["ieee", "acm"] | None,
        typer.Option(help="Tables and numbers for LaTeX too, as this venue prints, in paper/."),
    ] = None,
    reference: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OBJECTIVE=VALUE",
            help="Of hypervolumes, in place of the scenario's own; with commas, or repeatable.",
        ),
    ] = None,
    workers: Workers = -1,
    force: Force = False,
    json: Json = False,
) -> None:
    """Turn the dataset of a sweep into tables, figures and a page.

    Several datasets, and the jobs of a multirun, are reported on as one study: what is the same
    in them is pooled, what differs is told apart by what differs in their configurations.
    """
    from patchopt.cli.reporting import deliver_report

    request = ReportRequest(
        datasets=tuple(datasets),
        out=out,
        each=each,
        paper=paper,
        reference=tuple(reference or ()),
        workers=workers,
        force=force,
        as_json=json,
    )
    raise typer.Exit(deliver_report(request))


@studies.command("archive")
def _archive(
    datasets: Annotated[
        list[Path], typer.Argument(metavar="DATASET", help="Folders of sweeps, or of multiruns.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to make.")] = Path(
        "artifact.zip"
    ),
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    json: Json = False,
) -> None:
    """Put a study into one file: inputs, results, report, environment, checksums.

    Several datasets, and the jobs of a multirun, are one study, as they are to `report`.
    """
    from patchopt.cli.archiving import deliver_archive

    request = ArchiveRequest(datasets=tuple(datasets), out=out, force=force, as_json=json)
    raise typer.Exit(deliver_archive(request))


@studies.command("reproduce")
def _reproduce(
    archive: Annotated[Path, typer.Argument(metavar="ARTIFACT", help="Made by `archive`.")],
    quick: Annotated[
        bool, typer.Option("--quick", help="One scenario, the smallest: some minutes.")
    ] = False,
    workers: Workers = -1,
    json: Json = False,
) -> None:
    """Run the study of an artefact again, and compare it row by row and byte by byte.

    The exit code is 0 if it comes to the same, 1 if anything differs.
    """
    from patchopt.cli.archiving import deliver_reproduction

    request = ReproduceRequest(archive=archive, quick=quick, workers=workers, as_json=json)
    raise typer.Exit(deliver_reproduction(request))


@studies.command("generate")
def _generate(
    out: RequiredOut,
    nodes: Annotated[
        list[int] | None,
        typer.Option(min=2, max=2_000_000, help="How many, 60 unless given; repeatable."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**53 - 1, help="Of the first instance.")] = 0,
    count: Annotated[
        int, typer.Option(min=1, max=100_000, help="Instances of each size, with seeds in a row.")
    ] = 1,
    family: Annotated[
        str,
        typer.Option(autocompletion=completing.families, help="See `patchopt list families`."),
    ] = "plain",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            autocompletion=completing.factors,
            help="A factor that differs from the family's (`patchopt list factors`); repeatable.",
        ),
    ] = None,
    failures: Failures = "as_written",
    force: Force = False,
    json: Json = False,
) -> None:
    """Make up instances from seeds and factors, one scenario file each.

    For example: patchopt generate --nodes 20 --nodes 100 --count 10 --set slack=0.3
    --set 'replicas=[3, 6]' --set rollback=1 --failures independent --out results/instances
    """
    from patchopt.cli.generating import deliver_instances

    request = GenerateRequest(
        nodes=tuple(dict.fromkeys(nodes or [60])),
        seed=seed,
        count=count,
        family=family,
        factors=parameters(settings),
        failures=failures,
        out=out,
        force=force,
        as_json=json,
    )
    raise typer.Exit(deliver_instances(request))


@studies.command("list")
def _list(
    what: Annotated[
        Literal["strategies", "scenarios", "failures", "metrics", "families", "factors"],
        typer.Argument(help="What to list."),
    ],
    json: Json = False,
) -> None:
    """List what there is: strategies, scenarios, presets of failures, metrics, instances."""
    from patchopt.cli.listing import print_list

    print_list(what, as_json=json)


@studies.command("schema")
def _schema() -> None:
    """Print the JSON Schema of scenarios, for editors."""
    from patchopt.cli import printing
    from patchopt.files import scenario_schema

    printing.as_json(scenario_schema())
