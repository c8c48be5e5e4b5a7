"""Simulated annealing over lists of tasks and the modes that are wanted of them.

A list is a priority and stays one: it is never sorted by the starts that it leads to, since
a chain of tasks through a narrow place would lose its early bookings as soon as one of them
moves. Each trial changes a list, decodes it from the first change on, and gives up once what
has become worse behind the last change is beyond what Metropolis' rule, whose luck is drawn
beforehand, could accept (Kirkpatrick, Gelatt, Vecchi, Optimization by simulated annealing,
Science 220, 1983).
"""

from __future__ import annotations

import math

from patchopt.compiling.jit import inner, outer
from patchopt.model.base import Floats
from patchopt.model.windows import Numbers
from patchopt.optimizer.decoding.arrays import Arrays
from patchopt.optimizer.decoding.lists import Placed, place_task
from patchopt.optimizer.decoding.resuming import keep_from, return_to
from patchopt.optimizer.search.changes import Code, Guide, Search, change
from patchopt.optimizer.search.luck import uniform

#: The error of what is known behind the last change, smoothed over decoded trials.
_KEPT = 0.98


@inner
def _copy_place(to: Placed, placed: Placed, task: int) -> None:
    to.mode[task] = placed.mode[task]
    to.start_s[task] = placed.start_s[task]
    to.switch_s[task] = placed.switch_s[task]
    to.commit_s[task] = placed.commit_s[task]
    to.end_s[task] = placed.end_s[task]


@inner
def _copy(to: Code, code: Code, first: int, end: int) -> None:
    """Copy the places of a list from one to before another, and what is known of their tasks.

    Both have the same tasks there.
    """
    for place in range(first, end):
        task = code.order[place]
        to.order[place] = task
        to.wanted[task] = code.wanted[task]
        _copy_place(to.placed, code.placed, task)


@inner
def _longest(placed: Placed) -> int:
    makespan = 0
    for task in range(len(placed.end_s)):
        makespan = max(makespan, placed.end_s[task])
    return makespan


@inner
def _back(search: Search, end: int) -> None:
    """Undo a trial that was decoded up to a place."""
    last = search.touched[1]
    for place in range(search.touched[0], last + 1):
        search.trial.order[place] = search.now.order[place]
    for place in range(search.touched[0], max(end, last + 1)):
        task = search.now.order[place]
        search.trial.wanted[task] = search.now.wanted[task]
        _copy_place(search.trial.placed, search.now.placed, task)


@inner
def _advance(search: Search, first: int) -> None:
    """Let the trial, changed from a place on, be where the search is."""
    _copy(search.now, search.trial, first, len(search.now.order))
    for place in range(first, len(search.now.order)):
        search.place[search.now.order[place]] = place


@outer
def begin(arrays: Arrays, search: Search) -> None:
    """Start from the present list, whose tasks are placed.

    Parameters
    ----------
    arrays : Arrays
        The problem.
    search : Search
        With a list, wanted modes and places in `Search.now`.
    """
    _copy(search.trial, search.now, 0, len(search.now.order))
    _copy(search.best, search.now, 0, len(search.now.order))
    for place in range(len(search.now.order)):
        search.place[search.now.order[place]] = place
    keep_from(arrays, search.profiles, search.copies, search.now.order, search.now.placed, 0)


@outer
def anneal(
    arrays: Arrays,
    search: Search,
    guide: Guide,
    luck: Numbers,
    shares: Floats,
    moves: int,
    temperature: float,
    values: Numbers,
    margin: Floats,
) -> None:
    """Try some moves at a temperature.

    Parameters
    ----------
    arrays : Arrays
        The problem.
    search : Search
        Begun; goes on from where it is.
    guide : Guide
        Which tasks are rather tried.
    luck : ndarray of int64
        State of the random numbers.
    shares : ndarray of float64, shape (7,)
        Up to which uniform number a move is of each kind.
    moves : int
        How many are tried.
    temperature : float
        In units of the objective.
    values : ndarray of int64, shape (2,)
        Objective of where the search is, and of the best.
    margin : ndarray of float64, shape (1,)
        How far the difference behind the last change is from that at the end, on average.
    """
    count = len(search.now.order)
    most = max(4, count // 4)
    for _ in range(moves):
        if not change(arrays, search, guide, luck, shares, most):
            if search.touched[2] >= 0:
                search.trial.wanted[search.touched[2]] = search.now.wanted[search.touched[2]]
            continue
        threshold = -temperature * math.log(uniform(luck))
        first, last = search.touched[0], search.touched[1]
        trial, now = search.trial, search.now
        return_to(arrays, search.profiles, search.copies, now.order, now.placed, first)
        difference, behind, end = 0, 0, count
        for place in range(first, count):
            task = trial.order[place]
            place_task(arrays, search.profiles, trial.placed, task, trial.wanted[task])
            later_s = trial.placed.commit_s[task] - now.placed.commit_s[task]
            difference += arrays.weight_milli[task] * later_s
            if place == last:
                behind = difference
            if place >= last and difference > threshold + margin[0]:
                end = place + 1
                break
        if end == count:
            if arrays.skipped_weight_milli > 0:
                longer_s = _longest(trial.placed) - _longest(now.placed)
                difference += arrays.skipped_weight_milli * longer_s
            margin[0] = _KEPT * margin[0] + (1.0 - _KEPT) * abs(difference - behind)
        if end < count or difference > threshold:
            _back(search, end)
            continue
        _advance(search, first)
        keep_from(arrays, search.profiles, search.copies, now.order, now.placed, first)
        values[0] += difference
        if values[0] < values[1]:
            values[1] = values[0]
            _copy(search.best, now, 0, count)
