"""Changes of a list that keep every task after all that it depends on.

What a task depends on comes along where the task moves before it, and so does what depends
on it where it moves behind.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from patchopt.compiling.jit import inner
from patchopt.model.windows import Numbers
from patchopt.optimizer.decoding.arrays import Arrays


class Room(NamedTuple):
    """Scratch of the moves.

    Parameters
    ----------
    taken, left : ndarray of int64, shape (n,)
        Tasks that come along, and those that do not.
    marked : ndarray of int64, shape (components,)
        1: its tasks come along. All 0 between moves.
    """

    taken: Numbers
    left: Numbers
    marked: Numbers


def new_room(arrays: Arrays) -> Room:
    """Return room for the moves of a problem's lists."""
    tasks, components = len(arrays.length_s), len(arrays.inside_begin) - 1
    return Room(
        taken=np.zeros(tasks, np.int64),
        left=np.zeros(tasks, np.int64),
        marked=np.zeros(components, np.int64),
    )


@inner
def _mark(begin: Numbers, others: Numbers, marked: Numbers, component: int, mark: int) -> None:
    for place in range(begin[component], begin[component + 1]):
        marked[others[place]] = mark


@inner
def earlier(arrays: Arrays, room: Room, order: Numbers, place: int, target: int) -> None:
    """Let the task at a place come earlier, at a target; what it depends on comes before it."""
    task = order[place]
    component = arrays.component[task]
    if arrays.below_begin[component] == arrays.below_begin[component + 1]:
        for at in range(place, target, -1):
            order[at] = order[at - 1]
        order[target] = task
        return
    taken, left = 1, 0
    room.taken[0] = task
    _mark(arrays.below_begin, arrays.below, room.marked, component, 1)
    for at in range(place - 1, target - 1, -1):
        other = order[at]
        if room.marked[arrays.component[other]] == 1:
            room.taken[taken] = other
            taken += 1
            component = arrays.component[other]
            _mark(arrays.below_begin, arrays.below, room.marked, component, 1)
        else:
            room.left[left] = other
            left += 1
    for at in range(taken):
        order[target + taken - 1 - at] = room.taken[at]
        component = arrays.component[room.taken[at]]
        _mark(arrays.below_begin, arrays.below, room.marked, component, 0)
    for at in range(left):
        order[target + taken + left - 1 - at] = room.left[at]


@inner
def later(arrays: Arrays, room: Room, order: Numbers, place: int, target: int) -> None:
    """Let the task at a place come later, at a target; what depends on it comes behind it."""
    task = order[place]
    component = arrays.component[task]
    if arrays.above_begin[component] == arrays.above_begin[component + 1]:
        for at in range(place, target):
            order[at] = order[at + 1]
        order[target] = task
        return
    taken, left = 1, 0
    room.taken[0] = task
    _mark(arrays.above_begin, arrays.above, room.marked, component, 1)
    for at in range(place + 1, target + 1):
        other = order[at]
        if room.marked[arrays.component[other]] == 1:
            room.taken[taken] = other
            taken += 1
            component = arrays.component[other]
            _mark(arrays.above_begin, arrays.above, room.marked, component, 1)
        else:
            room.left[left] = other
            left += 1
    for at in range(left):
        order[place + at] = room.left[at]
    for at in range(taken):
        order[place + left + at] = room.taken[at]
        component = arrays.component[room.taken[at]]
        _mark(arrays.above_begin, arrays.above, room.marked, component, 0)


@inner
def exchange(arrays: Arrays, room: Room, order: Numbers, place: int, target: int) -> None:
    """Let the tasks at a place and at a later target exchange places, as far as they may."""
    task = order[place]
    earlier(arrays, room, order, target, place)
    at = place
    while order[at] != task:
        at += 1
    if at < target:
        later(arrays, room, order, at, target)


@inner
def shift(arrays: Arrays, room: Room, order: Numbers, place: int, target: int) -> None:
    """Let the task at a place come to a target, earlier or later."""
    if target < place:
        earlier(arrays, room, order, place, target)
    elif target > place:
        later(arrays, room, order, place, target)
