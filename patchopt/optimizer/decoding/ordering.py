"""Lists by priority, each task after all that it depends on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from patchopt.compiling.jit import inner, outer
from patchopt.model.windows import Numbers
from patchopt.optimizer.decoding.arrays import Arrays


class Queue(NamedTuple):
    """What waits to be put into a list.

    Parameters
    ----------
    heap : ndarray of int64, shape (n,)
        Ranks of the tasks that may come next; none is above one of less.
    rank : ndarray of int64, shape (n,)
        Of each task.
    left : ndarray of int64, shape (components,)
        Tasks of each that are not in the list.
    lower : ndarray of int64, shape (components,)
        How many of those that it depends on have tasks left.
    size : ndarray of int64, shape (1,)
        How many are in the heap.
    """

    heap: Numbers
    rank: Numbers
    left: Numbers
    lower: Numbers
    size: Numbers


def new_queue(arrays: Arrays) -> Queue:
    """Return room for what waits."""
    tasks, components = len(arrays.length_s), len(arrays.inside_begin) - 1
    return Queue(*(np.zeros(size, np.int64) for size in (tasks, tasks, components, components, 1)))


@inner
def _push(queue: Queue, rank: int) -> None:
    heap, place = queue.heap, queue.size[0]
    queue.size[0] = place + 1
    while place > 0 and heap[(place - 1) >> 1] > rank:
        heap[place] = heap[(place - 1) >> 1]
        place = (place - 1) >> 1
    heap[place] = rank


@inner
def _pop(queue: Queue) -> int:
    """Take the least rank away and return it."""
    heap, size = queue.heap, queue.size[0] - 1
    first, last = heap[0], heap[size]
    queue.size[0] = size
    place = 0
    while 2 * place + 1 < size:
        under = 2 * place + 1
        if under + 1 < size and heap[under + 1] < heap[under]:
            under += 1
        if heap[under] > last:
            break
        heap[place] = heap[under]
        place = under
    heap[place] = last
    return first


@inner
def _push_inside(arrays: Arrays, queue: Queue, component: int) -> None:
    for place in range(arrays.inside_begin[component], arrays.inside_begin[component + 1]):
        _push(queue, queue.rank[arrays.inside[place]])


@outer
def put_in_order(arrays: Arrays, first: Numbers, queue: Queue, order: Numbers) -> None:
    """Make the list of the tasks, of those that may come next always the first by priority.

    Parameters
    ----------
    arrays : Arrays
        The problem.
    first : ndarray of int64, shape (n,)
        Every task once, by priority alone.
    queue : Queue
        Room.
    order : ndarray of int64, shape (n,)
        Filled in. O(n log n + dependencies).
    """
    for place in range(len(first)):
        queue.rank[first[place]] = place
    queue.size[0] = 0
    for component in range(len(queue.left)):
        queue.left[component] = arrays.inside_begin[component + 1] - arrays.inside_begin[component]
        queue.lower[component] = arrays.below_begin[component + 1] - arrays.below_begin[component]
        if queue.lower[component] == 0:
            _push_inside(arrays, queue, component)
    for place in range(len(first)):
        task = first[_pop(queue)]
        order[place] = task
        component = arrays.component[task]
        queue.left[component] -= 1
        if queue.left[component] > 0:
            continue
        for at in range(arrays.above_begin[component], arrays.above_begin[component + 1]):
            user = arrays.above[at]
            queue.lower[user] -= 1
            if queue.lower[user] == 0:
                _push_inside(arrays, queue, user)
