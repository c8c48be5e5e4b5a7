"""The best plan in expectation that there is time for, with what is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic.dataclasses import dataclass as validated

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan, PlanBuilder, StrategyRef
from patchopt.stochastic.parameters import ExpectedParameters
from patchopt.strategies.base import STRICT, Strategy, add_again, register

if TYPE_CHECKING:
    from patchopt.stochastic.expecting import Watch


@register("expected")
@validated(frozen=True, config=STRICT)
class ExpectedStrategy(ExpectedParameters, Strategy):
    """The plan of least expected exposure that is found, with failures as they are given."""

    def solve(
        self, infrastructure: Infrastructure, *, workers: int = 1, watch: Watch | None = None
    ) -> Plan:
        """Search, on some processes, and tell a watcher of the progress."""
        from patchopt.stochastic.certifying import wait_and_see_gap
        from patchopt.stochastic.expecting import expect

        found = expect(
            infrastructure,
            self,
            respect_units=self.respect_units,
            on_infeasible=self.on_infeasible,
            watch=watch,
        )
        gap = None
        # Only plans of whole units are bounded.
        if self.bounds and self.respect_units:
            gap = wait_and_see_gap(infrastructure, found, self.bounds, workers=workers, watch=watch)
        known = {
            "strategy": StrategyRef(name=self.name, parameters=self.parameters),
            "expectation": found.expectation.model_copy(update={"wait_and_see": gap}),
        }
        return found.plan.model_copy(update=known)

    def plan(self, infrastructure: Infrastructure) -> Plan:
        """Plan an infrastructure; what is known of the plan is in it."""
        return self.solve(infrastructure)

    def steps(self, infrastructure: Infrastructure, builder: PlanBuilder) -> None:
        """Add the steps of the best plan found."""
        add_again(builder, self.plan(infrastructure))
