"""What others depend on first."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby

from pydantic.dataclasses import dataclass as validated

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.items import Item
from patchopt.model.plan import PlanBuilder
from patchopt.model.quantities import Duration
from patchopt.strategies.base import STRICT, Strategy, register
from patchopt.strategies.placing import Placing, highest_weight


@register("dependency_aware")
@validated(frozen=True, config=STRICT)
class DependencyAware(Strategy):
    """Dependencies first, level by level of the dependency order.

    A level holds what depends only on lower ones; within it, batches of what fits
    together, by criticality x severity, falling.

    Parameters
    ----------
    pause : int or str
        How long to wait between one batch and the next.
    """

    pause: Duration = 0

    def steps(self, infrastructure: Infrastructure, builder: PlanBuilder) -> None:
        """Add the batches of every level."""
        placing = Placing(infrastructure, builder, self)
        levels = infrastructure.order.level_of_unit

        def level(item: Item) -> int:
            return int(levels[item.unit])

        weight = highest_weight(infrastructure)
        items = sorted(placing.items, key=lambda item: (level(item), -weight(item), item.nodes))
        last: list[int] = []
        for depth, members in groupby(items, key=level):
            reason = "depends on nothing unpatched" if depth == 0 else f"level {depth} of the order"
            batches = placing.batches(list(members))
            last = placing.sequence(batches, partial(_say, reason), after=last, pause_s=self.pause)


def _say(reason: str, _: Sequence[Item]) -> str:
    return reason
