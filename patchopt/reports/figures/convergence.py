"""Figure: how a search for the least exposure closes in, incumbent and bound over its time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from patchopt.model.base import Floats
from patchopt.model.quantities import from_milli
from patchopt.optimizer.progress import Progress, gap_of
from patchopt.reports.figures.style import LegendShape, as_text, legend_below, looks, new_panels
from patchopt.reports.figures.ticks import plain_numbers, short_numbers

#: Where time and gap begin, since a logarithmic axis has no 0: what comes earlier, and what is
#: closer, is drawn there. Seconds and percent.
_FIRST_S: Final = 0.01
_LEAST_GAP: Final = 0.01
#: What is beyond the last news of a search, as a factor: it holds until the end.
_BEYOND: Final = 1.25
#: How bounds are dashed.
_DASHES: Final = (0, (3.0, 1.2))


def convergence_figure(
    histories: Mapping[str, Sequence[Progress]], title: str, width_in: float = 8.2
) -> Figure:
    """Draw incumbents and bounds of searches, and the gaps between them, over their seconds.

    Parameters
    ----------
    histories : mapping of str to sequence of Progress
        By label, what the watcher of each search was told, in any order; at least one of at least
        one moment. All are of one problem.
    title : str
        What was searched.
    width_in : float
        Inches.

    Returns
    -------
    Figure
        Two panels over one logarithmic axis of time: incumbent and dashed bound, and the gap.
    """
    legend = LegendShape.of([*histories, "bound"], width_in)
    figure, panels = new_panels(2, 2, width_in, 2.9, legend.height, sharex=True)
    values, gaps = panels[0]
    curves = {label: _curve(history) for label, history in histories.items()}
    end = max(float(curve[0, -1]) for curve in curves.values()) * _BEYOND
    handles = []
    for label, look in looks(list(curves)).items():
        seconds, incumbent, bound, gap = np.column_stack([curves[label], curves[label][:, -1]])
        seconds[-1] = end
        drawn = {"color": look.colour, "where": "post"}
        values.step(seconds, incumbent, **drawn)
        values.step(seconds, bound, linestyle=_DASHES, linewidth=1.0, **drawn)
        values.fill_between(seconds, bound, incumbent, step="post", color=look.colour, alpha=0.08)
        gaps.step(seconds, np.maximum(gap, _LEAST_GAP), linestyle=look.line, **drawn)
        handles.append(Line2D([], [], color=look.colour, linestyle=look.line, label=as_text(label)))
    handles.append(Line2D([], [], color="#555555", linestyle=_DASHES, label="its bound"))
    for axes in (values, gaps):
        axes.set_xscale("log")
        axes.set_xlim(_FIRST_S, end)
        plain_numbers(axes.xaxis, _FIRST_S, end)
        axes.set_xlabel("time since the start of the search [s]")
    short_numbers(values.yaxis)
    values.set_ylabel("exposure [weight·s]")
    gaps.set_yscale("log")
    most = max(float(curve[3].max()) for curve in curves.values())
    gaps.set_ylim(_LEAST_GAP, max(1.2 * most, 10 * _LEAST_GAP))
    plain_numbers(gaps.yaxis, _LEAST_GAP, max(most, _LEAST_GAP))
    gaps.set_ylabel(f"gap [%], at least {_LEAST_GAP:g}")
    figure.suptitle(as_text(title), x=0.01, ha="left", fontsize=11)
    legend_below(figure, handles, legend)
    return figure


def _curve(history: Sequence[Progress]) -> Floats:
    """Return seconds, incumbents, bounds and gaps in percent; shape (4, moments).

    Threads may tell out of order what they have found: the best so far counts.
    """
    told = sorted(history, key=lambda one: one.wall_time_s)
    seconds = [max(one.wall_time_s, _FIRST_S) for one in told]
    incumbents = np.minimum.accumulate([one.objective_milli for one in told])
    bounds = np.maximum.accumulate([one.bound_milli for one in told])
    gaps = [100 * gap_of(*both) for both in zip(incumbents, bounds, strict=True)]
    return np.array([seconds, from_milli(incumbents), from_milli(bounds), gaps], float)
