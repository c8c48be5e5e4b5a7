"""The plan of least expected exposure that is found, and what is known of it (MODEL 12.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass as validated

from patchopt.model.base import STRICT, Floats, Ints
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.items import items_of
from patchopt.model.metrics import Z_95
from patchopt.model.plan import Plan
from patchopt.optimizer.decoder import Decoder, coded
from patchopt.optimizer.engine import compiled
from patchopt.optimizer.parameters import OptimizerParameters, Seconds
from patchopt.optimizer.problem import Problem, problem_of
from patchopt.optimizer.schedule import Schedule
from patchopt.optimizer.search.start_lists import start_lists
from patchopt.optimizer.search_and_prove import solve
from patchopt.simulator.loop.streams import replication_keys
from patchopt.stochastic.equivalent import equivalent
from patchopt.stochastic.evaluating import TAIL_FROM, Evaluator, Risk, risk_of
from patchopt.stochastic.outcomes import Oracle
from patchopt.stochastic.searching import Listed, Search

#: Seeds far from those that anybody compares plans on: of the search, and of the last word.
_TRAINING: Final = 2**61
_FRESH: Final = 2**62


@validated(frozen=True, config=STRICT)
class ExpectedParameters:
    """How a plan of least expected exposure is sought.

    Parameters
    ----------
    replications : int
        Of the sample on which plans are compared while they are sought.
    plans : int
        How many are simulated.
    fresh : int
        Replications of the last word between the plan found and the nominal optimum.
    risk : str
        ``mean`` of the total exposure, or ``cvar95``: the mean of its worst twentieth.
    seed : int
        Of samples and moves.
    time_limit : float
        Deterministic seconds for the nominal optimum.
    """

    replications: Annotated[int, Field(ge=2, le=1_000_000)] = 200
    plans: Annotated[int, Field(ge=1, le=10_000_000)] = 2000
    fresh: Annotated[int, Field(ge=2, le=10_000_000)] = 2000
    risk: Risk = "mean"
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    time_limit: Seconds = 10.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Expected:
    """A plan, and how it does on replications that it was not made for.

    Parameters
    ----------
    plan : Plan
        The better of two on fresh replications: the one found, if that is surely better, else the
        nominal optimum.
    is_nominal : bool
        Whether it is the nominal optimum.
    found, nominal : ndarray of float64, shape (fresh,)
        Total exposures of the plan found and of the nominal optimum, weight-seconds.
    difference, half_width : float
        By how much the plan found is worse, below 0 if it is better, and how far the 95% interval
        of that reaches.
    """

    plan: Plan
    is_nominal: bool
    found: Floats
    nominal: Floats
    difference: float
    half_width: float


def expect(infrastructure: Infrastructure, parameters: ExpectedParameters) -> Expected:
    """Seek the plan of least expected total exposure.

    Parameters
    ----------
    infrastructure : Infrastructure
        What is to be patched.
    parameters : ExpectedParameters
        How.

    Returns
    -------
    Expected
        The same for the same inputs.
    """
    problem = problem_of(infrastructure, items_of(infrastructure))
    decoder = Decoder(problem, compiled())
    nominal = _solved(problem, parameters)
    sample = Evaluator(
        infrastructure, decoder, _TRAINING + parameters.seed, parameters.replications
    )
    search = Search(sample, parameters.risk, parameters.seed)
    begins = [
        search.listed(order, wanted)
        for order, wanted in _begins(infrastructure, decoder, nominal, parameters)
    ]
    best = search.improved(min(begins, key=lambda one: one.value), parameters.plans)
    fresh = Evaluator(infrastructure, decoder, _FRESH + parameters.seed, parameters.fresh)
    return _decided(fresh, nominal, best, parameters.risk)


def _solved(problem: Problem, parameters: ExpectedParameters) -> Schedule:
    limits = OptimizerParameters(
        time_limit=parameters.time_limit, workers=1, seed=parameters.seed, deterministic=True
    )
    return solve(problem, limits).schedule


def _begins(
    infrastructure: Infrastructure,
    decoder: Decoder,
    nominal: Schedule,
    parameters: ExpectedParameters,
) -> Iterator[tuple[Ints, Ints]]:
    """Yield lists to begin at, the nominal optimum first, then the deterministic equivalent."""
    yield coded(nominal)
    oracle = Oracle(infrastructure)
    seed = _TRAINING + parameters.seed
    keys = replication_keys(infrastructure.luck, seed, 0, parameters.replications)
    likely = equivalent(decoder.problem, [oracle.outcome(key) for key in keys])
    yield coded(_solved(likely, parameters))
    free = np.full(len(decoder.problem.tasks), -1, np.int64)
    for order in start_lists(decoder):
        yield order, free


def _decided(fresh: Evaluator, nominal: Schedule, best: Listed, risk: Risk) -> Expected:
    """Have the plan found meet the nominal optimum on fresh replications."""
    before = fresh.costs(*coded(nominal))
    after = fresh.costs(best.order, best.wanted)
    difference = risk_of(after, risk) - risk_of(before, risk)
    reach = half_width(before, after, risk)
    better = difference + reach < 0
    schedule = fresh.decoder.schedule(best.order, best.wanted) if better else nominal
    return Expected(
        plan=fresh.plan(schedule),
        is_nominal=not better,
        found=after,
        nominal=before,
        difference=difference,
        half_width=reach,
    )


def half_width(before: Floats, after: Floats, risk: Risk) -> float:
    """Return how far the 95% interval of a paired difference reaches.

    Parameters
    ----------
    before, after : ndarray of float64, shape (n,)
        Costs under the same luck.
    risk : str
        By which they are judged.

    Returns
    -------
    float
        Of means that of the normal distribution; of tails the same of what each replication adds
        to them (Trindade, Uryasev, Shapiro, Zrazhevsky, Financial prediction with constrained
        tail risk, Journal of Banking & Finance 31, 2007).
    """
    count = len(before)
    pairs = _influence(after, risk) - _influence(before, risk)
    return Z_95 * float(pairs.std(ddof=1)) / float(count**0.5)


def _influence(costs: Floats, risk: Risk) -> Floats:
    """Return what each replication adds to what a sample is judged by, but for a constant."""
    if risk == "mean":
        return costs
    quantile = float(np.quantile(costs, TAIL_FROM))
    return np.maximum(costs - quantile, 0.0) / (1 - TAIL_FROM)
