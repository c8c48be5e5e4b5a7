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
from patchopt.model.plan import PlanBuilder
from patchopt.model.quantities import Duration
from patchopt.strategies.base import STRICT, Strategy, register
from patchopt.strategies.placing import Free, Placing, highest_weight, in_place_first


@register("canary")
@validated(frozen=True, config=STRICT)
class Canary(Strategy):
    """A share of each service first, then soak and gate, then the rest.

    Where the share takes everything, soak and gate come at the end, before the switch of
    what is built beside.

    Parameters
    ----------
    share : float
        Share of each service's instances that goes first, rounded up.
    soak : int or str
        How long the canaries are watched.
    max_failures : int
        More bad nodes than that by the end of the soak, and the plan aborts.
    """

    share: Annotated[float, Field(gt=0, le=1)] = 0.1
    soak: Duration = 600
    max_failures: Annotated[int, Field(ge=0, lt=2**53)] = 0

    def steps(self, infrastructure: Infrastructure, builder: PlanBuilder) -> None:
        """Add the canaries' batches, the gate, and the batches of the rest."""
        placing = Placing(infrastructure, builder, self)
        items = placing.ordered(placing.items, highest_weight(infrastructure))
        canaries = self._canaries(placing, items)
        chosen = {item.nodes for item in canaries}
        rest = [item for item in items if item.nodes not in chosen]
        batches = placing.batches(canaries)
        held = [] if rest else _held(placing, batches)
        last = placing.sequence(
            batches[: len(batches) - len(held)], lambda _: "canary of its service"
        )
        builds = []
        for batch in held:
            names = placing.names(batch)
            last = [builder.add("build", names, after=last, reason="canary of its service")]
            builds.append((names, last[0]))
        if not canaries:
            placing.sequence(placing.batches(rest), lambda _: "belongs to no service")
            return
        watched = placing.watch(last, self.soak, self.max_failures, "watch the canaries")
        for names, built in builds:
            reason = f"step {built} has built the copies, and all have passed"
            builder.add("switch", names, after=[built, watched], reason=reason)
        passed = "the canaries have passed"
        placing.sequence(placing.batches(rest), lambda _: passed, after=[watched])

    def _canaries(self, placing: Placing, items: list[Item]) -> list[Item]:
        """Take items in order until every service has its share; units count whole.

        Under strict order an item goes first only if all that it depends on does.
        """
        services = placing.infrastructure.services
        # Decimal: a share of 0.1 is a tenth, not the nearest binary fraction above it.
        share = Decimal(str(self.share))
        wanted = [math.ceil(share * int(count)) for count in services.instances]
        free = Free(placing, items)
        taken: Counter[int] = Counter()
        canaries = []
        for item in items:
            of_nodes = placing.infrastructure.nodes.service[list(item.nodes)]
            members = [int(service) for service in of_nodes if service >= 0]
            if item not in free or all(taken[s] >= wanted[s] for s in members):
                continue
            taken.update(members)
            canaries.append(item)
            free.take(item)
        return canaries


def _held(placing: Placing, batches: list[list[Item]]) -> list[list[Item]]:
    """Return the last batches whose copies, kept within the surge, can wait for the gate.

    Under strict order that is one at most: the next would wait for its switch.
    """
    limits = placing.infrastructure.limits
    held: list[list[Item]] = []
    slots = 0
    for batch in reversed(batches):
        slots += sum(item.size for item in batch)
        fits = limits.surge < 0 or slots <= limits.surge
        if in_place_first(batch[0]) != "build" or not fits or (held and limits.strict):
            break
        held.insert(0, batch)
    return held
