"""A batch of nodes after another."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass as validated

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import PlanBuilder
from patchopt.strategies.base import STRICT, Strategy, register
from patchopt.strategies.placing import Placing, highest_weight


@register("batch_rolling")
@validated(frozen=True, config=STRICT)
class BatchRolling(Strategy):
    """A batch of units after another, by criticality x severity, falling.

    Parameters
    ----------
    batch_size : int
        Nodes in a batch, in whole units; a larger unit is a batch of its own. Clipped to
        max_parallel, and to what keeps min_up of every service.
    """

    batch_size: Annotated[int, Field(ge=1)] = 4

    def steps(self, infrastructure: Infrastructure, builder: PlanBuilder) -> None:
        """Add a step for each batch."""
        placing = Placing(infrastructure, builder, self)
        items = placing.ordered(placing.items, highest_weight(infrastructure))
        placing.sequence(
            placing.batches(items, self.batch_size),
            lambda batch: f"next batch, {sum(item.size for item in batch)} of {self.batch_size}",
        )
