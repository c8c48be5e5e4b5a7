"""Lists to start a search from: what Smith's rule and its kin say."""

from __future__ import annotations

import itertools
from typing import Final

import numpy as np

from patchopt.model.base import Floats, Ints
from patchopt.optimizer.decoder import Decoder
from patchopt.optimizer.problem import Problem
from patchopt.optimizer.search.figures import figures_of

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


def start_lists(decoder: Decoder) -> list[Ints]:
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
    decoder : Decoder
        Of the problem.

    Returns
    -------
    list of ndarray of int64, shape (n,)
        Every task once in each. O(n log n), and under strict order as `figures_of`.
    """
    problem, own = decoder.problem, figures_of(decoder)
    weight, length, work = own.weight, own.length, own.work
    crew = problem.capacities[problem.crew] if problem.crew is not None else 1
    keys = [weight / length, weight / work]
    keys.append(weight / (work / crew + _NARROW * length * _narrowest(problem)))
    ordered = len(decoder.arrays.below) > 0
    if ordered:
        waiting = own.waiting_weight
        keys += [own.path, waiting / length, waiting / work, waiting / own.waiting_work]
    if len(keys[0]) <= _MANY:
        some = [keys[1], *keys[-2:]] if ordered else keys[1:2]
        keys += [scaled for key in some for scaled in _with_hosts(problem, key)]
    lists = [decoder.in_order(-key) for key in keys]
    if problem.windows.period_s and problem.crew is not None and not ordered:
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
