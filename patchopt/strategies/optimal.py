"""The best plan that there is time for, with a certificate."""

from __future__ import annotations

from dataclasses import replace

from pydantic.dataclasses import dataclass as validated

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan, PlanBuilder
from patchopt.optimizer.parameters import OptimizerParameters
from patchopt.optimizer.progress import Watcher
from patchopt.optimizer.solve import Solution, optimize
from patchopt.strategies.base import STRICT, Strategy, add_again, register
from patchopt.verify import with_verdict


@register("optimal")
@validated(frozen=True, config=STRICT)
class Optimal(OptimizerParameters, Strategy):
    """The plan of least exposure that is found, with a proof of how good it is."""

    def solve(
        self,
        infrastructure: Infrastructure,
        watch: Watcher | None = None,
        begun: float | None = None,
    ) -> Solution:
        """Search, and tell a watcher of the progress; time counts from some moment on."""
        search = {name: getattr(self, name) for name in OptimizerParameters.__dataclass_fields__}
        solution = optimize(
            infrastructure,
            OptimizerParameters(**search),
            respect_units=self.respect_units,
            on_infeasible=self.on_infeasible,
            watch=watch,
            begun=begun,
        )
        # What the claims say has just been proven.
        plan, dropped = with_verdict(solution.plan, infrastructure, lambda *given: given[-1])
        if dropped is not None:
            raise RuntimeError(dropped)
        return replace(solution, plan=plan)

    def plan(self, infrastructure: Infrastructure) -> Plan:
        """Plan an infrastructure; the certificate is in the plan.

        Raises
        ------
        KeyboardInterrupt
            If the search was interrupted: the best plan until then is not this strategy's.
        """
        solution = self.solve(infrastructure)
        if solution.interrupted:
            raise KeyboardInterrupt
        return solution.plan

    def steps(self, infrastructure: Infrastructure, builder: PlanBuilder) -> None:
        """Add the steps of the best plan found."""
        add_again(builder, self.plan(infrastructure))
