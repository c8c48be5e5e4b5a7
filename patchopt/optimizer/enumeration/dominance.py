"""Which partial schedules of the same tasks are as good as others, compiled."""

from __future__ import annotations

from patchopt.compiling.jit import inner, outer
from patchopt.model.base import Ints
from patchopt.model.windows import FOREVER
from patchopt.optimizer.decoding.arrays import BUILT, Arrays
from patchopt.optimizer.enumeration.joining import gather
from patchopt.optimizer.enumeration.labels import END, WORK, Labels, Running, Scratch
from patchopt.optimizer.enumeration.tables import Tables

#: So many comparisons take as long as it takes to look at one task that may be added.
_COMPARISONS = 32


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
def keep(arrays: Arrays, tables: Tables, labels: Labels, scratch: Scratch, new: int) -> None:
    """Take a label among those of its layer, unless another is as good; drop those that are not.

    Whatever may follow one may follow another of the same tasks that holds nothing longer
    (the cutset rule of Demeulemeester and Herroelen).
    """
    done, longest = labels.done[new], tables.longest_s
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
