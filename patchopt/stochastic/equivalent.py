"""The deterministic equivalent: what each unit is worth, and how long it takes, in the mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from patchopt.optimizer.problem import Mode, Problem, Task
from patchopt.stochastic.outcomes import Outcome, UnitOutcome


def equivalent(problem: Problem, outcomes: Sequence[Outcome]) -> Problem:
    """Return a problem with the mean length and the likely weight of every task.

    Parameters
    ----------
    problem : Problem
        Nominal.
    outcomes : sequence of Outcome
        A sample.

    Returns
    -------
    Problem
        Weights times the share of outcomes in which the unit succeeds, lengths of all its
        attempts together in the mean. Windows have room for nominal lengths only, so with windows
        lengths stay what they are.
    """
    return replace(problem, tasks=tuple(_likely(problem, task, outcomes) for task in problem.tasks))


def _likely(problem: Problem, task: Task, outcomes: Sequence[Outcome]) -> Task:
    own = [outcome[task.item.unit] for outcome in outcomes]
    succeeds = sum(one.duration_s is not None for one in own) / len(own)
    weight_milli = round(task.weight_milli * succeeds)
    if problem.windows.period_s:
        return replace(task, weight_milli=weight_milli)
    more_s = round(sum(_lasts_s(problem, task, one) for one in own) / len(own)) - task.length_s
    length_s = max(1, task.length_s + more_s)
    modes = tuple(_longer(mode, length_s - task.length_s, length_s) for mode in task.modes)
    return replace(task, weight_milli=weight_milli, length_s=length_s, modes=modes)


def _lasts_s(problem: Problem, task: Task, outcome: UnitOutcome) -> int:
    """Return how long all attempts last, one after another."""
    failed_s = sum(
        problem.overhead_s + failure.duration_s + (failure.rollback_s or 0)
        for failure in outcome.failures
    )
    if outcome.duration_s is None:
        return failed_s
    warmup_s = task.length_s - problem.overhead_s - task.item.duration_s
    return failed_s + problem.overhead_s + outcome.duration_s + warmup_s


def _longer(mode: Mode, more_s: int, length_s: int) -> Mode:
    commit_s = mode.commit_s + more_s
    if mode.action == "patch":
        commit_s = min(max(1, commit_s), length_s)
    return replace(mode, commit_s=commit_s)
