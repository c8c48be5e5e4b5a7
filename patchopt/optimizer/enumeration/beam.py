"""Layers of partial schedules, as many of each as there is room for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from patchopt.model.base import Ints
from patchopt.model.windows import FOREVER
from patchopt.optimizer.bounds.alone import makespan_bound_s
from patchopt.optimizer.bounds.bound import Bound
from patchopt.optimizer.decoding.arrays import arrays_of, schedule_of
from patchopt.optimizer.enumeration.extending import BUCKETS, Scratch, extend
from patchopt.optimizer.enumeration.labels import Labels, new_labels, new_running
from patchopt.optimizer.enumeration.tables import tables_of
from patchopt.optimizer.schedule import Schedule

#: Children that are looked at, for each partial schedule that is kept.
_CHILDREN: Final = 8
#: Odd, and prime.
_HASHES: Final = 1_000_003


@dataclass(frozen=True, kw_only=True)
class Enumerated:
    """What the enumeration of a beam comes to.

    Parameters
    ----------
    schedule : Schedule, optional
        Better than the known one.
    bound_milli : int
        Proven.
    complete : bool
        Whether nothing was left out for want of room.
    labels : int
        Partial schedules that were kept.
    """

    schedule: Schedule | None
    bound_milli: int
    complete: bool
    labels: int


class Beam:
    def __init__(self, known: Schedule, bound: Bound) -> None:
        assert bound.priced is not None
        self.problem = known.problem
        self.bound = bound
        self.arrays = arrays_of(self.problem)
        from patchopt.optimizer.bounds import latest_commits_s

        until = max(latest_commits_s(self.problem, known.objective_milli))
        self.tables = tables_of(bound.priced, until)
        self.base = makespan_bound_s(self.problem)

    def enumerate(self, objective_milli: int, width: int, stop: Callable[[], bool]) -> Enumerated:
        arrays, tables = self.arrays, self.tables
        n = len(self.problem.tasks)
        budget = objective_milli - 1 - self.bound.value_milli
        labels = new_labels(width * n + (_CHILDREN + 1) * width + 2)
        longest = int(arrays.length_s.max()) + arrays.overhead_s + arrays.period_s
        scratch = Scratch(
            running=new_running(n, len(arrays.capacity)),
            other=new_running(n, len(arrays.capacity)),
            start_s=np.zeros(2 * n, np.int64),
            release_s=np.zeros(2 * n, np.int64),
            head=np.full(_HASHES, -1, np.int64),
            counts=np.zeros(BUCKETS, np.int64),
            state=np.array([1, FOREVER, longest], np.int64),
        )
        first, end = 0, 1
        dropped = FOREVER
        for layer in range(n):
            scratch.counts[:] = 0
            extend(arrays, tables, labels, scratch, first, end, budget, budget, self.base, True)
            total = np.cumsum(scratch.counts)
            most = budget
            if total[-1] > _CHILDREN * width:
                bucket = int(np.searchsorted(total, _CHILDREN * width, side="right"))
                # spent * (B - 1) // budget < bucket
                most = (bucket * budget) // (BUCKETS - 1) - 1
            scratch.head[:] = -1
            scratch.state[0] = end
            extend(arrays, tables, labels, scratch, first, end, budget, most, self.base, False)
            new_end = int(scratch.state[0])
            some = np.arange(end, new_end)
            alive = some[labels.done[end:new_end] >= 0]
            made = len(alive)
            if len(alive) > width:
                order = np.argsort(labels.spent_milli[alive], kind="stable")
                scratch.state[1] = min(scratch.state[1], labels.spent_milli[alive[order[width]]])
                alive = np.sort(alive[order[:width]])
            for field in labels:
                field[end : end + len(alive)] = field[alive]
            first, end = end, end + len(alive)
            if VERBOSE: print(layer + 1, "children", int(total[-1]), "made", made, "kept", len(alive), flush=True)
            if stop() or first == end:
                break
        dropped = int(scratch.state[1])
        best = None
        if layer == n - 1 and end > first:
            value = labels.cost_milli[first:end] + arrays.skipped_weight_milli * labels.end_s[first:end]
            at = first + int(np.argmin(value))
            best = self.schedule(labels, at)
        if stop() and (layer < n - 1 and end > first):
            return Enumerated(schedule=best, bound_milli=self.bound.value_milli, complete=False, labels=end)
        bound = objective_milli if best is None else best.objective_milli
        complete = dropped == FOREVER
        if not complete:
            bound = min(bound, self.bound.value_milli + dropped)
        return Enumerated(schedule=best, bound_milli=bound, complete=complete, labels=end)

    def schedule(self, labels: Labels, at: int) -> Schedule:
        n = len(self.problem.tasks)
        mode, start, switch = (np.zeros(n, np.int64) for _ in range(3))
        while labels.parent[at] >= 0:
            task = labels.task[at]
            mode[task], start[task], switch[task] = labels.mode[at], labels.start_s[at], labels.switch_s[at]
            at = int(labels.parent[at])
        return schedule_of(self.problem, mode, start, switch)


VERBOSE = False
