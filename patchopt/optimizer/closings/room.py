"""What may run short before a closing besides the crew, second by second."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, cast

import numpy as np

from patchopt.model.base import Flags, Ints
from patchopt.model.windows import Numbers
from patchopt.optimizer.closings.bins import Uses
from patchopt.optimizer.decoder import Places
from patchopt.optimizer.decoding.arrays import BUILT, IN_PLACE, Arrays


class _Span(NamedTuple):
    seconds: slice
    resource: int
    amount: int


def scarce(arrays: Arrays, crew: int, fixed: Ints, placed: Places, might: Ints) -> Flags:
    """Say of which resources there would not be enough, were all tasks at work at once.

    Parameters
    ----------
    arrays : Arrays
        The problem.
    crew : int
        The resource that is the crew, which is not looked at.
    fixed : ndarray of int64
        Tasks that stay where they are.
    placed : Places
        Where that is.
    might : ndarray of int64
        Tasks that may be put somewhere; what none of them takes of is not scarce.

    Returns
    -------
    ndarray of bool, shape (resources,)
    """
    asked = np.zeros(len(arrays.capacity), np.int64)
    touched = np.zeros(len(asked), bool)
    for task in fixed.tolist():
        for resource, amount in taken(arrays, task, int(placed.mode[task])):
            asked[resource] += amount
    for task in might.tolist():
        for mode in (IN_PLACE, BUILT):
            if arrays.commit_s[2 * task + mode] >= 0:
                for resource, amount in taken(arrays, task, mode):
                    asked[resource] += amount
                    touched[resource] = True
    touched[crew] = False
    return touched & (asked > np.asarray(arrays.capacity))


def taken(arrays: Arrays, task: int, mode: int) -> list[tuple[int, int]]:
    """Return of which resources a task takes how much, the surge among them."""
    places = range(arrays.begin[2 * task + mode], arrays.begin[2 * task + mode + 1])
    found = [(arrays.resource[place], arrays.amount[place]) for place in places]
    if mode == BUILT and arrays.surge >= 0:
        found.append((arrays.surge, arrays.slots[task]))
    return found


class Room:
    """Services, hosts and surge that some tasks may run short of.

    Parameters
    ----------
    arrays : Arrays
        The problem.
    short : ndarray of bool, shape (resources,)
        Which are kept.
    span : tuple of int, int
        First of the seconds that are kept, and the one behind the last.
    fixed : ndarray of int64
        Tasks that stay where they are.
    placed : Places
        Where that is.
    """

    def __init__(
        self, arrays: Arrays, short: Flags, span: tuple[int, int], fixed: Ints, placed: Places
    ) -> None:
        self._arrays = arrays
        self._begin_s, self._seconds = span[0], span[1] - span[0]
        row = np.where(short, (np.cumsum(short) - 1) * self._seconds, -1).astype(np.int64)
        self._used = np.zeros(int(short.sum()) * self._seconds, np.int32)
        #: What is used, for compiled code.
        self.uses = Uses(row, span[0], cast("Numbers", self._used))
        for task in fixed.tolist():
            held_s = int(placed.switch_s[task]) + arrays.overhead_s - int(placed.start_s[task])
            self.take(task, int(placed.mode[task]), int(placed.start_s[task]), held_s)

    def _spans(self, task: int, mode: int, start_s: int, held_s: int) -> Iterator[_Span]:
        """Return the seconds that a task takes of what is kept; surge is held for so long."""
        first = start_s - self._begin_s
        for resource, amount in taken(self._arrays, task, mode):
            row = self.uses.row[resource]
            if row >= 0:
                length = held_s if resource == self._arrays.surge else self._arrays.length_s[task]
                begin, end = (min(max(at, 0), self._seconds) for at in (first, first + length))
                yield _Span(slice(row + begin, row + end), resource, amount)

    def take(self, task: int, mode: int, start_s: int, held_s: int) -> None:
        """Use what a task takes; where surge is short, for so many seconds."""
        for span in self._spans(task, mode, start_s, held_s):
            self._used[span.seconds] += span.amount

    def free(self, task: int, mode: int, start_s: int, held_s: int) -> bool:
        """Say whether there is enough for a task."""
        return all(
            int(self._used[span.seconds].max(initial=0)) + span.amount
            <= self._arrays.capacity[span.resource]
            for span in self._spans(task, mode, start_s, held_s)
        )
