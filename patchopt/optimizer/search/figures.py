"""What rules of priority know of a task: how much it weighs, works, and holds up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, cast

import numpy as np

from patchopt.model.base import Floats, Ints
from patchopt.optimizer.decoder import Decoder
from patchopt.optimizer.decoding.arrays import Arrays


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
        In O(n), and O(components^2 / 64) words under strict order.
    """
    arrays = decoder.arrays
    length = np.maximum(1.0, np.asarray(arrays.length_s, np.float64))
    weight = np.asarray(arrays.weight_milli, np.float64)
    work = length * np.array([task.size for task in decoder.problem.tasks], np.float64)
    if not len(arrays.below):
        return Figures(weight, length, work, weight, work, length)
    downwards = _downwards(arrays, decoder.in_order(-weight / length))
    waiting_weight, waiting_work = (_waiting(arrays, downwards, one) for one in (weight, work))
    path = _critical(arrays, downwards, length)
    return Figures(weight, length, work, waiting_weight, waiting_work, path)


def _downwards(arrays: Arrays, order: Ints) -> Iterable[int]:
    """Return the components, each after all above it, from any list."""
    return dict.fromkeys(int(arrays.component[task]) for task in order[::-1])


def _of_components(arrays: Arrays, amount: Floats, combine: Callable[..., None]) -> Floats:
    found = np.zeros(len(arrays.inside_begin) - 1)
    combine(found, cast("Ints", arrays.component), amount)
    return found


def _waiting(arrays: Arrays, downwards: Iterable[int], amount: Floats) -> Floats:
    """Return each task's amount and that of all tasks above it, however far."""
    own = _of_components(arrays, amount, np.add.at)
    above: dict[int, int] = {}  # sets of components as bits
    total = np.zeros(len(own))
    for component in downwards:
        bits = 0
        for at in range(arrays.above_begin[component], arrays.above_begin[component + 1]):
            user = int(arrays.above[at])
            bits |= above[user] | 1 << user
        above[component] = bits
        total[component] = sum(own[user] for user in _set_bits(bits))
    return amount + total[cast("Ints", arrays.component)]


def _set_bits(bits: int) -> list[int]:
    """Return the places of the bits that are 1."""
    found = []
    while bits:
        lowest = bits & -bits
        found.append(lowest.bit_length() - 1)
        bits ^= lowest
    return found


def _critical(arrays: Arrays, downwards: Iterable[int], length: Floats) -> Floats:
    """Return the length of the longest path of work from each task upwards."""
    own = _of_components(arrays, length, np.maximum.at)
    longest = np.zeros(len(own))  # of what waits for a component
    for component in downwards:
        for at in range(arrays.above_begin[component], arrays.above_begin[component + 1]):
            user = int(arrays.above[at])
            longest[component] = max(longest[component], own[user] + longest[user])
    return length + longest[cast("Ints", arrays.component)]
