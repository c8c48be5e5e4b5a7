"""What the prices of a bound say of partial schedules, as flat arrays."""

from __future__ import annotations

from functools import partial
from typing import Final, NamedTuple

import numpy as np

from patchopt.model.base import Ints
from patchopt.optimizer.bounds.alone import makespan_bound_s
from patchopt.optimizer.bounds.bound import Priced
from patchopt.optimizer.bounds.exact import paid_milli
from patchopt.optimizer.bounds.layout import Layout, layout_of
from patchopt.optimizer.bounds.promising import costs_of_starts
from patchopt.optimizer.bounds.rows import Relaxation, TaskClass
from patchopt.optimizer.decoding.arrays import BUILT, IN_PLACE, Arrays
from patchopt.optimizer.problem import Problem, alike

#: Least costs of later starts are known at so many moments.
_MOMENTS: Final = 4_096


class Tables(NamedTuple):
    """Prices of n tasks.

    Parameters
    ----------
    least_milli : ndarray of int64, shape (n,)
        What each pays at its best start.
    later_milli : ndarray of int64, shape (moments, n)
        What it pays more than that from a moment on, at least.
    moment_s : int
        Seconds from one moment to the next.
    before : ndarray of int64, shape (n,)
        A task that is alike and is done first; -1: there is none.
    users, waiting : ndarray of int64
        Tasks that ask for each resource, and that wait for each component, as bits.
    crew : int
        The resource that everybody asks for, -1 if there is none.
    longest_s : int
        That anything holds anything at most.
    makespan_s : int
        What the bound takes the makespan to be at least.
    mode : ndarray of int64, shape (2n,)
        Where the parts of task j in mode m are told of, at 2j + m; -1: there is no such mode.
    part_begin, held_s, from_zero : ndarray of int64
        As in `patchopt.optimizer.bounds.layout.Layout`.
    begin_s, width_s : ndarray of int64, shape (cells,)
        Of the cells.
    paid_milli, rate : ndarray of int64, shape (parts, cells)
        Integral of a part's price up to each cell, and its price there.
    owned_milli, owned_rate : ndarray of int64, shape (parts, cells)
        The same of those rows that are only ever held from the start on.
    room_milli, room_rate : ndarray of int64, shape (cells,)
        The same of the capacity of these rows.
    """

    least_milli: Ints
    later_milli: Ints
    moment_s: int
    before: Ints
    users: Ints
    waiting: Ints
    crew: int
    longest_s: int
    makespan_s: int
    mode: Ints
    part_begin: Ints
    held_s: Ints
    from_zero: Ints
    begin_s: Ints
    width_s: Ints
    paid_milli: Ints
    rate: Ints
    owned_milli: Ints
    owned_rate: Ints
    room_milli: Ints
    room_rate: Ints


def tables_of(arrays: Arrays, priced: Priced, until_s: int) -> Tables:
    """Lay out what a bound by prices says of partial schedules.

    Parameters
    ----------
    arrays : Arrays
        The problem laid out.
    priced : Priced
        The prices; they are rounded down, as in the proof.
    until_s : int
        Latest start that counts.

    Returns
    -------
    Tables
        O(classes x modes x demands x (moments + cells x demands)).
    """
    relaxation, cells, rates = priced.relaxation, priced.cells, priced.rates
    layout = layout_of(relaxation)
    paid = paid_milli(cells, rates)[:, :-1]
    count = len(relaxation.problem.tasks)
    moment_s = until_s // _MOMENTS + 1
    longest_s = max(task.length_s for task in relaxation.problem.tasks)
    own_least = np.zeros(count, np.int64)
    moments = np.arange(0, until_s + 1, moment_s, dtype=np.int64)
    later = np.zeros((len(moments), count), np.int64)
    edges = np.unique(np.concatenate([cells.begin_s, cells.end_s]))
    turns = partial(_turns, edges=edges, moments=moments, until_s=until_s)
    for one, starts, best, costs in costs_of_starts(priced, turns):
        rest = np.minimum.accumulate(np.min(costs, axis=0)[::-1])[::-1]
        members = list(one.members)
        own_least[members] = best
        later[:, members] = rest[np.searchsorted(starts, moments), None]
    owned = _owned(layout)
    capacity = layout.capacity * owned
    return Tables(
        least_milli=own_least,
        later_milli=later,
        moment_s=moment_s,
        before=_before(relaxation.problem),
        users=_users(arrays),
        waiting=_waiting(arrays),
        crew=-1 if relaxation.problem.crew is None else relaxation.problem.crew,
        longest_s=longest_s + arrays.overhead_s + arrays.period_s,
        makespan_s=makespan_bound_s(relaxation.problem),
        mode=_modes(relaxation),
        part_begin=layout.part_begin,
        held_s=layout.held_s,
        from_zero=layout.from_zero,
        begin_s=cells.begin_s,
        width_s=cells.width_s,
        paid_milli=_parts(layout, paid),
        rate=_parts(layout, rates),
        owned_milli=_parts(layout, paid * owned[:, None]),
        owned_rate=_parts(layout, rates * owned[:, None]),
        room_milli=capacity @ paid,
        room_rate=capacity @ rates,
    )


def _turns(one: TaskClass, edges: Ints, moments: Ints, until_s: int) -> Ints:
    """Return starts among which are the cheapest from each moment on, ascending.

    What a class pays is linear but where a demand begins or ends at an edge of a cell.
    """
    held = {demand.held_s for way in one.ways for demand in way.demands} | {0}
    around = np.concatenate([edges - seconds for seconds in sorted(held)])
    starts = np.unique(np.concatenate([moments, around, [until_s]]))
    return starts[(starts >= 0) & (starts <= until_s)]


def _owned(layout: Layout) -> Ints:
    """Return 1 for the rows that are only ever held from a start on."""
    owned = np.ones(len(layout.capacity), np.int64)
    for part in np.flatnonzero(layout.from_zero):
        owned[layout.row[layout.demand_begin[part] : layout.demand_begin[part + 1]]] = 0
    return owned


def _parts(layout: Layout, of_rows: Ints) -> Ints:
    """Return what the demands of each part come to."""
    found = np.zeros((len(layout.held_s), of_rows.shape[1]), np.int64)
    for part in range(len(found)):
        some = slice(layout.demand_begin[part], layout.demand_begin[part + 1])
        found[part] = layout.amount[some] @ of_rows[layout.row[some]]
    return found


def _modes(relaxation: Relaxation) -> Ints:
    tasks = relaxation.problem.tasks
    found = np.full(2 * len(tasks), -1, np.int64)
    number = 0
    for one in relaxation.classes:
        for way in range(len(one.ways)):
            for task in one.members:
                built = tasks[task].modes[way].action == "build"
                found[2 * task + (BUILT if built else IN_PLACE)] = number
            number += 1
    return found


def _before(problem: Problem) -> Ints:
    found = np.full(len(problem.tasks), -1, np.int64)
    for group in alike(problem):
        found[group[1:]] = group[:-1]
    return found


def _users(arrays: Arrays) -> Ints:
    found = np.zeros(len(arrays.capacity), np.int64)
    for way in range(len(arrays.begin) - 1):
        for place in range(arrays.begin[way], arrays.begin[way + 1]):
            found[arrays.resource[place]] |= 1 << (way >> 1)
    return found


def _waiting(arrays: Arrays) -> Ints:
    found = np.zeros(len(arrays.above_begin) - 1, np.int64)
    for component in range(len(found)):
        for place in range(arrays.above_begin[component], arrays.above_begin[component + 1]):
            upper = arrays.above[place]
            for member in range(arrays.inside_begin[upper], arrays.inside_begin[upper + 1]):
                found[component] |= 1 << int(arrays.inside[member])
    return found
