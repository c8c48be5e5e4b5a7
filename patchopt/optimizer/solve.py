"""Solve: list schedules and local search, then CP-SAT until proof, limit or interruption."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

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
from patchopt.optimizer.fluid import fluid_bound_milli
from patchopt.optimizer.list_scheduling import (
    built_on_ties,
    list_schedule,
    pushed_left,
    smith_ratio,
)
from patchopt.optimizer.local_search import LocalSearch, trials_for
from patchopt.optimizer.parameters import OptimizerParameters, Progress, gap_of
from patchopt.optimizer.problem import Mode, Problem, Task, problem_of
from patchopt.optimizer.scaling import in_seconds, in_units, time_unit_s
from patchopt.optimizer.schedule import Placement, Schedule, add_steps

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

    from patchopt.optimizer.cp_sat import Model

Watcher = Callable[[Progress], None]


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
    items = items_of(infrastructure, respect_units=respect_units, on_infeasible=on_infeasible)
    problem = problem_of(infrastructure, items)
    begun = time.monotonic()
    if problem.tasks:
        found = _search(problem, parameters, watch)
    else:
        found = _Found(schedule=Schedule(problem, ()), bound_milli=0, interrupted=False)
    # The room that a build leaves in its services may let something start earlier.
    schedule = pushed_left(built_on_ties(found.schedule))
    objective = schedule.objective_milli
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


def _search(problem: Problem, parameters: OptimizerParameters, watch: Watcher | None) -> _Found:
    from ortools.sat.python import cp_model

    from patchopt.optimizer.cp_sat import Model

    unit_s = time_unit_s(problem)
    divided = in_units(problem, unit_s)
    begun = time.monotonic()
    first_bound = _first_bound(problem)
    local = LocalSearch(divided, list_schedule(divided), parameters.seed)
    trials = trials_for(len(problem.tasks), parameters.time_limit)
    interrupted = False
    try:
        local.run(trials, -(-first_bound // unit_s))
    except KeyboardInterrupt:
        interrupted = True
    incumbent = local.best
    schedule = in_seconds(problem, incumbent, unit_s)
    first_bound = min(first_bound, schedule.objective_milli)
    if interrupted or first_bound == schedule.objective_milli:
        return _Found(schedule=schedule, bound_milli=first_bound, interrupted=interrupted)
    model = Model(divided, incumbent)
    scale = model.divisor * unit_s
    solver = _solver(parameters, time.monotonic() - begun)
    begin = Progress(
        wall_time_s=0.0, objective_milli=schedule.objective_milli, bound_milli=first_bound
    )
    reporter = _reporter(scale, begun, begin, watch)
    if watch is not None:
        solver.best_bound_callback = reporter.on_bound
    status, interrupted = _run(solver, model, reporter)
    if status == cp_model.MODEL_INVALID:
        raise RuntimeError(f"CP-SAT refuses the model: {model.cp.validate()}")
    if status == cp_model.INFEASIBLE:
        raise RuntimeError("CP-SAT finds no schedule where the list scheduler has one")
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        found = in_seconds(problem, pushed_left(model.schedule(solver.value)), unit_s)
        if found.objective_milli <= schedule.objective_milli:
            schedule = found
    objective = schedule.objective_milli
    bound = objective
    if status != cp_model.OPTIMAL:
        proven = _exact_bound(solver.best_objective_bound) * scale
        bound = min(max(proven, first_bound), objective)
    return _Found(schedule=schedule, bound_milli=bound, interrupted=interrupted)


def _solver(parameters: OptimizerParameters, spent_s: float) -> cp_model.CpSolver:
    from ortools.sat.python import cp_model

    solver = cp_model.CpSolver()
    given = solver.parameters
    given.random_seed = parameters.seed
    given.num_workers = parameters.workers
    # Ctrl-C is ours to handle: the solver's own handler would outlive the solve.
    given.catch_sigint_signal = False
    # Full linear relaxations: what proves small instances of a weighted sum.
    given.linearization_level = 2
    if parameters.deterministic:
        given.max_deterministic_time = parameters.time_limit
        given.interleave_search = parameters.workers > 1
    else:
        given.max_time_in_seconds = max(parameters.time_limit - spent_s, 0.01)
    return solver


def _run(solver: cp_model.CpSolver, model: Model, reporter: Any) -> tuple[Any, bool]:
    """Solve in a thread of its own, so that Ctrl-C reaches this one and stops the search."""
    outcome: list[Any] = []
    failure: list[BaseException] = []
    ended = threading.Event()

    def work() -> None:
        try:
            outcome.append(solver.solve(model.cp, reporter))
        except BaseException as error:  # noqa: BLE001 - handed on to the caller below
            failure.append(error)
        finally:
            ended.set()

    threading.Thread(target=work, daemon=True).start()
    interrupted = False
    # Not by joining the thread: an interrupted join takes a running thread for dead (CPython
    # issue 90882).
    while not ended.is_set():
        try:
            ended.wait(0.2)
        except KeyboardInterrupt:
            interrupted = True
            solver.stop_search()
    if failure:
        raise failure[0]
    return outcome[0], interrupted


def _exact_bound(value: float) -> int:
    """Round a bound on an integer objective up, never past what was proven.

    CP-SAT reports it in double precision, exact to 2**53; beyond, the error of the
    representation is taken off first.
    """
    if not math.isfinite(value):
        return 0
    return math.ceil(value - max(1e-6, abs(value) * 2**-52))


def _first_bound(problem: Problem) -> int:
    """Bound the objective without search: every task alone, or all as a fluid."""
    return max(alone_bound_milli(problem), fluid_bound_milli(problem))


def _reporter(scale: int, begun: float, begin: Progress, watch: Watcher | None) -> Any:
    from ortools.sat.python import cp_model

    class Reporter(cp_model.CpSolverSolutionCallback):
        """Tells a watcher of incumbents and bounds."""

        def __init__(self) -> None:
            super().__init__()
            self.progress = begin
            self.lock = threading.Lock()
            self._tell()

        def on_solution_callback(self) -> None:
            found = round(self.objective_value) * scale
            self._tell(objective_milli=min(found, self.progress.objective_milli))

        def on_bound(self, bound: float) -> None:
            proven = _exact_bound(bound) * scale
            self._tell(bound_milli=max(proven, self.progress.bound_milli))

        def _tell(self, **changes: int) -> None:
            if watch is None:
                return
            with self.lock:
                now = time.monotonic() - begun
                self.progress = replace(self.progress, wall_time_s=now, **changes)
                watch(self.progress)

    return Reporter()
