"""What in-place work takes out of service, of many groups of nodes at once (MODEL 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from patchopt.model.base import Flags, Ints
from patchopt.model.order import starts_of

if TYPE_CHECKING:
    from patchopt.model.arrays import Limits, Nodes, Services


@dataclass(frozen=True, eq=False, kw_only=True)
class Groups:
    """Groups of nodes that are worked on together: units, or bare nodes.

    Parameters
    ----------
    ptr, idx : ndarray of int64
        Compressed rows: members of each group, one at least, ascending.
    """

    ptr: Ints
    idx: Ints

    def __len__(self) -> int:
        """Return the number of groups."""
        return len(self.ptr) - 1

    @property
    def size(self) -> Ints:
        """Members of each group."""
        return np.diff(self.ptr)

    def over(self, values: NDArray[Any], how: np.ufunc) -> NDArray[Any]:
        """Return a value a group: that of its members, put together.

        Parameters
        ----------
        values : ndarray, shape (nodes,)
            Of each node.
        how : numpy.ufunc
            ``np.add``, ``np.maximum``, ``np.logical_and``...
        """
        if not len(self):
            return values[:0]
        return np.asarray(how.reduceat(values[self.idx], self.ptr[:-1]), values.dtype)

    def can_build(self, nodes: Nodes, limits: Limits) -> Flags:
        """Say which groups can be built beside: allowed everywhere, and within the surge."""
        within = self.size <= limits.surge if limits.surge >= 0 else True
        return np.asarray(self.over(nodes.blue_green, np.logical_and) & within, np.bool_)


@dataclass(frozen=True, eq=False, kw_only=True)
class Demands:
    """Instances of services, row by row: of each group, by ascending service.

    Parameters
    ----------
    ptr : ndarray of int64, shape (groups + 1,)
        Where the rows begin.
    service, count : ndarray of int64
        Which service, and how many of its instances.
    """

    ptr: Ints
    service: Ints
    count: Ints

    @classmethod
    def of(cls, groups: Groups, nodes: Nodes, services: int) -> Self:
        """Return what in-place work takes out: members that restart, and the guests of those.

        Parameters
        ----------
        groups : Groups
            The work.
        nodes : Nodes
            What they are made of.
        services : int
            How many there are.

        Returns
        -------
        Demands
            The same as `patchopt.model.units.demand` of each group; n log n in nodes.
        """
        group = np.repeat(np.arange(len(groups)), groups.size)
        restarts = nodes.restart[groups.idx]
        group, node = group[restarts], groups.idx[restarts]
        guests = nodes.guest_ptr[node + 1] - nodes.guest_ptr[node]
        first = np.repeat(nodes.guest_ptr[node] - np.cumsum(guests) + guests, guests)
        guest = nodes.guest_idx[first + np.arange(len(first))]
        # Each node once: a guest may be a member too, or run on two members.
        down = np.concatenate([group, np.repeat(group, guests)]) * len(nodes)
        group, node = np.divmod(np.unique(down + np.concatenate([node, guest])), max(len(nodes), 1))
        service = nodes.service[node]
        inside = service >= 0
        taken, count = np.unique(group[inside] * services + service[inside], return_counts=True)
        group, service = np.divmod(taken, max(services, 1))
        return cls(ptr=starts_of(group, len(groups)), service=service, count=count.astype(np.int64))

    def missing(self, services: Services) -> Self:
        """Return the instances that are missing then, where a service falls below min_up.

        Parameters
        ----------
        services : Services
            All, every other instance serving.
        """
        spare = services.instances - services.min_up
        short = self.count - spare[self.service]
        group = np.repeat(np.arange(len(self.ptr) - 1), np.diff(self.ptr))
        keep = short > 0
        ptr = starts_of(group[keep], len(self.ptr) - 1)
        return type(self)(ptr=ptr, service=self.service[keep], count=short[keep])

    def rows(self) -> list[list[tuple[int, int]]]:
        """Return of each group the services and the instances of each."""
        pairs = list(zip(self.service.tolist(), self.count.tolist(), strict=True))
        ends = self.ptr.tolist()
        return [pairs[ends[at] : ends[at + 1]] for at in range(len(ends) - 1)]
