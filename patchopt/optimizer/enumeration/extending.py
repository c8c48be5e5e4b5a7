"""Partial schedules with a task more, compiled.

Tasks are added in order of their starts, each as early as what still runs allows
(Christofides, Alvarez-Valdes, Tamarit, Project scheduling with resource constraints: a branch
and bound approach, EJOR 29, 1987). What comes later only ever starts later, so nothing that
runs is asked for more than once, and what a partial schedule leaves unused is lost for good.
"""

from __future__ import annotations

from typing import NamedTuple

from patchopt.compiling.jit import inner, outer
from patchopt.model.base import Ints
from patchopt.model.windows import FOREVER
from patchopt.optimizer.decoding.arrays import BUILT, Arrays
from patchopt.optimizer.decoding.lists import commit_of, fit, switch_of
from patchopt.optimizer.enumeration.labels import Labels, Running
from patchopt.optimizer.enumeration.tables import Tables

#: Places of `Scratch.state`.
END, DROPPED, LONGEST, WORK = range(4)
#: So many comparisons take as long as it takes to look at one task that may be added.
_COMPARISONS = 32


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
    state : ndarray of int64, shape (4,)
        At `END`, `DROPPED`, `LONGEST`, `WORK`: end of the labels; least that any that was left
        out has spent; longest that anything holds something; a measure of the work done.
    """

    running: Running
    new: Running
    other: Running
    start_s: Ints
    release_s: Ints
    head: Ints
    state: Ints


@inner
def gather(arrays: Arrays, labels: Labels, label: int, now: int, longest: int, to: Running) -> int:
    """Note what of a label still holds something at a time; return how much that is."""
    count, at = 0, label
    while labels.parent[at] >= 0 and labels.start_s[at] + longest > now:
        task, mode, start = labels.task[at], labels.mode[at], labels.start_s[at]
        until = start + arrays.length_s[task]
        end = until
        if mode == BUILT:
            end = labels.switch_s[at] + arrays.overhead_s
        if end > now:
            to.task[count] = task
            to.mode[count] = mode
            to.start_s[count] = start
            to.until_s[count] = until
            to.end_s[count] = end
            for resource in range(to.use.shape[1]):
                to.use[count, resource] = 0
            for place in range(arrays.begin[2 * task + mode], arrays.begin[2 * task + mode + 1]):
                to.use[count, arrays.resource[place]] = arrays.amount[place]
            count += 1
        at = labels.parent[at]
    return count


@inner
def _fits(arrays: Arrays, running: Running, count: int, task: int, mode: int, time: int) -> int:
    """Return a time at which a task may start, or a later one, before which it cannot."""
    for place in range(arrays.begin[2 * task + mode], arrays.begin[2 * task + mode + 1]):
        resource, used, free = arrays.resource[place], arrays.amount[place], FOREVER
        for at in range(count):
            if running.until_s[at] > time and running.use[at, resource] > 0:
                used += running.use[at, resource]
                free = min(free, running.until_s[at])
        if used > arrays.capacity[resource]:
            return free
    if mode == BUILT and arrays.surge >= 0:
        used, free = arrays.slots[task], FOREVER
        for at in range(count):
            if running.mode[at] == BUILT and running.end_s[at] > time:
                used += arrays.slots[running.task[at]]
                free = min(free, running.end_s[at])
        if used > arrays.capacity[arrays.surge]:
            return free
    return time


@inner
def _earliest(arrays: Arrays, running: Running, count: int, task: int, mode: int, now: int) -> int:
    """Return the first start of a task from now on."""
    time, component = now, arrays.component[task]
    for place in range(arrays.below_begin[component], arrays.below_begin[component + 1]):
        for at in range(count):
            if arrays.component[running.task[at]] == arrays.below[place]:
                time = max(time, running.end_s[at])
    length = arrays.length_s[task]
    while True:
        moved = _fits(arrays, running, count, task, mode, fit(arrays, time, length))
        if moved == time:
            return time
        time = moved


@inner
def _may(arrays: Arrays, tables: Tables, done: int, task: int) -> bool:
    """Say whether all is done that a task waits for, and it is not."""
    if done >> task & 1:
        return False
    if tables.before[task] >= 0 and not done >> tables.before[task] & 1:
        return False
    component = arrays.component[task]
    for place in range(arrays.below_begin[component], arrays.below_begin[component + 1]):
        lower = arrays.below[place]
        for member in range(arrays.inside_begin[lower], arrays.inside_begin[lower + 1]):
            if not done >> arrays.inside[member] & 1:
                return False
    return True


@inner
def _cell(tables: Tables, time: int) -> int:
    """Return the last cell that begins by a time, -1 if none does."""
    low, high = -1, len(tables.begin_s) - 1
    while low < high:
        middle = (low + high + 1) >> 1
        if tables.begin_s[middle] <= time:
            low = middle
        else:
            high = middle - 1
    return low


@inner
def _up_to(tables: Tables, paid: Ints, rate: Ints, cell: int, time: int) -> int:
    """Return an integral of a price from 0 to a time, given its cell."""
    if cell < 0:
        return 0
    inside = min(time - tables.begin_s[cell], tables.width_s[cell])
    return int(paid[cell] + inside * rate[cell])


@inner
def _paid(tables: Tables, task: int, mode: int, start: int) -> int:
    """Return what a task pays by prices."""
    found, at, number = 0, _cell(tables, start), tables.mode[2 * task + mode]
    for part in range(tables.part_begin[number], tables.part_begin[number + 1]):
        end = start + tables.held_s[part]
        paid, rate = tables.paid_milli[part], tables.rate[part]
        found += _up_to(tables, paid, rate, _cell(tables, end), end)
        if tables.from_zero[part] == 0:
            found -= _up_to(tables, paid, rate, at, start)
    return found


@inner
def _owned(tables: Tables, task: int, mode: int, start: int, since: int) -> int:
    """Return what a task pays from a time on for rows that are only held from a start on."""
    found, number = 0, tables.mode[2 * task + mode]
    since = max(since, start)
    at = _cell(tables, since)
    for part in range(tables.part_begin[number], tables.part_begin[number + 1]):
        end = start + tables.held_s[part]
        if tables.from_zero[part] == 0 and end > since:
            paid, rate = tables.owned_milli[part], tables.owned_rate[part]
            found += _up_to(tables, paid, rate, _cell(tables, end), end)
            found -= _up_to(tables, paid, rate, at, since)
    return found


@inner
def _starts(
    arrays: Arrays, tables: Tables, labels: Labels, scratch: Scratch, label: int, count: int
) -> int:
    """Find the start of every task that may be added; return when the first would be over.

    What starts no earlier than that need not be added now: the other one would fit before it.
    """
    first = FOREVER
    for task in range(len(arrays.length_s)):
        may = _may(arrays, tables, labels.done[label], task)
        for mode in range(2):
            way = 2 * task + mode
            scratch.start_s[way] = -1
            if not may or arrays.commit_s[way] < 0:
                continue
            start = _earliest(arrays, scratch.running, count, task, mode, labels.start_s[label])
            end = start + arrays.length_s[task]
            if mode == BUILT:
                end = switch_of(arrays, task, mode, start) + arrays.overhead_s
            scratch.start_s[way] = start
            scratch.release_s[way] = end
            first = min(first, end)
    return first


@inner
def _spent(
    arrays: Arrays,
    tables: Tables,
    labels: Labels,
    scratch: Scratch,
    label: int,
    count: int,
    way: int,
    reduced: int,
    base_makespan_s: int,
) -> int:
    """Return what schedules that begin with a label and a task more cost above the bound."""
    start, done = scratch.start_s[way], labels.done[label] | 1 << (way >> 1)
    spent = reduced
    moment = min(start // tables.moment_s, tables.later_milli.shape[0] - 1)
    for task in range(len(arrays.length_s)):
        if not done >> task & 1:
            spent += tables.later_milli[moment, task]
    unused = _up_to(tables, tables.room_milli, tables.room_rate, _cell(tables, start), start)
    unused -= labels.owned_milli[label]
    running = scratch.running
    for at in range(count):
        if running.end_s[at] > start:
            unused += _owned(tables, running.task[at], running.mode[at], running.start_s[at], start)
    longer = max(labels.end_s[label], scratch.release_s[way]) - base_makespan_s
    if longer > 0:
        spent += arrays.skipped_weight_milli * longer
    return int(max(labels.spent_milli[label], spent + unused))


@inner
def _free(arrays: Arrays, running: Running, count: int, crew: int, now: int) -> int:
    """Return when somebody of the crew is free, from a time on."""
    while crew >= 0:
        used, free = 0, FOREVER
        for at in range(count):
            if running.until_s[at] > now:
                used += running.use[at, crew]
                free = min(free, running.until_s[at])
        if used < arrays.capacity[crew]:
            break
        now = free
    return now


@inner
def _note_crew(labels: Labels, running: Running, count: int, crew: int, new: int) -> None:
    """Write down when the latest places of the crew are free again."""
    ends = labels.crew_s[new]
    for slot in range(len(ends)):
        ends[slot] = 0
    for at in range(count):
        for _ in range(running.use[at, crew] if crew >= 0 else 0):
            until = running.until_s[at]
            for slot in range(len(ends)):
                if until > ends[slot]:
                    until, ends[slot] = ends[slot], until


@inner
def _no_more(arrays: Arrays, labels: Labels, one: int, other: int) -> bool:
    """Say whether a label has cost no more than another, and is not behind it."""
    if labels.cost_milli[one] > labels.cost_milli[other]:
        return False
    now = labels.free_s[other]
    if labels.start_s[one] > now:
        return False
    for slot in range(labels.crew_s.shape[1]):
        if labels.crew_s[one, slot] > max(now, labels.crew_s[other, slot]):
            return False
    return bool(arrays.skipped_weight_milli == 0 or labels.end_s[one] <= labels.end_s[other])


@inner
def _takes_more(
    tables: Tables, done: int, own: Running, at: int, count: int, other: Running, others: int
) -> bool:
    """Say whether up to the end of some work more is taken than others take.

    Of whatever it takes itself and is still asked for.
    """
    until = own.until_s[at]
    for resource in range(own.use.shape[1]):
        if own.use[at, resource] == 0 or tables.users[resource] & ~done == 0:
            continue
        more = 0
        for place in range(count):
            if own.until_s[place] >= until:
                more += own.use[place, resource]
        for place in range(others):
            if other.until_s[place] >= until:
                more -= other.use[place, resource]
        if more > 0:
            return True
    return False


@inner
def _holds_more_copies(
    arrays: Arrays, own: Running, at: int, count: int, other: Running, others: int
) -> bool:
    """Say whether up to the end of a switch more surge is held than others hold."""
    if own.mode[at] != BUILT or arrays.surge < 0:
        return False
    more = 0
    for place in range(count):
        if own.mode[place] == BUILT and own.end_s[place] >= own.end_s[at]:
            more += arrays.slots[own.task[place]]
    for place in range(others):
        if other.mode[place] == BUILT and other.end_s[place] >= own.end_s[at]:
            more -= arrays.slots[other.task[place]]
    return bool(more > 0)


@inner
def _lets_wait(
    arrays: Arrays, tables: Tables, done: int, own: Running, at: int, other: Running, others: int
) -> bool:
    """Say whether something waits for the end of a task that among others would not."""
    component = arrays.component[own.task[at]]
    if tables.waiting[component] & ~done == 0:
        return False
    for place in range(others):
        same = arrays.component[other.task[place]] == component
        if same and other.end_s[place] >= own.end_s[at]:
            return False
    return True


@inner
def _holds_no_more(
    arrays: Arrays,
    tables: Tables,
    done: int,
    own: Running,
    count: int,
    other: Running,
    others: int,
    now: int,
) -> bool:
    """Say whether from a time on nothing that is still asked for is held more than by others."""
    for at in range(count):
        if own.until_s[at] > now and _takes_more(tables, done, own, at, count, other, others):
            return False
        if own.end_s[at] > now:
            if _holds_more_copies(arrays, own, at, count, other, others):
                return False
            if _lets_wait(arrays, tables, done, own, at, other, others):
                return False
    return True


@inner
def _keep(arrays: Arrays, tables: Tables, labels: Labels, scratch: Scratch, new: int) -> None:
    """Take a label among those of its layer, unless another is as good; drop those that are not.

    Whatever may follow one may follow another of the same tasks that holds nothing longer
    (the cutset rule of Demeulemeester and Herroelen).
    """
    done, longest = labels.done[new], scratch.state[LONGEST]
    count = gather(arrays, labels, new, labels.start_s[new], longest, scratch.new)
    labels.free_s[new] = _free(arrays, scratch.new, count, tables.crew, labels.start_s[new])
    _note_crew(labels, scratch.new, count, tables.crew, new)
    slot = done % len(scratch.head)
    at, steps = scratch.head[slot], 0
    while at >= 0:
        steps += 1
        if labels.done[at] == done:
            better, worse = (
                _no_more(arrays, labels, at, new),
                _no_more(arrays, labels, new, at),
            )
            if better or worse:
                rivals = gather(arrays, labels, at, labels.start_s[at], longest, scratch.other)
                if better and _holds_no_more(
                    arrays,
                    tables,
                    done,
                    scratch.other,
                    rivals,
                    scratch.new,
                    count,
                    labels.free_s[new],
                ):
                    scratch.state[WORK] += steps // _COMPARISONS
                    return
                if worse and _holds_no_more(
                    arrays,
                    tables,
                    done,
                    scratch.new,
                    count,
                    scratch.other,
                    rivals,
                    labels.free_s[at],
                ):
                    labels.done[at] = -1
        at = labels.chain[at]
    scratch.state[WORK] += steps // _COMPARISONS
    labels.chain[new] = scratch.head[slot]
    scratch.head[slot] = new
    scratch.state[END] = new + 1


@outer
def chain_up(labels: Labels, head: Ints, first: int, end: int) -> None:
    """Let the labels of a layer be found by their hash."""
    for slot in range(len(head)):
        head[slot] = -1
    for label in range(first, end):
        slot = labels.done[label] % len(head)
        labels.chain[label] = head[slot]
        head[slot] = label


@outer
def extend(
    arrays: Arrays,
    tables: Tables,
    labels: Labels,
    scratch: Scratch,
    first: int,
    end: int,
    budget_milli: int,
    most_milli: int,
    base_makespan_s: int,
) -> int:
    """Add to each of some labels every task that a better schedule may go on with.

    Parameters
    ----------
    arrays, tables
        The problem and its prices.
    labels : Labels
        Gets the new ones, from ``scratch.state[END]`` on; some of them without tasks: forget these.
    scratch : Scratch
        Room.
    first, end : int
        Which labels.
    budget_milli : int
        What a better schedule may cost more than the bound.
    most_milli : int
        What has spent more is left out, though it may be better.
    base_makespan_s : int
        What the bound takes the makespan to be at least.

    Returns
    -------
    int
        The label to go on with, once there is room again, or the end.
    """
    tasks = len(arrays.length_s)
    for label in range(first, end):
        if scratch.state[END] + 2 * tasks > len(labels.done):
            return label
        now = labels.start_s[label]
        count = gather(arrays, labels, label, now, scratch.state[LONGEST], scratch.running)
        over = _starts(arrays, tables, labels, scratch, label, count)
        for way in range(2 * tasks):
            start = scratch.start_s[way]
            if start < 0 or start >= over:
                continue
            scratch.state[WORK] += 1
            task, mode = way >> 1, way & 1
            cost = arrays.weight_milli[task] * commit_of(arrays, task, mode, start)
            reduced = labels.reduced_milli[label] - tables.least_milli[task]
            reduced += cost + _paid(tables, task, mode, start)
            spent = _spent(
                arrays, tables, labels, scratch, label, count, way, reduced, base_makespan_s
            )
            if spent > budget_milli:
                continue
            if spent > most_milli:
                scratch.state[DROPPED] = min(scratch.state[DROPPED], spent)
                continue
            new = scratch.state[END]
            labels.done[new] = labels.done[label] | 1 << task
            labels.task[new] = task
            labels.mode[new] = mode
            labels.start_s[new] = start
            labels.switch_s[new] = switch_of(arrays, task, mode, start)
            labels.parent[new] = label
            labels.end_s[new] = max(labels.end_s[label], scratch.release_s[way])
            labels.cost_milli[new] = labels.cost_milli[label] + cost
            labels.reduced_milli[new] = reduced
            owned = _owned(tables, task, mode, start, start)
            labels.owned_milli[new] = labels.owned_milli[label] + owned
            labels.spent_milli[new] = spent
            _keep(arrays, tables, labels, scratch, new)
    return end
