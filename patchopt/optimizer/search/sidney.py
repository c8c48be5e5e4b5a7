"""Sidney's decomposition: what may come first and weighs most for its work, then the next.

On one machine an order is the best only if it goes through these sets one after another (Sidney,
Decomposition algorithms for single-machine sequencing with precedence relations and deferral
costs, Operations Research 23, 1975). Each is a closure of largest gain, thus a minimum cut
(Picard, Maximal closure of a graph and applications to combinatorial problems, Management
Science 22, 1976); here a set is cut at its own mean until that cuts nothing off.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from ortools.graph.python import max_flow

from patchopt.model.base import Floats, Ints
from patchopt.optimizer.decoding.arrays import Arrays

#: Sum of all capacities of a cut at most: what the solver takes.
_MOST: Final = float(2**60)


def densities(arrays: Arrays, weight: Ints, work: Ints) -> Floats:
    """Return for each component how much its set of the decomposition weighs for its work.

    Parameters
    ----------
    arrays : Arrays
        The problem.
    weight, work : ndarray of int64, shape (c,)
        Of each component; the work at least 1.

    Returns
    -------
    ndarray of float64, shape (c,)
        No component's is more than that of one that it depends on. One cut for each set and
        each that is none yet, of its components and their dependencies.
    """
    count = np.diff(np.asarray(arrays.below_begin))
    user = np.repeat(np.arange(len(count)), count)
    lower = np.asarray(arrays.below)
    found = np.zeros(len(weight))
    place = np.zeros(len(weight), np.int64)
    left = [(np.arange(len(weight)), user, lower)]
    while left:
        some, user, lower = left.pop()
        place[some] = np.arange(len(some))
        own_weight, own_work = weight[some], work[some]
        first = _dense(own_weight, own_work, place[user], place[lower])
        if not 0 < first.sum() < len(some):
            found[some] = own_weight.sum() / own_work.sum()
            continue
        for part in (first, ~first):
            inside = part[place[user]] & part[place[lower]]
            left.append((some[part], user[inside], lower[inside]))
    return found


def _dense(weight: Ints, work: Ints, user: Ints, lower: Ints) -> np.ndarray:
    """Say which of some components are the closure that gains most over their mean."""
    gain = weight * float(work.sum()) - work * float(weight.sum())
    scale = _MOST / (4.0 * max(1.0, float(np.abs(gain).sum())))
    whole = np.rint(gain * min(1.0, scale)).astype(np.int64)
    source, sink = len(weight), len(weight) + 1
    more, less = np.flatnonzero(whole > 0), np.flatnonzero(whole < 0)
    flow = max_flow.SimpleMaxFlow()
    flow.add_arcs_with_capacity(np.full(len(more), source), more, whole[more])
    flow.add_arcs_with_capacity(less, np.full(len(less), sink), -whole[less])
    endless = np.full(len(user), int(np.abs(whole).sum()) + 1)
    flow.add_arcs_with_capacity(user, lower, endless)
    found = np.zeros(len(weight) + 2, bool)
    if len(more) and len(less):
        flow.solve(source, sink)
        found[flow.get_source_side_min_cut()] = True
    return found[: len(weight)]
