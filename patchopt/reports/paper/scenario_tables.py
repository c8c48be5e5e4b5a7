"""What was studied, and what is proven of it: scenarios, and certificates."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from patchopt.model.facts import assumed_share
from patchopt.model.infrastructure import Infrastructure
from patchopt.reports.numbers.gaps import gap
from patchopt.reports.numbers.study import Study
from patchopt.reports.numbers.summary import Results
from patchopt.reports.paper.outcome_tables import PLAN, exposure_column, percent_column
from patchopt.reports.paper.printed import Cell, Column, Number, Printed, Row


def scenario_table(study: Study) -> Printed:
    """Return a row a scenario: sizes, slack, and what can go wrong."""
    rows = []
    for scenario in study.scenarios:
        built = study.infrastructure(scenario)
        counts = (
            len(built.nodes.ids),
            len(built.units),
            len(built.services.names),
            len(built.releases.names),
            len(built.edges.source),
        )
        assumed = assumed_share(built.scenario)
        crew = built.limits.max_parallel
        cells: list[Cell] = [
            scenario,
            *(Number(value=float(count)) for count in counts),
            Number(value=float(crew)) if crew >= 0 else "any",
            Number(value=slack(built)),
            ", ".join(dangers(built)) or "none",
            Number(value=math.nan if assumed is None else assumed),
        ]
        rows.append(Row(group="", cells=cells))
    counted = ("nodes", "units", "services", "releases", "edges", "crew")
    return Printed(
        name="T1_scenarios",
        caption="Scenarios.",
        columns=(
            Column(key="scenario", title="scenario"),
            *(Column(key=name, title=name, decimals=0) for name in counted),
            percent_column("slack", "slack", decimals=0),
            Column(key="failures", title="what can go wrong"),
            percent_column("assumed", "assumed", decimals=0),
        ),
        rows=tuple(rows),
        notes=(
            (
                "Slack: instances that services can spare, of all instances. Assumed: share of the "
                "fields that are no facts, where the scenario says which are."
            ),
        ),
    )


def slack(infrastructure: Infrastructure) -> float:
    """Return which share of all instances services can spare; NaN without instances."""
    services = infrastructure.services
    every = int(services.instances.sum())
    spare = int(np.maximum(services.instances - services.min_up, 0).sum())
    return spare / every if every else math.nan


def dangers(infrastructure: Infrastructure) -> Iterator[str]:
    """Yield the kinds of failures that are possible."""
    nodes, around = infrastructure.nodes, infrastructure.surroundings
    releases = infrastructure.releases
    live = nodes.patched
    if (nodes.failure_probability[live] > 0).any():
        yield "attempts"
    if (nodes.rollback_failure_probability[live] > 0).any():
        yield "rollbacks"
    if (nodes.duration_sigma[live] > 0).any():
        yield "times"
    if (nodes.latent_probability[live] > 0).any():
        yield "latent"
    if (releases.defect_probability > 0).any():
        yield "defects"
    if around.alarms_per_day > 0:
        yield "alarms"
    if around.crash_mtbf_s >= 0:
        yield "crashes"


def optimisation_table(study: Study, results: Results) -> Printed | None:
    """Return a row a certified plan; None without any."""
    plans = study.plans
    certified = plans[plans["objective"].notna()]
    if certified.empty:
        return None
    rows = []
    for scenario in study.scenarios:
        for row in certified[certified["scenario"] == scenario].to_dict("records"):
            objective, bound = float(row["objective"]), float(row["bound"])
            cells: list[Cell] = [
                str(row["label"]),
                Number(value=objective),
                Number(value=bound),
                Number(value=gap(objective, bound)),
                str(row["certificate_status"]),
                _known(row),
                _seed(row),
            ]
            rows.append(Row(group=scenario, cells=cells))
    return Printed(
        name="T2_optimisation",
        caption="Exposure without failures, and below which no guarded plan of whole units is.",
        columns=(
            PLAN,
            exposure_column("objective", "objective", results),
            exposure_column("bound", "bound", results),
            percent_column("gap", "gap", decimals=2),
            Column(key="status", title="status"),
            Column(key="bound_is", title="bound is"),
            Column(key="seed", title="seed"),
        ),
        rows=tuple(rows),
        notes=("Gap: (objective - bound) / objective.",),
    )


def _known(row: dict[Any, Any]) -> str:
    return "" if pd.isna(row["bound_is"]) else str(row["bound_is"])


def _seed(row: dict[Any, Any]) -> str:
    """Return the seed of the search, where it has one."""
    given = json.loads(row["parameters"])
    return str(given.get("seed", ""))
