"""Figure: how the open exposure of each strategy falls over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from matplotlib.figure import Figure

from patchopt.reports.figures.style import (
    LOG_RATIO,
    LegendShape,
    Look,
    as_text,
    legend_below,
    new_figure,
    time_unit,
)
from patchopt.reports.figures.ticks import plain_numbers
from patchopt.reports.trace.curves import Curve


@dataclass(frozen=True, eq=False)
class BurnDown:
    """The open exposure of one run.

    Parameters
    ----------
    label : str
        Of the strategy.
    curve : Curve
        Open weight over time.
    aborted : bool
        Whether the run was.
    """

    label: str
    curve: Curve
    aborted: bool


def burn_down_figure(
    runs: list[BurnDown], looks: Mapping[str, Look], title: str, seed: int
) -> Figure:
    """Draw the weight that is still open over time, one run a strategy.

    Parameters
    ----------
    runs : list of BurnDown
        At least one.
    looks : mapping of str to Look
        Of each label.
    title : str
        What was simulated.
    seed : int
        Of the runs.

    Returns
    -------
    Figure
        The area under a line is the exposure; a cross ends an aborted run, a dot another.
    """
    aborted = any(run.aborted for run in runs)
    legend = LegendShape.of([run.label for run in runs] + ["aborted"] * aborted, 8.2)
    figure = new_figure(8.2, 3.7 + legend.height)
    axes = figure.subplots()
    ends = [int(run.curve.times_s[-1]) for run in runs]
    shortest = min((end for end in ends if end), default=1)
    unit, seconds = time_unit(max(ends), shortest)
    for run in runs:
        look = looks[run.label]
        times, values = run.curve.times_s / seconds, run.curve.values
        label = as_text(run.label)
        axes.step(times, values, where="post", color=look.colour, linestyle=look.line, label=label)
        axes.plot(
            times[-1:],
            values[-1:],
            marker="x" if run.aborted else "o",
            markersize=7 if run.aborted else 4,
            markeredgewidth=1.8,
            color=look.colour,
            clip_on=False,
            zorder=4,
        )
    if max(ends) > LOG_RATIO * shortest:
        first = min(int(run.curve.times_s[1]) for run in runs if len(run.curve.times_s) > 1)
        axes.set_xscale("symlog", linthresh=first / seconds, linscale=0.5)
        plain_numbers(axes.xaxis, first / seconds, max(ends) / seconds)
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.set_xlabel(f"time [{unit}]")
    axes.set_ylabel("open exposure [weight]")
    figure.suptitle(f"{as_text(title)}: one run each, seed {seed}", x=0.01, ha="left", fontsize=11)
    if aborted:
        axes.plot([], [], "x", color="#555555", markeredgewidth=1.8, label="aborted")
    legend_below(figure, axes.get_legend_handles_labels()[0], legend)
    return figure
