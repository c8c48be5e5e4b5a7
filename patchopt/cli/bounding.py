"""``patchopt bound``: what nobody can beat on each replication, and how far the optimum is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from patchopt.cli import printing
from patchopt.cli.planning import built_with_warnings
from patchopt.cli.progress import progress
from patchopt.processes import workers_meant

if TYPE_CHECKING:
    from patchopt.cli.requests import BoundRequest
    from patchopt.model.base import Floats
    from patchopt.stochastic import Bounds, Gap

#: The file of the bounds.
_FILE = "bounds.parquet"


def deliver_bounds(request: BoundRequest) -> int:
    """Bound replications, write and print the bounds, and return the exit code."""
    from patchopt.files import load_preset, load_scenario
    from patchopt.model.presets import with_failures
    from patchopt.optimizer import OptimizerParameters, optimize
    from patchopt.simulator import simulate
    from patchopt.stochastic import bounds, gap_over
    from patchopt.stochastic.parameters import outcome_limits

    preset = load_preset(request.failures)
    infrastructure = built_with_warnings(with_failures(load_scenario(request.scenario), preset))
    request.delivery.prepare()
    seed = infrastructure.scenario.seed if request.seed is None else request.seed
    count = request.replications
    with progress() as show:
        found = bounds(
            infrastructure,
            seed,
            count,
            outcome_limits(request.time_limit),
            workers=workers_meant(request.workers),
            watch=lambda done, total: show("outcomes", done, total),
        )
    # The plan may take longer than each of the many outcomes.
    plan = optimize(infrastructure, OptimizerParameters(deterministic=True, workers=1)).plan
    outcome = simulate(infrastructure, plan, seed=seed, replications=count)
    cost = outcome.columns["total_exposure"].astype("float64")
    gap = gap_over(found.bound_milli.astype("float64"), cost)
    written = _write(request, found)
    if request.delivery.as_json:
        printing.as_json(_record(found, cost, gap))
    else:
        _print(found, cost, gap)
        sys.stdout.write(written)
    return 0


def _write(request: BoundRequest, found: Bounds) -> str:
    if request.delivery.out is None:
        return ""
    from patchopt.files.bounds_file import write_bounds

    path = request.delivery.out / _FILE
    write_bounds(path, found.frame())
    return f"written: {path}\n"


def _means(found: Bounds, cost: Floats) -> dict[str, float]:
    """Return mean total exposures in weight-seconds, by what they are of."""
    from patchopt.model.quantities import from_milli

    return {
        "bound": from_milli(float(found.bound_milli.mean())),
        "incumbent": from_milli(float(found.incumbent_milli.mean())),
        "nominal_optimum": from_milli(float(cost.mean())),
    }


def _record(found: Bounds, cost: Floats, gap: Gap) -> dict[str, Any]:
    return {
        "scenario": found.scenario,
        "seed": found.seed,
        "replications": len(found.replications),
        "outcomes": found.outcomes,
        "proven": int(found.proven.sum()),
        **_means(found, cost),
        "gap": printing.plain(gap.gap),
        "gap_upper": printing.plain(gap.upper),
    }


def _print(found: Bounds, cost: Floats, gap: Gap) -> None:
    count, means = len(found.replications), _means(found, cost)
    title = f"{found.scenario}, seed {found.seed}: {count:,} replications"
    rows = [
        ["wait-and-see bound", printing.number(means["bound"], 1), ""],
        ["who sees ahead can have", printing.number(means["incumbent"], 1), ""],
        [
            "nominal optimum",
            printing.number(means["nominal_optimum"], 1),
            f"{printing.percent(gap.gap)}, 95%: at most {printing.percent(gap.upper)}",
        ],
    ]
    columns = [("mean total exposure", False), ("weight·s", True), ("over the bound", True)]
    printing.table(columns, rows, title)
    sys.stdout.write(
        f"{found.outcomes:,} outcomes differ; the bound is met on {int(found.proven.sum()):,} of "
        f"{count:,} replications\n"
    )
