"""From a problem to a schedule and a bound: lists, annealings and prices, then CP-SAT.

Anytime: whatever ends it, a limit, Ctrl-C or a gap that is small enough, the best schedule and
the best bound so far are kept.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from patchopt.model.proof import Proof
from patchopt.optimizer.bounds.bound import Bound
from patchopt.optimizer.bounds.fluid import alone_bound, fluid_bound
from patchopt.optimizer.decoder import Decoder, coded
from patchopt.optimizer.engine import compiled, uncompiled
from patchopt.optimizer.limits import Limits
from patchopt.optimizer.list_scheduling import settled
from patchopt.optimizer.parameters import OptimizerParameters
from patchopt.optimizer.problem import Problem
from patchopt.optimizer.progress import Tracker, Watcher
from patchopt.optimizer.schedule import Schedule
from patchopt.optimizer.search.annealer import Coded
from patchopt.optimizer.search.population import Population
from patchopt.optimizer.search.start_lists import start_lists

if TYPE_CHECKING:
    from patchopt.optimizer.proving import Proven

#: Under strict order prices go on for so much of the makespan of a schedule.
_BEYOND: Final = 1.1
#: Up to so many tasks prices guide the search.
_GUIDED: Final = 20_000
#: Up to so many tasks groups are looked at for claims: at 10,000 none was found in 40 s.
_CLAIMED: Final = 5_000
#: Problems of so many tasks are searched by plain code: the compiled takes longer to load.
_TINY: Final = 20


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search comes to.

    Parameters
    ----------
    schedule : Schedule
        Feasible.
    bound : Bound
        At most its objective.
    priced : Bound, optional
        The best bound by prices.
    interrupted : bool
        Whether Ctrl-C came.
    """

    schedule: Schedule
    bound: Bound
    priced: Bound | None = None
    interrupted: bool = False

    def whole(self) -> Found:
        """Return this, for somebody to whom half a search is no use.

        Raises
        ------
        KeyboardInterrupt
            If the search was interrupted.
        """
        if self.interrupted:
            raise KeyboardInterrupt
        return self


def solve(
    problem: Problem,
    parameters: OptimizerParameters,
    begun: float | None = None,
    watch: Watcher | None = None,
    *,
    steps: int | None = None,
) -> Found:
    """Schedule a problem as well as there is time for, and bound how good a schedule can be.

    Parameters
    ----------
    problem : Problem
        What is scheduled.
    parameters : OptimizerParameters
        Limits and seed.
    begun : float, optional
        Moment of `time.monotonic` from which time counts; by default now.
    watch : callable, optional
        Told of every new incumbent and bound.
    steps : int, optional
        Of one of many problems, for which compiled code is worth loading: steps of the ascent
        over prices at most, where time is deterministic.

    Returns
    -------
    Found
    """
    if not problem.tasks:
        return Found(schedule=Schedule(problem, ()), bound=alone_bound(problem))
    begun = time.monotonic() if begun is None else begun
    return _Solve(problem, parameters, begun, watch, steps).run()


def first_lists(decoder: Decoder) -> list[Coded]:
    """Return the lists that a search of a problem begins at, the best first."""
    free = np.full(len(decoder.problem.tasks), -1, np.int64)
    lists = start_lists(decoder)
    valued = [Coded(decoder.value(order, free), order, free) for order in lists]
    return sorted(valued, key=lambda one: one.objective_milli)


class _Solve:
    """One solve; what is known so far."""

    def __init__(
        self,
        problem: Problem,
        parameters: OptimizerParameters,
        begun: float,
        watch: Watcher | None,
        steps: int | None,
    ) -> None:
        self.problem = problem
        self.parameters = parameters
        self.tiny = len(problem.tasks) <= _TINY and steps is None
        ordered = bool(problem.dependencies)
        self.limits = Limits(parameters, len(problem.tasks), begun, ordered=ordered, steps=steps)
        self.decoder = Decoder(problem, uncompiled() if self.tiny else compiled())
        self.lists = first_lists(self.decoder)
        bounds = (alone_bound(problem), fluid_bound(problem))
        self.bound = max(bounds, key=lambda bound: bound.value_milli)
        self.priced: Bound | None = None
        self.tracker = Tracker(
            self.lists[0].objective_milli,
            self.bound.value_milli,
            gap=parameters.gap,
            watch=watch,
            begun=begun,
        )
        self.schedule = self.decoder.schedule(self.lists[0].order, self.lists[0].wanted)
        self.population: Population | None = None
        self.interrupted = False

    def run(self) -> Found:
        """Search and bound, then prove, until it is enough."""
        try:
            self._go()
        except KeyboardInterrupt:  # while nothing waited for it
            self.interrupted = True
            if self.population is not None:
                best = self.population.best
                self._take(self.decoder.schedule(best.order, best.wanted))
        bound = self.bound
        if bound.value_milli > self.schedule.objective_milli:
            raise RuntimeError("a bound is above the objective of a schedule")
        return Found(
            schedule=self.schedule,
            bound=bound,
            priced=self.priced,
            interrupted=self.interrupted,
        )

    def _go(self) -> None:
        self._take(self.schedule)
        if self.tiny:
            self._try_quickly()
        if not self._ended:
            self._search()
        if self.limits.enumerable and not self._ended:
            self._enumerate()
        if self.limits.provable and not self._ended:
            self._prove(self.limits.left_s)
        if self.limits.spare and not self._ended:
            self.lists = [Coded(self.schedule.objective_milli, *coded(self.schedule)), *self.lists]
            self._search(last=True)

    def _try_quickly(self) -> None:
        """Search and prove by what takes no time to load; what is easy is done then."""
        if not self._ended:
            self._search()
        if not self._ended:
            self._prove(self.limits.first_s)
        if not self._ended:
            self.tiny, self.decoder = False, Decoder(self.problem, compiled())

    @property
    def _ended(self) -> bool:
        return self.interrupted or self.tracker.met

    def _search(self, *, last: bool = False) -> None:
        effort = self.limits.effort(plain=self.tiny, last=last)
        seed = 2 * self.parameters.seed + last
        population = Population(self.decoder, self.lists, seed, effort, self.tracker)
        self.population = population
        price = None if self.tiny or last else self._price
        self.interrupted = population.search(self.limits.threads, price)
        self.limits.spend(effort.seconds)
        best = population.best
        self._take(self.decoder.schedule(best.order, best.wanted))

    def _price(self) -> None:
        """Bound by prices, in whichever thread."""
        from patchopt.optimizer.bounds.lagrange import lagrange_bound  # Numba takes a while

        population = self.population
        assert population is not None  # noqa: S101 - this is done beside it

        def spent() -> float:
            return 1.0 if population.stopped else self.limits.priced

        steps = self.limits.iterations
        if not self.problem.dependencies:
            self._raise_by(lagrange_bound(self.problem, steps, spent))
            self._guide()
            return
        from patchopt.optimizer.bounds.claims import known_of
        from patchopt.optimizer.bounds.groups import groups_of

        makespan_s = max(self.schedule.end_s(placed) for placed in self.schedule.placements)
        until_s = int(_BEYOND * makespan_s)

        claiming = len(self.problem.tasks) <= _CLAIMED

        def spent_unclaimed() -> float:
            return 1.0 if population.stopped else self.limits.priced_unclaimed

        before = spent_unclaimed if claiming else spent
        first = lagrange_bound(self.problem, steps, before, until_s=until_s)
        self._raise_by(first)
        self._expect()
        if claiming and spent() < 1:
            groups = groups_of(self.problem)
            known = known_of(self.problem, groups, self.limits.claims, lambda: spent() >= 1)
            again = lagrange_bound(self.problem, steps, spent, first.priced, known, until_s)
            self._raise_by(again)
            self._expect()
        self._guide()

    def _expect(self) -> None:
        """Tell the search when tasks are likely to start, at the best prices; it does not wait."""
        from patchopt.optimizer.bounds.expected import expected_starts

        priced = None if self.priced is None else self.priced.priced
        if self.population is not None and priced is not None:
            self.population.expected_s = expected_starts(priced)

    def _guide(self) -> None:
        """Tell the search what starts cost, at the best prices; what wants it waits for it."""
        from patchopt.optimizer.bounds.reduced_costs import reduced_costs

        tasks = len(self.problem.tasks)
        if self.population is None or self.priced is None or tasks > _GUIDED:
            return
        if self.priced.priced is not None:
            self.population.guide = reduced_costs(self.problem, self.priced.priced)

    def _raise_by(self, bound: Bound) -> None:
        if self.priced is None or bound.value_milli > self.priced.value_milli:
            self.priced = bound
        self._raise(bound)

    def _enumerate(self) -> None:
        """Look at the schedules that may be better, in order of starts, if there are prices."""
        from patchopt.optimizer.enumeration.widening import widen

        if self.priced is None or self.priced.priced is None:
            return
        limit_s = self.limits.enumeration_s
        by_clock = not self.parameters.deterministic
        found = widen(self.schedule, self.priced, self.tracker, limit_s, by_clock=by_clock)
        self._take_proven(found, "enumeration")

    def _prove(self, limit_s: float) -> None:
        from patchopt.optimizer.proving import prove  # OR-Tools takes a while to load

        proven = prove(self.schedule, self.parameters, limit_s, self.tracker, self.priced)
        self._take_proven(proven, "cp_sat")

    def _take_proven(self, proven: Proven, kind: Literal["cp_sat", "enumeration"]) -> None:
        self.limits.spend(proven.spent_s)
        self.interrupted = proven.interrupted
        self._take(proven.schedule)
        # Prices stay with it: they alone show anybody nearly as much.
        known = Proof(kind="lagrange") if self.priced is None else self.priced.proof
        proof = known.model_copy(update={"kind": kind})
        self._raise(Bound(value_milli=proven.bound_milli, proof=proof, priced=self.bound.priced))

    def _take(self, schedule: Schedule) -> None:
        found = settled(self.decoder, schedule)
        self.tracker.objective(found.objective_milli)
        if found.objective_milli <= self.schedule.objective_milli:
            self.schedule = found

    def _raise(self, bound: Bound) -> None:
        if bound.value_milli > self.bound.value_milli:
            self.bound = bound
            self.tracker.bound(bound.value_milli)
