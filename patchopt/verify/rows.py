"""What is narrow, by name, and what each item takes of it (MODEL 3 and 6).

The rows of a proof: ``crew``, ``surge``, ``service:NAME`` and ``host:ID``, and what follows
from those. They are built from
the scenario alone, so that a proof can claim nothing about capacities or demands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.items import Item, Items
from patchopt.model.units import demand

CREW = "crew"
SURGE = "surge"


class Held(Enum):
    """For how long something is taken, and from when its price is integrated."""

    WORK = "from the start of the work to its end"
    COPY = "from the start of the work to the end of the switch, as far as that is sure"
    START = "from 0 to the start of the work"
    FINISH = "from 0 to the earliest instant at which the item has finished"


@dataclass(frozen=True, kw_only=True)
class Take:
    """An amount of a row, and for how long."""

    row: str
    amount: int
    held: Held = Held.WORK


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way to do an item.

    Parameters
    ----------
    built : bool
        Whether a copy is built beside.
    commit_s : int
        Seconds from the start to the commit; of a build to the earliest one.
    takes : tuple of Take
        What it takes of which rows.
    """

    built: bool
    commit_s: int
    takes: tuple[Take, ...]


@dataclass(frozen=True, kw_only=True)
class Rows:
    """All rows of a scenario, and the ways of its items.

    Parameters
    ----------
    capacity : dict of str to int
        Places of each row.
    ways : tuple of tuple of Way
        Of each item: in place, then built, as far as it may.
    own : tuple of tuple of str
        Rows of the hosts that each item itself has.
    """

    capacity: dict[str, int]
    ways: tuple[tuple[Way, ...], ...]
    own: tuple[tuple[str, ...], ...]


def rows_of(infrastructure: Infrastructure, items: Items) -> Rows:
    """Return what is narrow in a scenario, and what some items take of it.

    A host is a row if its own work in place takes it down while guests could be worked on.
    A guest's work takes one place, the host's own all of them, and there are as many as guests
    may be at work at once: no more than there are, nor than the crew.

    Parameters
    ----------
    infrastructure : Infrastructure
        Where.
    items : Items
        What is placed.

    Returns
    -------
    Rows
        Linear in items, their guests and their hosts.
    """
    limits, services = infrastructure.limits, infrastructure.services
    above = _hosts_above(infrastructure, items)
    guests = Counter(host for hosts in above for host in hosts)
    crew = limits.max_parallel
    capacity: dict[str, int] = {}
    if crew >= 0:
        capacity[CREW] = crew
    if limits.surge >= 0:
        capacity[SURGE] = limits.surge
    for service, name in enumerate(services.names):
        # Where nothing can be spared, one forced item at a time may still break the service.
        capacity[f"service:{name}"] = max(
            int(services.instances[service] - services.min_up[service]), 1
        )
    for host in _going_down(infrastructure, items):
        most = guests[host] if crew < 0 else min(guests[host], crew)
        capacity[f"host:{infrastructure.nodes.ids[host]}"] = max(1, most)
    ways = tuple(
        tuple(_ways(infrastructure, capacity, item, hosts))
        for item, hosts in zip(items.placed, above, strict=True)
    )
    ids = infrastructure.nodes.ids
    own = tuple(
        tuple(row for row in (f"host:{ids[node]}" for node in item.nodes) if row in capacity)
        for item in items.placed
    )
    return Rows(capacity=capacity, ways=ways, own=own)


def _going_down(infrastructure: Infrastructure, items: Items) -> Iterator[int]:
    nodes = infrastructure.nodes
    for item in items.placed:
        for node in item.nodes if item.in_place else ():
            if nodes.restart[node] and len(nodes.guests(node)):
                yield node


def _hosts_above(infrastructure: Infrastructure, items: Items) -> list[list[int]]:
    """Return, of each item, the hosts that may go down under it, those of its own left aside."""
    down = set(_going_down(infrastructure, items))
    host_of: list[int] = infrastructure.nodes.host.tolist()
    found: list[list[int]] = []
    for item in items.placed:
        above: set[int] = set()
        for node in item.nodes:
            host = host_of[node]
            while host >= 0:
                above.add(host)
                host = host_of[host]
        found.append(sorted(above.intersection(down).difference(item.nodes)))
    return found


def _ways(
    infrastructure: Infrastructure, capacity: dict[str, int], item: Item, hosts: list[int]
) -> Iterator[Way]:
    ids, names = infrastructure.nodes.ids, infrastructure.services.names
    overhead = infrastructure.limits.overhead_s
    common = [Take(row=CREW, amount=item.size)] if CREW in capacity else []
    common += [Take(row=f"host:{ids[host]}", amount=1) for host in hosts]
    if item.in_place:
        takes = list(common)
        for service, count in demand(infrastructure.nodes, item.nodes).items():
            row = f"service:{names[service]}"
            # A waived service must have none of its other instances out: all of it is taken.
            amount = capacity[row] if service in item.waives else count
            takes.append(Take(row=row, amount=amount))
        own = (f"host:{ids[node]}" for node in item.nodes)
        takes += [Take(row=row, amount=capacity[row]) for row in own if row in capacity]
        yield Way(built=False, commit_s=overhead + item.duration_s, takes=tuple(takes))
    if item.blue_green:
        if SURGE in capacity:
            common.append(Take(row=SURGE, amount=item.size, held=Held.COPY))
        yield Way(built=True, commit_s=item.length_s + overhead, takes=tuple(common))
