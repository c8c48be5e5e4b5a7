"""Claims about groups under strict order: how soon some tasks can be done, by CP-SAT.

Tasks alone on all resources, without windows, take at least what the solver proves, whether it
ends with a schedule or not: a relaxation of whatever else there is.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from patchopt.model.proof import Claim
from patchopt.optimizer.bounds.groups import Groups, groups_of, set_bits
from patchopt.optimizer.bounds.heads import Heads, Known, finish_s, heads_of, shortest_s
from patchopt.optimizer.problem import Mode, Problem

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

Stop = Callable[[], bool]

#: Fewest and most tasks of a group whose delay is worth a proof, and most below a head.
_FEWEST, _MOST, _MOST_BELOW = 2, 400, 80
#: The solver's seconds are the longer by the clock, the more tasks there are than so many.
_USUAL = 40


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much is done to prove claims, in the solver's deterministic seconds.

    Parameters
    ----------
    each : float
        At most for one of them, about few tasks.
    total : float
        At most for all.
    """

    each: float = 0.5
    total: float = 20.0

    def of(self, tasks: int) -> float:
        """Return what one about so many tasks may take."""
        return self.each * min(1.0, _USUAL / tasks)


def known_of(
    problem: Problem, groups: Groups, effort: Effort | None = None, stop: Stop | None = None
) -> Known:
    """Prove how late each group can start at the earliest, and how long it takes at least.

    Parameters
    ----------
    problem : Problem
        In seconds, with dependencies.
    groups : Groups
        Of it.
    effort : Effort, optional
        Limits; equal ones give equal claims.
    stop : callable, optional
        Asked between proofs; true ends them.

    Returns
    -------
    Known
        Only what says more than `heads_of` without it. Delays first, larger groups first; then
        heads, each of all the tasks that a group waits for, in topological order.
    """
    effort = effort or Effort()
    left = effort.total
    delays: dict[int, int] = {}
    for group in sorted(groups.awaited, key=lambda g: (-len(groups.tasks[g]), g)):
        if left <= 0 or (stop is not None and stop()):
            return Known(delays_s=delays)
        tasks = groups.tasks[group]
        if _FEWEST <= len(tasks) <= _MOST:
            shortest = Makespan(problem, groups, (group,))
            value = shortest.bound(min(effort.of(len(tasks)), left))
            left -= shortest.spent
            if value > max(shortest_s(problem.tasks[number]) for number in tasks):
                delays[group] = value
    heads: dict[int, int] = {}
    seen: dict[int, int] = {}
    for group, below in enumerate(groups.all_below):
        if left <= 0 or (stop is not None and stop()):
            break
        found = heads_of(problem, groups, Known(heads_s=heads, delays_s=delays))
        if below not in seen:
            some = tuple(set_bits(below).tolist())
            tasks_below = sum(len(groups.tasks[g]) for g in some)
            if len(some) < 2 or tasks_below > _MOST_BELOW:
                continue
            shortest = Makespan(problem, groups, some, found)
            seen[below] = shortest.bound(min(effort.of(tasks_below), left))
            left -= shortest.spent
        if seen[below] > found.ready_s[group]:
            heads[group] = seen[below]
    return Known(heads_s=heads, delays_s=delays)


def proven(problem: Problem, claims: Iterable[Claim], effort: float = 10.0) -> tuple[Claim, ...]:
    """Prove claims again; return those that hold.

    Delays first, then heads from below: as when they were first proven, a head rests on what has
    been proven before it, and on no claim that has not.

    Parameters
    ----------
    problem : Problem
        In seconds.
    claims : iterable of Claim
        Of a proof.
    effort : float
        Deterministic seconds for each; nothing but the solver's verdict counts.
    """
    groups = groups_of(problem)
    of_name = {name: group for group, name in enumerate(groups.names)}
    claims = tuple(claims)
    known = [(of_name[claim.group], claim) for claim in claims if claim.group in of_name]
    delays: dict[int, int] = {}
    heads: dict[int, int] = {}
    held = []
    for group, claim in sorted(known, key=lambda one: (one[1].kind == "head", one[0])):
        found: Heads | None = None
        some, of_kind = [group], delays
        if claim.kind == "head":
            found = heads_of(problem, groups, Known(heads_s=heads, delays_s=delays))
            some, of_kind = set_bits(groups.all_below[group]).tolist(), heads
        if claim.value_s <= 0 or _at_least(problem, groups, some, found, claim.value_s, effort):
            held.append(claim)
            of_kind[group] = max(claim.value_s, of_kind.get(group, 0))
    return tuple(claim for claim in claims if claim in held)


def _at_least(
    problem: Problem,
    groups: Groups,
    some: Sequence[int],
    heads: Heads | None,
    value_s: int,
    effort: float,
) -> bool:
    """Say whether groups take at least so long; refuting less is mostly the shorter proof."""
    if Makespan(problem, groups, some, heads).exceeds(value_s, effort):
        return True
    return Makespan(problem, groups, some, heads).bound(effort) >= value_s


class Makespan:
    """The model of some groups, alone, to be finished as soon as can be.

    Parameters
    ----------
    problem, groups
        The whole.
    some : sequence of int
        Groups, in topological order.
    heads : Heads, optional
        Starts before which nothing of them can start; none: 0.
    """

    def __init__(
        self, problem: Problem, groups: Groups, some: Sequence[int], heads: Heads | None = None
    ) -> None:
        from ortools.sat.python import cp_model

        self.problem, self.cp = problem, cp_model.CpModel()
        self.spent = 0.0
        self._uses: dict[int, list[tuple[Any, int]]] = defaultdict(list)
        first = max((heads.done_s[group] for group in some), default=0) if heads is not None else 0
        tasks = [problem.tasks[number] for group in some for number in groups.tasks[group]]
        self.horizon = first + sum(task.length_s + problem.overhead_s for task in tasks)
        self.end = self.cp.new_int_var(0, self.horizon, "end")
        done: dict[int, Any] = {}
        for group in some:
            done[group] = self.cp.new_int_var(0, self.horizon, f"done_{group}")
            self.cp.add(self.end >= done[group])
            begin = 0 if heads is None else heads.ready_s[group]
            below = [other for other in groups.below[group] if other in done]
            for number in groups.tasks[group]:
                start = self._task(number, begin, done[group])
                for other in below:
                    self.cp.add(start >= done[other])
        self._capacities()
        self.cp.minimize(self.end)

    def bound(self, effort: float) -> int:
        """Return what the makespan is at least, by so many deterministic seconds."""
        solver, _ = self._solve(effort)
        return max(0, math.ceil(solver.best_objective_bound - 1e-6))

    def exceeds(self, value_s: int, effort: float) -> bool:
        """Say whether it is proven that the makespan is at least a value."""
        self.cp.add(self.end <= value_s - 1)
        solver, status = self._solve(effort)
        return bool(solver.status_name(status) == "INFEASIBLE")

    def _solve(self, effort: float) -> tuple[cp_model.CpSolver, Any]:
        from ortools.sat.python import cp_model

        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 0
        solver.parameters.max_deterministic_time = effort
        solver.parameters.catch_sigint_signal = False
        # Full linear relaxations: shares of modes against all capacities are what bounds.
        solver.parameters.linearization_level = 2
        status = solver.solve(self.cp)
        self.spent += max(0.01, float(solver.response_proto.deterministic_time))
        return solver, status

    def _task(self, number: int, begin: int, done: Any) -> Any:
        task = self.problem.tasks[number]
        start = self.cp.new_int_var(begin, self.horizon, f"start_{number}")
        choices = [self.cp.new_bool_var("") if len(task.modes) > 1 else None for _ in task.modes]
        for mode, chosen in zip(task.modes, choices, strict=True):
            finish = self.cp.add(done >= start + finish_s(task, mode))
            if chosen is not None:
                finish.only_enforce_if(chosen)
            self._demand(start, task.length_s, mode, chosen)
        if len(choices) > 1:
            self.cp.add_exactly_one([one for one in choices if one is not None])
        return start

    def _demand(self, start: Any, length_s: int, mode: Mode, chosen: Any) -> None:
        held = self._interval(start, length_s, chosen)
        for resource, amount in mode.demands:
            self._uses[resource].append((held, amount))
        if mode.surge and self.problem.surge >= 0:
            to_switch = self._interval(start, length_s + self.problem.overhead_s, chosen)
            self._uses[len(self.problem.capacities)].append((to_switch, mode.surge))

    def _interval(self, start: Any, length_s: int, chosen: Any) -> Any:
        if chosen is None:
            return self.cp.new_fixed_size_interval_var(start, length_s, "")
        return self.cp.new_optional_fixed_size_interval_var(start, length_s, chosen, "")

    def _capacities(self) -> None:
        capacities = [*self.problem.capacities, self.problem.surge]
        for resource, uses in self._uses.items():
            amounts = [amount for _, amount in uses]
            if sum(amounts) > capacities[resource]:
                self.cp.add_cumulative([held for held, _ in uses], amounts, capacities[resource])
