"""The summary of a study, a row a plan, and all else that a report says in numbers."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from patchopt.model.quantities import from_milli
from patchopt.reports.numbers.bootstrap import Comparison
from patchopt.reports.numbers.estimates import QUANTILES, estimates
from patchopt.reports.numbers.fronts import Front, front_of
from patchopt.reports.numbers.gaps import Reference, gap, on_same_seeds, references, rules
from patchopt.reports.numbers.study import OBJECTIVES, Study, read_study

#: Measures of the summary that come with their interval, and those of which the mean is enough.
_WITH_INTERVAL: Final = (*OBJECTIVES, "breach")
#: Measures of the summary that come with their tails.
_WITH_TAILS: Final = ("total_exposure", "downtime")
_TAILS: Final = (*QUANTILES, "cvar95")
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
    fronts : dict of str to Front
        Of each scenario in which something was done.
    references : dict of str to dict
        Best certified plans of each scenario, by the rules that they were made by.
    """

    estimates: pd.DataFrame
    summary: pd.DataFrame
    fronts: dict[str, Front]
    references: dict[str, dict[Hashable, Reference]]

    def summary_of(self, scenario: str) -> pd.DataFrame:
        """Return the rows of a scenario."""
        return self.summary[self.summary["scenario"] == scenario]

    def fronts_table(self) -> pd.DataFrame:
        """Return a row a scenario: hypervolume, and ideal, worst, reference of each objective."""
        return pd.DataFrame(
            {
                "scenario": scenario,
                "non_dominated": int(front.non_dominated.sum()),
                "compared": len(front.non_dominated),
                "hypervolume": front.hypervolume,
                **_named("ideal", front.ideal),
                **_named("worst", front.worst),
                **_named("reference", front.reference),
            }
            for scenario, front in self.fronts.items()
        )


def _named(point: str, values: Any) -> dict[str, float]:
    return {f"{point}_{name}": float(v) for name, v in zip(OBJECTIVES, values, strict=True)}


def summarise(dataset: Path) -> pd.DataFrame:
    """Summarise the dataset of a sweep, a row a plan.

    Parameters
    ----------
    dataset : Path
        Folder of the dataset.

    Returns
    -------
    DataFrame
        By scenario, then by mean total exposure, failed plans last: ``scenario``,
        ``strategy``, ``label``, ``plan``, ``guarded`` (whether every step is),
        ``replications`` (done) and ``failed`` (cells); ``non_dominated`` and its
        ``hypervolume_contribution``; means, with ``_low`` and ``_high`` for total exposure,
        downtime, completion time and ``breach`` (the probability of any downtime or
        violation); ``_p50``, ``_p95``, ``_p99`` and ``_cvar95`` of total exposure and
        downtime; ``nominal_exposure``, ``gap_to_optimum``,
        ``optimum_proven`` (else the gap is to the best plan known) and ``gap_to_bound``;
        ``relative_to_optimal``, the paired ratio of mean total exposure less 1 on the same
        seeds, and ``difference_to_optimal`` in weight·s, both with limits;
        ``variance_saved`` by the same seeds, of the variance of that difference.

    Raises
    ------
    DatasetError
        If the dataset is missing, damaged or of another schema version.
    """
    return results_of(read_study(dataset)).summary


def results_of(study: Study) -> Results:
    """Compute all numbers of a report."""
    found = estimates(study)
    means = found.pivot(index="plan", columns="metric", values=["mean", "low", "high", *_TAILS])
    failed = study.failed["plan"].value_counts().to_dict()
    rows: list[dict[str, Any]] = []
    fronts: dict[str, Front] = {}
    certified: dict[str, dict[Hashable, Reference]] = {}
    for scenario in study.scenarios:
        cells = study.cells_of(scenario)
        certified[scenario] = references(study, scenario)
        done = [int(plan) for plan in cells["plan"] if plan in means.index]
        marks: dict[int, dict[str, Any]] = {}
        if done:
            front = front_of(means.loc[done, [("mean", o) for o in OBJECTIVES]].to_numpy(float))
            fronts[scenario] = front
            marks = {
                plan: {"non_dominated": bool(kept), "hypervolume_contribution": float(volume)}
                for plan, kept, volume in zip(
                    done, front.non_dominated, front.contributions, strict=True
                )
            }
        for cell in cells.to_dict("records"):
            number = int(cell["plan"])
            measured = pd.Series(means.loc[number]) if number in marks else None
            row = _identity(study, cell) | {"failed": failed.get(number, 0)}
            row |= marks.get(number, {"non_dominated": False, "hypervolume_contribution": np.nan})
            row |= _means(measured) | _nominal(study, number, certified[scenario])
            rows.append(row | _paired(study, number, certified[scenario]))
    summary = pd.DataFrame(rows)
    order = {scenario: number for number, scenario in enumerate(study.scenarios)}
    summary = summary.sort_values(
        ["scenario", "total_exposure", "plan"],
        key=lambda column: column.map(order) if column.name == "scenario" else column,
        ignore_index=True,
    )
    return Results(found, summary, fronts, certified)


def _identity(study: Study, cell: Mapping[Hashable, Any]) -> dict[str, Any]:
    number = int(cell["plan"])
    plan = study.plan(number)
    return {
        "scenario": cell["scenario"],
        "strategy": cell["strategy"],
        "label": cell["label"],
        "plan": number,
        "guarded": plan is not None and plan.fully_guarded,
        "replications": int((study.runs["plan"] == number).sum()),
    }


def _means(measured: pd.Series[Any] | None) -> dict[str, float]:
    def value(kind: str, name: str) -> float:
        return np.nan if measured is None else float(measured[(kind, name)])

    found: dict[str, float] = {}
    for name in _WITH_INTERVAL:
        found[name] = value("mean", name)
        found[f"{name}_low"] = value("low", name)
        found[f"{name}_high"] = value("high", name)
    for name in _WITH_TAILS:
        found |= {f"{name}_{kind}": value(kind, name) for kind in _TAILS}
    return found | {name: value("mean", name) for name in _MEAN_ONLY}


def _reference(
    study: Study, number: int, certified: Mapping[Hashable, Reference]
) -> Reference | None:
    if number not in study.plans.index:
        return None
    return certified.get(rules(str(study.plans.loc[number, "parameters"])))


def _nominal(study: Study, number: int, certified: Mapping[Hashable, Reference]) -> dict[str, Any]:
    reference = _reference(study, number, certified)
    nominal = float(study.plans["nominal_exposure"].get(number, np.nan))
    return {
        "nominal_exposure": nominal,
        "gap_to_optimum": gap(nominal, reference.objective) if reference else np.nan,
        "optimum_proven": bool(reference and reference.proven),
        "gap_to_bound": gap(nominal, reference.bound) if reference else np.nan,
    }


def _paired(study: Study, number: int, certified: Mapping[Hashable, Reference]) -> dict[str, float]:
    reference = _reference(study, number, certified)
    found = on_same_seeds(study, number, reference.plan) if reference else None
    found = found or Comparison()
    itself = reference is not None and reference.plan == number
    return {
        "relative_to_optimal": found.ratio,
        "relative_to_optimal_low": found.ratio_low,
        "relative_to_optimal_high": found.ratio_high,
        "difference_to_optimal": from_milli(found.difference),
        "difference_to_optimal_low": from_milli(found.difference_low),
        "difference_to_optimal_high": from_milli(found.difference_high),
        "variance_saved": np.nan if itself else found.variance_saved,
    }
