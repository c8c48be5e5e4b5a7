"""Everything at once."""

from __future__ import annotations

from itertools import zip_longest

from pydantic.dataclasses import dataclass as validated

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import PlanBuilder
from patchopt.strategies.base import STRICT, Strategy, register
from patchopt.strategies.placing import Placing


@register("big_bang")
@validated(frozen=True, config=STRICT)
class BigBang(Strategy):
    """Everything at once, in place, whatever it breaks.

    The least exposure and the most downtime that a plan can have. With
    ``respect_units: false`` the members of a unit are in steps of their own that start
    together, so that each ends by itself.
    """

    def steps(self, infrastructure: Infrastructure, builder: PlanBuilder) -> None:
        """Add one unguarded step."""
        placing = Placing(infrastructure, builder, self)
        units: dict[int, list[str]] = {}
        for item in placing.items:
            names = placing.names([item])
            units.setdefault(item.unit, []).extend(names)
        if self.respect_units:
            rounds = [[name for names in units.values() for name in names]]
        else:
            rounds = [
                [name for name in names if name is not None]
                for names in zip_longest(*units.values())
            ]
        for names in rounds:
            if names:
                builder.add(
                    "patch", names, guarded=False, reason="everything at once, guarded by nothing"
                )
