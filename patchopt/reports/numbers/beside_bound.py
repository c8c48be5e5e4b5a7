"""How far plans are from what nobody can beat, on the replications that have a bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from patchopt.model.base import Floats, Ints
from patchopt.model.metrics import TOTAL_EXPOSURE
from patchopt.reports.numbers.gaps import luck_of, pairs_of
from patchopt.reports.numbers.study import LUCK, Study
from patchopt.stochastic.gaps import Gap, gap_over


@dataclass(frozen=True, kw_only=True)
class BesideBound:
    """A plan beside the wait-and-see bound, on the replications that both have.

    Parameters
    ----------
    replications, proven : int
        How many there are, and on how many of them the bound is met by who sees ahead.
    bound, incumbent : float
        Means in weight-seconds: of what nobody is below, and of what one who sees ahead can have.
    cost : float
        Mean total exposure of the plan, weight-seconds.
    gap : Gap
        Of the plan over the bound.
    """

    replications: int
    proven: int
    bound: float
    incumbent: float
    cost: float
    gap: Gap


def beside_bound(study: Study, scenario: str, plan: int) -> BesideBound | None:
    """Compare a plan with the wait-and-see bounds of its scenario.

    Returns
    -------
    BesideBound or None
        None if no replication of the plan has a bound, or, where defects are dealt out, none of
        some stratum.
    """
    bounds = study.bounds_of(scenario)
    if bounds.empty or not study.counts.get(plan, 0):
        return None
    known = tuple(bounds[name].to_numpy() for name in LUCK)
    luck = luck_of(study, plan)
    # Few of many replications have a bound, and only those are looked up.
    there = np.flatnonzero(np.logical_and.reduce(list(map(np.isin, luck, known))))
    own, other = pairs_of(tuple(each[there] for each in luck), known)
    own = there[own]
    if not len(own):
        return None
    bound, incumbent = (bounds[name].to_numpy(float)[other] for name in ("bound", "incumbent"))
    cost: Floats = study.column(plan, TOTAL_EXPOSURE.name)[own].astype(float)
    strata, shares = _shares(study, plan, own)
    if not shares.all():
        return None
    return BesideBound(
        replications=len(own),
        proven=int(np.equal(bound, incumbent).sum()),
        bound=float(shares @ bound),
        incumbent=float(shares @ incumbent),
        cost=float(shares @ cost),
        gap=gap_over(bound, cost, strata, shares),
    )


def _shares(study: Study, plan: int, places: Ints) -> tuple[Ints, Floats]:
    """Return the strata of some replications of a plan, and what each of them stands for.

    All replications of the plan together tell how probable each stratum is, exactly.
    """
    every, weights = study.column(plan, "stratum").astype(np.int64), study.column(plan, "weight")
    strata = every[places]
    if not every.any():
        return strata, np.full(len(places), 1 / len(places))
    known = np.bincount(every, weights) / weights.sum()
    counts = np.bincount(strata, minlength=len(known))
    if (counts[known > 0] == 0).any():
        return strata, np.zeros(len(places))
    return strata, (known / np.maximum(counts, 1))[strata]


@dataclass(frozen=True, kw_only=True)
class Decomposition:
    """What the distance between a plan and the bound is made of, weight-seconds.

    Parameters
    ----------
    bound_gap : float
        From the bound to what one who sees ahead can have: the bound may be weak by so much.
    information : float
        From there to the best plan that is known: what seeing ahead is worth, at most.
    regret : float
        From there to the plan.
    """

    bound_gap: float
    information: float
    regret: float


def decompositions(found: Mapping[int, BesideBound]) -> dict[int, Decomposition]:
    """Part each plan's distance from the bound.

    Parameters
    ----------
    found : mapping of int to BesideBound
        Plans of one scenario, on the same replications, that keep the constraints.

    Returns
    -------
    dict of int to Decomposition
        The parts of a plan add up to its mean total exposure less the mean bound.

    Examples
    --------
    >>> gap = Gap(gap=0.0, upper=0.0)
    >>> shared = {"replications": 9, "proven": 0, "bound": 10.0, "incumbent": 11.0, "gap": gap}
    >>> plans = {1: BesideBound(cost=14.0, **shared), 2: BesideBound(cost=12.0, **shared)}
    >>> decompositions(plans)[1]
    Decomposition(bound_gap=1.0, information=1.0, regret=2.0)
    """
    if not found:
        return {}
    best = min(one.cost for one in found.values())
    return {
        plan: Decomposition(
            bound_gap=one.incumbent - one.bound,
            information=best - one.incumbent,
            regret=one.cost - best,
        )
        for plan, one in found.items()
    }


def pooled(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put bounds of several datasets together: of two for one replication both hold.

    Parameters
    ----------
    tables : sequence of DataFrame
        Each as a dataset has it.
    """
    every = pd.concat(tables, ignore_index=True)
    by = ["scenario", *LUCK]
    if not every.duplicated(by).any():
        return every
    grouped = every.groupby(by, sort=False, as_index=False)
    best = grouped.agg({"bound": "max", "incumbent": "min"})
    best["status"] = np.where(best["bound"] == best["incumbent"], "proven", "bound")
    return best


def columns_of(found: BesideBound | None, parts: Decomposition | None) -> dict[str, float]:
    """Return what a summary says of a plan beside the bound; NaN where there is nothing to say."""
    nothing = float("nan")
    return {
        "bounded_replications": found.replications if found else 0,
        "bounds_proven": found.proven if found else 0,
        "wait_and_see_bound": found.bound if found else nothing,
        "wait_and_see_incumbent": found.incumbent if found else nothing,
        "total_exposure_where_bounded": found.cost if found else nothing,
        "over_wait_and_see": found.gap.gap if found else nothing,
        "over_wait_and_see_upper": found.gap.upper if found else nothing,
        "over_wait_and_see_low": found.gap.low if found else nothing,
        "over_wait_and_see_high": found.gap.high if found else nothing,
        "bound_gap": parts.bound_gap if parts else nothing,
        "value_of_information": parts.information if parts else nothing,
        "regret": parts.regret if parts else nothing,
    }


def bound_text(row: Mapping[Any, Any]) -> str:
    """Say what the bound of a scenario is, and what lies between it and the best plan.

    Parameters
    ----------
    row : mapping
        Of the summary, of any plan that has a bound.
    """
    count, proven = int(row["bounded_replications"]), int(row["bounds_proven"])
    bound, incumbent = row["wait_and_see_bound"], row["wait_and_see_incumbent"]
    return (
        f"On {count:,} replications nobody is below {bound:,.0f} weight·s in the mean; who sees "
        f"ahead can have {incumbent:,.0f} (the two meet on {proven:,}), and the best plan here is "
        f"{row['value_of_information']:,.0f} above that: what seeing ahead is worth, at most. The "
        "regret of a plan is what it has more than that best one."
    )
