"""One unit after another."""

from __future__ import annotations

from pydantic.dataclasses import dataclass as validated

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import PlanBuilder
from patchopt.model.quantities import Duration, from_milli
from patchopt.strategies.base import STRICT, Strategy, register
from patchopt.strategies.placing import Placing, highest_weight


@register("rolling")
@validated(frozen=True, config=STRICT)
class Rolling(Strategy):
    """One unit after another, by criticality x severity, falling.

    Parameters
    ----------
    pause : int or str
        How long to wait between one unit and the next.
    """

    pause: Duration = 0

    def steps(self, infrastructure: Infrastructure, builder: PlanBuilder) -> None:
        """Add a step for each unit."""
        placing = Placing(infrastructure, builder, self)
        priority = highest_weight(infrastructure)
        items = placing.ordered(placing.items, priority)
        placing.sequence(
            ([item] for item in items),
            lambda batch: f"next by criticality x severity, {from_milli(priority(batch[0])):g}",
            pause_s=self.pause,
        )
