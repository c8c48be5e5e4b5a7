"""Classes of items that differ in nothing but their nodes (`docs/certificate.md`, section 2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.items import Items
from patchopt.verify.groups import Group, name_of
from patchopt.verify.rows import Rows


@dataclass(frozen=True, kw_only=True)
class ItemClass:
    """Items that ask for the same, of one group.

    Parameters
    ----------
    name : str
        The least of their names.
    members : tuple of int
        Which.
    """

    name: str
    members: tuple[int, ...]


def classes_of(
    infrastructure: Infrastructure, items: Items, rows: Rows, groups: Sequence[Group]
) -> list[ItemClass]:
    """Return the classes of items.

    Parameters
    ----------
    infrastructure, items : Infrastructure, Items
        What is planned where.
    rows : Rows
        What is narrow; strict order, and hosts against classes of guests, left aside.
    groups : sequence of Group
        Of a strict order.

    Returns
    -------
    list of ItemClass
        In the order of their first items. Linear in what items take.
    """
    group_of = {item: at for at, group in enumerate(groups) for item in group.items}
    found: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for at, item in enumerate(items.placed):
        ways = tuple((way.built, way.commit_s, frozenset(way.takes)) for way in rows.ways[at])
        key = (group_of.get(at), item.weight_milli, item.size, item.length_s, ways)
        found[key].append(at)
    return [
        ItemClass(
            name=min(name_of(infrastructure, items.placed[one].nodes) for one in members),
            members=tuple(members),
        )
        for members in found.values()
    ]
