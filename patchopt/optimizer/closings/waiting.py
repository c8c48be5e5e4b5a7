"""What it costs to leave a task for the openings behind a closing."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from patchopt.model.base import Floats, Ints
from patchopt.optimizer.bounds.grid import Window


class Waiting(NamedTuple):
    """What tasks cost that are left for later.

    Parameters
    ----------
    cost : ndarray of float64, shape (n,)
        Of each, in the objective: its own exposure, and that of what it holds up.
    second : float
        Of a node-second of the crew that is lost before the closing.
    """

    cost: Floats
    second: float


def waiting_costs(
    crew: int, weight: Floats, work: Floats, commit_s: Floats, later: Ints, beyond: list[Window]
) -> Waiting:
    """Price the wait of each task, if what waits is done as a fluid, by Smith's rule.

    A task that waits starts when all that waits and is worth more has been done. What is worth
    less starts later by its share of the crew, and at each further closing so much of it waits for
    the opening behind that.

    Parameters
    ----------
    crew : int
        Places.
    weight, work, commit_s : ndarray of float64, shape (n,)
        Of tasks: weight, node-seconds, and seconds from start to commit.
    later : ndarray of int64
        Tasks that wait now, at least one.
    beyond : list of Window
        The closing's own window, and those behind it, enough for all that waits.

    Returns
    -------
    Waiting
        O(n log n).
    """
    worth = weight / work
    later = later[np.argsort(-worth[later], kind="stable")]
    done = np.concatenate([[0.0], np.cumsum(work[later])])
    left = np.concatenate([[0.0], np.cumsum(weight[later][::-1])])[::-1]
    before = np.searchsorted(-worth[later], -worth, side="left")
    opened = crew * np.cumsum([0.0, *(window.close_s - window.open_s for window in beyond[1:])])
    number = np.minimum(np.searchsorted(opened, done[before], side="right") - 1, len(beyond) - 2)
    opening = np.array([window.open_s for window in beyond[1:]], np.float64)
    start = opening[number] + (done[before] - opened[number]) / crew
    # From each closing on, what a node-second costs that is pushed beyond all that follow.
    gaps = [after.open_s - one.close_s for one, after in pairwise(beyond)]
    ranks = np.minimum(np.searchsorted(done, opened[:-1], side="right") - 1, len(later))
    at = np.append(worth[later], 0.0)[ranks] * gaps
    pushed = np.concatenate([np.cumsum(at[::-1])[::-1], [0.0]])
    behind = np.searchsorted(-worth[later], -worth, side="right")
    held_up = work * (left[behind] / crew + pushed[number + 1])
    second = float(left[0] / crew + pushed[0])
    return Waiting(weight * (start + commit_s) + held_up, second)
