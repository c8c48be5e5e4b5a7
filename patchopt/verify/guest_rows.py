"""The rows of a host against each class of its guests (`docs/certificate.md`, section 2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from patchopt.verify.classes import ItemClass
from patchopt.verify.rows import CREW, Rows, Take

#: How the names of such rows begin.
GUESTS: Final = "guests:"
_HOST: Final = "host:"


def with_guests(rows: Rows, classes: Sequence[ItemClass]) -> Rows:
    """Add a row for each host and each class of its guests, where there are several classes.

    A host and its guests are never worked on at once, and of a class no more than there are, nor
    than the crew.

    Parameters
    ----------
    rows : Rows
        With those of hosts.
    classes : sequence of ItemClass
        Of the items.

    Returns
    -------
    Rows
        Linear in what classes take of hosts.
    """
    crew = rows.capacity.get(CREW)
    guests: dict[str, list[ItemClass]] = defaultdict(list)
    for one in classes:
        # Whichever way: a guest takes a place of every host above it.
        first = one.members[0]
        taken = {take.row: None for way in rows.ways[first] for take in way.takes}
        for row in taken:
            if row.startswith(_HOST) and row not in rows.own[first]:
                guests[row].append(one)
    capacity: dict[str, int] = {}
    more: dict[int, list[Take]] = defaultdict(list)  # of guests, whichever way
    whole: dict[str, list[Take]] = defaultdict(list)  # of the host's own work
    for row, several in guests.items():
        if len(several) < 2:
            continue
        for one in several:
            name = f"{GUESTS}{row.removeprefix(_HOST)}:{one.name}"
            count = len(one.members)
            capacity[name] = count if crew is None else max(1, min(count, crew))
            whole[row].append(Take(row=name, amount=capacity[name]))
            for member in one.members:
                more[member].append(Take(row=name, amount=1))
    if not capacity:
        return rows
    ways = []
    for at, options in enumerate(rows.ways):
        alone = [take for row in rows.own[at] for take in whole[row]]
        ways.append(
            tuple(
                replace(way, takes=(*way.takes, *more[at], *([] if way.built else alone)))
                for way in options
            )
        )
    return Rows(capacity=rows.capacity | capacity, ways=tuple(ways), own=rows.own)
