"""Local search over priority lists: a better incumbent before CP-SAT begins.

A schedule is coded as an order of the tasks with a mode for each, and decoded by list
scheduling; orders are changed by moves and swaps, modes one at a time, and accepted by
late acceptance (Burke, Bykov: The late acceptance hill-climbing heuristic, EJOR 258,
2017). Lists as codes: Hartmann, Kolisch, Experimental evaluation of state-of-the-art
heuristics for the resource-constrained project scheduling problem, EJOR 127, 2000.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from patchopt.optimizer.list_scheduling import schedule_by_keys, smith_ratio
from patchopt.optimizer.problem import Problem
from patchopt.optimizer.schedule import Schedule

#: A change is accepted if it is no worse than what was there that many changes before.
_HISTORY: Final = 40

#: Trials grow with the square of the tasks; beyond some 20 tasks their number falls, since each
#: takes longer, and altogether they take some seconds.
_PER_SQUARE: Final = 20
_SQUARES: Final = 4_000_000
_PER_SECOND: Final = 400


def trials_for(tasks: int, time_limit: float) -> int:
    """Return the number of schedules to try before CP-SAT takes over.

    Parameters
    ----------
    tasks : int
        Of the problem.
    time_limit : float
        Seconds of the whole search; a short one has few trials.

    Examples
    --------
    >>> trials_for(4, 30.0), trials_for(24, 15.0), trials_for(1000, 30.0)
    (320, 6000, 4)
    """
    square = max(1, tasks * tasks)
    return int(min(_PER_SQUARE * square, _SQUARES / square, _PER_SECOND * time_limit))


@dataclass(frozen=True, kw_only=True)
class _Code:
    """Tasks in the order of their placement, and the mode of each; None: whichever is first."""

    order: tuple[int, ...]
    modes: tuple[int | None, ...]


class LocalSearch:
    """A search for schedules better than a known one.

    Parameters
    ----------
    problem : Problem
        What is scheduled.
    start : Schedule
        What is known.
    seed : int
        Of the changes; the same seed gives the same schedule everywhere.
    """

    def __init__(self, problem: Problem, start: Schedule, seed: int) -> None:
        self.problem = problem
        #: The best schedule found so far, never worse than the start; also after an interruption.
        self.best = start
        self._luck = Random(seed)  # noqa: S311 - luck, no secret

    def run(self, trials: int, enough_milli: int) -> None:
        """Try some schedules.

        Parameters
        ----------
        trials : int
            How many.
        enough_milli : int
            A proven bound: a schedule that meets it ends the search.
        """
        tasks = self.problem.tasks
        order = sorted(range(len(tasks)), key=lambda number: -smith_ratio(tasks[number]))
        code = _Code(order=tuple(order), modes=(None,) * len(tasks))
        value = least = self.best.objective_milli
        history = [value] * _HISTORY
        for trial in range(trials if len(tasks) > 1 else 0):
            if least <= enough_milli:
                break
            changed = self._change(code)
            found = self._decode(changed)
            reached = found.objective_milli
            if reached <= value or reached <= history[trial % _HISTORY]:
                code, value = changed, reached
            history[trial % _HISTORY] = value
            if reached < least:
                self.best, least = found, reached

    def _decode(self, code: _Code) -> Schedule:
        keys = [0.0] * len(code.order)
        for rank, number in enumerate(code.order):
            keys[number] = rank
        return schedule_by_keys(self.problem, keys, code.modes)

    def _change(self, code: _Code) -> _Code:
        """Move a task within the order, swap two, or give one another mode."""
        order, modes = list(code.order), list(code.modes)
        kind = self._below(3)
        if kind == 0:
            task = order.pop(self._below(len(order)))
            order.insert(self._below(len(order) + 1), task)
        elif kind == 1:
            one, other = self._below(len(order)), self._below(len(order))
            order[one], order[other] = order[other], order[one]
        else:
            number = self._below(len(order))
            choices = [None, *range(len(self.problem.tasks[number].modes))]
            modes[number] = choices[self._below(len(choices))]
        return _Code(order=tuple(order), modes=tuple(modes))

    def _below(self, limit: int) -> int:
        return int(self._luck.random() * limit)  # its stream is the same in every Python
