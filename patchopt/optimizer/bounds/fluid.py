"""The fluid bound in exact integers: work may be split at will, and only the crew is narrow.

Let task j of q nodes work L seconds from S on a crew of m, W its weight. The mean busy time
M = S + L/2 of every task together is at least what it is in the best fluid schedule, in
which all m places work at one task after another by falling W / (qL): with T the work
qL of the tasks before j, its mean busy time is (T + qL/2) / m there (Eastman, Even, Isaacs,
Bounds for the optimal scheduling of n jobs on m processors, Management Science 11, 1964;
Goemans, Queyranne, Schulz, Skutella, Wang, Single machine scheduling with release dates, SIAM
J. Discrete Math. 15, 2002). So

    sum W commit >= sum W (mincommit - L/2) + sum W (2T + qL) / 2m,

mincommit being the seconds from a task's start to its commit in its best mode. Windows, order,
services, hosts and surge only delay. It holds in sum, not for a task by itself.
"""

from __future__ import annotations

from patchopt.model.proof import Proof
from patchopt.optimizer.bounds.alone import makespan_bound_s
from patchopt.optimizer.bounds.bound import Bound
from patchopt.optimizer.problem import Problem, Task


def fluid_bound(problem: Problem) -> Bound:
    """Bound the objective by the work of the crew; without a crew, by each task alone.

    Parameters
    ----------
    problem : Problem
        What is scheduled.

    Returns
    -------
    Bound
        Rounded down once, in the end. O(n log n).
    """
    if problem.crew is None:
        return alone_bound(problem)
    skipped = problem.skipped_weight_milli * makespan_bound_s(problem)
    crew = problem.capacities[problem.crew]
    done = twice = 0  # work before a task; 2m times the bound
    for task in _by_value(problem):
        work = task.work_s
        commit = min(mode.commit_s for mode in task.modes)
        twice += task.weight_milli * (2 * (crew * commit + done) + work - crew * task.length_s)
        done += work
    return Bound(value_milli=twice // (2 * crew) + skipped, proof=Proof(kind="fluid"))


def alone_bound(problem: Problem) -> Bound:
    """Bound the objective by each task alone: as it is with prices that are 0 everywhere.

    Parameters
    ----------
    problem : Problem
        What is scheduled.

    Returns
    -------
    Bound
        O(n).
    """
    value = problem.skipped_weight_milli * makespan_bound_s(problem)
    for task in problem.tasks:
        start = problem.windows.earliest_fit(0, task.length_s)
        value += task.weight_milli * (start + min(mode.commit_s for mode in task.modes))
    return Bound(value_milli=value, proof=Proof(kind="lagrange"))


def _by_value(problem: Problem) -> list[Task]:
    """Return the tasks by weight per node and second, falling, compared exactly.

    Two fractions that differ do so by at least one over the product of their denominators, so
    that after multiplication by more than that their floors differ as well.
    """
    most = max((task.work_s for task in problem.tasks), default=1)
    bits = 2 * most.bit_length()
    return sorted(
        problem.tasks,
        key=lambda task: (task.weight_milli << bits) // task.work_s,
        reverse=True,
    )
