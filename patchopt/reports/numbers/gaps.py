"""How far plans are from what is proven, and from the nominal optimum under the same luck."""

from __future__ import annotations

import json
import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from patchopt.model.base import Floats
from patchopt.model.metrics import TOTAL_EXPOSURE, Metric
from patchopt.reports.numbers.bootstrap import Comparison, compare, exact
from patchopt.reports.numbers.study import LUCK, Study

#: Where replications are among those of a plan, or what they are known by.
Places = NDArray[np.int64]


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


class Pairs(NamedTuple):
    """Observations of two plans under the same luck, in the smallest unit of a measure.

    Parameters
    ----------
    values, others : ndarray of float64, shape (replications,)
        Of one plan and of the other.
    strata : ndarray of int64, shape (replications,)
        Which replications are alike.
    weights : ndarray of float64, shape (replications,)
        How many each stands for.
    """

    values: Floats
    others: Floats
    strata: Places
    weights: Floats


def paired(study: Study, plan: int, other: int, measure: Metric = TOTAL_EXPOSURE) -> Pairs | None:
    """Put two plans side by side, replication by replication of each seed.

    Returns
    -------
    Pairs or None
        None if they share no replication.
    """
    own, theirs = pairs_of(luck_of(study, plan), luck_of(study, other))
    if not len(own):
        return None
    strata, weights = (study.column(plan, name)[own] for name in ("stratum", "weight"))
    values, others = (
        exact(study.column(number, measure.name), measure.kind)[places]
        for number, places in ((plan, own), (other, theirs))
    )
    return Pairs(values, others, strata.astype(np.int64), weights)


def under_same_luck(study: Study, plan: int, reference: int) -> Comparison | None:
    """Compare the total exposure of two plans, replication by replication of each seed.

    Returns
    -------
    Comparison or None
        None if they share no replication; differences in milli-weight-seconds.
    """
    found = paired(study, plan, reference)
    return None if found is None else compare(*found)


def luck_of(study: Study, plan: int) -> tuple[Places, ...]:
    """Return the seed and the number of each replication of a plan."""
    return tuple(study.column(plan, name) for name in LUCK)


def pairs_of(luck: tuple[Places, ...], other: tuple[Places, ...]) -> tuple[Places, Places]:
    """Return where the replications are that two plans share, by seed and number."""
    if all(map(np.array_equal, luck, other)):
        # Nearly always: no index is needed, which takes a hundred bytes a replication.
        order = np.lexsort(luck[::-1])
        return order, order
    mine, theirs = (pd.MultiIndex.from_arrays(list(each), names=LUCK) for each in (luck, other))
    shared = mine.intersection(theirs).sort_values()
    return mine.get_indexer(shared), theirs.get_indexer(shared)
