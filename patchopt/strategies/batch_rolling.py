"""A batch of nodes after another."""

from __future__ import annotations

from pydantic.dataclasses import dataclass as validated

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import PlanBuilder
from patchopt.model.quantities import Duration
from patchopt.strategies.base import STRICT, Strategy, register
from patchopt.strategies.placing import Placing, highest_weight
from patchopt.strategies.sizes import Size, nodes_of


@register("batch_rolling")
@validated(frozen=True, config=STRICT)
class BatchRolling(Strategy):
    """A batch of units after another, by criticality x severity, falling.

    Parameters
    ----------
    batch_size : int or str
        Nodes in a batch, or a share of all that are placed (``"20%"``, rounded up), in whole
        units; a larger unit is a batch of its own. Clipped to max_parallel, and to what keeps
        min_up of every service.
    pause : int or str
        How long to wait between one batch and the next.
    """

    batch_size: Size = 4
    pause: Duration = 0

    def steps(self, infrastructure: Infrastructure, builder: PlanBuilder) -> None:
        """Add a step for each batch."""
        placing = Placing(infrastructure, builder, self)
        items = placing.ordered(placing.items, highest_weight(infrastructure))
        most = nodes_of(self.batch_size, sum(item.size for item in items))
        placing.sequence(
            placing.batches(items, most),
            lambda batch: f"next batch, {sum(item.size for item in batch)} of {most}",
            pause_s=self.pause,
        )
