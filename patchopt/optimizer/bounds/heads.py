"""Earliest starts and finishes of groups under strict order: paths, and the crew's work below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from patchopt.model.proof import Claim
from patchopt.optimizer.bounds.groups import Groups, set_bits
from patchopt.optimizer.problem import Mode, Problem, Task

#: Sums of node-seconds up to here are NumPy's.
_MOST: Final = 2**62


def finish_s(task: Task, mode: Mode) -> int:
    """Return the seconds from the start to the finish: committed, and past the warm-up."""
    return max(mode.commit_s, task.length_s)


def shortest_s(task: Task) -> int:
    """Return the seconds from the start to the finish in the best mode."""
    return min(finish_s(task, mode) for mode in task.modes)


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of groups beyond the rules: seconds by group."""

    heads_s: Mapping[int, int] = field(default_factory=dict)
    delays_s: Mapping[int, int] = field(default_factory=dict)

    def claims(self, groups: Groups) -> tuple[Claim, ...]:
        """Write it down."""
        known: tuple[tuple[Literal["head", "delay"], Mapping[int, int]], ...]
        known = (("head", self.heads_s), ("delay", self.delays_s))
        return tuple(
            Claim(kind=kind, group=groups.names[group], value_s=seconds)
            for kind, of_groups in known
            for group, seconds in of_groups.items()
        )


@dataclass(frozen=True, kw_only=True)
class Heads:
    """Seconds before which no task of each group starts, and its last one has not finished."""

    ready_s: tuple[int, ...]
    done_s: tuple[int, ...]


def heads_of(problem: Problem, groups: Groups, known: Known | None = None) -> Heads:
    """Find the earliest start and finish of each group.

    Parameters
    ----------
    problem : Problem
        What is scheduled.
    groups : Groups
        Its dependency order.
    known : Known, optional
        Claims that raise them.

    Returns
    -------
    Heads
        As `docs/certificate.md` has them. O(groups^2 + tasks).
    """
    known = known or Known()
    ready: list[int] = []
    done: list[int] = []
    works = [sum(problem.tasks[t].work_s for t in g) for g in groups.tasks]
    work = np.array(works, np.int64 if sum(works) < _MOST else object)
    for group, tasks in enumerate(groups.tasks):
        start = max((done[other] for other in groups.below[group]), default=0)
        if problem.crew is not None and problem.windows.period_s == 0:
            before = int(work[set_bits(groups.all_below[group])].sum())
            start = max(start, -(-before // problem.capacities[problem.crew]))
        start = max(start, known.heads_s.get(group, 0))
        finish = start + known.delays_s.get(group, 0)
        for number in tasks:
            task = problem.tasks[number]
            fit = problem.windows.earliest_fit(start, task.length_s)
            finish = max(finish, fit + shortest_s(task))
        ready.append(start)
        done.append(finish)
    return Heads(ready_s=tuple(ready), done_s=tuple(done))
