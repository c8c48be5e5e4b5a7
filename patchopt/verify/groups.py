"""The dependency order of items, contracted to groups that wait and are waited for alike (MODEL 3).

Two items are of one group if the same items are below both and the same are above both; then
whatever an order says of one it says of the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.items import Items
from patchopt.model.waiting import users_of


@dataclass(frozen=True, kw_only=True)
class Group:
    """Items that any order treats alike.

    Parameters
    ----------
    name : str
        The least id among its nodes.
    items : tuple of int
        Their places among the placed.
    below : tuple of int
        Groups whose items come before, however far; groups are numbered in topological order.
    direct : tuple of int
        Those of them that no other of them is above: the transitive reduction.
    awaited : bool
        Whether anything is above.
    """

    name: str
    items: tuple[int, ...]
    below: tuple[int, ...]
    direct: tuple[int, ...]
    awaited: bool

    @property
    def waits(self) -> bool:
        """Whether anything is below."""
        return bool(self.below)


def name_of(infrastructure: Infrastructure, nodes: Sequence[int]) -> str:
    """Return the name of an item: the least id among its nodes, by code points."""
    return min(infrastructure.nodes.ids[node] for node in nodes)


def groups_of(infrastructure: Infrastructure, items: Items) -> list[Group]:
    """Contract the strict order between the components of items.

    Returns
    -------
    list of Group
        So that each stands behind all below it; none without strict order. Bit rows: quadratic
        in the number of components that differ, an eighth of a byte each.
    """
    if not infrastructure.limits.strict:
        return []
    members: dict[int, list[int]] = defaultdict(list)
    for at, item in enumerate(items.placed):
        members[infrastructure.order.component_of(item.unit)].append(at)
    near = _near(infrastructure.order.below, members)
    twins = _twins(near)
    below = _closed({twin: {twins[c] for c in near[twin]} for twin in set(twins.values())})
    names = list(below)
    number = {twin: at for at, twin in enumerate(names)}
    above = dict.fromkeys(names, 0)
    for twin, bits in below.items():
        for other in _ones(bits, names):
            above[other] |= 1 << number[twin]
    alike: dict[tuple[int, int], list[int]] = defaultdict(list)
    for component, twin in twins.items():
        alike[below[twin], above[twin]].append(component)
    # What is below something is a smaller set than what is below that.
    sets = sorted(alike, key=lambda pair: pair[0].bit_count())
    group_of = {component: at for at, pair in enumerate(sets) for component in alike[pair]}

    def group(pair: tuple[int, int]) -> Group:
        placed = sorted(item for component in alike[pair] for item in members[component])
        first = near[alike[pair][0]]
        further = 0
        for component in first:
            further |= below[twins[component]]
        return Group(
            name=min(name_of(infrastructure, items.placed[at].nodes) for at in placed),
            items=tuple(placed),
            below=tuple(sorted({group_of[c] for c in _ones(pair[0], names)})),
            direct=tuple(
                sorted({group_of[c] for c in first if not further >> number[twins[c]] & 1})
            ),
            awaited=bool(pair[1]),
        )

    return [group(pair) for pair in sets]


def _near(
    below: Mapping[int, Sequence[int]], members: Mapping[int, list[int]]
) -> dict[int, frozenset[int]]:
    """Return the components with items that each meets first below, through empty ones."""
    users = users_of(below)
    open_ = {component: len(dependencies) for component, dependencies in below.items()}
    free = [component for component, count in open_.items() if not count]
    near: dict[int, frozenset[int]] = {}
    for component in free:  # grows on the way
        met: set[int] = set()
        for dependency in below[component]:
            met |= {dependency} if dependency in members else near[dependency]
        near[component] = frozenset(met)
        for user in users.get(component, ()):
            open_[user] -= 1
            if not open_[user]:
                free.append(user)
    return {component: found for component, found in near.items() if component in members}


def _twins(near: Mapping[int, frozenset[int]]) -> dict[int, int]:
    """Return one component for all that wait for the same and are waited for by the same."""
    users: dict[int, list[int]] = defaultdict(list)
    for component, found in near.items():
        for dependency in found:
            users[dependency].append(component)
    first: dict[tuple[frozenset[int], frozenset[int]], int] = {}
    return {c: first.setdefault((near[c], frozenset(users[c])), c) for c in near}


def _closed(direct: Mapping[int, set[int]]) -> dict[int, int]:
    """Return all that is below each as bits, numbered in the order of the answer."""
    users = users_of({twin: sorted(found) for twin, found in direct.items()})
    open_ = {twin: len(found) for twin, found in direct.items()}
    free = [twin for twin, count in open_.items() if not count]
    number: dict[int, int] = {}
    bits: dict[int, int] = {}
    for twin in free:  # grows on the way
        number[twin] = len(number)
        bits[twin] = 0
        for other in direct[twin]:
            bits[twin] |= bits[other] | 1 << number[other]
        for user in users.get(twin, ()):
            open_[user] -= 1
            if not open_[user]:
                free.append(user)
    return bits


def _ones(bits: int, names: Sequence[int]) -> list[int]:
    """Return the names at which bits are set."""
    return [names[at] for at, bit in enumerate(reversed(f"{bits:b}")) if bit == "1"]
