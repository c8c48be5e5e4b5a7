"""What may run short before a closing besides the crew, second by second."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from patchopt.model.base import Ints
from patchopt.optimizer.closings.bins import Uses
from patchopt.optimizer.decoding.arrays import BUILT, IN_PLACE, Arrays
from patchopt.optimizer.decoding.lists import Placed

#: So many seconds of resources are kept at most.
_MOST_CELLS: Final = 100_000_000


class _Span(NamedTuple):
    seconds: slice
    resource: int
    amount: int


class Room:
    """Services, hosts and surge that some tasks may run short of.

    Parameters
    ----------
    arrays : Arrays
        The problem.
    crew : int
        The resource that is the crew, which is not looked at.
    span : tuple of int, int
        First of the seconds that are kept, and the one behind the last.
    fixed : ndarray of int64
        Tasks that stay where they are.
    placed : Placed
        Where that is.
    might : ndarray of int64
        Tasks that may be put somewhere.

    Raises
    ------
    MemoryError
        If more would have to be kept than there is to be gained by it.
    """

    def __init__(
        self,
        arrays: Arrays,
        crew: int,
        span: tuple[int, int],
        fixed: Ints,
        placed: Placed,
        might: Ints,
    ) -> None:
        self._arrays = arrays
        self._begin_s, self._seconds = span[0], span[1] - span[0]
        stay = [(task, int(placed.mode[task])) for task in fixed.tolist()]
        short = self._short(stay, might, crew)
        if int(short.sum()) * self._seconds > _MOST_CELLS:
            raise MemoryError
        row = np.where(short, (np.cumsum(short) - 1) * self._seconds, -1).astype(np.int64)
        used = np.zeros(int(short.sum()) * self._seconds, np.int32)
        #: What is used, for compiled code.
        self.uses = Uses(row, span[0], used)
        for task, mode in stay:
            held_s = int(placed.switch_s[task]) + arrays.overhead_s - int(placed.start_s[task])
            self.take(task, mode, int(placed.start_s[task]), held_s)

    def _short(self, stay: list[tuple[int, int]], might: Ints, crew: int) -> np.ndarray:
        """Say which resources there would not be enough of, were all at work at once."""
        asked = np.zeros(len(self._arrays.capacity), np.int64)
        touched = np.zeros(len(asked), bool)
        for task, mode in stay:
            for resource, amount in self._taken(task, mode):
                asked[resource] += amount
        for task in might.tolist():
            for mode in (IN_PLACE, BUILT):
                if self._arrays.commit_s[2 * task + mode] >= 0:
                    for resource, amount in self._taken(task, mode):
                        asked[resource] += amount
                        touched[resource] = True
        touched[crew] = False
        return touched & (asked > np.asarray(self._arrays.capacity))

    def _taken(self, task: int, mode: int) -> list[tuple[int, int]]:
        """Return of which resources a task takes how much, the surge among them."""
        arrays = self._arrays
        places = range(arrays.begin[2 * task + mode], arrays.begin[2 * task + mode + 1])
        taken = [(arrays.resource[place], arrays.amount[place]) for place in places]
        if mode == BUILT and arrays.surge >= 0:
            taken.append((arrays.surge, arrays.slots[task]))
        return taken

    def _spans(self, task: int, mode: int, start_s: int, held_s: int) -> Iterator[_Span]:
        """Return the seconds that a task takes of what is kept; surge is held for so long."""
        first = start_s - self._begin_s
        for resource, amount in self._taken(task, mode):
            row = self.uses.row[resource]
            if row >= 0:
                length = held_s if resource == self._arrays.surge else self._arrays.length_s[task]
                begin, end = (min(max(at, 0), self._seconds) for at in (first, first + length))
                yield _Span(slice(row + begin, row + end), resource, amount)

    def take(self, task: int, mode: int, start_s: int, held_s: int) -> None:
        """Use what a task takes; where surge is short, for so many seconds."""
        for span in self._spans(task, mode, start_s, held_s):
            self.uses.used[span.seconds] += span.amount

    def free(self, task: int, mode: int, start_s: int, held_s: int) -> bool:
        """Say whether there is enough for a task."""
        return all(
            int(self.uses.used[span.seconds].max(initial=0)) + span.amount
            <= self._arrays.capacity[span.resource]
            for span in self._spans(task, mode, start_s, held_s)
        )
