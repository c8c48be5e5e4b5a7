"""Build copies beside, then switch."""

from __future__ import annotations

from pydantic.dataclasses import dataclass as validated

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.items import Item
from patchopt.model.plan import PlanBuilder
from patchopt.strategies.base import STRICT, Strategy, register
from patchopt.strategies.placing import Placing, built_first, highest_weight


@register("blue_green")
@validated(frozen=True, config=STRICT)
class BlueGreen(Strategy):
    """Build copies of all that can be built, within surge, then switch them at once.

    Where the surge does not hold all, wave after wave. What cannot be built is patched
    in place: after the waves, or, under strict order, when its turn comes.
    """

    def steps(self, infrastructure: Infrastructure, builder: PlanBuilder) -> None:
        """Add the waves of builds, each with its switch, and the steps in place."""
        placing = Placing(infrastructure, builder, self)
        items = placing.ordered(placing.items, highest_weight(infrastructure))
        if not infrastructure.limits.strict:
            items.sort(key=lambda item: not item.blue_green)
        last: list[int] = []
        for wave in placing.batches(items, how=built_first, crew=False):
            batches = placing.batches(wave, how=built_first)
            if built_first(wave[0]) == "build":
                last = [self._wave(placing, batches, last)]
            else:
                last = placing.sequence(batches, lambda _: "cannot be built beside", after=last)

    def _wave(self, placing: Placing, batches: list[list[Item]], after: list[int]) -> int:
        surge = placing.infrastructure.limits.surge
        reason = "built beside" if surge < 0 else f"built beside within {surge} surge slots"
        builds: list[int] = []
        for batch in batches:
            before = builds[-1:] or after
            step = placing.builder.add("build", placing.names(batch), after=before, reason=reason)
            builds.append(step)
        return placing.builder.add(
            "switch",
            [name for batch in batches for name in placing.names(batch)],
            after=builds,
            guarded=False,
            reason="all copies of the wave at once",
        )
