"""A fluid bound on the objective: work may be split at will, capacities hold in the mean.

CP-SAT's own bound on a weighted sum of completion times is weak (it grows out of
single completion times); this one looks at all the work together. Relax a schedule to
the work x_j(t) done on task j by time t. With mean busy times M_j, a task that starts
at S_j and lasts L_j has S_j = M_j - L_j / 2 and M_j = integral of (1 - x_j(t) / L_j), so
sum w_j S_j is at least the integral of sum w_j (1 - x_j(t) / L_j) less the halves, and
for each t the best x(t) is a linear program over task, service and crew: laminar, so
the greedy by w_j / (q_j L_j) is exact (Goemans, Queyranne, Schulz, Skutella, Wang:
Single machine scheduling with release dates, SIAM J. Discrete Math. 15, 2002, for mean
busy times; Edmonds 1970 for the greedy on polymatroids).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from patchopt.optimizer.problem import Problem, Task

#: Steps of the integration; more than that gains less than a tenth of a percent.
_STEPS = 1000


@dataclass(frozen=True, kw_only=True)
class _Job:
    rate: int  # q_j: node-seconds done a second
    work: int  # q_j * L_j node-seconds
    value: float  # w_j / (q_j * L_j)
    group: int  # the service whose capacity it takes in node-seconds, -1 for none


def fluid_bound_milli(problem: Problem) -> int:
    """Bound the objective of every schedule of a problem from below.

    Windows, precedences, hosts and surge are relaxed, and so are services where a task
    can be built beside or takes another number of instances than of crew.

    Parameters
    ----------
    problem : Problem
        What is scheduled.

    Returns
    -------
    int
        Milli-weight-seconds, rounded down; O(steps x tasks).
    """
    jobs = sorted(
        (_job(problem, task) for task in problem.tasks), key=lambda job: job.value, reverse=True
    )
    crew = math.inf if problem.crew is None else problem.capacities[problem.crew]
    waiting = _integral(jobs, crew, problem.capacities)
    # Sum of w_j * (commit - S_j - L_j / 2 + M_j), the last being what the integral bounds.
    fixed = sum(
        task.weight_milli * (2 * min(mode.commit_s for mode in task.modes) - task.length_s)
        for task in problem.tasks
    )
    bound = waiting + fixed / 2
    return max(0, math.floor(bound - 1e-9 * abs(bound)))


def _job(problem: Problem, task: Task) -> _Job:
    rate = task.size
    work = rate * task.length_s
    group = -1
    if len(task.modes) == 1 and task.modes[0].action == "patch":
        taken = [(r, a) for r, a in task.modes[0].demands if r in problem.services]
        if len(taken) == 1 and taken[0][1] == rate:
            group = taken[0][0]
    return _Job(rate=rate, work=work, value=task.weight_milli / work, group=group)


def _integral(jobs: list[_Job], crew: float, capacities: tuple[int, ...]) -> float:
    """Integrate the weight still waiting; it is convex in t, so midpoints err downwards."""
    total = sum(job.work for job in jobs)
    longest = max((job.work / job.rate for job in jobs), default=0.0)
    end = max(longest, total / crew)
    for group in {job.group for job in jobs if job.group >= 0}:
        inside = sum(job.work for job in jobs if job.group == group)
        end = max(end, inside / capacities[group])
    step = end / _STEPS
    return step * sum(
        _waiting((number + 0.5) * step, jobs, crew, capacities) for number in range(_STEPS)
    )


def _waiting(t: float, jobs: list[_Job], crew: float, capacities: tuple[int, ...]) -> float:
    left = crew * t
    left_in: dict[int, float] = {}
    waiting = 0.0
    for job in jobs:
        done = min(job.work, job.rate * t, left)
        if job.group >= 0:
            inside = left_in.get(job.group, capacities[job.group] * t)
            done = min(done, inside)
            left_in[job.group] = inside - done
        left -= done
        waiting += job.value * (job.work - done)
    return waiting
