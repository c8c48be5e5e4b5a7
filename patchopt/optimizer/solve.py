"""The best plan there is time for, with a certificate of how good it is."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.items import OnInfeasible, items_of
from patchopt.model.plan import (
    Certificate,
    Plan,
    PlanBuilder,
    ScenarioRef,
    StrategyRef,
    with_certificate,
)
from patchopt.model.quantities import from_milli
from patchopt.optimizer.bounds.bound import Bound
from patchopt.optimizer.list_scheduling import smith_ratio
from patchopt.optimizer.parameters import OptimizerParameters
from patchopt.optimizer.problem import Mode, Task, problem_of
from patchopt.optimizer.progress import Watcher, gap_of
from patchopt.optimizer.schedule import Placement, Schedule, add_steps
from patchopt.optimizer.search_and_prove import solve

if TYPE_CHECKING:
    from patchopt.optimizer.bounds.reduced_costs import Decomposition


@dataclass(frozen=True, kw_only=True)
class Solution:
    """A plan with its certificate.

    Parameters
    ----------
    plan : Plan
        The best one found.
    schedule : Schedule
        When it does what.
    interrupted : bool
        Whether Ctrl-C ended the search.
    priced : Bound, optional
        The best bound by prices, if there was time for one.
    """

    plan: Plan
    schedule: Schedule
    interrupted: bool
    priced: Bound | None = None

    @cached_property
    def decomposition(self) -> Decomposition | None:
        """What lies between the plan and its bound by prices, by task and resource."""
        if self.priced is None or self.priced.priced is None:
            return None
        from patchopt.optimizer.bounds.reduced_costs import decomposition  # loads Numba

        return decomposition(self.schedule.problem, self.schedule, self.priced.priced)

    @property
    def certificate(self) -> Certificate:
        """How good the plan is."""
        assert self.plan.certificate is not None  # noqa: S101 - always made by `optimize`
        return self.plan.certificate


def optimize(
    infrastructure: Infrastructure,
    parameters: OptimizerParameters | None = None,
    *,
    respect_units: bool = True,
    on_infeasible: OnInfeasible = "downtime",
    watch: Watcher | None = None,
    begun: float | None = None,
) -> Solution:
    """Find the plan of least exposure, and prove how good it is (MODEL 9).

    Parameters
    ----------
    infrastructure : Infrastructure
        What is to be patched.
    parameters : OptimizerParameters, optional
        Limits and seed.
    respect_units : bool
        False: nodes for themselves, whatever their incompatible edges say.
    on_infeasible : str
        What becomes of units that cannot be done within the constraints.
    watch : callable, optional
        Told of every new incumbent and bound.
    begun : float, optional
        Moment of `time.monotonic` from which the time limit counts; by default now.

    Returns
    -------
    Solution
        On Ctrl-C the best plan so far, marked as interrupted.

    Raises
    ------
    InfeasibleError
        If ``on_infeasible`` is ``error`` and there is such a unit.
    """
    parameters = parameters or OptimizerParameters()
    begun = time.monotonic() if begun is None else begun
    items = items_of(infrastructure, respect_units=respect_units, on_infeasible=on_infeasible)
    problem = problem_of(infrastructure, items)
    found = solve(problem, parameters, begun, watch)
    schedule, objective, bound = found.schedule, found.schedule.objective_milli, found.bound
    wall_time_s = None if parameters.deterministic else round(time.monotonic() - begun, 3)
    options = {"respect_units": respect_units, "on_infeasible": on_infeasible}
    certificate = Certificate(
        status="optimal" if bound.value_milli == objective else "feasible",
        objective=objective,
        bound=bound.value_milli,
        gap=gap_of(objective, bound.value_milli),
        wall_time_s=wall_time_s,
        seed=parameters.seed,
        parameters={**asdict(parameters), **options},
        proof=bound.proof,
    )
    strategy = StrategyRef(name="optimal", parameters={**asdict(parameters), **options})
    plan = plan_of(infrastructure, schedule, strategy, "the best plan found")
    return Solution(
        plan=with_certificate(plan, certificate),
        schedule=schedule,
        interrupted=found.interrupted,
        priced=found.priced,
    )


def plan_of(
    infrastructure: Infrastructure, schedule: Schedule, strategy: StrategyRef, best: str
) -> Plan:
    """Return the plan that carries a schedule out.

    Parameters
    ----------
    infrastructure : Infrastructure
        What is patched.
    schedule : Schedule
        Nothing in it can start earlier.
    strategy : StrategyRef
        Who has made it.
    best : str
        What it is, for the reasons of its steps.
    """

    def reason(task: Task, mode: Mode, _: Placement) -> str:
        how = "built beside" if mode.action == "build" else "in place"
        alone = "; breaks min_up, so alone in its service" if task.item.waives else ""
        ratio = from_milli(smith_ratio(task))
        return f"{ratio:.3g} weight per node and second, here in {best}; {how}{alone}"

    builder = PlanBuilder()
    add_steps(builder, infrastructure, schedule, reason)
    scenario = ScenarioRef(name=infrastructure.scenario.name, sha256=infrastructure.sha256)
    return builder.build(scenario, strategy)
