"""Lists of a problem's tasks made into schedules, by compiled code where that is worth loading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from patchopt.model.base import Floats, Ints
from patchopt.optimizer.decoding.arrays import BUILT, IN_PLACE, arrays_of, schedule_of
from patchopt.optimizer.engine import Engine, compiled, uncompiled
from patchopt.optimizer.problem import Problem
from patchopt.optimizer.schedule import Schedule

if TYPE_CHECKING:
    from patchopt.optimizer.decoding.lists import Placed

#: Up to so many tasks a list is decoded by plain code in less time than the compiled takes to load.
_FEW: Final = 2_000


def coded(schedule: Schedule) -> tuple[Ints, Ints]:
    """Return a list, in the order of starts, and the modes that a schedule is decoded from.

    What they are decoded to may start earlier.
    """
    starts = [placement.start_s for placement in schedule.placements]
    modes = [
        BUILT if schedule.mode(placement).action == "build" else IN_PLACE
        for placement in schedule.placements
    ]
    order = np.argsort(np.array(starts, np.int64), kind="stable")
    return order, np.array(modes, np.int64)


class Places(NamedTuple):
    """Where tasks are placed, in arrays.

    Parameters
    ----------
    mode, start_s, switch_s, commit_s, end_s : ndarray of int64, shape (n,)
        As in `patchopt.optimizer.decoding.lists.Placed`.
    """

    mode: Ints
    start_s: Ints
    switch_s: Ints
    commit_s: Ints
    end_s: Ints


class Decoder:
    """Makes schedules of one problem.

    Parameters
    ----------
    problem : Problem
        Whose tasks.
    engine : Engine, optional
        By default the plain one for few tasks.
    """

    def __init__(self, problem: Problem, engine: Engine | None = None) -> None:
        self.problem = problem
        self.arrays = arrays_of(problem)
        if engine is None:
            engine = uncompiled() if len(problem.tasks) <= _FEW else compiled()
        self.engine = engine
        #: The problem as the engine wants it.
        self.given = engine.given(self.arrays)

    def _new_profiles(self) -> Any:
        """Return room of its own for each decoding, since threads may ask at the same time."""
        return self.engine.given(self.engine.lists.new_profiles(self.arrays))

    def in_order(self, key: Floats) -> Ints:
        """Return the tasks by a key, the least first, each after all that it depends on.

        Ties go to the lower number.

        Parameters
        ----------
        key : ndarray of float64, shape (n,)
            Of each task.

        Returns
        -------
        ndarray of int64, shape (n,)
            A list, in O(n log n + dependencies).
        """
        first = np.argsort(key, kind="stable")
        if not len(self.arrays.below):
            return first
        order = self.engine.given(np.zeros_like(first))
        queue = self.engine.given(self.engine.ordering.new_queue(self.arrays))
        self.engine.ordering.put_in_order(self.given, self.engine.given(first), queue, order)
        return np.array(order, np.int64)

    def value(self, order: Ints, wanted: Ints) -> int:
        """Return the objective of a list, in milli-weight-seconds; see `schedule`."""
        return int(self._decode(order, wanted)[0])

    def schedule(self, order: Ints, wanted: Ints | None = None) -> Schedule:
        """Place all tasks in the order of a list, each as early as what is placed allows.

        Parameters
        ----------
        order : ndarray of int64, shape (n,)
            Every task once, after all that it depends on.
        wanted : ndarray of int64, shape (n,), optional
            `IN_PLACE`, `BUILT`, or -1 for the mode in which it commits first.

        Returns
        -------
        Schedule
            O(n^2) resource segments for n tasks in the worst case.
        """
        if wanted is None:
            wanted = np.full(len(order), -1, np.int64)
        _, placed = self._decode(order, wanted)
        return schedule_of(self.problem, placed.mode, placed.start_s, placed.switch_s)

    def placed(self, order: Ints, wanted: Ints) -> tuple[int, Places]:
        """Return the objective of a list, and where its tasks are placed; see `schedule`.

        The list may be without the last of the tasks, which then count for nothing.
        """
        value, placed = self._decode(order, wanted)
        return value, Places(*(np.array(field, np.int64) for field in placed))

    def _decode(self, order: Ints, wanted: Ints) -> tuple[int, Placed]:
        given, profiles = self.engine.given, self._new_profiles()
        placed = given(self.engine.lists.new_placed(self.arrays))
        decode = self.engine.lists.decode
        value = decode(self.given, profiles, given(order), given(wanted), placed)
        return int(value), placed

    def pushed_left(self, schedule: Schedule) -> Schedule:
        """Return a schedule, in the modes and the order of another, that waits for nothing.

        Parameters
        ----------
        schedule : Schedule
            Feasible.

        Returns
        -------
        Schedule
            Everything starts when it did or earlier; what `schedule` makes stays as it is.
        """
        return self.schedule(*coded(schedule))

    def built_on_ties(self, schedule: Schedule) -> Schedule:
        """Build beside, within the surge that is left, what commits on the same second so.

        Parameters
        ----------
        schedule : Schedule
            Feasible.

        Returns
        -------
        Schedule
            Feasible, of the same objective, and no work in place more.
        """
        placed = self.engine.given(self.engine.lists.new_placed(self.arrays))
        for placement in schedule.placements:
            mode, task = schedule.mode(placement), placement.task
            placed.mode[task] = BUILT if mode.action == "build" else IN_PLACE
            placed.start_s[task], placed.switch_s[task] = placement.start_s, placement.switch_s
            placed.commit_s[task] = schedule.commit_s(placement)
            placed.end_s[task] = schedule.end_s(placement)
        self.engine.ties.build_ties(self.given, self._new_profiles(), placed)
        return schedule_of(self.problem, placed.mode, placed.start_s, placed.switch_s)
