"""Solve: list schedules, annealing and bounds, then CP-SAT, until proof, limit or interruption."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

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
from patchopt.optimizer.bounds import alone_bound_milli
from patchopt.optimizer.bounds.bound import Bound
from patchopt.optimizer.bounds.fluid import fluid_bound
from patchopt.optimizer.decoder import Decoder
from patchopt.optimizer.engine import compiled, uncompiled
from patchopt.optimizer.limits import Limits
from patchopt.optimizer.list_scheduling import settled, smith_ratio
from patchopt.optimizer.parameters import OptimizerParameters
from patchopt.optimizer.problem import Mode, Problem, Task, problem_of
from patchopt.optimizer.progress import Tracker, Watcher, gap_of
from patchopt.optimizer.schedule import Placement, Schedule, add_steps
from patchopt.optimizer.search.annealer import Coded
from patchopt.optimizer.search.population import Population
from patchopt.optimizer.search.start_lists import start_lists

#: Problems of so many tasks are searched by plain code: the compiled takes longer to load.
_TINY: Final = 20


@dataclass(frozen=True, kw_only=True)
class Solution:
    """A plan with its certificate, and whether the search was interrupted."""

    plan: Plan
    schedule: Schedule
    interrupted: bool

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
    begun = time.monotonic()
    items = items_of(infrastructure, respect_units=respect_units, on_infeasible=on_infeasible)
    problem = problem_of(infrastructure, items)
    if problem.tasks:
        found = _search(problem, parameters, begun, watch)
    else:
        found = _Found(schedule=Schedule(problem, ()), bound_milli=0, interrupted=False)
    schedule, objective = found.schedule, found.schedule.objective_milli
    wall_time_s = None if parameters.deterministic else round(time.monotonic() - begun, 3)
    options = {"respect_units": respect_units, "on_infeasible": on_infeasible}
    certificate = Certificate(
        status="optimal" if found.bound_milli == objective else "feasible",
        objective=objective,
        bound=found.bound_milli,
        gap=gap_of(objective, found.bound_milli),
        wall_time_s=wall_time_s,
        seed=parameters.seed,
        parameters={**asdict(parameters), **options},
    )
    builder = PlanBuilder()
    add_steps(builder, infrastructure, schedule, _reason)
    plan = builder.build(
        ScenarioRef(name=infrastructure.scenario.name, sha256=infrastructure.sha256),
        StrategyRef(name="optimal", parameters={**asdict(parameters), **options}),
    )
    return Solution(
        plan=with_certificate(plan, certificate),
        schedule=schedule,
        interrupted=found.interrupted,
    )


def _reason(task: Task, mode: Mode, _: Placement) -> str:
    how = "built beside" if mode.action == "build" else "in place"
    alone = "; breaks min_up, so alone in its service" if task.item.waives else ""
    ratio = from_milli(smith_ratio(task))
    return f"{ratio:.3g} weight per node and second, here in the best plan found; {how}{alone}"


@dataclass(frozen=True, kw_only=True)
class _Found:
    schedule: Schedule
    bound_milli: int
    interrupted: bool


def _search(
    problem: Problem, parameters: OptimizerParameters, begun: float, watch: Watcher | None
) -> _Found:
    """Bound, search, and prove."""
    tasks = len(problem.tasks)
    tiny = tasks <= _TINY
    decoder = Decoder(problem, uncompiled() if tiny else compiled())
    begins = first_lists(decoder)
    bound = max(alone_bound_milli(problem), fluid_bound(problem).value_milli)
    objective = begins[0].objective_milli
    tracker = Tracker(objective, bound, gap=parameters.gap, watch=watch, begun=begun)
    if tracker.met:
        return _found(decoder, begins[0], tracker, interrupted=False)
    limits = Limits(parameters, tasks, begun)
    effort = limits.effort(plain=tiny)
    population = Population(decoder, begins, parameters.seed, effort, tracker)
    pricing = _Pricing(problem, limits, tracker, population)
    interrupted = population.search(limits.threads, None if tiny else pricing)
    limits.spend(effort.seconds)
    found = _found(decoder, population.best, tracker, interrupted=interrupted)
    if tiny and not (interrupted or tracker.met):
        found = _proven(decoder, found, parameters, limits.first_s, tracker, None)
        limits.spend(limits.first_s)
        if not (found.interrupted or tracker.met):
            pricing()
    if found.interrupted or not limits.provable or tracker.met:
        return found
    return _proven(decoder, found, parameters, limits.left_s, tracker, pricing.bound)


def _proven(
    decoder: Decoder,
    found: _Found,
    parameters: OptimizerParameters,
    limit_s: float,
    tracker: Tracker,
    bound: Bound | None,
) -> _Found:
    """Let CP-SAT prove or better what has been found."""
    from patchopt.optimizer.proving import prove  # OR-Tools takes a while to load

    proven = prove(found.schedule, parameters, limit_s, tracker, bound)
    schedule = settled(decoder, proven.schedule)
    tracker.objective(schedule.objective_milli)
    tracker.bound(proven.bound_milli)
    return _Found(
        schedule=schedule, bound_milli=tracker.bound_milli, interrupted=proven.interrupted
    )


class _Pricing:
    """The bound by prices, found beside the search."""

    def __init__(
        self, problem: Problem, limits: Limits, tracker: Tracker, population: Population
    ) -> None:
        self._problem = problem
        self._limits = limits
        self._tracker = tracker
        self._population = population
        self.bound: Bound | None = None

    def __call__(self) -> None:
        """Find it, and tell of it."""
        from patchopt.optimizer.bounds.lagrange import lagrange_bound  # Numba takes a while

        self.bound = lagrange_bound(self._problem, self._limits.iterations, self._stop)
        self._tracker.bound(self.bound.value_milli)

    def _stop(self) -> bool:
        return self._population.stopped or self._limits.pricing_ended


def _found(decoder: Decoder, best: Coded, tracker: Tracker, *, interrupted: bool) -> _Found:
    schedule = settled(decoder, decoder.schedule(best.order, best.wanted))
    tracker.objective(schedule.objective_milli)
    return _Found(schedule=schedule, bound_milli=tracker.bound_milli, interrupted=interrupted)


def first_lists(decoder: Decoder) -> list[Coded]:
    """Return the lists that a search of a problem begins at, the best first."""
    free = np.full(len(decoder.problem.tasks), -1, np.int64)
    lists = start_lists(decoder.problem, decoder.arrays)
    coded = [Coded(decoder.value(order, free), order, free) for order in lists]
    return sorted(coded, key=lambda one: one.objective_milli)
