"""What could be done by somebody who knew all the luck of a replication beforehand (MODEL 12.3).

Whoever sees ahead makes the attempts on a unit that it takes, or leaves the unit alone. What
no plan has over such a one: every guarded run of whole units is, on the same draws, one of the
schedules allowed here, so that the cheapest of these bounds all of them from below (Brown, Smith,
Sun, Information relaxations and duality in stochastic dynamic programs, Operations Research 58,
2010).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.items import items_of
from patchopt.model.waiting import Waiting
from patchopt.optimizer.problem import Mode, Problem, Task, problem_of
from patchopt.stochastic.outcomes import LatentFailure, Outcome, UnitOutcome


@dataclass(frozen=True, kw_only=True)
class Way:
    """How an attempt can be made.

    Parameters
    ----------
    action : str
        ``patch`` in place, or ``build`` blue-green.
    demands : tuple of (int, int)
        Resource and amount, held while it lasts.
    surge : int
        Slots, held while it lasts, by a good build until the end of its switch.
    lasts_s : int
        Seconds as drawn, a rollback that follows at once included.
    """

    action: Literal["patch", "build"]
    demands: tuple[tuple[int, int], ...]
    surge: int
    lasts_s: int


@dataclass(frozen=True, kw_only=True)
class Share:
    """A part of a unit's weight and the instant before which its exposure does not end.

    A node that is rolled back again is exposed for as long as if it had committed then.
    """

    weight_milli: int
    from_s: int


@dataclass(frozen=True, kw_only=True)
class Chain:
    """The attempts on a unit that lead to success, one after another.

    Parameters
    ----------
    unit : int
        Whose.
    component : int
        Where it stands in the dependency order.
    attempts : tuple of tuple of Way
        Ways to make each, the last one the good one.
    nominal_s : int
        L: a window must have room for so much when an attempt starts.
    commit_s : int
        From the start of the good attempt to the commit, in place.
    shares : tuple of Share
        The unit's weight.
    left_milli : int
        What it costs to leave the unit alone.
    must : bool
        Whether that is out of the question: it is looked at apart.
    """

    unit: int
    component: int
    attempts: tuple[tuple[Way, ...], ...]
    nominal_s: int
    commit_s: int
    shares: tuple[Share, ...]
    left_milli: int
    must: bool = False

    @property
    def weight_milli(self) -> int:
        """The unit's weight, of all shares together."""
        return sum(share.weight_milli for share in self.shares)


@dataclass(frozen=True, kw_only=True)
class Hindsight:
    """The scheduling problem of one outcome; equal ones have equal solutions.

    Parameters
    ----------
    chains : tuple of Chain
        Units that can succeed; each may be left alone.
    lost_milli : int
        What the units cost that cannot, or that wait for one that cannot.
    """

    chains: tuple[Chain, ...]
    lost_milli: int


class Hindsights:
    """Makes the scheduling problems of outcomes.

    Parameters
    ----------
    infrastructure : Infrastructure
        Where.
    """

    def __init__(self, infrastructure: Infrastructure) -> None:
        self._infrastructure = infrastructure
        self.problem: Problem = problem_of(infrastructure, items_of(infrastructure))
        self._tasks = {task.item.unit: task for task in self.problem.tasks}
        self._horizon_s = infrastructure.limits.horizon_s
        self._undisturbed = [self._goes_back_at_once(unit) for unit in range(self._units)]

    @property
    def _units(self) -> int:
        return len(self._infrastructure.units)

    def of(self, outcome: Outcome) -> Hindsight:
        """Return the problem of an outcome. O(units x attempts)."""
        left_s = self._left_s(outcome)
        chains = {}
        for unit, own in enumerate(outcome):
            task = self._tasks.get(unit)
            chain = self._chain(task, own, left_s[unit]) if task is not None else None
            if chain is not None:
                chains[unit] = chain
        kept = self._reachable(chains)
        weights = self._infrastructure.units.weight_milli.tolist()
        lost = sum(weights[unit] * left_s[unit] for unit in range(self._units) if unit not in kept)
        return Hindsight(chains=tuple(kept.values()), lost_milli=lost)

    def _left_s(self, outcome: Outcome) -> list[int]:
        """Return until when a unit that is left alone stays old, at least.

        In an order what waits for it may be made after it, so that all count from the first.
        """
        until_s = [
            self._horizon_s if unit.otherwise_s is None else unit.otherwise_s for unit in outcome
        ]
        if self._infrastructure.dependencies:
            return [min(until_s)] * len(until_s)
        return until_s

    def _chain(self, task: Task, outcome: UnitOutcome, left_s: int) -> Chain | None:
        if outcome.duration_s is None:
            return None
        overhead_s = self.problem.overhead_s
        attempts = []
        for failure in outcome.failures:
            ways = []
            for mode in task.modes:
                worked_s = overhead_s + failure.duration_s
                if mode.action == "build":
                    ways.append(_way(mode, worked_s))
                elif failure.rollback_s is not None:
                    ways.append(_way(mode, worked_s + failure.rollback_s))
            if not ways:
                return None
            attempts.append(tuple(ways))
        warmup_s = task.length_s - overhead_s - task.item.duration_s
        good_s = overhead_s + outcome.duration_s
        attempts.append(tuple(_way(mode, good_s + warmup_s) for mode in task.modes))
        latent = outcome.latent if self._undisturbed[task.item.unit] else ()
        return Chain(
            unit=task.item.unit,
            component=task.component,
            attempts=tuple(attempts),
            nominal_s=task.length_s,
            commit_s=good_s,
            shares=self._shares(task.weight_milli, latent, warmup_s),
            left_milli=task.weight_milli * left_s,
        )

    def _shares(
        self, weight_milli: int, latent: tuple[LatentFailure, ...], warmup_s: int
    ) -> tuple[Share, ...]:
        """Part a weight by when its exposure ends at the earliest.

        Work under way holds a rollback up, so a warm-up comes before it.
        """
        parts: dict[int, int] = defaultdict(int)
        for failure in latent:
            if failure.after_s is None:
                continue
            from_s = max(0, self._horizon_s - failure.after_s - warmup_s)
            parts[from_s] += failure.weight_milli
        parts[0] += weight_milli - sum(parts.values())
        return tuple(
            Share(weight_milli=weight, from_s=from_s)
            for from_s, weight in sorted(parts.items())
            if weight
        )

    def _goes_back_at_once(self, unit: int) -> bool:
        """Say whether nothing can ever hold up or undo the rollback of a unit in service."""
        infrastructure, around = self._infrastructure, self._infrastructure.surroundings
        if infrastructure.limits.max_parallel >= 0 or around.crash_mtbf_s >= 0:
            return False
        if around.review_s >= 0 or around.respin_s >= 0:  # it may be patched again
            return False
        nodes, min_up = infrastructure.nodes, infrastructure.services.min_up
        return all(
            nodes.host[node] < 0
            and not len(nodes.guests(node))
            and (nodes.service[node] < 0 or min_up[nodes.service[node]] == 0)
            for node in infrastructure.units.members(unit)
        )

    def _reachable(self, chains: Mapping[int, Chain]) -> dict[int, Chain]:
        """Return the chains of units that wait for none without a chain, in vain."""
        infrastructure = self._infrastructure
        if not infrastructure.dependencies:
            return dict(chains)
        units = range(self._units)
        waiting = Waiting(units, infrastructure.order.component_of, infrastructure.dependencies)
        freed = list(waiting.first)
        for unit in freed:  # grows on the way
            if unit in chains:
                freed += waiting.done(unit)
        return {unit: chains[unit] for unit in sorted(freed) if unit in chains}


def _way(mode: Mode, lasts_s: int) -> Way:
    return Way(action=mode.action, demands=mode.demands, surge=mode.surge, lasts_s=lasts_s)
