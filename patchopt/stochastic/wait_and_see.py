"""The wait-and-see bound: on each replication, what nobody can beat (MODEL 12.3).

One problem is solved for each outcome that differs; most replications of a scenario whose times
do not vary share theirs with others.
"""

from __future__ import annotations

from dataclasses import dataclass

from patchopt.model.infrastructure import Infrastructure
from patchopt.optimizer.parameters import OptimizerParameters
from patchopt.optimizer.schedule import Schedule
from patchopt.optimizer.search_and_prove import solve
from patchopt.stochastic.dispatch import Dispatcher
from patchopt.stochastic.hindsight import Hindsight, Hindsights
from patchopt.stochastic.leaving import leaving, nominal_prices
from patchopt.stochastic.outcomes import Outcome
from patchopt.stochastic.relaxing import relaxed, settled


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

    Raises
    ------
    PatchoptError
        If the bound is not defined there.
    """

    def __init__(self, infrastructure: Infrastructure, parameters: OptimizerParameters) -> None:
        self._hindsights = Hindsights(infrastructure)
        self._parameters = parameters
        self._horizon_s = infrastructure.limits.horizon_s
        self._prices = nominal_prices(self._hindsights.problem)
        nominal = solve(self._hindsights.problem, parameters).schedule
        tasks = nominal.problem.tasks
        self._commit_s = {
            tasks[placed.task].item.unit: nominal.commit_s(placed) for placed in nominal.placements
        }

    def hindsight(self, outcome: Outcome) -> Hindsight:
        """Return the problem of an outcome; equal ones have equal solutions."""
        return self._hindsights.of(outcome)

    def solve(self, hindsight: Hindsight) -> Solved:
        """Bound the total exposure in all replications of an outcome.

        Where time is deterministic, equal problems have equal bounds.
        """
        certain = settled(hindsight, self._commit_s)
        problem = relaxed(self._hindsights.problem, certain)
        found = solve(problem, self._parameters)
        by_prices = leaving(problem, certain, self._prices)
        least = max(found.bound.value_milli, by_prices.made_milli)
        if certain.chains:
            least = min(least, by_prices.left_milli)
        incumbent = self._incumbent(hindsight, found.schedule)
        bound = min(certain.lost_milli + least, incumbent)
        return Solved(bound_milli=bound, incumbent_milli=incumbent)

    def _incumbent(self, hindsight: Hindsight, schedule: Schedule) -> int:
        """Return what the optimiser's schedule comes to with all constraints."""
        dispatcher = Dispatcher(self._hindsights.problem, hindsight, self._horizon_s)
        numbers = [
            (number, at)
            for number, chain in enumerate(hindsight.chains)
            for at in range(len(chain.attempts))
        ]
        starts: dict[int, int] = {}
        wanted = {}
        for placed, (number, at) in zip(schedule.placements, numbers, strict=True):
            starts[number] = placed.start_s  # the good attempt's, which is the last
            wanted[number, at] = schedule.mode(placed).action
        order = sorted(starts, key=lambda number: (starts[number], number))
        nothing = hindsight.lost_milli + sum(chain.left_milli for chain in hindsight.chains)
        return min(nothing, dispatcher.cost_milli(order, wanted), dispatcher.cost_milli(order))
