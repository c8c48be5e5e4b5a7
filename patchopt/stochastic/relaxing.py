"""The problem of an outcome as one that the optimiser knows: tasks, modes and an order.

Every attempt becomes a task, failed ones without weight, each after the one before it. What the
optimiser's problems do not have is left out, which can only lower what a schedule costs, so that
their bounds hold for the outcome too:

- A task has one length whatever its mode: that of the shortest way.
- A copy holds its surge slots until the end of a switch: a failed one, which has none, is built
  for a switch less.
- Windows have room for what work takes: where it is drawn longer, it takes its nominal length.
- Nothing is left alone, and nothing that is rolled back later is exposed again: `settled` and
  `patchopt.stochastic.leaving` count with both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from patchopt.optimizer.problem import Mode, Problem, Task
from patchopt.stochastic.hindsight import Chain, Hindsight, Share, Way


def relaxed(problem: Problem, hindsight: Hindsight) -> Problem:
    """Return the problem of an outcome for the optimiser.

    Parameters
    ----------
    problem : Problem
        Of the scenario, nominal.
    hindsight : Hindsight
        Of an outcome.

    Returns
    -------
    Problem
        No schedule of the outcome that makes all its chains has a lower objective. Its tasks are
        the attempts, chain by chain.
    """
    return _Relaxing(problem, hindsight).problem()


def settled(hindsight: Hindsight, commit_s: Mapping[int, int]) -> Hindsight:
    """Count beforehand what is exposed until later than its unit is likely to commit.

    Parameters
    ----------
    hindsight : Hindsight
        Of an outcome.
    commit_s : mapping
        Unit to an instant at which it is likely to commit.

    Returns
    -------
    Hindsight
        Nobody pays more for it than for the given one: a share of weight w that is exposed until
        s at least costs w s or more, and any other what it costs until the commit or more.
    """
    chains, constant = [], hindsight.lost_milli
    for chain in hindsight.chains:
        late = [share for share in chain.shares if share.from_s > commit_s[chain.unit]]
        whole = chain.weight_milli
        rest = whole - sum(share.weight_milli for share in late)
        constant += sum(share.weight_milli * share.from_s for share in late)
        chains.append(
            replace(
                chain,
                shares=(Share(weight_milli=rest, from_s=0),),
                left_milli=chain.left_milli // whole * rest if whole else 0,
            )
        )
    return Hindsight(chains=tuple(chains), lost_milli=constant)


class _Relaxing:
    """Tasks of attempts, and the components of the order that they need."""

    def __init__(self, problem: Problem, hindsight: Hindsight) -> None:
        self._given = problem
        self._chains = hindsight.chains
        self._of_unit = {task.item.unit: task for task in problem.tasks}
        named = zip(problem.tasks, problem.task_names, strict=True)
        self._name = {task.item.unit: name for task, name in named}
        self._tasks: list[Task] = []
        self._names: list[str] = []
        self._below: dict[int, tuple[int, ...]] = dict(problem.dependencies)
        self._next = 1 + max([*self._below, *(task.component for task in problem.tasks)])

    def problem(self) -> Problem:
        """Return the whole problem."""
        ordered = bool(self._below)
        last: dict[int, list[int]] = defaultdict(list)
        for chain in self._chains:
            component = self._add(chain)
            last[chain.component].append(component)
        if ordered:
            self._below |= {component: tuple(sorted(own)) for component, own in last.items()}
        elif all(len(chain.attempts) == 1 for chain in self._chains):
            self._below = {}
        return replace(
            self._given,
            tasks=tuple(self._tasks),
            task_names=tuple(self._names),
            dependencies=self._below,
            skipped_weight_milli=0,
        )

    def _add(self, chain: Chain) -> int:
        """Add the tasks of a chain; return the component of the last one."""
        below = self._given.dependencies.get(chain.component, ())
        for at, ways in enumerate(chain.attempts):
            component, self._next = self._next, self._next + 1
            self._below[component] = below
            below = (component,)
            self._tasks.append(self._task(chain, component, at, ways))
            self._names.append(
                f"{self._name[chain.unit]} ({at + 1})" if at else self._name[chain.unit]
            )
        return component

    def _task(self, chain: Chain, component: int, at: int, ways: tuple[Way, ...]) -> Task:
        good = at == len(chain.attempts) - 1
        overhead_s = 0 if good else self._given.overhead_s
        length_s = min(way.lasts_s - (overhead_s if way.action == "build" else 0) for way in ways)
        commit_s = min(chain.commit_s, length_s) if good else length_s
        if self._given.windows.period_s:
            length_s = min(length_s, chain.nominal_s)
            commit_s = min(commit_s, length_s)
        modes = tuple(
            Mode(
                action=way.action,
                commit_s=commit_s if way.action == "patch" else length_s + self._given.overhead_s,
                demands=way.demands,
                surge=way.surge,
            )
            for way in ways
        )
        task = self._of_unit[chain.unit]
        return replace(
            task,
            component=component,
            weight_milli=chain.weight_milli if good else 0,
            length_s=length_s,
            modes=modes,
        )
