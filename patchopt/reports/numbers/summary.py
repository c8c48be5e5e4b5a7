"""The summary of a study, a row a plan, and all else that a report says in numbers."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import pandas as pd

from patchopt.model.quantities import from_milli
from patchopt.reports.numbers.beside_bound import (
    BesideBound,
    beside_bound,
    columns_of,
    decompositions,
)
from patchopt.reports.numbers.bootstrap import Comparison
from patchopt.reports.numbers.estimates import TAIL_COLUMNS, WITH_TAILS, estimates
from patchopt.reports.numbers.gaps import Reference, gap, references, rules, under_same_luck
from patchopt.reports.numbers.keeping import Keeping, keepings
from patchopt.reports.numbers.objectives import OBJECTIVES
from patchopt.reports.numbers.opening import open_study
from patchopt.reports.numbers.standing import NOT_COMPARED, Standing, standing_of
from patchopt.reports.numbers.study import Study, Watcher

#: A row of a summary.
R = TypeVar("R", bound=Mapping[Any, Any])

#: How the bound of a plan is known, by what checking it has come to.
_KNOWN: Final = {"shown": "proof checked", "not checked": "by search"}
#: Measures of the summary that come with their interval, and those of which the mean is enough.
_WITH_INTERVAL: Final = (*OBJECTIVES, "downtime", "breach")
_MEAN_ONLY: Final = (
    "exposure",
    "residual_exposure",
    "incompatibility_violations",
    "failures",
    "patched_share",
    "aborted",
)


@dataclass(frozen=True, eq=False)
class Results:
    """All that a report says in numbers.

    Parameters
    ----------
    estimates : DataFrame
        Mean and interval of every measure of every plan, a row each.
    summary : DataFrame
        A row a plan; see `summarise`.
    standings : dict of str to Standing
        Of each scenario in which a plan that keeps the constraints was run.
    references : dict of str to dict
        Best certified plans of each scenario, by the rules that they were made by.
    """

    estimates: pd.DataFrame
    summary: pd.DataFrame
    standings: dict[str, Standing]
    references: dict[str, dict[Hashable, Reference]]

    def summary_of(self, scenario: str) -> pd.DataFrame:
        """Return the rows of a scenario."""
        return self.summary[self.summary["scenario"] == scenario]


def summarise(*datasets: Path) -> pd.DataFrame:
    """Summarise the dataset of a sweep, or several as one study, a row a plan.

    Parameters
    ----------
    *datasets : Path
        Folders of datasets, or of multiruns.

    Returns
    -------
    DataFrame
        By scenario; plans that keep the constraints first, then those that break any, then
        failed ones, each by mean total exposure: ``scenario``, ``strategy``, ``label``,
        ``plan``, ``guarded`` (whether every step is), ``breaks`` (what it breaks when nothing
        goes wrong, empty if nothing), ``replications`` (done) and ``failed`` (cells);
        ``non_dominated``, among those that break nothing, over the objectives that vary;
        ``stays_non_dominated``, the share of resamples in which it is, and
        ``hypervolume_contribution``, a share of the box, with ``_low`` and ``_high``.

        With failures: means, with ``_low`` and ``_high`` for total exposure, downtime,
        ``unplanned_downtime``, lost capacity, ``surge_node_seconds``, completion time and
        ``breach`` (its probability);
        ``_p50``, ``_p95``, ``_p99`` and ``_cvar95`` of total exposure and downtime, each with
        ``_low`` and ``_high``;
        ``beyond_horizon``, the share of replications that end after it;
        ``nominal_optimum``, number of the plan that stands for it, -1 if there is none;
        ``relative_to_nominal_optimum``, the paired ratio of mean total exposure less 1 under the
        same luck, and ``difference_to_nominal_optimum`` in weight·s, both with limits;
        ``better_than_nominal_optimum``, whether the limits of the difference are below 0 and
        nothing is broken; ``variance_saved`` by the same luck, of the variance of that
        difference.

        Beside what nobody can beat, of plans that break nothing, on the ``bounded_replications``:
        ``total_exposure_where_bounded``, ``wait_and_see_bound`` and ``wait_and_see_incumbent``,
        means in weight·s; ``bounds_proven``, on how many the two are equal;
        ``over_wait_and_see``, total exposure / bound - 1, and its one-sided 95% limit
        ``over_wait_and_see_upper``, with two-sided ones ``_low`` and ``_high``;
        ``bound_gap``, ``value_of_information`` and ``regret``,
        in weight·s, which add up to the distance from the bound.

        Without failures: ``nominal_exposure``, ``nominal_downtime``,
        ``nominal_completion_time``, to hold against the ``horizon``; ``bound``, below which no
        guarded plan of whole units can be, and ``gap``, (nominal exposure - bound) / nominal
        exposure, of plans that break nothing; ``certificate``, of the plan itself;
        ``optimum_proven``, whether the nominal optimum is proven or only the best plan known.

    Raises
    ------
    DatasetError
        If one is missing, damaged or of another schema version.
    """
    with open_study(*datasets) as study:
        return results_of(study).summary


def by_nominal_exposure(rows: Sequence[R]) -> list[R]:
    """Return the rows of a summary that have a plan, least nominal exposure first."""
    planned = [row for row in rows if not pd.isna(row["nominal_exposure"])]
    return sorted(planned, key=lambda row: (float(row["nominal_exposure"]), row["plan"]))


def results_of(
    study: Study,
    reference: Mapping[str, float] | None = None,
    watch: Watcher | None = None,
) -> Results:
    """Compute all numbers of a report.

    Parameters
    ----------
    study : Study
        What was measured.
    reference : mapping of str to float, optional
        Of some objectives, that of hypervolumes, in place of the scenario's own.
    watch : callable, optional
        Told of the progress; see `estimates`.
    """
    found = estimates(study, watch)
    told = ["mean", "low", "high", *TAIL_COLUMNS]
    means = found.pivot(index="plan", columns="metric", values=told)
    plain = found.pivot(index="plan", columns="metric", values="mean")
    failed = study.failed["plan"].value_counts().to_dict()
    rows: list[dict[str, Any]] = []
    standings: dict[str, Standing] = {}
    certified: dict[str, dict[Hashable, Reference]] = {}
    for scenario in study.scenarios:
        cells = study.cells_of(scenario)
        certified[scenario] = references(study, scenario)
        kept = keepings(study, scenario)
        done = [int(plan) for plan in cells["plan"] if plan in means.index]
        comparable = [plan for plan in done if not kept[plan].breaks]
        if comparable:
            standings[scenario] = standing_of(study, scenario, comparable, plain, reference or {})
        stands = standings.get(scenario)
        bounded = _bounded(study, scenario, [plan for plan in done if kept[plan].comparable])
        parts = decompositions(bounded)
        for cell in cells.to_dict("records"):
            number = int(cell["plan"])
            measured = pd.Series(means.loc[number]) if number in done else None
            row = _identity(study, cell) | {"failed": failed.get(number, 0)}
            row |= {"breaks": ", ".join(kept[number].breaks) if number in kept else ""}
            row |= stands.columns_of(number) if stands else NOT_COMPARED
            row |= _means(measured) | {
                "beyond_horizon": _beyond_horizon(study, number, kept.get(number))
            }
            row |= _nominal(study, number, certified[scenario], kept.get(number))
            row |= columns_of(bounded.get(number), parts.get(number))
            rows.append(row | _paired(study, number, certified[scenario], kept.get(number)))
    summary = pd.DataFrame(rows)
    order = {scenario: number for number, scenario in enumerate(study.scenarios)}

    def place(column: pd.Series[Any]) -> pd.Series[Any]:
        if column.name == "scenario":
            return column.map(order)
        if column.name == "breaks":
            return column != ""
        return column == 0 if column.name == "replications" else column

    by = ["scenario", "replications", "breaks", "total_exposure", "plan"]
    summary = summary.sort_values(by, key=place, ignore_index=True)
    return Results(found, summary, standings, certified)


def _bounded(study: Study, scenario: str, plans: Sequence[int]) -> dict[int, BesideBound]:
    """Return plans beside the wait-and-see bound, those with the most bounded replications."""
    found = {plan: beside_bound(study, scenario, plan) for plan in plans}
    most = max((one.replications for one in found.values() if one), default=0)
    return {plan: one for plan, one in found.items() if one and one.replications == most}


def _beyond_horizon(study: Study, number: int, kept: Keeping | None) -> float:
    """Return the share of a plan's replications that end after the horizon."""
    if kept is None or not study.counts.get(number, 0):
        return np.nan
    late = study.column(number, "completion_time") > kept.horizon_s
    return float(np.average(late.astype(np.float64), weights=study.column(number, "weight")))


def _identity(study: Study, cell: Mapping[Hashable, Any]) -> dict[str, Any]:
    number = int(cell["plan"])
    plan = study.plan(number)
    return {
        "scenario": cell["scenario"],
        "strategy": cell["strategy"],
        "label": cell["label"],
        "plan": number,
        "guarded": plan is not None and plan.fully_guarded,
        "replications": study.counts.get(number, 0),
    }


def _means(measured: pd.Series[Any] | None) -> dict[str, float]:
    def value(kind: str, name: str) -> float:
        return np.nan if measured is None else float(measured[(kind, name)])

    found: dict[str, float] = {}
    for name in _WITH_INTERVAL:
        found[name] = value("mean", name)
        found[f"{name}_low"] = value("low", name)
        found[f"{name}_high"] = value("high", name)
    for name in WITH_TAILS:
        found |= {f"{name}_{kind}": value(kind, name) for kind in TAIL_COLUMNS}
    return found | {name: value("mean", name) for name in _MEAN_ONLY}


def _reference(
    study: Study, number: int, certified: Mapping[Hashable, Reference]
) -> Reference | None:
    if number not in study.plans.index:
        return None
    return certified.get(rules(str(study.plans.loc[number, "parameters"])))


def _nominal(
    study: Study,
    number: int,
    certified: Mapping[Hashable, Reference],
    kept: Keeping | None,
) -> dict[str, Any]:
    reference = _reference(study, number, certified)
    plans = study.plans
    nominal = float(plans["nominal_exposure"].get(number, np.nan))
    status = plans["certificate_status"].get(number)
    bound = reference.bound if reference else np.nan
    return {
        "nominal_exposure": nominal,
        "nominal_downtime": float(kept.downtime_s) if kept else np.nan,
        "nominal_completion_time": _number(plans["nominal_completion_time"].get(number)),
        "horizon": float(kept.horizon_s) if kept else np.nan,
        "bound": bound,
        "gap": gap(nominal, bound) if kept and kept.comparable else np.nan,
        "certificate": "" if status is None or pd.isna(status) else _certificate(plans, number),
        "optimum_proven": bool(reference and reference.proven),
    }


def _certificate(plans: pd.DataFrame, number: int) -> str:
    """Return the status of a plan's certificate, and how its bound is known."""
    status, bound_is = plans["certificate_status"][number], plans["bound_is"][number]
    return f"{status}, {_KNOWN[bound_is]}" if bound_is in _KNOWN else str(status)


def _number(value: Any) -> float:
    return np.nan if value is None or pd.isna(value) else float(value)


def _paired(
    study: Study,
    number: int,
    certified: Mapping[Hashable, Reference],
    kept: Keeping | None,
) -> dict[str, Any]:
    reference = _reference(study, number, certified)
    found = under_same_luck(study, number, reference.plan) if reference else None
    found = found or Comparison()
    itself = reference is not None and reference.plan == number
    return {
        "nominal_optimum": reference.plan if reference else -1,
        "relative_to_nominal_optimum": found.ratio,
        "relative_to_nominal_optimum_low": found.ratio_low,
        "relative_to_nominal_optimum_high": found.ratio_high,
        "difference_to_nominal_optimum": from_milli(found.difference),
        "difference_to_nominal_optimum_low": from_milli(found.difference_low),
        "difference_to_nominal_optimum_high": from_milli(found.difference_high),
        "better_than_nominal_optimum": bool(
            kept is not None and not kept.breaks and found.difference_high < 0
        ),
        "variance_saved": np.nan if itself else found.variance_saved,
    }
