"""Layers of partial schedules, as many of each as there is room for.

What is left out for want of room is remembered by the least that it has spent above the bound:
so a layer that is too wide leaves a better bound, if no proof (a beam search whose bound stays
valid; the state space of successive sublimation dynamic programming: Tanaka, Fujikuma, Araki, An
exact algorithm for single-machine scheduling without machine idle time, J. Scheduling 12, 2009).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from patchopt.model.windows import FOREVER
from patchopt.optimizer.bounds.alone import latest_commits_s
from patchopt.optimizer.bounds.bound import Bound
from patchopt.optimizer.decoding.arrays import arrays_of, schedule_of
from patchopt.optimizer.enumeration.dominance import chain_up
from patchopt.optimizer.enumeration.extending import extend
from patchopt.optimizer.enumeration.labels import (
    DROPPED,
    END,
    WORK,
    Labels,
    Scratch,
    new_labels,
    new_running,
)
from patchopt.optimizer.enumeration.tables import tables_of
from patchopt.optimizer.schedule import Schedule

#: A layer may become so many times as wide before the best of it are chosen.
_ROOM: Final = 8
#: Odd, and prime.
_HASHES: Final = 1_000_003
#: Labels between two questions whether to go on.
_LOOKS: Final = 256


@dataclass(frozen=True, kw_only=True)
class Enumerated:
    """What an enumeration comes to.

    Parameters
    ----------
    schedule : Schedule, optional
        The best that is better than what was known.
    bound_milli : int
        Proven: no schedule that is better than both that one and what was known has a lower
        objective.
    complete : bool
        Whether every schedule that might be better has been looked at.
    work : int
        Tasks that were looked at, comparisons counted in.
    """

    schedule: Schedule | None
    bound_milli: int
    complete: bool
    work: int


class Beam:
    """Enumerates the partial schedules of one problem.

    Parameters
    ----------
    known : Schedule
        Of at least one task, at most `patchopt.optimizer.enumeration.labels.MOST_TASKS`.
    bound : Bound
        By prices.
    """

    def __init__(self, known: Schedule, bound: Bound) -> None:
        assert bound.priced is not None  # noqa: S101 - bounds by prices have them
        self._problem = known.problem
        self._bound_milli = bound.value_milli
        self._arrays = arrays_of(known.problem)
        latest_s = max(latest_commits_s(known.problem, known.objective_milli))
        self._tables = tables_of(self._arrays, bound.priced, latest_s)

    def enumerate(self, known_milli: int, width: int, stop: Callable[[], bool]) -> Enumerated:
        """Look at all schedules that are better than what is known, or at the likeliest of them.

        Parameters
        ----------
        known_milli : int
            An objective that is to be beaten.
        width : int
            Partial schedules that are kept of each number of tasks.
        stop : callable
            Asked now and then whether to end soon.

        Returns
        -------
        Enumerated
            Time depends on the instance; room is linear in width times tasks.
        """
        tasks = len(self._problem.tasks)
        labels = new_labels((tasks + _ROOM) * width + 2 * tasks + 2)
        scratch = self._scratch()
        budget = known_milli - 1 - self._bound_milli
        first, end, left = 0, 1, FOREVER
        for _ in range(tasks):
            chain_up(labels, scratch.head, 0, 0)
            at, most, kept = first, budget, 0
            while at < end and not stop():
                at = extend(
                    self._arrays,
                    self._tables,
                    labels,
                    scratch,
                    at,
                    min(end, at + _LOOKS),
                    budget,
                    most,
                )
                if scratch.state[END] - end > (_ROOM - 1) * width or at == end:
                    kept = _thin_out(labels, scratch, end, width)
                    if kept == width:
                        most = min(most, int(labels.spent_milli[end : end + kept].max()))
                    chain_up(labels, scratch.head, end, end + kept)
            if at < end:
                left = int(labels.spent_milli[at:end].min())
                break
            first, end = end, end + kept
            if not kept:
                break
        best = None
        if left < FOREVER:  # what has been added meanwhile has not been looked at either
            alive = labels.spent_milli[end : scratch.state[END]]
            left = min(left, int(alive.min(initial=FOREVER)))
        elif end > first:
            best = self._best(labels, first, end)
            # What has been spent is counted low, so that a whole schedule may cost more after all.
            best = best if best.objective_milli < known_milli else None
        left = min(left, int(scratch.state[DROPPED]))
        proven = known_milli if best is None else best.objective_milli
        return Enumerated(
            schedule=best,
            bound_milli=min(proven, self._bound_milli + left),
            complete=left == FOREVER,
            work=int(scratch.state[WORK]),
        )

    def _scratch(self) -> Scratch:
        arrays, tasks = self._arrays, len(self._problem.tasks)
        return Scratch(
            running=new_running(tasks, len(arrays.capacity)),
            new=new_running(tasks, len(arrays.capacity)),
            other=new_running(tasks, len(arrays.capacity)),
            start_s=np.zeros(2 * tasks, np.int64),
            release_s=np.zeros(2 * tasks, np.int64),
            head=np.full(_HASHES, -1, np.int64),
            state=np.array([1, FOREVER, 0], np.int64),
        )

    def _best(self, labels: Labels, first: int, end: int) -> Schedule:
        """Return the best of whole schedules."""
        some = slice(first, end)
        longer = self._arrays.skipped_weight_milli * labels.end_s[some]
        at = first + int(np.argmin(labels.cost_milli[some] + longer))
        mode, start_s, switch_s = (np.zeros(len(self._problem.tasks), np.int64) for _ in range(3))
        while labels.parent[at] >= 0:
            task = labels.task[at]
            mode[task], start_s[task] = labels.mode[at], labels.start_s[at]
            switch_s[task] = labels.switch_s[at]
            at = int(labels.parent[at])
        return schedule_of(self._problem, mode, start_s, switch_s)


def _thin_out(labels: Labels, scratch: Scratch, first: int, width: int) -> int:
    """Leave of the labels from one on those that have spent least; return how many."""
    some = np.arange(first, int(scratch.state[END]))
    alive = some[labels.done[some] >= 0]
    if len(alive) > width:
        order = np.argsort(labels.spent_milli[alive], kind="stable")
        least = labels.spent_milli[alive[order[width]]]
        scratch.state[DROPPED] = min(scratch.state[DROPPED], least)
        alive = np.sort(alive[order[:width]])
    for rows in labels:
        rows[first : first + len(alive)] = rows[alive]
    scratch.state[END] = first + len(alive)
    return len(alive)
