"""How late anything can happen in an optimal schedule: the horizon of the model.

The objective is regular, so some optimal schedule is active: nothing in it can start
earlier. In it no window long enough for a task that still waits passes without work.
"""

from __future__ import annotations

from patchopt.optimizer.problem import Problem, Task


def earliest_commit_s(problem: Problem, task: Task) -> int:
    """Return the earliest commit of a task alone, in its best mode."""
    start = problem.windows.earliest_fit(0, task.length_s)
    commits = []
    for mode in task.modes:
        if mode.action == "patch":
            commits.append(start + mode.commit_s)
        else:
            end = start + task.length_s
            switch = problem.windows.earliest_fit(end, problem.overhead_s)
            commits.append(switch + problem.overhead_s)
    return min(commits)


def alone_bound_milli(problem: Problem) -> int:
    """Bound the objective from below: every task commits as early as it can alone."""
    return sum(alone_costs_milli(problem))


def alone_costs_milli(problem: Problem) -> list[int]:
    """Return what each task costs at least, alone."""
    return [task.weight_milli * earliest_commit_s(problem, task) for task in problem.tasks]


def active_makespan_s(problem: Problem) -> int:
    """Return a bound on the end of every active schedule.

    Without windows no second passes without work, so the serial duration bounds it.
    With windows each task, and each of its switches, waits at most one period beyond
    that for the window that is long enough for it.
    """
    total = sum(task.length_s + problem.overhead_s for task in problem.tasks)
    if problem.windows.period_s == 0:
        return total
    return total + (2 * len(problem.tasks) + 1) * problem.windows.period_s


def latest_commits_s(problem: Problem, objective_milli: int) -> list[int]:
    """Return the latest commit of each task in any schedule as good as one that is known.

    If all others commit as early as they can alone, what is left of the objective
    bounds this one's weighted commit.

    Parameters
    ----------
    problem : Problem
        What is scheduled.
    objective_milli : int
        Of a feasible schedule.

    Returns
    -------
    list of int
        Seconds, one a task; never beyond `active_makespan_s`.
    """
    horizon = active_makespan_s(problem)
    earliest = [earliest_commit_s(problem, task) for task in problem.tasks]
    slack = objective_milli - alone_bound_milli(problem)
    return [
        min(horizon, commit + slack // task.weight_milli) if task.weight_milli else horizon
        for task, commit in zip(problem.tasks, earliest, strict=True)
    ]


def makespan_bound_s(problem: Problem) -> int:
    """Bound the end of the last work from below: each task alone, and the work of the crew.

    Valid for every schedule; weak under strict order. O(tasks).
    """
    ends = (
        problem.windows.earliest_fit(0, task.length_s)
        + task.length_s
        + min(problem.overhead_s if mode.action == "build" else 0 for mode in task.modes)
        for task in problem.tasks
    )
    longest = max(ends, default=0)
    if problem.crew is None or problem.windows.period_s:
        return longest
    work = sum(task.work_s for task in problem.tasks)
    return max(longest, -(-work // problem.capacities[problem.crew]))
