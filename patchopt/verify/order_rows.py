"""The rows that only a strict order has, and what items and instants take of them.

Of each group, E is the first start in it and D the last finish. They are items of weight and
length 0, and all that they take is integrated from 0, so that prices never fall in time: what
starts later than something else pays no less for it (`docs/certificate.md`, section 4).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from patchopt.model.proof import Proof
from patchopt.verify.classes import ItemClass
from patchopt.verify.groups import Group
from patchopt.verify.heads import Heads
from patchopt.verify.prices import GUARD, Prices, refused
from patchopt.verify.rows import Held, Rows, Take, Way

#: What a group may be active on.
_ACTIVE = ("crew", "surge", "service:")


@dataclass(frozen=True, kw_only=True)
class Instant:
    """The first start of a group, or its last finish.

    Parameters
    ----------
    earliest_s : int
        It is not before.
    takes : tuple of (str, int, int)
        Rows, amounts, and seconds after it until which prices are integrated.
    """

    earliest_s: int
    takes: tuple[tuple[str, int, int], ...]


def with_order(
    rows: Rows,
    groups: Sequence[Group],
    heads: Heads,
    classes: Sequence[ItemClass],
    proof: Proof,
) -> tuple[Rows, list[Instant]]:
    """Add the rows of a strict order that a proof prices.

    Parameters
    ----------
    rows : Rows
        Without order.
    groups, heads : sequence of Group, Heads
        Of the order, with what is proven of them.
    classes : sequence of ItemClass
        Of the items.
    proof : Proof
        Its names are looked up, never read for their parts alone.

    Returns
    -------
    rows : Rows
        With those of the order, and what items take of them.
    instants : list of Instant
        First starts and last finishes of groups.
    """
    order = _OrderRows(rows, groups, heads)
    claimed = {claim.group for claim in proof.claims if claim.kind == "delay"}
    order.add_arcs()
    order.add_delays(claimed)
    order.add_classes(classes)
    for name in proof.prices:
        order.add_active(name)
    ways = tuple(
        tuple(replace(way, takes=(*way.takes, *order.more(at, way))) for way in options)
        for at, options in enumerate(rows.ways)
    )
    found = replace(rows, capacity=rows.capacity | order.capacity, ways=ways)
    return found, list(order.instants())


class _OrderRows:
    def __init__(self, rows: Rows, groups: Sequence[Group], heads: Heads) -> None:
        self.rows = rows
        self.groups, self.heads = groups, heads
        self.number = {group.name: at for at, group in enumerate(groups)}
        self.group_of = {item: at for at, group in enumerate(groups) for item in group.items}
        self.capacity: dict[str, int] = {}
        self.takes: dict[int, list[Take]] = defaultdict(list)  # of each item
        self.active: dict[int, dict[str, str]] = defaultdict(dict)  # of each group: row to row
        self.at_start: dict[int, list[tuple[str, int, int]]] = defaultdict(list)
        self.at_end: dict[int, list[tuple[str, int, int]]] = defaultdict(list)

    def add_arcs(self) -> None:
        """Let no first start above an arc come before the last finish below it."""
        for at, group in enumerate(self.groups):
            for below in group.direct:
                row = f"arc:{self.groups[below].name}>{group.name}"
                self.capacity[row] = 0
                self.at_end[below].append((row, 1, 0))
                self.at_start[at].append((row, -1, 0))

    def add_delays(self, claimed: Iterable[str]) -> None:
        """Let groups last as long as was proven; what was not has an empty row."""
        for name in claimed:
            at = self.number.get(name)
            if at is None or not (self.groups[at].waits and self.groups[at].awaited):
                continue
            row = f"delay:{name}"
            self.capacity[row] = 0
            if name in self.heads.delay_s:
                self.at_start[at].append((row, 1, self.heads.delay_s[name]))
                self.at_end[at].append((row, -1, 0))

    def add_classes(self, classes: Sequence[ItemClass]) -> None:
        """Let no item of a class start before its group does, nor finish after it."""
        for one in classes:
            at = self.group_of[one.members[0]]
            group, count = self.groups[at], len(one.members)
            if group.awaited:
                self._add_class(f"end:{one.name}", one.members, 1, Held.FINISH)
                self.at_end[at].append((f"end:{one.name}", -count, 0))
            if group.waits:
                self._add_class(f"begin:{one.name}", one.members, -1, Held.START)
                self.at_start[at].append((f"begin:{one.name}", count, 0))

    def _add_class(self, row: str, members: Sequence[int], amount: int, held: Held) -> None:
        self.capacity[row] = 0
        for item in members:
            self.takes[item].append(Take(row=row, amount=amount, held=held))

    def add_active(self, name: str) -> None:
        """Let a group take of a row only between its first start and its last finish."""
        parts = name.split(":")
        for cut in range(2, len(parts)):
            # Ids and names may hold colons: whatever pair there is will do.
            at, row = self.number.get(":".join(parts[1:cut])), ":".join(parts[cut:])
            if parts[0] != "active" or at is None or not row.startswith(_ACTIVE):
                continue
            group, capacity = self.groups[at], self.rows.capacity.get(row)
            if capacity is None or not (group.waits or group.awaited) or name in self.capacity:
                continue
            self.capacity[name] = 0 if group.awaited else capacity
            self.active[at][row] = name
            if group.waits:
                self.at_start[at].append((name, capacity, 0))
            if group.awaited:
                self.at_end[at].append((name, -capacity, 0))

    def more(self, item: int, way: Way) -> Iterator[Take]:
        """Yield what an item takes of the rows of the order in some way."""
        yield from self.takes[item]
        active = self.active[self.group_of[item]]
        for take in way.takes:
            if take.row in active:
                yield replace(take, row=active[take.row])

    def instants(self) -> Iterator[Instant]:
        """Yield first starts and last finishes."""
        for at, takes in self.at_start.items():
            yield Instant(earliest_s=self.heads.ready_s[at], takes=tuple(takes))
        for at, takes in self.at_end.items():
            yield Instant(earliest_s=self.heads.done_s[at], takes=tuple(takes))


def least_cost(prices: Prices, instant: Instant) -> int:
    """Return what an instant costs at least: prices integrated from 0, no weight.

    Linear between the times at which something that it takes meets a knot of the prices, and
    constant behind the last.

    Raises
    ------
    PlanError
        If a cost may lie beyond 62 bits.
    """
    takes = [take for take in instant.takes if take[0] in prices.number]
    if not takes:
        return 0
    most = sum(abs(amount) for _, amount, _ in takes) * int(prices.sums[:, -1].max())
    if most >= GUARD:
        raise refused("prices", "a cost is beyond 62 bits", "round prices lower")
    rows = np.array([prices.number[row] for row, _, _ in takes], np.int64)
    amounts = np.array([amount for _, amount, _ in takes], np.int64)
    held = np.array([seconds for _, _, seconds in takes], np.int64)
    times = np.unique(np.concatenate([prices.knots - seconds for seconds in set(held.tolist())]))
    times = np.append(times[times > instant.earliest_s], instant.earliest_s)
    points = prices.points(times[None, :] + held[:, None])
    return int((amounts[:, None] * prices.integrals(rows, points)).sum(axis=0).min())
