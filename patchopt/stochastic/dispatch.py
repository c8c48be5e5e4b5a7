"""Schedules of one who sees ahead: attempts placed one after another, as early as they fit.

Serial schedule generation (Kolisch, Serial and parallel resource-constrained project scheduling
methods revisited, EJOR 90, 1996) over attempts, with all that MODEL 12 asks of them. What a list
comes to is an incumbent: somebody can do so well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from patchopt.optimizer.problem import Problem
from patchopt.stochastic.hindsight import Chain, Hindsight, Way

#: A chain, an attempt, and the action of its way.
Placed = tuple[int, int, str | None]

#: Stands for the surge slots among the resources.
_SURGE = -1


@dataclass(kw_only=True)
class _Profile:
    """Who holds how much of a resource, and when."""

    capacity: int
    holds: list[tuple[int, int, int]] = field(default_factory=list)  # begin, end, amount

    def free_from(self, begin_s: int, end_s: int, amount: int) -> int:
        """Return the first instant from `begin_s` on at which so much is free for as long."""
        lasts_s = end_s - begin_s
        while True:
            blocked = self._blocked_until(begin_s, begin_s + lasts_s, amount)
            if blocked is None:
                return begin_s
            begin_s = blocked

    def _blocked_until(self, begin_s: int, end_s: int, amount: int) -> int | None:
        over = [hold for hold in self.holds if hold[0] < end_s and hold[1] > begin_s]
        for at in sorted({begin_s, *(hold[0] for hold in over if hold[0] > begin_s)}):
            here = [hold for hold in over if hold[0] <= at < hold[1]]
            if sum(hold[2] for hold in here) + amount > self.capacity:
                return min(hold[1] for hold in here)
        return None


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where an attempt is: its start, its end, its commit, and until when slots are held."""

    start_s: int
    end_s: int
    commit_s: int
    held_s: int


class Dispatcher:
    """Places the chains of an outcome.

    Parameters
    ----------
    problem : Problem
        Resources, windows and order, nominal.
    hindsight : Hindsight
        Of the outcome.
    """

    def __init__(self, problem: Problem, hindsight: Hindsight) -> None:
        self._problem, self._chains = problem, hindsight.chains
        self._lost_milli = hindsight.lost_milli
        self._units: dict[int, int] = defaultdict(int)
        for task in problem.tasks:
            self._units[task.component] += 1

    def cost_milli(self, order: Sequence[Placed]) -> int:
        """Return what all units cost if attempts are placed in some order.

        Parameters
        ----------
        order : sequence of (int, int, str or None)
            Number of a chain, of an attempt, and the action of its way, by default that which
            ends first. The attempts on a unit in their order, none before those of a unit that it
            depends on: else the unit is left alone, as those are that do not occur.

        Returns
        -------
        int
            Milli-weight-seconds. O(n^2) for n attempts on a bounded number of resources each.
        """
        self._profiles = {
            at: _Profile(capacity=capacity) for at, capacity in enumerate(self._problem.capacities)
        }
        if self._problem.surge >= 0:
            self._profiles[_SURGE] = _Profile(capacity=self._problem.surge)
        self._over: dict[int, int] = defaultdict(int)  # when each component has finished
        self._made: dict[int, int] = defaultdict(int)
        total = sum(chain.left_milli for chain in self._chains)
        ready: dict[int, int | None] = {}
        for number, at, action in order:
            chain = self._chains[number]
            ready_s = ready[number] if at else self._ready_s(chain.component)
            ready[number] = None
            if ready_s is None:
                continue
            place = self._place(chain, at, ready_s, action)
            ready[number] = place.end_s
            if at == len(chain.attempts) - 1:
                self._made[chain.component] += 1
                over_s = max(self._over[chain.component], place.end_s, place.commit_s)
                self._over[chain.component] = over_s
                total += cost_milli(chain, place.commit_s) - chain.left_milli
        return self._lost_milli + total

    def _ready_s(self, component: int) -> int | None:
        """Return when all below has finished, if that is ever."""
        latest, below = 0, self._problem.dependencies
        seen, stack = set(), list(below.get(component, ()))
        while stack:
            one = stack.pop()
            if one in seen:
                continue
            seen.add(one)
            if self._made[one] < self._units[one]:
                return None
            latest = max(latest, self._over[one])
            stack.extend(below.get(one, ()))
        return latest

    def _place(self, chain: Chain, at: int, ready_s: int, action: str | None) -> _Place:
        """Place an attempt where it commits first."""
        good, ways = at == len(chain.attempts) - 1, chain.attempts[at]
        allowed = [way for way in ways if way.action == action] or list(ways)
        places = [self._fit(chain, way, ready_s, good=good) for way in allowed]
        best = min(range(len(places)), key=lambda k: (places[k].commit_s, places[k].end_s))
        self._take(allowed[best], places[best])
        return places[best]

    def _fit(self, chain: Chain, way: Way, ready_s: int, *, good: bool) -> _Place:
        """Return where a way fits first."""
        windows, start_s = self._problem.windows, ready_s
        while True:
            fitting_s = windows.earliest_fit(start_s, chain.nominal_s)
            place = self._place_at(chain, way, fitting_s, good=good)
            for resource, amount in way.demands:
                end_s = fitting_s + way.lasts_s
                profile = self._profiles[resource]
                fitting_s = max(fitting_s, profile.free_from(fitting_s, end_s, amount))
            if way.surge and _SURGE in self._profiles:
                slots = self._profiles[_SURGE]
                until_s = place.held_s if fitting_s == place.start_s else fitting_s + way.lasts_s
                fitting_s = max(fitting_s, slots.free_from(fitting_s, until_s, way.surge))
            if fitting_s == place.start_s:
                return place
            start_s = fitting_s

    def _place_at(self, chain: Chain, way: Way, start_s: int, *, good: bool) -> _Place:
        end_s = start_s + way.lasts_s
        if not good or way.action == "patch":
            commit_s = start_s + chain.commit_s if good else end_s
            return _Place(start_s=start_s, end_s=end_s, commit_s=commit_s, held_s=end_s)
        overhead_s = self._problem.overhead_s
        switched_s = self._problem.windows.earliest_fit(end_s, overhead_s) + overhead_s
        return _Place(start_s=start_s, end_s=end_s, commit_s=switched_s, held_s=switched_s)

    def _take(self, way: Way, place: _Place) -> None:
        for resource, amount in way.demands:
            self._profiles[resource].holds.append((place.start_s, place.end_s, amount))
        if way.surge and _SURGE in self._profiles:
            self._profiles[_SURGE].holds.append((place.start_s, place.held_s, way.surge))


def cost_milli(chain: Chain, commit_s: int) -> int:
    """Return what a unit costs that commits some time, or is left alone instead."""
    made = sum(share.weight_milli * max(commit_s, share.from_s) for share in chain.shares)
    return min(made, chain.left_milli)
