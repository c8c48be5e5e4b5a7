"""Wave after wave, of sizes that are told, each watched before the next."""

from __future__ import annotations

from collections import Counter
from itertools import chain, repeat
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass as validated

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.items import Item
from patchopt.model.plan import PlanBuilder
from patchopt.model.quantities import Duration
from patchopt.strategies.base import STRICT, Strategy, register
from patchopt.strategies.placing import Free, Placing, built_first, highest_weight, in_place_first
from patchopt.strategies.sizes import REST, Sizes, nodes_of


@register("waves")
@validated(frozen=True, config=STRICT)
class Waves(Strategy):
    """Waves of given sizes, by criticality x severity, a pause with a gate after each.

    Parameters
    ----------
    sizes : sequence of int or str, or str with commas
        Nodes in each wave: a number, a share of all (``"20%"``, rounded up), or, at the end,
        ``rest``. Where nodes are left after the last, it is repeated. Units count whole; one
        larger than a wave is a wave of its own.
    by : str
        ``fleet``: a wave is taken from all nodes; ``service``: from each service, and from
        the nodes without one.
    pause : int or str
        How long each wave is watched.
    max_failures : int
        More bad nodes than that at the end of a pause, and the plan aborts.
    how : str
        ``in_place`` or ``blue_green``, each where a unit allows it.
    """

    sizes: Sizes = (1, 5, "20%", REST)
    by: Literal["fleet", "service"] = "fleet"
    pause: Duration = 600
    max_failures: Annotated[int, Field(ge=0, lt=2**53)] = 0
    how: Literal["in_place", "blue_green"] = "in_place"

    def steps(self, infrastructure: Infrastructure, builder: PlanBuilder) -> None:
        """Add the batches of each wave and the pause after it."""
        placing = Placing(infrastructure, builder, self)
        items = placing.ordered(placing.items, highest_weight(infrastructure))
        how = built_first if self.how == "blue_green" else in_place_first
        last: list[int] = []
        for number, wave in enumerate(self._waves(placing, items), start=1):
            size = sum(item.size for item in wave)
            reason = f"wave {number}, {size} node{'s' * (size != 1)}"
            for batch in placing.batches(wave, how=how):
                last = [placing.work(batch, reason, after=last, how=how(batch[0]))]
            last = [placing.watch(last, self.pause, self.max_failures, f"watch wave {number}")]

    def _waves(self, placing: Placing, items: list[Item]) -> list[list[Item]]:
        """Split ordered items into waves; under strict order none comes before what it needs."""
        groups = {item.nodes: self._groups(placing, item) for item in items}
        nodes: Counter[int] = Counter()
        for counted in groups.values():
            nodes.update(counted)
        free = Free(placing, items)
        waves, left = [], items
        for size in chain(self.sizes, repeat(self.sizes[-1])):
            if not left:
                break
            wave, rest = [], []
            taken: Counter[int] = Counter()
            for item in left:
                wanted = groups[item.nodes]
                fits = all(
                    not taken[group] or taken[group] + count <= nodes_of(size, nodes[group])
                    for group, count in wanted.items()
                )
                if item not in free or not fits:
                    rest.append(item)
                    continue
                taken.update(wanted)
                wave.append(item)
                free.take(item)
            waves.append(wave)
            left = rest
        return waves

    def _groups(self, placing: Placing, item: Item) -> Counter[int]:
        """Count an item's nodes by what waves are taken from: the fleet, or each service."""
        if self.by == "fleet":
            return Counter({0: item.size})
        return Counter(placing.infrastructure.nodes.service[list(item.nodes)].tolist())
