"""What every rival of the optimiser is given and has to give back, and how its plan is checked."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.items import items_of
from patchopt.model.plan import Certificate, PlanBuilder, ScenarioRef, StrategyRef, with_certificate
from patchopt.optimizer.decoder import Decoder
from patchopt.optimizer.list_scheduling import list_schedule
from patchopt.optimizer.problem import Problem, problem_of
from patchopt.optimizer.schedule import Placement, Schedule, add_steps
from patchopt.verify import verify

#: Rivals are told not to think of plans that end after so many times the greedy's end.
_LATEST = 4


class Case:
    """An instance that is to be planned, and when that is to end.

    Parameters
    ----------
    infrastructure : Infrastructure
        What is to be planned.
    time_s : float
        From `begun` on.
    begun : float, optional
        Moment of `time.monotonic`; by default now.
    """

    def __init__(
        self, infrastructure: Infrastructure, time_s: float, begun: float | None = None
    ) -> None:
        self.infrastructure = infrastructure
        self.end = (time.monotonic() if begun is None else begun) + time_s
        self.problem: Problem = problem_of(infrastructure, items_of(infrastructure))

    @property
    def left_s(self) -> float:
        """Seconds that are left for a solver."""
        return max(self.end - time.monotonic(), 0.1)

    @cached_property
    def greedy_end_s(self) -> int:
        """When the greedy's plan ends."""
        greedy = list_schedule(self.problem)
        return max(greedy.end_s(placement) for placement in greedy.placements)

    @cached_property
    def horizon_s(self) -> int:
        """The latest end that rivals need to think of, in whole periods of the windows."""
        period_s = int(self.problem.windows.period_s) or 1
        return (_LATEST * self.greedy_end_s // period_s + 1) * period_s


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a rival has found.

    Parameters
    ----------
    schedule : Schedule, optional
        Its plan.
    stated_milli : int, optional
        The plan's objective as its own model counts.
    bound_milli : int, optional
        That no plan is below; None if it has none, or none that holds for the problem itself.
    proven : bool
        Whether it says that nothing is left to be done.
    note : str
        What its figures are about, and what its model leaves out.
    """

    schedule: Schedule | None
    stated_milli: int | None = None
    bound_milli: int | None = None
    proven: bool = False
    note: str = ""


Rival = Callable[[Case], Answer]


def placed(problem: Problem, found: dict[int, tuple[int, int]]) -> Schedule:
    """Return a schedule of modes and starts; copies are switched as soon as a window allows.

    Parameters
    ----------
    problem : Problem
        Of n tasks.
    found : dict of int to (int, int)
        Mode and start, in seconds, of each task.
    """
    placements = []
    for number, task in enumerate(problem.tasks):
        mode, start_s = found[number]
        switch_s = start_s + task.length_s
        if task.modes[mode].action == "build" and problem.overhead_s:
            switch_s = problem.windows.earliest_fit(switch_s, problem.overhead_s)
        placements.append(Placement(task=number, mode=mode, start_s=start_s, switch_s=switch_s))
    return Schedule(problem, tuple(placements))


def bound_of(value: float, unit: int = 1) -> int | None:
    """Return a solver's bound on a whole number of units, a floating-point number, as an integer.

    None if the solver has none.
    """
    if not math.isfinite(value) or value <= 0:
        return None
    return math.ceil(value - max(1e-6, value * 2**-48)) * unit


def checked(case: Case, answer: Answer) -> dict[str, Any]:
    """Return what a rival's plan is worth, found without asking the rival.

    Its modes and the order of its starts are decoded, each task as early as that allows: a plan
    that keeps the constraints can only win by it, and one that does not is put right, for which
    it pays. What comes out is executed and checked as any plan is.
    """
    if answer.schedule is None:
        return {"objective": None, "fits": None, "valid": None}
    schedule = Decoder(case.problem).pushed_left(answer.schedule)
    objective = schedule.objective_milli
    return {
        "objective": objective,
        # Nothing moves to the right unless it does not fit.
        "fits": objective <= answer.schedule.objective_milli,
        "valid": holds(case.infrastructure, schedule),
    }


def holds(infrastructure: Infrastructure, schedule: Schedule) -> bool:
    """Whether a schedule, made a plan and executed, keeps everything and has its objective."""
    builder = PlanBuilder()
    add_steps(builder, infrastructure, schedule, lambda *_: "a rival's")
    scenario = infrastructure.scenario
    plan = builder.build(
        ScenarioRef(name=scenario.name, sha256=infrastructure.sha256), StrategyRef(name="rival")
    )
    certificate = Certificate(
        status="feasible",
        objective=schedule.objective_milli,
        bound=None,
        gap=None,
        wall_time_s=None,
        seed=0,
        parameters={},
    )
    return verify(with_certificate(plan, certificate), infrastructure).valid
