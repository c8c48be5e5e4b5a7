"""Starts that a better schedule may have, in the language of CP-SAT."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ortools.sat.python import cp_model

from patchopt.optimizer.bounds.promising import Starts
from patchopt.optimizer.problem import Task

Expression = Any  # OR-Tools types its linear expressions as a union of many


@dataclass(frozen=True, kw_only=True)
class Promising:
    """Starts that a schedule better than one that is known may have.

    Parameters
    ----------
    starts : mapping of int to Starts
        By task.
    width : int
        Of a block of starts, in units of the model.
    spare_milli : int
        What they may cost together.
    """

    starts: Mapping[int, Starts]
    width: int
    spare_milli: int


def cost_of_start(
    cp: cp_model.CpModel,
    task: Task,
    start: Expression,
    built: Expression,
    latest: int,
    starts: Starts,
    promising: Promising,
) -> Expression:
    """Leave a task only promising starts, and return what its own costs at least.

    Parameters
    ----------
    cp : CpModel
        Gets a table of blocks, modes and costs.
    task : Task
        Whose.
    start, built : expression
        Its start, and 1 if it is built beside; a constant where there is no choice.
    latest : int
        No start is later.
    starts, promising
        Its own of all.
    """
    block = _block(cp, start, promising.width, latest)
    cost = cp.new_int_var(0, promising.spare_milli, "")
    modes = [int(task.modes[mode].action == "build") for mode in starts.mode]
    rows = list(zip(starts.block.tolist(), starts.cost_milli.tolist(), modes, strict=True))
    if isinstance(built, int):
        cp.add_allowed_assignments([block, cost], [row[:2] for row in rows])
    else:
        cp.add_allowed_assignments([block, cost, built], rows)
    return cost


def _block(cp: cp_model.CpModel, start: Expression, width: int, latest: int) -> Expression:
    """Return the block of a start."""
    if width == 1:
        return start
    block = cp.new_int_var(0, latest // width + 1, "")
    within = cp.new_int_var(0, width - 1, "")
    cp.add(start == width * block + within)
    return block
