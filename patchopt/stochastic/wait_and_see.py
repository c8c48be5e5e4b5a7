"""The wait-and-see bound: on each replication, what nobody can beat (MODEL 12.3).

One problem is solved for each outcome that differs; most replications of a scenario whose times
do not vary share theirs with others.
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, replace
from typing import Final

from patchopt.model.infrastructure import Infrastructure
from patchopt.optimizer.parameters import OptimizerParameters
from patchopt.optimizer.schedule import Schedule
from patchopt.optimizer.search_and_prove import solve
from patchopt.stochastic.branching import Branch
from patchopt.stochastic.dispatch import Dispatcher
from patchopt.stochastic.hindsight import Hindsight, Hindsights
from patchopt.stochastic.leaving import leaving, nominal_prices
from patchopt.stochastic.outcomes import Outcome
from patchopt.stochastic.relaxing import relaxed, settled

#: Steps of the ascent over prices of one outcome.
_STEPS: Final = 200
#: How far below the incumbent, relatively, the bound may be for the first branching of an outcome
#: to be worth its time, and for each further one: the first often closes a percent, the others
#: only what is nearly closed. There are no more than these.
_CLOSABLE: Final = (0.05, 0.002, 0.002, 0.002, 0.002, 0.002)
#: Share of an outcome's time that each part of it has.
_OF_BRANCH: Final = 0.1


@dataclass(frozen=True, kw_only=True)
class Solved:
    """What one outcome has come to.

    Parameters
    ----------
    bound_milli : int
        Proven: no guarded plan or policy of whole units has a lower total exposure.
    incumbent_milli : int
        What one who sees ahead can have.
    """

    bound_milli: int
    incumbent_milli: int

    @property
    def proven(self) -> bool:
        """Whether they are the same."""
        return self.bound_milli == self.incumbent_milli


class WaitAndSee:
    """Solves the problems of outcomes.

    Parameters
    ----------
    infrastructure : Infrastructure
        Where.
    parameters : OptimizerParameters
        Of each solve.
    """

    def __init__(self, infrastructure: Infrastructure, parameters: OptimizerParameters) -> None:
        self._hindsights = Hindsights(infrastructure)
        self._parameters = parameters
        self._further = replace(parameters, time_limit=_OF_BRANCH * parameters.time_limit)
        self._prices = nominal_prices(self._hindsights.problem)
        nominal = solve(self._hindsights.problem, parameters, steps=_STEPS).whole().schedule
        tasks = nominal.problem.tasks
        self._commit_s = {
            tasks[placed.task].item.unit: nominal.commit_s(placed) for placed in nominal.placements
        }

    def hindsight(self, outcome: Outcome) -> Hindsight:
        """Return the problem of an outcome; equal ones have equal solutions."""
        return self._hindsights.of(outcome)

    def solve(self, hindsight: Hindsight) -> Solved:
        """Bound the total exposure in all replications of an outcome.

        Where time is deterministic, equal problems have equal bounds. Whether a unit is left
        alone, and how failed attempts are made, which the optimiser's problem does not know, is
        branched on, best bound first (Land, Doig, Econometrica 28, 1960).
        """
        first = self._bound(hindsight, self._parameters)
        incumbent, numbers = first.incumbent_milli, itertools.count()
        heap = [(first.bound_milli, next(numbers), first)]
        for closable in _CLOSABLE:
            bound, _, best = heap[0]
            branches = list(best.branches())
            if bound >= incumbent or incumbent - bound > closable * incumbent or not branches:
                break
            heapq.heappop(heap)
            for branch in branches:
                found = self._bound(branch, self._further)
                incumbent = min(incumbent, found.incumbent_milli)
                heapq.heappush(heap, (max(bound, found.bound_milli), next(numbers), found))
        return Solved(bound_milli=min(heap[0][0], incumbent), incumbent_milli=incumbent)

    def _bound(self, hindsight: Hindsight, parameters: OptimizerParameters) -> Branch:
        certain = settled(hindsight, self._commit_s)
        problem = relaxed(self._hindsights.problem, certain)
        found = solve(problem, parameters, steps=_STEPS).whole()
        by_prices = leaving(problem, certain, self._prices)
        least, left = max(found.bound.value_milli, by_prices.made_milli), None
        if by_prices.left_milli is not None and by_prices.left_milli < least:
            least, left = by_prices.left_milli, by_prices.likeliest
        return Branch(
            hindsight=hindsight,
            # Prices may say less than nothing where leaving all alone is cheap; exposure does not.
            bound_milli=certain.lost_milli + max(least, 0),
            incumbent_milli=self._incumbent(hindsight, found.schedule),
            left=left,
        )

    def _incumbent(self, hindsight: Hindsight, schedule: Schedule) -> int:
        """Return what the optimiser's schedule comes to with all constraints."""
        dispatcher = Dispatcher(self._hindsights.problem, hindsight)
        attempts = [
            (number, at)
            for number, chain in enumerate(hindsight.chains)
            for at in range(len(chain.attempts))
        ]
        in_order = sorted(
            (placed.start_s, number, at, schedule.mode(placed).action)
            for placed, (number, at) in zip(schedule.placements, attempts, strict=True)
        )
        nothing = hindsight.lost_milli + sum(chain.left_milli for chain in hindsight.chains)
        return min(
            nothing,
            dispatcher.cost_milli([(number, at, how) for _, number, at, how in in_order]),
            dispatcher.cost_milli([(number, at, None) for _, number, at, _ in in_order]),
        )
