"""What is used of each resource over time: step functions side by side in one store.

Segment i of a resource lasts from ``times[i]`` to ``times[i + 1]``; the last one has no end
and nothing in it. Segments before ``low`` are full: nothing fits there any more. Neighbours
of equal use are merged, so that what is taken and given back leaves no trace.
"""

from __future__ import annotations

from typing import NamedTuple

from patchopt.compiling.jit import inner
from patchopt.model.windows import Numbers


class Profiles(NamedTuple):
    """Profiles of all resources.

    Parameters
    ----------
    times, used : ndarray of int64
        Segments; those of resource r begin at ``room[r]`` (`patchopt.optimizer.decoding.arrays`).
    segments, low : ndarray of int64, shape (resources,)
        How many each has, and how many of the first of them are full.
    """

    times: Numbers
    used: Numbers
    segments: Numbers
    low: Numbers


@inner
def clear(profiles: Profiles, room: Numbers) -> None:
    """Use nothing of anything."""
    for resource in range(len(profiles.segments)):
        profiles.times[room[resource]] = 0
        profiles.used[room[resource]] = 0
        profiles.segments[resource] = 1
        profiles.low[resource] = 0


@inner
def copy_profiles(room: Numbers, source: Profiles, number: int, to: Profiles, at: int) -> None:
    """Copy all profiles between stores that have several copies, from one number to another.

    Linear in the segments there are.
    """
    resources = len(room) - 1
    own, shift = number * room[resources], at * room[resources]
    for resource in range(resources):
        count = source.segments[number * resources + resource]
        to.segments[at * resources + resource] = count
        to.low[at * resources + resource] = source.low[number * resources + resource]
        for place in range(room[resource], room[resource] + count):
            to.times[shift + place] = source.times[own + place]
            to.used[shift + place] = source.used[own + place]


@inner
def _find(times: Numbers, first: int, end: int, time: int) -> int:
    """Return the last segment in [first, end) that begins at or before a time. O(log n)."""
    while end - first > 1:
        middle = (first + end) >> 1
        if times[middle] <= time:
            first = middle
        else:
            end = middle
    return first


@inner
def earliest(
    profiles: Profiles, base: int, resource: int, most: int, start: int, length: int
) -> int:
    """Return the first instant from some start on at which use is at most so much for a length.

    Parameters
    ----------
    profiles : Profiles
        Of all resources.
    base, resource : int
        Where the resource's profile begins, and which it is.
    most : int
        Capacity less the amount that is wanted; at least 0.
    start, length : int
        Seconds.
    """
    times, used = profiles.times, profiles.used
    end = base + profiles.segments[resource]
    place = base + profiles.low[resource]
    if start <= times[place]:
        start = times[place]
    else:
        place = _find(times, place, end, start)
    while True:
        while used[place] > most:
            place += 1
            start = times[place]
        following = place + 1
        while following < end and times[following] < start + length:
            if used[following] > most:
                break
            following += 1
        if following == end or times[following] >= start + length:
            return start
        place = following


@inner
def free_until(
    profiles: Profiles, base: int, resource: int, most: int, start: int, until: int
) -> int:
    """Return a start if use is at most so much until an instant; else when it no longer exceeds.

    That is the end of the last segment before the instant in which it does.
    """
    times, used = profiles.times, profiles.used
    end = base + profiles.segments[resource]
    place = _find(times, base, end, start)
    found = start
    while place < end and times[place] < until:
        if used[place] > most:
            found = times[place + 1]  # the last segment is empty, so there is one
        place += 1
    return found


@inner
def _cut(profiles: Profiles, base: int, resource: int, time: int) -> int:
    """Let a segment begin at a time; return its place."""
    times, used = profiles.times, profiles.used
    end = base + profiles.segments[resource]
    place = _find(times, base, end, time)
    if times[place] == time:
        return place
    for other in range(end, place + 1, -1):
        times[other] = times[other - 1]
        used[other] = used[other - 1]
    times[place + 1] = time
    used[place + 1] = used[place]
    profiles.segments[resource] += 1
    return place + 1


@inner
def _merge(profiles: Profiles, base: int, resource: int, place: int) -> None:
    """Let a segment be part of the one before it where both are used alike."""
    times, used = profiles.times, profiles.used
    end = base + profiles.segments[resource]
    if place >= end or place == base or used[place] != used[place - 1]:
        return
    for other in range(place, end - 1):
        times[other] = times[other + 1]
        used[other] = used[other + 1]
    profiles.segments[resource] -= 1
    if place <= base + profiles.low[resource]:
        profiles.low[resource] -= 1


@inner
def take(
    profiles: Profiles,
    base: int,
    resource: int,
    capacity: int,
    start: int,
    until: int,
    amount: int,
) -> None:
    """Use an amount from one instant to another. Linear in the segments behind."""
    if until <= start:
        return
    first = _cut(profiles, base, resource, start)
    last = _cut(profiles, base, resource, until)
    for place in range(first, last):
        profiles.used[place] += amount
    _merge(profiles, base, resource, last)
    _merge(profiles, base, resource, first)
    low, count = profiles.low[resource], profiles.segments[resource]
    while low < count - 1 and profiles.used[base + low] >= capacity:
        low += 1
    profiles.low[resource] = low
