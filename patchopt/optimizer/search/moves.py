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
def _move(
    arrays: Arrays,
    room: Room,
    begin: Numbers,
    others: Numbers,
    order: Numbers,
    place: int,
    target: int,
) -> None:
    """Let the task at a place come to a target, and with it those of the components it takes along.

    Which those are `begin` and `others` say of each component.
    """
    step = 1 if target > place else -1
    task = order[place]
    component = arrays.component[task]
    if begin[component] == begin[component + 1]:
        for at in range(place, target, step):
            order[at] = order[at + step]
        order[target] = task
        return
    taken, left = 1, 0
    room.taken[0] = task
    _mark(begin, others, room.marked, component, 1)
    for at in range(place + step, target + step, step):
        other = order[at]
        if room.marked[arrays.component[other]] == 1:
            room.taken[taken] = other
            taken += 1
            _mark(begin, others, room.marked, arrays.component[other], 1)
        else:
            room.left[left] = other
            left += 1
    for at in range(left):
        order[place + step * at] = room.left[at]
    for at in range(taken):
        order[target - step * (taken - 1 - at)] = room.taken[at]
        _mark(begin, others, room.marked, arrays.component[room.taken[at]], 0)


@inner
def earlier(arrays: Arrays, room: Room, order: Numbers, place: int, target: int) -> None:
    """Let the task at a place come earlier, at a target; what it depends on comes before it."""
    _move(arrays, room, arrays.below_begin, arrays.below, order, place, target)


@inner
def later(arrays: Arrays, room: Room, order: Numbers, place: int, target: int) -> None:
    """Let the task at a place come later, at a target; what depends on it comes behind it."""
    _move(arrays, room, arrays.above_begin, arrays.above, order, place, target)


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
