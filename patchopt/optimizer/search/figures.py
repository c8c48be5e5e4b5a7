"""What rules of priority know of a task: how much it weighs, works, and holds up."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from patchopt.model.base import Floats, Ints
from patchopt.optimizer.decoder import Decoder


class Figures(NamedTuple):
    """Of each task of a problem.

    Parameters
    ----------
    weight, length, work : ndarray of float64, shape (n,)
        Milli-weight; seconds, at least 1; node-seconds.
    waiting_weight, waiting_work : ndarray of float64, shape (n,)
        Of a task and of all that waits for it, however far.
    path : ndarray of float64, shape (n,)
        Seconds of the longest path of work from the task on.
    """

    weight: Floats
    length: Floats
    work: Floats
    waiting_weight: Floats
    waiting_work: Floats
    path: Floats


def figures_of(decoder: Decoder) -> Figures:
    """Return what rules of priority know of the tasks of a problem.

    Parameters
    ----------
    decoder : Decoder
        Of the problem.

    Returns
    -------
    Figures
        In O(n), and under strict order as `patchopt.optimizer.search.reaching.add_waiting`.
    """
    arrays, engine = decoder.arrays, decoder.engine
    length = np.maximum(1, np.asarray(arrays.length_s))
    work = length * np.array([task.size for task in decoder.problem.tasks], np.int64)
    weight = np.asarray(arrays.weight_milli)
    if not len(arrays.below):
        return _figures(weight, length, work, weight, work, length)
    component = np.asarray(arrays.component)
    # Any list goes upwards from component to component.
    order = component[decoder.in_order(np.zeros(len(weight)))]
    upwards = engine.given(np.array(list(dict.fromkeys(order.tolist())), np.int64))

    def above(add: Callable[..., None], own: Ints, *room: Ints) -> Ints:
        total = engine.given(np.zeros_like(own))
        add(decoder.given, upwards, *map(engine.given, (own, *room)), total)
        return np.array(total, np.int64)

    weights, works, lengths = np.zeros((3, len(upwards)), np.int64)
    np.add.at(weights, component, weight)
    np.add.at(works, component, work)
    np.maximum.at(lengths, component, length)
    waits = [
        above(engine.reaching.add_waiting, one, np.zeros_like(one)) for one in (weights, works)
    ]
    path = above(engine.reaching.add_path, lengths)
    waiting_weight = weight + (waits[0] - weights)[component]
    waiting_work = work + (waits[1] - works)[component]
    return _figures(weight, length, work, waiting_weight, waiting_work, length + path[component])


def _figures(*numbers: Ints) -> Figures:
    return Figures(*(own.astype(np.float64) for own in numbers))
