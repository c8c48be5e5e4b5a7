"""A time-indexed model in HiGHS: half of the time for a bound, the rest for a plan.

Cells get narrower, by half each time, as long as there is time. The two are different models
(`time_indexed.py`) and so two numbers: the plan is one whose starts are rounded to cells, then
moved to the left; the bound is one of the problem itself. Where a cell divides all lengths it is
the problem itself.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

from rival_cases import Answer, Case, placed
from time_indexed import Cells, TimeIndexed

from patchopt.model.windows import closed_time
from patchopt.optimizer.decoder import Decoder
from patchopt.optimizer.problem import Problem
from patchopt.optimizer.scaling import time_unit_s
from patchopt.optimizer.schedule import Schedule

#: Cells of the first model, in open time.
FIRST = 16
#: Entries in rows of capacity that are too many to be laid out.
MOST = 3_000_000
#: The last cell ends after so many times the greedy's end.
LATEST = 1.3


def widths_of(problem: Problem, end_s: int) -> Iterator[int]:
    """Yield widths of cells, in seconds; the last is one that needs be no narrower."""
    windows, unit_s = problem.windows, time_unit_s(problem)
    closed_s = int(closed_time(0, end_s, windows.period_s, windows.starts_s, windows.lengths_s))
    taken = sum(
        task.length_s * (len(mode.demands) + (mode.surge > 0))
        for task in problem.tasks
        for mode in task.modes
    )
    width_s = (end_s - closed_s) // FIRST
    while width_s > unit_s and (end_s - closed_s) * taken / width_s**2 < MOST:
        yield width_s
        width_s //= 2
    if (end_s - closed_s) * taken / unit_s**2 < MOST:
        yield unit_s


def by_time_indexed(case: Case) -> Answer:
    """Bound, then plan."""
    problem = case.problem
    if not problem.tasks or problem.skipped_weight_milli:
        return Answer(schedule=None, note="skipped units are not modelled")
    bound, bound_width_s = bounded(case, time.monotonic() + case.left_s / 2)
    schedule, width_s = planned(case)
    note = f"cells of {bound_width_s} s for the bound, of {width_s} s for the plan"
    stated = None if schedule is None else schedule.objective_milli
    return Answer(schedule=schedule, stated_milli=stated, bound_milli=bound, note=note)


def last_end_s(case: Case) -> int:
    """Return when the last cell may end."""
    return int(LATEST * case.greedy_end_s) + max(task.length_s for task in case.problem.tasks)


def bounded(case: Case, end: float) -> tuple[int | None, int | None]:
    """Return the best bound that there is time for, and the width of its cells."""
    best: tuple[int | None, int | None] = (None, None)
    end_s = last_end_s(case)
    for width_s in widths_of(case.problem, end_s):
        if time.monotonic() >= end:
            break
        slack_s = 0 if time_unit_s(case.problem) % width_s == 0 else width_s - 1
        cells = Cells(width_s=width_s, count=-(-end_s // width_s), slack_s=slack_s, late=True)
        found, scale = TimeIndexed(case.problem, cells).solve(max(0.1, end - time.monotonic()))
        bound = found.mip_dual_bound
        if bound is None or not math.isfinite(bound) or bound <= 0:
            continue
        # Floating-point, with tolerances of 1e-6: what is that much lower surely holds.
        milli = math.floor(bound * scale * (1 - 1e-6))
        if best[0] is None or milli > best[0]:
            best = milli, width_s
    return best


def planned(case: Case) -> tuple[Schedule | None, int | None]:
    """Return the best plan that there is time for, and the width of its cells."""
    best: tuple[Schedule | None, int | None] = (None, None)
    end_s = last_end_s(case)
    decoder = Decoder(case.problem)
    for width_s in widths_of(case.problem, end_s):
        if time.monotonic() >= case.end:
            break
        cells = Cells(width_s=width_s, count=-(-end_s // width_s), slack_s=0, late=False)
        model = TimeIndexed(case.problem, cells)
        found, _ = model.solve(case.left_s)
        if found.x is None:
            continue
        schedule = decoder.pushed_left(placed(case.problem, model.placements(found.x)))
        if best[0] is None or schedule.objective_milli < best[0].objective_milli:
            best = schedule, width_s
    return best
