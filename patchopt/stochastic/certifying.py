"""What is told with a plan of least expected exposure: how far from the best it can be."""

from __future__ import annotations

from math import isfinite

from patchopt.model.expectation import Sample, WaitAndSeeGap
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.quantities import from_milli
from patchopt.stochastic.bounding import bounds
from patchopt.stochastic.expecting import Expected, Watch
from patchopt.stochastic.gaps import gap_over
from patchopt.stochastic.parameters import outcome_limits


def wait_and_see_gap(
    infrastructure: Infrastructure,
    expected: Expected,
    replications: int,
    *,
    workers: int = 1,
    watch: Watch | None = None,
) -> WaitAndSeeGap:
    """Compare a plan with wait-and-see bounds, on the first of its fresh replications.

    Parameters
    ----------
    infrastructure : Infrastructure
        Where.
    expected : Expected
        The plan and its costs.
    replications : int
        How many get a bound; there is none on more than the costs are of.
    workers : int
        Processes; the result does not depend on it.
    watch : callable, optional
        Told of progress.
    """
    costs = expected.costs[:replications]
    seed = expected.expectation.fresh.seed
    found = bounds(
        infrastructure,
        seed,
        len(costs),
        outcome_limits(),
        workers=workers,
        watch=None if watch is None else lambda done, total: watch("outcomes", done, total),
    )
    bound = from_milli(found.bound_milli.astype("float64"))
    gap = gap_over(bound, costs)
    return WaitAndSeeGap(
        sample=Sample(seed=seed, replications=len(costs)),
        bound=float(bound.mean()),
        proven=int(found.proven.sum()),
        gap=_finite(gap.gap),
        upper=_finite(gap.upper),
    )


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
