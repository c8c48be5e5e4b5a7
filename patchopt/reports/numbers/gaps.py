"""How far plans are from what is proven, and from the nominal optimum under the same luck."""

from __future__ import annotations

import json
import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from patchopt.model.base import Floats
from patchopt.model.metrics import TOTAL_EXPOSURE
from patchopt.reports.numbers.bootstrap import Comparison, compare, exact
from patchopt.reports.numbers.study import Study

#: What two plans must share to have met the same luck.
_LUCK: Final = ["seed", "replication"]


@dataclass(frozen=True)
class Reference:
    """The nominal optimum of a scenario: the best certified plan.

    Parameters
    ----------
    plan : int
        Its number.
    label : str
        Its label.
    objective : float
        Its nominal exposure, weight·s.
    bound : float
        What no guarded plan of whole units can be below, weight·s; NaN if none is known.
    proven : bool
        Whether the objective is proven optimal; else it is the best known.
    """

    plan: int
    label: str
    objective: float
    bound: float
    proven: bool


def rules(parameters: str) -> Hashable:
    """Return the rules that a plan was made by: certificates hold for plans under the same ones."""
    given = json.loads(parameters)
    return given.get("respect_units", True), given.get("on_infeasible", "downtime")


def references(study: Study, scenario: str) -> dict[Hashable, Reference]:
    """Return the best certified plan of a scenario for each set of rules.

    Parameters
    ----------
    study : Study
        With the certificates.
    scenario : str
        Name of the scenario.

    Returns
    -------
    dict of rules to Reference
        Empty without a certified plan. Of several certificates the lowest objective
        counts, and the highest bound.
    """
    plans = study.plans
    certified = plans[(plans["scenario"] == scenario) & plans["objective"].notna()]
    found: dict[Hashable, Reference] = {}
    for key, rows in certified.groupby(certified["parameters"].map(rules), sort=False):
        best = rows.sort_values(["objective", "plan"]).iloc[0]
        bound = float(rows["bound"].max())
        objective = float(best["objective"])
        proven = bool((rows["certificate_status"] == "optimal").any()) or bound >= objective
        found[key] = Reference(int(best["plan"]), str(best["label"]), objective, bound, proven)
    return found


def gap(value: float, bound: float) -> float:
    """Return (value - bound) / value, as certificates have it: 0 if both are 0.

    Examples
    --------
    >>> gap(150.0, 120.0), gap(0.0, 0.0)
    (0.2, 0.0)
    """
    if value == 0:
        return 0.0 if bound == 0 else math.nan
    return (value - bound) / value


def under_same_luck(study: Study, plan: int, reference: int) -> Comparison | None:
    """Compare the total exposure of two plans, replication by replication of each seed.

    Returns
    -------
    Comparison or None
        None if they share no replication; differences in milli-weight-seconds.
    """
    first, second = (
        study.runs[study.runs["plan"] == number].set_index(_LUCK) for number in (plan, reference)
    )
    shared = first.index.intersection(second.index).sort_values()
    if not len(shared):
        return None
    ordered = [rows.loc[shared] for rows in (first, second)]
    values, others = (_totals(rows) for rows in ordered)
    strata = ordered[0]["stratum"].to_numpy(np.int64)
    return compare(values, others, strata, ordered[0]["weight"].to_numpy(np.float64))


def _totals(rows: pd.DataFrame) -> Floats:
    """Return total exposures in milli-weight-seconds."""
    return exact(rows, TOTAL_EXPOSURE.name, TOTAL_EXPOSURE.kind)
