"""What prices say of a partial schedule, compiled."""

from __future__ import annotations

from patchopt.compiling.jit import inner
from patchopt.model.base import Ints
from patchopt.optimizer.decoding.arrays import Arrays
from patchopt.optimizer.enumeration.labels import Labels, Scratch
from patchopt.optimizer.enumeration.tables import Tables


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
def paid(tables: Tables, task: int, mode: int, start: int) -> int:
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
def owned(tables: Tables, task: int, mode: int, start: int, since: int) -> int:
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
def spent_of(
    arrays: Arrays,
    tables: Tables,
    labels: Labels,
    scratch: Scratch,
    label: int,
    count: int,
    way: int,
    reduced: int,
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
            unused += owned(tables, running.task[at], running.mode[at], running.start_s[at], start)
    longer = max(labels.end_s[label], scratch.release_s[way]) - tables.makespan_s
    if longer > 0:
        spent += arrays.skipped_weight_milli * longer
    return int(max(labels.spent_milli[label], spent + unused))
