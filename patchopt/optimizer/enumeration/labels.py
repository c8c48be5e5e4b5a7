"""Partial schedules, each the one it grew from and a task more."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from patchopt.model.base import Ints

#: Sets of tasks are the bits of a number.
MOST_TASKS = 62
#: Places of `Scratch.state`.
END, DROPPED, WORK = range(3)
#: Of so many places of the crew a label says when they are free again.
LATEST = 8


class Labels(NamedTuple):
    """Partial schedules; the first has no task.

    Parameters
    ----------
    done : ndarray of int64
        Its tasks, as bits. -1: it is none any more.
    task, mode, start_s, switch_s : ndarray of int64
        What was added to it last.
    parent : ndarray of int64
        What it was added to; -1: none.
    free_s : ndarray of int64
        Before it nobody of the crew is free to start anything more.
    end_s : ndarray of int64
        When its last work ends.
    cost_milli : ndarray of int64
        Weight times commit of its tasks.
    reduced_milli : ndarray of int64
        What these pay more than they might, by prices.
    owned_milli : ndarray of int64
        What these pay for rows that are only ever held from a start on.
    spent_milli : ndarray of int64
        What every schedule that begins like this costs more than the bound, at least.
    chain : ndarray of int64
        Another of the same hash; -1: none.
    crew_s : ndarray of int64, shape (labels, LATEST)
        When places of the crew are free again, the latest first; 0: nothing is done there.
    """

    done: Ints
    task: Ints
    mode: Ints
    start_s: Ints
    switch_s: Ints
    parent: Ints
    free_s: Ints
    end_s: Ints
    cost_milli: Ints
    reduced_milli: Ints
    owned_milli: Ints
    spent_milli: Ints
    chain: Ints
    crew_s: Ints


def new_labels(count: int) -> Labels:
    """Return room for so many, with the empty one in it."""
    shapes = [(count,)] * (len(Labels._fields) - 1) + [(count, LATEST)]
    labels = Labels(*(np.zeros(shape, np.int64) for shape in shapes))
    labels.parent[0] = -1
    return labels


class Running(NamedTuple):
    """What still holds something at some time.

    Parameters
    ----------
    task, mode : ndarray of int64, shape (n,)
        Which tasks.
    until_s, end_s : ndarray of int64, shape (n,)
        End of the work; of all, the switch of a build included.
    start_s : ndarray of int64, shape (n,)
        Start of the work.
    use : ndarray of int64, shape (n, resources)
        What the work of each takes.
    """

    task: Ints
    mode: Ints
    start_s: Ints
    until_s: Ints
    end_s: Ints
    use: Ints


def new_running(tasks: int, resources: int) -> Running:
    """Return room for what runs at a time."""
    shapes = [(tasks,)] * (len(Running._fields) - 1) + [(tasks, resources)]
    return Running(*(np.zeros(shape, np.int64) for shape in shapes))


class Scratch(NamedTuple):
    """Room to work in.

    Parameters
    ----------
    running, new, other : Running
        Of a label, of one that it grows into, and of one that this is compared with.
    start_s, release_s : ndarray of int64, shape (2n,)
        Of task j in mode m, at 2j + m; -1: it cannot be added.
    head : ndarray of int64
        First label of each hash.
    state : ndarray of int64, shape (3,)
        At `END`, `DROPPED`, `WORK`: end of the labels; least that any that was left out has spent;
        a measure of the work done.
    """

    running: Running
    new: Running
    other: Running
    start_s: Ints
    release_s: Ints
    head: Ints
    state: Ints
