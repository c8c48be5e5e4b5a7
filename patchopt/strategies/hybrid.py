"""Unit by unit by risk, built where that is cheap, with a pause after each."""

from __future__ import annotations

from pydantic.dataclasses import dataclass as validated

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.items import Item
from patchopt.model.plan import PlanBuilder
from patchopt.model.quantities import Duration, format_duration, from_milli
from patchopt.strategies.base import STRICT, Strategy, register
from patchopt.strategies.placing import How, Placing


@register("hybrid")
@validated(frozen=True, config=STRICT)
class Hybrid(Strategy):
    """Unit by unit by risk, blue-green if min_up allows no less, a pause after each.

    The risk of a node is S x C x (1 + in-degree + out-degree), that of a unit the
    highest of its members. A unit is built beside if the min_up of a service of its
    members is at least the unit's size, and patched in place otherwise.

    Parameters
    ----------
    pause : int or str
        How long to wait after each unit.
    """

    pause: Duration = 30

    def steps(self, infrastructure: Infrastructure, builder: PlanBuilder) -> None:
        """Add the work on each unit and the pause after it."""
        placing = Placing(infrastructure, builder, self)
        nodes = infrastructure.nodes
        risks = (nodes.weight_milli * (1 + nodes.degree)).tolist()

        def risk(item: Item) -> float:
            return float(max(risks[node] for node in item.nodes))

        last: list[int] = []
        for item in placing.ordered(placing.items, risk):
            reason = f"next by risk, {from_milli(risk(item)):g}"
            done = placing.work([item], reason, after=last, how=_how(infrastructure, item))
            watch = f"guardrail pause of {format_duration(self.pause)}"
            last = [builder.add("pause", after=[done], duration=self.pause, reason=watch)]


def _how(infrastructure: Infrastructure, item: Item) -> How:
    if not (item.in_place and item.blue_green):
        return "patch" if item.in_place else "build"
    members = (int(infrastructure.nodes.service[node]) for node in item.nodes)
    most = max((int(infrastructure.services.min_up[s]) for s in members if s >= 0), default=0)
    return "build" if most >= item.size else "patch"
