"""What strategies share: orders that respect dependencies, batches that fit, steps."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.items import Item, items_of
from patchopt.model.plan import Gate, PlanBuilder
from patchopt.model.quantities import format_duration
from patchopt.model.units import demand, down_set
from patchopt.model.waiting import Waiting
from patchopt.strategies.base import Strategy

Priority = Callable[[Item], float]
How = Literal["patch", "build"]


def highest_weight(infrastructure: Infrastructure) -> Priority:
    """Return the order by criticality x severity, the highest among an item's nodes."""
    weights = infrastructure.nodes.weight_milli
    return lambda item: float(max(weights[node] for node in item.nodes))


def in_place_first(item: Item) -> How:
    """Work in place where that is feasible, else build."""
    return "patch" if item.in_place else "build"


def built_first(item: Item) -> How:
    """Build where that is possible, else work in place."""
    return "build" if item.blue_green else "patch"


class Placing:
    """Adds items to a plan, for one strategy on one infrastructure.

    Parameters
    ----------
    infrastructure : Infrastructure
        What is to be patched.
    builder : PlanBuilder
        Receives the steps.
    strategy : Strategy
        For ``respect_units`` and ``on_infeasible``.
    """

    def __init__(
        self, infrastructure: Infrastructure, builder: PlanBuilder, strategy: Strategy
    ) -> None:
        self.infrastructure = infrastructure
        self.builder = builder
        self.whole_units = strategy.respect_units
        self.items = items_of(
            infrastructure,
            respect_units=strategy.respect_units,
            on_infeasible=strategy.on_infeasible,
        ).placed

    # Orders ---------------------------------------------------------------------------

    def waiting(self, items: Iterable[Item]) -> Waiting[Item]:
        """Tell which of some items may come next; without strict order, all of them at once.

        What they depend on among others is done already, or none of this plan's.
        """
        order = self.infrastructure.order
        return Waiting(
            items, lambda item: order.component_of(item.unit), self.infrastructure.dependencies
        )

    def ordered(self, items: Iterable[Item], priority: Priority) -> list[Item]:
        """Sort items by falling priority; under strict order what they depend on comes first.

        Ties go by the first node. Dependencies among other items are none of this
        order's business.
        """
        waiting = self.waiting(items)
        heap = [(-priority(item), item.nodes, item) for item in waiting.first]
        heapq.heapify(heap)
        result = []
        while heap:
            item = heapq.heappop(heap)[2]
            result.append(item)
            for freed in waiting.done(item):
                heapq.heappush(heap, (-priority(freed), freed.nodes, freed))
        return result

    # Batches --------------------------------------------------------------------------

    def batches(
        self,
        items: Sequence[Item],
        nodes: int | None = None,
        *,
        how: Callable[[Item], How] | None = None,
        crew: bool = True,
    ) -> list[list[Item]]:
        """Split ordered items into batches that can be worked on at the same time.

        Each batch takes the first items that are left and fit together: the crew, the
        surge, min_up of every service, hosts and guests apart, strict order between
        batches. An item that fits no company is a batch of its own.

        Parameters
        ----------
        items : sequence of Item
            In order.
        nodes : int, optional
            Most nodes in a batch.
        how : callable, optional
            Whether an item is patched or built; in place where feasible by default.
        crew : bool
            Whether a batch is clipped to max_parallel.

        Returns
        -------
        list of list of Item
            All patched or all built, batch by batch.
        """
        choose = how or in_place_first
        limit = self.infrastructure.limits.max_parallel
        clip = limit if crew and limit >= 0 else None
        most = min((count for count in (nodes, clip) if count is not None), default=None)
        free = Free(self, items)
        left = list(items)
        result = []
        while left:
            batch = _Batch(self, most)
            rest = []
            for item in left:
                if item in free and batch.fits(item, choose(item)):
                    batch.add(item, choose(item))
                else:
                    rest.append(item)
            left = rest
            result.append(batch.items)
            for item in batch.items:
                free.take(item)
        return result

    # Steps ----------------------------------------------------------------------------

    def work(
        self,
        items: Sequence[Item],
        reason: str,
        *,
        after: Sequence[int] = (),
        how: How | None = None,
    ) -> int:
        """Add the work on some items, all patched or all built; return the step to wait for."""
        chosen = how or in_place_first(items[0])
        names = self.names(items)
        if chosen == "build":
            built = self.builder.add("build", names, after=after, reason=reason)
            return self.builder.add(
                "switch", names, after=[built], reason=f"step {built} has built the copies"
            )
        services = self.infrastructure.services.names
        waived = sorted({service for item in items for service in item.waives})
        if waived:
            broken = ", ".join(services[service] for service in waived)
            reason = f"{reason}; cannot keep min_up of {broken}, so alone there"
        return self.builder.add(
            "patch", names, after=after, waives=[services[s] for s in waived], reason=reason
        )

    def sequence(
        self,
        batches: Iterable[Sequence[Item]],
        reason: Callable[[Sequence[Item]], str],
        *,
        after: Sequence[int] = (),
        pause_s: int = 0,
    ) -> list[int]:
        """Add batches one after another, with a pause between any two steps if one is told.

        Returns
        -------
        list of int
            What a following step must wait for.
        """
        last = list(after)
        for batch in batches:
            if pause_s and last:
                wait = f"pause of {format_duration(pause_s)}"
                last = [self.builder.add("pause", after=last, duration=pause_s, reason=wait)]
            last = [self.work(batch, reason(batch), after=last)]
        return last

    def watch(self, after: Sequence[int], duration_s: int, max_failures: int, reason: str) -> int:
        """Add a pause with a gate at its end; return it."""
        return self.builder.add(
            "pause",
            after=after,
            duration=duration_s,
            gate=Gate(max_failures=max_failures),
            reason=f"{reason} for {format_duration(duration_s)}",
        )

    def names(self, items: Iterable[Item]) -> list[str]:
        """Return the node ids of some items."""
        return [self.infrastructure.nodes.ids[node] for item in items for node in item.nodes]


class Free:
    """Those of some items that may come next, as one after another is taken.

    Parameters
    ----------
    placing : Placing
        Knows the dependencies.
    items : iterable of Item
        All that are to come.
    """

    def __init__(self, placing: Placing, items: Iterable[Item]) -> None:
        self._waiting = placing.waiting(items)
        self._free = {item.nodes for item in self._waiting.first}

    def __contains__(self, item: Item) -> bool:
        """Say whether all that an item depends on has been taken."""
        return item.nodes in self._free

    def take(self, item: Item) -> None:
        """Let what waits for an item alone be free."""
        self._free.update(freed.nodes for freed in self._waiting.done(item))


class _Batch:
    """Items that can be worked on together."""

    def __init__(self, placing: Placing, most: int | None) -> None:
        self.placing = placing
        self.infrastructure = placing.infrastructure
        self.most = most
        self.items: list[Item] = []
        self.how: How | None = None
        self.size = 0
        self.units: set[int] = set()
        self.members: set[int] = set()
        self.down: set[int] = set()
        self.out: Counter[int] = Counter()

    def fits(self, item: Item, how: How) -> bool:
        if not self.items:
            return True
        if how != self.how or item.waives or self.items[0].waives:
            return False
        if self.most is not None and self.size + item.size > self.most:
            return False
        if not self.placing.whole_units and item.unit in self.units:
            return False  # together they would be worked on as the unit that is to be ignored
        if how == "build":
            surge = self.infrastructure.limits.surge
            return surge < 0 or self.size + item.size <= surge
        return self._keeps_services(item) and self._keeps_hosts(item)

    def _keeps_services(self, item: Item) -> bool:
        services = self.infrastructure.services
        taken = demand(self.infrastructure.nodes, item.nodes)
        return all(
            self.out[service] + count <= services.instances[service] - services.min_up[service]
            for service, count in taken.items()
        )

    def _keeps_hosts(self, item: Item) -> bool:
        down = down_set(self.infrastructure.nodes, item.nodes)
        return not (down & self.members) and not (self.down & set(item.nodes))

    def add(self, item: Item, how: How) -> None:
        self.items.append(item)
        self.how = how
        self.size += item.size
        self.units.add(item.unit)
        self.members |= set(item.nodes)
        if how == "patch":
            self.down |= down_set(self.infrastructure.nodes, item.nodes)
            self.out.update(demand(self.infrastructure.nodes, item.nodes))
