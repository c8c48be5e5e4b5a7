"""A share first, then soak and gate, then the rest."""

from __future__ import annotations

import math
from collections import Counter
from decimal import Decimal
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass as validated

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.items import Item
from patchopt.model.plan import Gate, PlanBuilder
from patchopt.model.quantities import Duration, format_duration
from patchopt.strategies.base import STRICT, Strategy, register
from patchopt.strategies.placing import Placing, highest_weight


@register("canary")
@validated(frozen=True, config=STRICT)
class Canary(Strategy):
    """A share of each service first, then soak and gate, then the rest.

    Parameters
    ----------
    share : float
        Share of each service's instances that goes first, rounded up.
    soak : int or str
        How long the canaries are watched.
    max_failures : int
        More failed nodes than that by the end of the soak, and the plan aborts.
    """

    share: Annotated[float, Field(gt=0, le=1)] = 0.1
    soak: Duration = 600
    max_failures: Annotated[int, Field(ge=0)] = 0

    def steps(self, infrastructure: Infrastructure, builder: PlanBuilder) -> None:
        """Add the canaries' batches, the gate, and the batches of the rest."""
        placing = Placing(infrastructure, builder, self)
        items = placing.ordered(placing.items, highest_weight(infrastructure))
        canaries = self._canaries(placing, items)
        chosen = {item.nodes for item in canaries}
        rest = [item for item in items if item.nodes not in chosen]
        last = placing.sequence(placing.batches(canaries), lambda _: "canary of its service")
        if canaries and rest:
            last = [
                builder.add(
                    "pause",
                    after=last,
                    duration=self.soak,
                    gate=Gate(max_failures=self.max_failures),
                    reason=f"watch the canaries for {format_duration(self.soak)}",
                )
            ]
        placing.sequence(placing.batches(rest), lambda _: "the canaries have passed", after=last)

    def _canaries(self, placing: Placing, items: list[Item]) -> list[Item]:
        """Take items in order until every service has its share; units count whole.

        Under strict order an item goes first only if all that it depends on does.
        """
        services = placing.infrastructure.services
        # Decimal: a share of 0.1 is a tenth, not the nearest binary fraction above it.
        share = Decimal(str(self.share))
        wanted = [math.ceil(share * int(count)) for count in services.instances]
        waiting = placing.waiting(items)
        free = {item.nodes for item in waiting.first}
        taken: Counter[int] = Counter()
        canaries = []
        for item in items:
            of_nodes = placing.infrastructure.nodes.service[list(item.nodes)]
            members = [int(service) for service in of_nodes if service >= 0]
            if item.nodes not in free or all(taken[s] >= wanted[s] for s in members):
                continue
            taken.update(members)
            canaries.append(item)
            free.update(freed.nodes for freed in waiting.done(item))
        return canaries
