"""What may be moved before a closing: the bins, and what it costs to wait."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from patchopt.model.base import Floats, Ints
from patchopt.optimizer.bounds.grid import Window
from patchopt.optimizer.closings.bins import Bins, Trial, Uses, new_trial
from patchopt.optimizer.closings.room import Room, scarce
from patchopt.optimizer.closings.waiting import Waiting, waiting_costs
from patchopt.optimizer.decoder import Decoder, Places
from patchopt.optimizer.decoding.arrays import BUILT

#: So many seconds of resources are kept at most.
_MOST_CELLS: Final = 100_000_000
#: So many candidates wait for each that is before the closing, those that are worth most.
_WAITING: Final = 2


class Fleet(NamedTuple):
    """Arrays of the tasks of a problem without dependencies, and its crew.

    Parameters
    ----------
    crew, resource : int
        Places, and which resource they are.
    size, length_s : ndarray of int64, shape (n,)
        Nodes and work.
    commit_s : ndarray of float64, shape (n, 2)
        From the start of the work to the commit, in place and built.
    weight, work, ratio, worth : ndarray of float64, shape (n,)
        Weight; node-seconds; weight per second; weight per node and second.
    """

    crew: int
    resource: int
    size: Ints
    length_s: Ints
    commit_s: Floats
    weight: Floats
    work: Floats
    ratio: Floats
    worth: Floats


def fleet_of(decoder: Decoder) -> Fleet:
    """Return the tasks of a problem with a crew."""
    problem, arrays = decoder.problem, decoder.arrays
    assert problem.crew is not None  # noqa: S101 - the caller has looked
    size = np.array([task.size for task in problem.tasks], np.int64)
    length_s = np.array(arrays.length_s, np.int64)
    weight = np.array(arrays.weight_milli, np.float64)
    lasting_s = np.maximum(length_s, 1).astype(np.float64)
    return Fleet(
        crew=problem.capacities[problem.crew],
        resource=problem.crew,
        size=size,
        length_s=length_s,
        commit_s=np.array(arrays.commit_s, np.float64).reshape(-1, 2),
        weight=weight,
        work=size * lasting_s,
        ratio=weight / lasting_s,
        worth=weight / (size * lasting_s),
    )


class Moved(NamedTuple):
    """A task and where it is put."""

    start_s: int
    task: int
    mode: int


class Packing(NamedTuple):
    """What `filling` is given, and what it becomes part of.

    Parameters
    ----------
    bins, uses, trial
        As it takes them.
    first : ndarray of int64
        Candidates, those first that were before the closing.
    head : ndarray of int64
        Tasks that stay, in the order of their starts.
    ends : list of Moved
        Tasks that end with the closing.
    waiting : Waiting
        What it costs not to be before the closing.
    """

    bins: Bins
    uses: Uses
    trial: Trial
    first: Ints
    head: Ints
    ends: list[Moved]
    waiting: Waiting


class _Zone(NamedTuple):
    """Tasks that stay, that may be moved, and that are to end with the closing."""

    head: Ints
    first: Ints
    ends: Ints


def packing_of(
    decoder: Decoder, fleet: Fleet, placed: Places, beyond: list[Window], begin_s: int
) -> Packing | None:
    """Return what may be packed before a closing, or nothing.

    Tasks of one node that start from some moment on may be moved. Of those of several nodes those
    that are worth most come before them, and the others end with the closing, so that nothing is
    idle beside them.

    Parameters
    ----------
    decoder : Decoder
        Of a problem without dependencies, with windows and a crew.
    fleet : Fleet
        Its tasks.
    placed : Places
        A schedule.
    beyond : list of Window
        The closing's window, and those behind it, enough for all that waits.
    begin_s : int
        The moment.
    """
    close_s = beyond[0].close_s
    zone = _zone(fleet, placed, begin_s, close_s)
    if zone is None:
        return None
    head = zone.head
    _, fixed = decoder.placed(head, placed.mode)
    ends_s = fixed.start_s[head] + fleet.length_s[head]
    still = head[fixed.end_s[head] > begin_s]
    might = np.concatenate([zone.first, zone.ends])
    short = scarce(decoder.arrays, fleet.resource, still, fixed, might)
    if int(short.sum()) * (close_s - begin_s) > _MOST_CELLS:
        return None
    room = Room(decoder.arrays, short, (begin_s, close_s), still, fixed)
    free_s = freed(fleet.crew, fixed.start_s[head], ends_s, fleet.size[head], (begin_s, close_s))
    ends, end_s = _at_the_end(decoder, fleet, placed, room, zone.ends, free_s, close_s)
    waits = np.flatnonzero(placed.start_s >= close_s)
    commit_s = fleet.commit_s[np.arange(len(placed.mode)), placed.mode]
    waiting = waiting_costs(fleet.crew, fleet.weight, fleet.work, commit_s, waits, beyond)
    bins = _bins(fleet, placed, zone.first, (free_s, end_s), waiting.cost)
    return Packing(bins, room.uses, new_trial(bins.most), zone.first, head, ends, waiting)


def _zone(fleet: Fleet, placed: Places, begin_s: int, close_s: int) -> _Zone | None:
    starts = placed.start_s
    order = np.argsort(starts, kind="stable")
    waits = order[starts[order] >= close_s]
    zone = order[(starts[order] >= begin_s) & (starts[order] < close_s)]
    single = zone[fleet.size[zone] == 1]
    alone = waits[(fleet.size[waits] == 1) & (fleet.length_s[waits] <= close_s - begin_s)]
    if not len(alone) or not len(single):
        return None
    alone = alone[np.argsort(-fleet.ratio[alone], kind="stable")][: _WAITING * len(single)]
    several = zone[fleet.size[zone] > 1]
    late = fleet.worth[several] < np.median(fleet.worth[zone])
    head = np.concatenate([order[starts[order] < begin_s], several[~late]])
    return _Zone(head, np.concatenate([single, alone]), several[late])


def freed(crew: int, start_s: Ints, end_s: Ints, size: Ints, span: tuple[int, int]) -> Ints:
    """Return from when on each place of the crew is free for good, ascending.

    Parameters
    ----------
    crew : int
        Places.
    start_s, end_s, size : ndarray of int64
        Of what holds them.
    span : tuple of int, int
        Seconds to look at: nothing is free before, and something all the time only afterwards.

    Examples
    --------
    Of three places two are taken from 30 to 60, one of them before too:

    >>> one, other = np.array([0, 30]), np.array([30, 60])
    >>> freed(3, one, other, np.array([1, 2]), (10, 100)).tolist()
    [10, 60, 60]
    """
    change = np.zeros(span[1] - span[0] + 1, np.int64)
    first, last = (np.clip(at - span[0], 0, len(change) - 1) for at in (start_s, end_s))
    np.add.at(change, first, size)
    np.add.at(change, last, -size)
    used = np.cumsum(change)[:-1]
    # What is free for a while and taken again is free for nobody.
    ahead = np.maximum.accumulate(used[::-1])[::-1]
    places = np.arange(crew, 0, -1)
    return span[0] + np.searchsorted(-ahead, -(places - 1), side="left").astype(np.int64)


def _at_the_end(
    decoder: Decoder,
    fleet: Fleet,
    placed: Places,
    room: Room,
    ends: Ints,
    free_s: Ints,
    close_s: int,
) -> tuple[list[Moved], Ints]:
    """Let tasks end with the closing, those that are worth least first.

    Returns them, and when each place is free no more. What there is not enough for waits.
    """
    end_s = np.full(len(free_s), close_s, np.int64)
    moved = []
    taken = 0  # places that come free first
    for task in ends[np.argsort(fleet.worth[ends], kind="stable")].tolist():
        mode = int(placed.mode[task])
        held_s = int(fleet.length_s[task])
        held_s += decoder.arrays.overhead_s if mode == BUILT else 0
        start_s, last = close_s - held_s, taken + int(fleet.size[task])
        if last > fleet.crew or free_s[last - 1] > start_s:
            continue
        if room.free(task, mode, start_s, held_s):
            room.take(task, mode, start_s, held_s)
            moved.append(Moved(start_s, task, mode))
            end_s[taken:last] = start_s
            taken = last
    return moved, end_s


def _bins(
    fleet: Fleet,
    placed: Places,
    candidates: Ints,
    span_s: tuple[Ints, Ints],
    later: Floats,
) -> Bins:
    begin_s, end_s = span_s
    tasks, shortest = len(fleet.size), max(1, int(fleet.length_s[candidates].min()))
    most = int(min(len(candidates), (end_s - begin_s).max() // shortest + 1))
    by_length = candidates[np.lexsort((candidates, fleet.length_s[candidates]))]
    rank = np.zeros(tasks, np.int64)
    rank[by_length] = np.arange(len(by_length))
    return Bins(
        begin_s=begin_s,
        end_s=end_s,
        most=most,
        inside=np.zeros(len(begin_s) * most, np.int64),
        held=np.zeros(len(begin_s), np.int64),
        value=np.zeros(len(begin_s)),
        by_length=by_length,
        rank=rank,
        bin_of=np.full(tasks, -1, np.int64),
        mode=np.array(placed.mode, np.int64),
        start_s=np.array(placed.start_s, np.int64),
        ratio=fleet.ratio,
        later=later,
    )
