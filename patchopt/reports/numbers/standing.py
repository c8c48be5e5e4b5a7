"""How the plans of a scenario stand to each other over all objectives that vary (MODEL 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from patchopt.model.base import Floats
from patchopt.reports.numbers.fronts import Front, front_of, non_dominated
from patchopt.reports.numbers.hypervolumes import (
    VOLUMES,
    Beside,
    Volume,
    besides,
    lost_of,
    whole_of,
)
from patchopt.reports.numbers.objectives import (
    OBJECTIVES,
    as_point,
    places_of,
    reference_of,
    varying,
)
from patchopt.reports.numbers.shared import Shared, shared
from patchopt.reports.numbers.study import Study


@dataclass(frozen=True, eq=False, kw_only=True)
class Standing:
    """How the plans of a scenario that keep the constraints stand to each other.

    Parameters
    ----------
    plans : tuple of int
        Which are compared.
    replications : int
        That all of them have; 0 if none.
    objectives : tuple of str
        Those that vary among their means.
    reference : mapping of str to float
        Of every objective, in its unit.
    front : Front
        Of their means.
    stays : ndarray of float64, shape (plans,)
        In what share of resamples each is non-dominated; NaN without resamples.
    whole : Volume
        Of all of them together.
    lost : tuple of Volume
        What would be lost without each.
    strategies : tuple of Beside
        Of each strategy; none if there is one alone.
    """

    plans: tuple[int, ...]
    replications: int
    objectives: tuple[str, ...]
    reference: Mapping[str, float]
    front: Front
    stays: Floats
    whole: Volume
    lost: tuple[Volume, ...]
    strategies: tuple[Beside, ...]

    @property
    def alike(self) -> tuple[str, ...]:
        """Objectives that are left out, since they are the same for all plans."""
        return tuple(name for name in OBJECTIVES if name not in self.objectives)

    @property
    def beyond(self) -> int:
        """How many non-dominated plans are not below the reference, and add no volume."""
        return int((self.front.beyond & self.front.non_dominated).sum())

    def columns_of(self, plan: int) -> Mapping[str, Any]:
        """Return what a summary says of a plan; of one that is not compared, nothing."""
        if plan not in self.plans:
            return NOT_COMPARED
        at = self.plans.index(plan)
        return {
            "non_dominated": bool(self.front.non_dominated[at]),
            "stays_non_dominated": float(self.stays[at]),
            "hypervolume_contribution": self.lost[at].value,
            "hypervolume_contribution_low": self.lost[at].low,
            "hypervolume_contribution_high": self.lost[at].high,
        }


#: The columns of plans that are not compared.
NOT_COMPARED: Final[Mapping[str, Any]] = {
    "non_dominated": False,
    "stays_non_dominated": np.nan,
    "hypervolume_contribution": np.nan,
    "hypervolume_contribution_low": np.nan,
    "hypervolume_contribution_high": np.nan,
}


def standing_of(
    study: Study,
    scenario: str,
    plans: Sequence[int],
    means: pd.DataFrame,
    given: Mapping[str, float],
) -> Standing:
    """Compare the plans of a scenario over all objectives that vary among them.

    Parameters
    ----------
    study : Study
        What was measured.
    scenario : str
        Its name.
    plans : sequence of int
        Those that keep the constraints and were run; at least one.
    means : DataFrame
        Of every plan, by objective: taken where plans share no replication.
    given : mapping of str to float
        Of some objectives, in place of the scenario's own reference.

    Returns
    -------
    Standing
        Shares and limits from resamples of the replications that all plans have, the same
        ones for every plan.
    """
    strategies = study.cells.set_index("plan")["strategy"].loc[list(plans)].tolist()
    reference = reference_of(study.infrastructure(scenario)) | dict(given)
    found = shared(study, plans, OBJECTIVES)
    points = means.loc[list(plans), list(OBJECTIVES)].to_numpy(float)
    return standing(tuple(plans), strategies, found, points, reference)


def standing(
    plans: tuple[int, ...],
    strategies: Sequence[str],
    found: Shared | None,
    points: Floats,
    reference: Mapping[str, float],
) -> Standing:
    """Compare plans from what they share; see `standing_of`.

    Parameters
    ----------
    plans : tuple of int
        Their numbers.
    strategies : sequence of str
        Of each.
    found : Shared, optional
        What they came to under the same luck, over all objectives.
    points : ndarray of float64, shape (plans, 5)
        Means, in case that they share nothing.
    reference : mapping of str to float
        Of every objective.
    """
    points = points if found is None else found.means
    objectives = varying(points)
    at = places_of(objectives)
    corner = as_point(reference, objectives)
    front = front_of(points[:, at], corner)
    again = found.resampled[:, :, at] if found is not None and found.varies else None
    kept = None if again is None else non_dominated(again)
    few = None if again is None else again[:VOLUMES]
    return Standing(
        plans=plans,
        replications=0 if found is None else found.replications,
        objectives=objectives,
        reference=reference,
        front=front,
        stays=np.full(len(plans), np.nan) if kept is None else kept.mean(axis=0),
        whole=whole_of(front, few, corner),
        lost=lost_of(front, few, kept, corner),
        strategies=besides(strategies, points[:, at], few, corner),
    )


def fronts_table(standings: Mapping[str, Standing]) -> pd.DataFrame:
    """Return a row a scenario: how many are non-dominated, hypervolume, reference, what varies."""
    return pd.DataFrame(
        {
            "scenario": scenario,
            "non_dominated": int(one.front.non_dominated.sum()),
            "compared": len(one.plans),
            "beyond_reference": one.beyond,
            "replications": one.replications,
            "hypervolume": one.whole.value,
            "hypervolume_low": one.whole.low,
            "hypervolume_high": one.whole.high,
            **{f"varies_{name}": name in one.objectives for name in OBJECTIVES},
            **{f"reference_{name}": one.reference[name] for name in OBJECTIVES},
        }
        for scenario, one in standings.items()
    )


def strategies_table(standings: Mapping[str, Standing]) -> pd.DataFrame:
    """Return a row a scenario and strategy: hypervolume of its plans, of the rest, difference."""
    rows = [
        {
            "scenario": scenario,
            "strategy": each.strategy,
            "plans": each.plans,
            "hypervolume": each.own,
            "hypervolume_of_the_rest": each.rest,
            "difference": each.difference.value,
            "difference_low": each.difference.low,
            "difference_high": each.difference.high,
        }
        for scenario, one in standings.items()
        for each in one.strategies
    ]
    return pd.DataFrame(rows, columns=_STRATEGIES)


_STRATEGIES: Final = [
    "scenario",
    "strategy",
    "plans",
    "hypervolume",
    "hypervolume_of_the_rest",
    "difference",
    "difference_low",
    "difference_high",
]
