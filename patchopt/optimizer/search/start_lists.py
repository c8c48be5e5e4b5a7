"""Lists to start a search from: what Smith's rule and its kin say."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable
from typing import Final, cast

import numpy as np

from patchopt.model.base import Floats, Ints
from patchopt.model.waiting import Waiting
from patchopt.optimizer.decoding.arrays import Arrays
from patchopt.optimizer.problem import Problem

#: Under windows: how much of each the crew is thought to use, and the share of what it does there
#: that is put in order of length.
_PACKINGS = tuple(
    (fill, tail) for fill in (1.0, 0.995, 0.99, 0.98, 0.95) for tail in (0.1, 0.2, 0.4)
)
#: By how much the work on hosts is put earlier or later.
_HOSTS: Final = (0.05, 0.2, 0.4, 0.6, 0.8, 1.25, 2.0, 4.0)
#: Of more tasks than this only the plain priorities are tried: each list takes a while.
_MANY: Final = 20_000
#: How much of a task's share of its narrowest resource counts beside its share of the crew.
_NARROW = 0.01


def start_lists(problem: Problem, arrays: Arrays) -> list[Ints]:
    """Return lists by several priorities, each task after all that it depends on.

    By weight per second, weight per node and second (Smith, Various optimizers for single-stage
    production, 1956, work counted in crew), and weight per second of crew and of the narrowest
    resource. Under strict order also by the longest path of work that waits for a task
    (critical path), and by the weight of all that waits for it per second, per node and second,
    and per node and second of all that waits (after Sidney, Decomposition algorithms for
    single-machine sequencing with precedence relations and deferral costs, Operations Research 23,
    1975).

    Parameters
    ----------
    problem, arrays
        A problem, and the same laid out.

    Returns
    -------
    list of ndarray of int64, shape (n,)
        Every task once in each. O(n log n), and O(components^2 / 64) words under strict order.
    """
    length = np.maximum(1.0, np.asarray(arrays.length_s, np.float64))
    weight = np.asarray(arrays.weight_milli, np.float64)
    work = length * np.array([task.size for task in problem.tasks], np.float64)
    crew = problem.capacities[problem.crew] if problem.crew is not None else 1
    keys = [weight / length, weight / work]
    keys.append(weight / (work / crew + _NARROW * length * _narrowest(problem)))
    if len(arrays.below):
        downwards = _downwards(arrays, in_order(problem, -keys[0]))
        waiting, work_waiting = (_waiting(arrays, downwards, one) for one in (weight, work))
        keys.append(_critical(arrays, downwards, length))
        keys += [waiting / length, waiting / work, waiting / work_waiting]
    if len(keys[0]) <= _MANY:
        some = [keys[1], *keys[-2:]] if len(arrays.below) else keys[1:2]
        keys += [scaled for key in some for scaled in _with_hosts(problem, key)]
    lists = [in_order(problem, -key) for key in keys]
    if problem.windows.period_s and problem.crew is not None and not len(arrays.below):
        lists += [packed(problem, lists[1], work, *how) for how in _PACKINGS]
    return lists


def _with_hosts(problem: Problem, key: Floats) -> list[Floats]:
    """Return a key in which the work on hosts comes earlier and later; none without hosts.

    It keeps whatever a host carries from being worked on, which no share of the crew tells; how
    much that costs depends on what else there is to do.
    """
    own = {host: problem.capacities[host] for host in problem.hosts}
    hosts = np.array(
        [
            any(own.get(at) == amount for mode in task.modes for at, amount in mode.demands)
            for task in problem.tasks
        ]
    )
    return [np.where(hosts, factor * key, key) for factor in _HOSTS] if hosts.any() else []


def packed(problem: Problem, order: Ints, work: Floats, fill: float, tail: float) -> Ints:
    """Let what the crew does last before each closing begin with the longest.

    Whatever does not fit before a closing waits until the next opening: much longer than what
    order within a window makes of it. With the longest first the crew ends evenly (Graham, Bounds
    on multiprocessing timing anomalies, SIAM J. Applied Mathematics 17, 1969).

    Parameters
    ----------
    problem : Problem
        With windows and a crew.
    order : ndarray of int64, shape (n,)
        A list without dependencies.
    work : ndarray of float64, shape (n,)
        Node-seconds of each task.
    fill : float
        How much of a window the crew is thought to use.
    tail : float
        Share of the tasks of a window that are put in order of length.
    """
    assert problem.crew is not None  # noqa: S101 - the caller has looked
    crew = problem.capacities[problem.crew]
    length_s = np.array([task.length_s for task in problem.tasks], np.int64)
    ends = np.cumsum(work[order]) / (crew * fill)
    found = order.copy()
    first, open_s = 0, 0.0
    for opening_s in itertools.cycle(problem.windows.lengths_s.tolist()):
        open_s += opening_s
        end = int(np.searchsorted(ends, open_s, side="right"))
        if end >= len(order):
            break
        begin = max(first, end - max(1, int(tail * (end - first))))
        some = order[begin:end]
        found[begin:end] = some[np.argsort(-length_s[some], kind="stable")]
        first = end
    return found


def in_order(problem: Problem, key: Floats) -> Ints:
    """Return the tasks by a key, the least first, each after all that it depends on.

    Ties go to the lower number.
    """
    component_of = [task.component for task in problem.tasks]
    waiting = Waiting(range(len(key)), component_of.__getitem__, problem.dependencies)
    heap = [(float(key[task]), task) for task in waiting.first]
    heapq.heapify(heap)
    order = []
    while heap:
        task = heapq.heappop(heap)[1]
        order.append(task)
        for freed in waiting.done(task):
            heapq.heappush(heap, (float(key[freed]), freed))
    return np.array(order, np.int64)


def _narrowest(problem: Problem) -> Floats:
    """Return the largest share that each task takes of a resource but the crew, in place."""
    shares = np.zeros(len(problem.tasks))
    for number, task in enumerate(problem.tasks):
        for mode in task.modes:
            if mode.action == "patch":
                for resource, amount in mode.demands:
                    if resource != problem.crew:
                        share = amount / problem.capacities[resource]
                        shares[number] = max(shares[number], share)
    return shares


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
