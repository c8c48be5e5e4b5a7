"""When tasks start in the mixture of schedules that prices make cheap, as priorities for lists.

A schedule by the order of starts in a relaxation is close to it where the relaxation is close to
the truth (Phillips, Stein, Wein, Minimizing average completion time in the presence of release
dates, Mathematical Programming 82, 1998; of Lagrangian starts under precedences: Möhring, Schulz,
Stork, Uetz, Solving project scheduling problems by minimum cut computations, Management Science
49, 2003). Tasks that are alike have one mixture: they are spread over it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from patchopt.compiling.jit import outer
from patchopt.model.base import Floats, Ints
from patchopt.optimizer.bounds.bound import Priced
from patchopt.optimizer.bounds.grid import Cells
from patchopt.optimizer.bounds.layout import Layout, layout_of
from patchopt.optimizer.bounds.pricing import NEVER, add_up, cost_of, share_of
from patchopt.optimizer.bounds.stages import mean_cost_milli
from patchopt.optimizer.bounds.starts import Scratch, find_starts, scratch_of

#: How far the mixtures go, as shares of the mean cost of a task: the cheapest starts alone, and
#: those that cost a little more.
TEMPERATURES: Final = (1e-4, 1e-2)


@outer
def _spread(
    layout: Layout,
    cells: Cells,
    prices: Floats,
    temperature: float,
    scratch: Scratch,
    begin: Ints,
    found: Floats,
) -> None:
    """Write down the start of every task, class by class, each from its place in `begin` on."""
    add_up(layout, cells, prices, scratch)
    for one in range(len(begin) - 1):
        first, members = begin[one], begin[one + 1] - begin[one]
        find_starts(layout, cells, scratch, one, 1)
        least = cost_of(layout, cells, prices, scratch, one, 1)
        if least >= NEVER:
            found[first : first + members] = cells.begin_s[-1]
            continue
        modes = layout.mode_begin[one + 1] - layout.mode_begin[one]
        total = share_of(scratch, modes, 1, least, temperature)
        mean, done, at, start = 0.0, 0.0, 0, 0.0
        for k in range(scratch.cost.shape[1]):
            share = 0.0
            for mode in range(modes):
                share += scratch.cost[2 * mode, k] / total
            if share <= 0.0:
                continue
            start = float(scratch.start_s[0, k])
            mean += share * start
            done += share
            while at < members and (at + 0.5) / members <= done:
                found[first + at] = start
                at += 1
        while at < members:  # what rounding has left
            found[first + at] = start
            at += 1
        if members == 1:
            found[first] = mean


def expected_starts(priced: Priced, temperatures: Sequence[float] = TEMPERATURES) -> Floats:
    """Return when each task starts in mixtures of schedules, the cheaper the more often.

    Parameters
    ----------
    priced : Priced
        Good prices.
    temperatures : sequence of float
        One for each mixture: shares of the mean cost of a task.

    Returns
    -------
    ndarray of float64, shape (temperatures, n)
        Seconds: the mean of a task without its like, else its place among their starts. As long
        as a step of the ascent each.
    """
    relaxation, layout = priced.relaxation, layout_of(priced.relaxation)
    classes = [one for one in relaxation.classes if one.members]
    begin = np.cumsum([0, *(len(one.members) for one in classes)])
    members = np.concatenate([one.members for one in classes])
    scratch = scratch_of(layout, len(priced.cells.begin_s))
    cost_milli = mean_cost_milli(relaxation)
    found = np.zeros((len(temperatures), len(members)))
    for share, starts in zip(temperatures, found, strict=True):
        flat = np.zeros(len(members))
        temperature = max(1.0, share * cost_milli)
        _spread(layout, priced.cells, priced.prices, temperature, scratch, begin, flat)
        starts[members] = flat
    return found
