"""Units of work: what is patched together, and which of them fit in place (MODEL 3)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from patchopt.model.base import Ints
from patchopt.model.demands import Groups
from patchopt.model.order import compress

if TYPE_CHECKING:
    from patchopt.model.arrays import Nodes


@dataclass(frozen=True, eq=False, kw_only=True)
class Units:
    """Flat arrays over units, each of shape (units,) unless said otherwise.

    Parameters
    ----------
    nodes : Nodes
        What they are made of.
    overhead_s : int
        Fixed seconds of every step.
    ptr, idx : ndarray of int64
        Compressed rows: members of each unit, ascending.
    of_node : ndarray of int64, shape (nodes,)
        Unit of each node, -1 for one without a patch.
    weight_milli : ndarray of int64
        W, the members' weights together, in thousandths.
    duration_s, warmup_s : ndarray of int64
        The longest among the members.
    """

    nodes: Nodes
    overhead_s: int
    ptr: Ints
    idx: Ints
    of_node: Ints
    weight_milli: Ints
    duration_s: Ints
    warmup_s: Ints

    @classmethod
    def of(cls, groups: list[list[int]], nodes: Nodes, overhead_s: int) -> Units:
        """Measure the units that the nodes fall into."""
        ptr, idx = compress(groups)
        of_node = np.full(len(nodes), -1, np.int64)
        of_node[idx] = np.repeat(np.arange(len(groups)), np.diff(ptr))
        over = Groups(ptr=ptr, idx=idx).over
        return cls(
            nodes=nodes,
            overhead_s=overhead_s,
            ptr=ptr,
            idx=idx,
            of_node=of_node,
            weight_milli=over(nodes.weight_milli, np.add),
            duration_s=over(nodes.duration_s, np.maximum),
            warmup_s=over(nodes.warmup_s, np.maximum),
        )

    def __len__(self) -> int:
        """Return the number of units."""
        return len(self.ptr) - 1

    def members(self, unit: int) -> tuple[int, ...]:
        """Return the nodes of a unit, ascending."""
        return tuple(self.idx[self.ptr[unit] : self.ptr[unit + 1]].tolist())

    @property
    def groups(self) -> Groups:
        """The units as groups of nodes."""
        return Groups(ptr=self.ptr, idx=self.idx)

    @cached_property
    def size(self) -> Ints:
        """Nodes in each unit: its crew places and surge slots."""
        return np.diff(self.ptr)

    @cached_property
    def length_s(self) -> Ints:
        """L = step_overhead + d + warmup: seconds of work on each unit."""
        return np.asarray(self.overhead_s + self.duration_s + self.warmup_s, np.int64)

    def label(self, unit: int) -> str:
        """Name a unit for a person: its node, or its nodes in braces."""
        names = [self.nodes.ids[node] for node in self.members(unit)]
        if len(names) == 1:
            return names[0]
        return "{" + ", ".join(names[:4]) + (", ..." if names[4:] else "") + "}"


def down_set(nodes: Nodes, members: tuple[int, ...]) -> set[int]:
    """Return the nodes that in-place work on some nodes takes out of service.

    These are the members that restart, and every guest of those.
    """
    out: set[int] = set()
    for node in members:
        if nodes.restart[node]:
            out.add(node)
            out.update(nodes.guests(node).tolist())
    return out


def demand(nodes: Nodes, members: tuple[int, ...]) -> dict[int, int]:
    """Return the instances of each service that in-place work on some nodes takes out.

    Returns
    -------
    dict of int to int
        Service to number of instances, guests of hosts counted once. `Demands` knows it of
        many groups at once.
    """
    out = down_set(nodes, members)
    services = (int(nodes.service[node]) for node in out)
    return dict(sorted(Counter(service for service in services if service >= 0).items()))
