"""Decoding again what a change of a list has left the same only up to some place.

Copies of the profiles are kept at every K-th place of the list. A list that differs from
the place p on is decoded from the copy before p: what lies between is booked as it was,
without a search, and the rest is placed anew.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from patchopt.compiling.jit import inner
from patchopt.model.windows import Numbers
from patchopt.optimizer.decoding.arrays import Arrays
from patchopt.optimizer.decoding.lists import Placed, book, new_profiles
from patchopt.optimizer.decoding.profiles import Profiles, clear, copy_profiles

#: So many copies a list has at most, but for short ones, which have one each so many places.
_COPIES = 40
_LEAST = 4


class Copies(NamedTuple):
    """Copies of the profiles.

    Parameters
    ----------
    profiles : Profiles
        One copy after another.
    every : int
        Copy c is of the profiles before the place ``c * every`` of the list.
    """

    profiles: Profiles
    every: int


def new_copies(arrays: Arrays) -> Copies:
    """Return room for the copies of a list of all tasks."""
    tasks = len(arrays.length_s)
    every = max(_LEAST, math.ceil(tasks / _COPIES))
    return Copies(new_profiles(arrays, max(1, math.ceil(tasks / every))), every)


@inner
def keep_from(
    arrays: Arrays,
    profiles: Profiles,
    copies: Copies,
    order: Numbers,
    placed: Placed,
    first: int,
) -> None:
    """Keep copies anew from a place of the list on, all of whose tasks are placed.

    Parameters
    ----------
    arrays : Arrays
        The problem.
    profiles : Profiles
        Room; of the whole list afterwards.
    copies : Copies
        Those before the place are right; 0: none is.
    order : ndarray of int64, shape (n,)
        The list.
    placed : Placed
        Where its tasks are.
    first : int
        The place.
    """
    copy = first // copies.every
    if copy == 0:
        clear(profiles, arrays.room)
    else:
        copy_profiles(arrays.room, copies.profiles, copy, profiles, 0)
    for place in range(copy * copies.every, len(order)):
        if place % copies.every == 0:
            copy_profiles(arrays.room, profiles, 0, copies.profiles, place // copies.every)
        book(arrays, profiles, placed, order[place])


@inner
def return_to(
    arrays: Arrays,
    profiles: Profiles,
    copies: Copies,
    order: Numbers,
    placed: Placed,
    first: int,
) -> None:
    """Let the profiles be those before a place of the list."""
    copy = first // copies.every
    copy_profiles(arrays.room, copies.profiles, copy, profiles, 0)
    for place in range(copy * copies.every, first):
        book(arrays, profiles, placed, order[place])
