"""How hot an annealing begins and ends."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from patchopt.optimizer.problem import Problem

#: Measured on made-up instances of 50, 200 and 1,000 nodes, in n-ths of the mean cost of a task.
_SIZES: Final = (50.0, 200.0, 1000.0)
_ONE_MODE: Final = ((10.0, 5.0, 2.5), (0.3, 0.3, 0.04))
_TWO_MODES: Final = ((3.0, 5.0, 2.5), (0.06, 0.1, 0.04))
#: Under strict order, in the mean of weight times length.
_ORDER: Final = ((1.5, 1.5, 1.5), (0.012, 0.025, 0.01))


class Temperatures(NamedTuple):
    """Of the first and the last move of an annealing, in milli-weight-seconds."""

    hot: float
    cold: float


def temperatures(problem: Problem) -> Temperatures:
    """Return the temperatures that suit a problem.

    What a task costs on average is that of Smith's order on a crew without windows: hours
    in which nobody may work are the same whatever is done.

    Parameters
    ----------
    problem : Problem
        Of at least one task.
    """
    count = len(problem.tasks)
    weight = np.array([task.weight_milli for task in problem.tasks], np.float64)
    length = np.array([task.length_s for task in problem.tasks], np.float64)
    if problem.dependencies:
        hot, cold = (_between(count, row) for row in _ORDER)
        scale = float((weight * length).mean())
    else:
        two = any(len(task.modes) > 1 for task in problem.tasks)
        hot, cold = (_between(count, row) / count for row in (_TWO_MODES if two else _ONE_MODE))
        scale = _mean_cost(problem, weight, length)
    scale = max(scale, 1.0)
    return Temperatures(hot * scale, cold * scale)


def _between(count: int, values: tuple[float, ...]) -> float:
    return float(np.exp(np.interp(np.log(max(count, 1)), np.log(_SIZES), np.log(values))))


def _mean_cost(problem: Problem, weight: np.ndarray, length: np.ndarray) -> float:
    size = np.array([task.size for task in problem.tasks], np.float64)
    crew = size.sum() if problem.crew is None else problem.capacities[problem.crew]
    work = size * np.maximum(length, 1.0) / crew
    first = np.argsort(-weight / work, kind="stable")
    ends = np.cumsum(work[first])
    return float((weight[first] * np.maximum(ends, length[first])).mean())
