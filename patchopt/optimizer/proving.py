"""CP-SAT on a problem with a known schedule: a proof, or a better schedule and bound."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from patchopt.optimizer.beside import side_by_side
from patchopt.optimizer.bounds import latest_commits_s
from patchopt.optimizer.bounds.bound import Bound
from patchopt.optimizer.bounds.promising import StartCosts
from patchopt.optimizer.decoder import Decoder
from patchopt.optimizer.parameters import OptimizerParameters
from patchopt.optimizer.progress import Tracker
from patchopt.optimizer.scaling import in_seconds, in_units, schedule_in_units, time_unit_s
from patchopt.optimizer.schedule import Schedule

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

    from patchopt.optimizer.cp_sat_starts import Promising

#: More blocks of starts than that make tables that take longer to build than they save.
_MOST_BLOCKS: Final = 1_000
_MOST_SHARE: Final = 0.3
#: More starts, of all tasks and modes, take longer to look at than they save.
_MOST_STARTS: Final = 5_000_000


@dataclass(frozen=True, kw_only=True)
class Proven:
    """What CP-SAT, or an enumeration, has found.

    Parameters
    ----------
    schedule : Schedule
        The known one, or a better one.
    bound_milli : int
        The best one known.
    interrupted : bool
        Whether Ctrl-C came.
    spent_s : float
        What counts as used up where the clock does not count.
    """

    schedule: Schedule
    bound_milli: int
    interrupted: bool
    spent_s: float


def prove(
    known: Schedule,
    parameters: OptimizerParameters,
    limit_s: float,
    tracker: Tracker,
    bound: Bound | None = None,
) -> Proven:
    """Search for a proof that a schedule is best, or for a better one.

    Parameters
    ----------
    known : Schedule
        Feasible; a hint.
    parameters : OptimizerParameters
        Seed and workers.
    limit_s : float
        Of the clock, or of deterministic time.
    tracker : Tracker
        Told of what is found on the way.
    bound : Bound, optional
        By prices: only starts that cost less than the gap are tried.

    Returns
    -------
    Proven

    Raises
    ------
    RuntimeError
        If CP-SAT refuses the model or finds it infeasible, which would be a fault of it.
    """
    from ortools.sat.python import cp_model

    from patchopt.optimizer.cp_sat import Model

    problem = known.problem
    unit_s = time_unit_s(problem)
    divided = in_units(problem, unit_s)
    hint = schedule_in_units(divided, known, unit_s)
    promising = _promising(known, unit_s, bound)
    model = Model(divided, hint, -(-tracker.bound_milli // unit_s), promising)
    scale = model.divisor * unit_s
    solver = _solver(parameters, limit_s)
    reporter = _reporter(scale, tracker)
    solver.best_bound_callback = lambda bound: tracker.bound(_exact_bound(bound) * scale)
    (status,), interrupted = side_by_side(
        [lambda: solver.solve(model.cp, reporter)], 1, solver.stop_search
    )
    if status == cp_model.MODEL_INVALID:
        raise RuntimeError(f"CP-SAT refuses the model: {model.cp.validate()}")
    if status == cp_model.INFEASIBLE and promising is not None:
        return Proven(
            schedule=known,
            bound_milli=known.objective_milli,
            interrupted=interrupted,
            spent_s=limit_s,
        )
    if status == cp_model.INFEASIBLE:
        raise RuntimeError("CP-SAT finds no schedule where the list scheduler has one")
    schedule = known
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        found = Decoder(divided).pushed_left(model.schedule(solver.value))
        found = in_seconds(problem, found, unit_s)
        if found.objective_milli <= known.objective_milli:
            schedule = found
    proven = max(tracker.bound_milli, _exact_bound(solver.best_objective_bound) * scale)
    if status == cp_model.OPTIMAL:
        proven = schedule.objective_milli
    return Proven(
        schedule=schedule,
        bound_milli=min(proven, schedule.objective_milli),
        interrupted=interrupted,
        spent_s=limit_s,
    )


def _promising(known: Schedule, unit_s: int, bound: Bound | None) -> Promising | None:
    """Return the starts of schedules better than a known one, if prices tell many of them apart."""
    from patchopt.optimizer.cp_sat_starts import Promising

    if bound is None or bound.priced is None:
        return None
    spare = known.objective_milli - 1 - bound.value_milli
    latest = max(latest_commits_s(known.problem, known.objective_milli))
    rows = sum(len(task.modes) for task in known.problem.tasks)
    starts = latest // unit_s + 1
    if rows * starts > _MOST_STARTS:
        return None
    costs = StartCosts(bound, unit_s, latest)
    width = 1
    while True:
        found = costs.within(spare, width)
        kept = sum(len(each.block) for each in found.values())
        if kept > _MOST_SHARE * rows * -(-starts // width):
            return None
        if kept <= _MOST_BLOCKS:
            return Promising(starts=found, width=width, spare_milli=spare)
        width *= 2


def _solver(parameters: OptimizerParameters, limit_s: float) -> cp_model.CpSolver:
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
        given.max_deterministic_time = limit_s
        given.interleave_search = parameters.workers > 1
    else:
        given.max_time_in_seconds = limit_s
    return solver


def _exact_bound(value: float) -> int:
    """Round a bound on an integer objective up, never past what was proven.

    CP-SAT reports it in double precision, exact to 2**53; beyond, the error of the
    representation is taken off first.
    """
    if not math.isfinite(value):
        return 0
    return math.ceil(value - max(1e-6, abs(value) * 2**-52))


def _reporter(scale: int, tracker: Tracker) -> Any:
    from ortools.sat.python import cp_model

    class Reporter(cp_model.CpSolverSolutionCallback):
        """Tells a tracker of incumbents."""

        def on_solution_callback(self) -> None:
            tracker.objective(round(self.objective_value) * scale)

    return Reporter()
