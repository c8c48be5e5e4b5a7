"""The plan of least expected exposure that is found (MODEL 12.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from patchopt.model.base import Floats, Ints
from patchopt.model.expectation import Expectation, Sample
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.items import OnInfeasible, items_of
from patchopt.model.plan import Plan
from patchopt.optimizer.decoder import Decoder, coded
from patchopt.optimizer.engine import compiled
from patchopt.optimizer.parameters import OptimizerParameters
from patchopt.optimizer.problem import Problem, problem_of
from patchopt.optimizer.schedule import Schedule
from patchopt.optimizer.search.start_lists import start_lists
from patchopt.optimizer.search_and_prove import solve
from patchopt.simulator.loop.streams import replication_keys
from patchopt.stochastic.equivalent import equivalent
from patchopt.stochastic.evaluating import Evaluator, risk_of
from patchopt.stochastic.intervals import half_width, half_width_of_difference
from patchopt.stochastic.outcomes import Oracle
from patchopt.stochastic.parameters import ExpectedParameters
from patchopt.stochastic.searching import Listed, Search

#: Told of a stage, of what is done and of all that is to do.
Watch = Callable[[str, int, int], None]

#: Seeds far from those that anybody compares plans on: of the search, of the choice between the
#: plan found and the nominal optimum, and of what is told in the end.
TRAINING: Final = 2**61
CHOICE: Final = 2**62
FRESH: Final = 2**62 + 2**61


@dataclass(frozen=True, eq=False, kw_only=True)
class Expected:
    """A plan, and how it does on replications that it was not made for.

    Parameters
    ----------
    plan : Plan
        The plan found, if it is surely better than the nominal optimum, else that.
    expectation : Expectation
        What is known of it.
    costs : ndarray of float64, shape (fresh,)
        Its total exposures on the fresh replications, weight-seconds.
    """

    plan: Plan
    expectation: Expectation
    costs: Floats


def expect(
    infrastructure: Infrastructure,
    parameters: ExpectedParameters,
    *,
    respect_units: bool = True,
    on_infeasible: OnInfeasible = "downtime",
    watch: Watch | None = None,
) -> Expected:
    """Seek the plan of least expected total exposure.

    Parameters
    ----------
    infrastructure : Infrastructure
        What is to be patched.
    parameters : ExpectedParameters
        How.
    respect_units : bool
        False: nodes for themselves, whatever their incompatible edges say.
    on_infeasible : str
        What becomes of units that cannot be done within the constraints.
    watch : callable, optional
        Told of progress.

    Returns
    -------
    Expected
        The same for the same inputs; without a bound.

    Raises
    ------
    InfeasibleError
        If ``on_infeasible`` is ``error`` and there is such a unit.
    """
    items = items_of(infrastructure, respect_units=respect_units, on_infeasible=on_infeasible)
    problem = problem_of(infrastructure, items)
    decoder = Decoder(problem, compiled())
    nominal = _solved(problem, parameters)
    training = Sample(seed=TRAINING + parameters.seed, replications=parameters.replications)
    sample = Evaluator(infrastructure, decoder, training)
    if watch is not None:
        sample.watch = lambda made: watch("plans", min(made, parameters.plans), parameters.plans)
    watching = parameters.watch and sample.can_watch
    search = Search(sample, parameters.risk, parameters.seed, watching=watching)
    begins = [
        search.listed(order, wanted) for order, wanted in _begins(sample, nominal, parameters)
    ]
    begin = search.watched(min(begins, key=lambda one: one.value))
    best = search.improved(begin, max(0, parameters.plans - sample.made))
    return _decided(sample, nominal, best, parameters)


def _solved(problem: Problem, parameters: ExpectedParameters) -> Schedule:
    limits = OptimizerParameters(
        time_limit=parameters.time_limit, workers=1, seed=parameters.seed, deterministic=True
    )
    return solve(problem, limits).whole().schedule


def _begins(
    sample: Evaluator, nominal: Schedule, parameters: ExpectedParameters
) -> Iterator[tuple[Ints, Ints]]:
    """Yield lists to begin at, the nominal optimum first, then the deterministic equivalent."""
    yield coded(nominal)
    oracle, training = Oracle(sample.infrastructure), sample.sample
    luck = sample.infrastructure.luck
    keys = replication_keys(luck, training.seed, 0, training.replications)
    likely = equivalent(sample.decoder.problem, [oracle.outcome(key) for key in keys])
    yield coded(_solved(likely, parameters))
    free = np.full(len(sample.decoder.problem.tasks), -1, np.int64)
    for order in start_lists(sample.decoder):
        yield order, free


def _decided(
    sample: Evaluator, nominal: Schedule, best: Listed, parameters: ExpectedParameters
) -> Expected:
    """Have the plan found meet the nominal optimum, and measure the better one anew."""
    risk, decoder, infrastructure = parameters.risk, sample.decoder, sample.infrastructure
    choice = Sample(seed=CHOICE + parameters.seed, replications=parameters.fresh)
    meeting = Evaluator(infrastructure, decoder, choice)
    before = meeting.costs(*coded(nominal))
    after = meeting.costs(best.order, best.wanted, best.ending)
    difference = risk_of(after, risk) - risk_of(before, risk)
    within = half_width_of_difference(before, after, risk)
    better = difference + within < 0
    fresh = Sample(seed=FRESH + parameters.seed, replications=parameters.fresh)
    measuring = Evaluator(infrastructure, decoder, fresh)
    of_nominal = measuring.costs(*coded(nominal))
    costs = of_nominal
    if better:
        costs = measuring.costs(best.order, best.wanted, best.ending)
    expectation = Expectation(
        scenario_sha256=infrastructure.sha256,
        risk=risk,
        is_nominal=not better,
        training=sample.sample,
        plans=sample.made,
        choice=choice,
        difference=difference,
        difference_within=within,
        fresh=fresh,
        value=risk_of(costs, risk),
        value_within=half_width(costs, risk),
        nominal=risk_of(of_nominal, risk),
    )
    plan = measuring.plan(nominal)
    if better:
        plan = measuring.plan(decoder.schedule(best.order, best.wanted), best.ending)
    return Expected(plan=plan, expectation=expectation, costs=costs)
