"""Smith's rule, dispatched as early as the constraints allow."""

from __future__ import annotations

from pydantic.dataclasses import dataclass as validated

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.items import items_of
from patchopt.model.plan import PlanBuilder
from patchopt.model.quantities import from_milli
from patchopt.optimizer.list_scheduling import list_schedule, smith_ratio
from patchopt.optimizer.problem import Mode, Task, problem_of
from patchopt.optimizer.schedule import Placement, add_steps
from patchopt.strategies.base import STRICT, Strategy, register


@register("exposure_greedy")
@validated(frozen=True, config=STRICT)
class ExposureGreedy(Strategy):
    """List scheduling by weight per node and second, in whichever mode commits first.

    Smith's rule for a crew, W / (nodes L), optimal on one machine, applied to all of the
    constraints: each unit starts as early as what is placed before it allows. Where both
    modes commit on the same second it is built beside. The plan is the schedule's order,
    without its clock.
    """

    def steps(self, infrastructure: Infrastructure, builder: PlanBuilder) -> None:
        """Add the schedule's steps, each after those whose places it takes."""
        items = items_of(
            infrastructure, respect_units=self.respect_units, on_infeasible=self.on_infeasible
        )
        schedule = list_schedule(problem_of(infrastructure, items))
        add_steps(builder, infrastructure, schedule, _reason)


def _reason(task: Task, mode: Mode, placement: Placement) -> str:
    how = "built beside" if mode.action == "build" else "in place"
    ratio = from_milli(smith_ratio(task))
    return f"as early as can be by weight per node and second, {ratio:.3g}; {how} commits first"
