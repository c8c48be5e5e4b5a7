"""What a search works on, and the changes that it tries.

Beside insertions and exchanges there are moves of chains: the tasks of one service, which
stand in each other's way, go some way together or exchange places among themselves.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from patchopt.compiling.jit import inner
from patchopt.model.base import Floats
from patchopt.model.windows import Numbers
from patchopt.optimizer.decoding.arrays import BUILT, IN_PLACE, Arrays, in_rows
from patchopt.optimizer.decoding.lists import Placed, new_placed, new_profiles
from patchopt.optimizer.decoding.profiles import Profiles
from patchopt.optimizer.decoding.resuming import Copies, new_copies
from patchopt.optimizer.search.luck import below, distance, uniform
from patchopt.optimizer.search.moves import Room, earlier, exchange, later, new_room, shift

#: Kinds of moves: insertion, swap, other mode, within a service, shuffle, slide, reorder.
INSERT, SWAP, MODE, WITHIN, SHUFFLE, SLIDE, REORDER = range(7)
#: Services of more tasks than this are no chains.
_LONGEST = 63


class Code(NamedTuple):
    """A list, the modes that are wanted, and where the tasks of it are placed."""

    order: Numbers
    wanted: Numbers
    placed: Placed


class Search(NamedTuple):
    """What a search works on.

    Parameters
    ----------
    now, trial, best : Code
        Where it is; a change of it, the same but while it is tried; the best so far.
    profiles, copies, room
        Of the decoder and of the moves.
    place : ndarray of int64, shape (n,)
        Of each task in the present list.
    chain_begin, chain : ndarray of int64
        Tasks of each service, of two or more that work in place.
    of_begin, of : ndarray of int64
        Services of each task that are such chains.
    members : ndarray of int64
        Scratch: places of a chain's tasks, ascending.
    touched : ndarray of int64, shape (3,)
        First and last place that a move has changed, and the task whose mode it has, or -1.
    """

    now: Code
    trial: Code
    best: Code
    profiles: Profiles
    copies: Copies
    room: Room
    place: Numbers
    chain_begin: Numbers
    chain: Numbers
    of_begin: Numbers
    of: Numbers
    members: Numbers
    touched: Numbers


class Guide(NamedTuple):
    """What each start costs more than it might, to try those first that cost most.

    Parameters
    ----------
    costs : ndarray of float64
        Of task j in mode m that starts in cell k, at ``(2j + m) * cells + k``.
    cells, cell_s : int
        How many cells, and how long each is; what starts later counts as in the last.
    share : float
        Of the moves that are guided.
    """

    costs: Floats
    cells: int
    cell_s: int
    share: float


def no_guide() -> Guide:
    """Return a guide that is never asked."""
    return Guide(np.zeros(1), 1, 1, 0.0)


def new_search(arrays: Arrays, services: frozenset[int]) -> Search:
    """Return room for a search.

    Parameters
    ----------
    arrays : Arrays
        The problem.
    services : frozenset of int
        Which resources are services.
    """
    tasks = len(arrays.length_s)

    def code() -> Code:
        return Code(np.zeros(tasks, np.int64), np.full(tasks, -1, np.int64), new_placed(arrays))

    chains: dict[int, list[int]] = {service: [] for service in sorted(services)}
    for task in range(tasks):
        for at in range(arrays.begin[2 * task], arrays.begin[2 * task + 1]):
            if arrays.resource[at] in chains:
                chains[arrays.resource[at]].append(task)
    some = [chain for chain in chains.values() if 2 <= len(chain) <= _LONGEST]
    of: list[list[int]] = [[] for _ in range(tasks)]
    for number, chain in enumerate(some):
        for task in chain:
            of[task].append(number)
    chain_begin, chain_tasks = in_rows(some)
    of_begin, of_chains = in_rows(of)
    return Search(
        now=code(),
        trial=code(),
        best=code(),
        profiles=new_profiles(arrays),
        copies=new_copies(arrays),
        room=new_room(arrays),
        place=np.zeros(tasks, np.int64),
        chain_begin=chain_begin,
        chain=chain_tasks,
        of_begin=of_begin,
        of=of_chains,
        members=np.zeros(_LONGEST, np.int64),
        touched=np.zeros(3, np.int64),
    )


# Changes ---------------------------------------------------------------------------------


@inner
def _set(search: Search, first: int, last: int) -> bool:
    search.touched[0] = first
    search.touched[1] = last
    return first <= last


@inner
def _chain_of(search: Search, luck: Numbers, task: int) -> int:
    """Draw a chain that a task is in, -1 if it is in none."""
    begin, end = search.of_begin[task], search.of_begin[task + 1]
    return -1 if begin == end else search.of[begin + below(luck, end - begin)]


@inner
def _gather(search: Search, chain: int) -> int:
    """Note the places of a chain's tasks, ascending; return how many there are."""
    count = 0
    for at in range(search.chain_begin[chain], search.chain_begin[chain + 1]):
        place = search.place[search.chain[at]]
        slot = count
        while slot > 0 and search.members[slot - 1] > place:
            search.members[slot] = search.members[slot - 1]
            slot -= 1
        search.members[slot] = place
        count += 1
    return count


@inner
def _target(luck: Numbers, place: int, most: int, count: int) -> int:
    """Draw where a task at a place comes, earlier or later, within the list."""
    step = distance(luck, most)
    if uniform(luck) < 0.5:
        return max(0, place - step)
    return min(count - 1, place + step)


@inner
def _change_mode(arrays: Arrays, search: Search, luck: Numbers, place: int, most: int) -> bool:
    """Want another mode of a task, in half of the cases at another place."""
    order, wanted = search.trial.order, search.trial.wanted
    task = order[place]
    if arrays.commit_s[2 * task + IN_PLACE] < 0 or arrays.commit_s[2 * task + BUILT] < 0:
        return False
    mode = below(luck, 3) - 1
    if mode == wanted[task]:
        return False
    wanted[task] = mode
    search.touched[2] = task
    target = place
    if uniform(luck) < 0.5:
        target = _target(luck, place, most, len(order))
        shift(arrays, search.room, order, place, target)
    return _set(search, min(place, target), max(place, target))


@inner
def _within(arrays: Arrays, search: Search, luck: Numbers, place: int) -> bool:
    """Move or exchange two tasks of one service."""
    order = search.trial.order
    chain = _chain_of(search, luck, order[place])
    if chain < 0:
        return False
    begin, end = search.chain_begin[chain], search.chain_begin[chain + 1]
    other = search.place[search.chain[begin + below(luck, end - begin)]]
    if other == place:
        return False
    first, last = min(place, other), max(place, other)
    kind = below(luck, 3)
    if kind == 0:
        earlier(arrays, search.room, order, last, first)
    elif kind == 1:
        later(arrays, search.room, order, first, last)
    else:
        exchange(arrays, search.room, order, first, last)
    return _set(search, first, last)


@inner
def _shuffle(arrays: Arrays, search: Search, luck: Numbers, place: int) -> bool:
    """Mix three to ten neighbours."""
    order = search.trial.order
    count = min(len(order), 3 + below(luck, 8))
    first = min(max(0, place - count // 2), len(order) - count)
    for _ in range(count):
        one, other = first + below(luck, count), first + below(luck, count)
        shift(arrays, search.room, order, one, other)
    return _set(search, first, first + count - 1)


@inner
def _slide(arrays: Arrays, search: Search, luck: Numbers, place: int, most: int) -> bool:
    """Let a task and those of its service behind it, all or one to three, go some way together."""
    order = search.trial.order
    chain = _chain_of(search, luck, order[place])
    if chain < 0:
        return False
    count = _gather(search, chain)
    first = 0
    while search.members[first] != place:
        first += 1
    last = count - 1
    if uniform(luck) < 0.5:
        last = min(last, first + 1 + below(luck, 3))
    step = distance(luck, most)
    begin, end = search.members[first], search.members[last]
    if uniform(luck) < 0.5:
        floor = 0
        for at in range(first, last + 1):
            target = max(floor, search.members[at] - step)
            earlier(arrays, search.room, order, search.members[at], target)
            floor = target + 1
        return _set(search, max(0, begin - step), end)
    roof = len(order) - 1
    for at in range(last, first - 1, -1):
        target = min(roof, search.members[at] + step)
        later(arrays, search.room, order, search.members[at], target)
        roof = target - 1
    return _set(search, begin, min(len(order) - 1, end + step))


@inner
def _reorder(arrays: Arrays, search: Search, luck: Numbers, place: int) -> bool:
    """Exchange places among the tasks of a service: of neighbours, or one comes between others."""
    order = search.trial.order
    chain = _chain_of(search, luck, order[place])
    if chain < 0:
        return False
    count = _gather(search, chain)
    one, other = below(luck, count), below(luck, count)
    if uniform(luck) < 0.4:
        one = below(luck, count - 1)
        other = one + 1
    if one == other:
        return False
    first, last = search.members[min(one, other)], search.members[max(one, other)]
    if len(arrays.below) > 0:  # places must not be exchanged across what depends on them
        shift(arrays, search.room, order, search.members[one], search.members[other])
        return _set(search, first, last)
    task = order[search.members[one]]
    step = 1 if one < other else -1
    for at in range(one, other, step):
        order[search.members[at]] = order[search.members[at + step]]
    order[search.members[other]] = task
    return _set(search, first, last)


@inner
def _lost(search: Search, guide: Guide, place: int) -> float:
    """Return what the start of the task at a place costs more than it might."""
    task = search.now.order[place]
    cell = min(search.now.placed.start_s[task] // guide.cell_s, guide.cells - 1)
    lost: float = guide.costs[(2 * task + search.now.placed.mode[task]) * guide.cells + cell]
    return lost


@inner
def _some_place(search: Search, guide: Guide, luck: Numbers, count: int) -> int:
    """Draw a place; if guided, of two that where more is lost."""
    place = below(luck, count)
    if guide.share > 0.0 and uniform(luck) < guide.share:
        other = below(luck, count)
        if _lost(search, guide, other) > _lost(search, guide, place):
            return other
    return place


@inner
def change(  # noqa: PLR0911 - one for each kind of move
    arrays: Arrays, search: Search, guide: Guide, luck: Numbers, shares: Floats, most: int
) -> bool:
    """Change the list or a mode somehow; return whether anything has changed."""
    order = search.trial.order
    count = len(order)
    drawn, place = uniform(luck), _some_place(search, guide, luck, count)
    search.touched[2] = -1
    if drawn < shares[INSERT]:
        target = _target(luck, place, most, count)
        shift(arrays, search.room, order, place, target)
        return _set(search, min(place, target), max(place, target)) and place != target
    if drawn < shares[SWAP]:
        target = min(count - 1, place + distance(luck, most))
        if target > place:
            exchange(arrays, search.room, order, place, target)
        return _set(search, place, target) and target > place
    if drawn < shares[MODE]:
        return _change_mode(arrays, search, luck, place, most)
    if drawn < shares[WITHIN]:
        return _within(arrays, search, luck, place)
    if drawn < shares[SHUFFLE]:
        return _shuffle(arrays, search, luck, place)
    if drawn < shares[SLIDE]:
        return _slide(arrays, search, luck, place, most)
    return _reorder(arrays, search, luck, place)
