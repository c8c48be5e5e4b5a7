"""Figures of distributions: tails of samples, and performance profiles over scenarios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from patchopt.model.base import Floats
from patchopt.reports.figures.style import (
    LOG_RATIO,
    LegendShape,
    Look,
    as_text,
    legend_below,
    new_figure,
)
from patchopt.reports.figures.ticks import plain_numbers, short_numbers
from patchopt.reports.figures.titles import titled_panels

_COLUMNS: Final = 3
#: Points of a curve: more are not seen, and make files large.
_POINTS: Final = 400
#: How far a profile goes, in multiples of the best, at most.
_FURTHEST: Final = 100.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Tail:
    """How probable it is that a plan costs more.

    Parameters
    ----------
    scenario, label : str
        Which.
    values, beyond : ndarray of float64, shape (points,)
        Ascending, and the share of replications above each.
    """

    scenario: str
    label: str
    values: Floats
    beyond: Floats

    @classmethod
    def of(cls, scenario: str, label: str, values: Floats, weights: Floats) -> Tail:
        """Thin out a sample, its end least: one point for each of as many equal steps in log p."""
        order = np.argsort(values, kind="stable")
        ordered = values[order]
        beyond = 1 - np.cumsum(weights[order]) / weights.sum()
        beyond = np.maximum(beyond, 0.0)
        least = float(weights.min() / weights.sum())
        steps = np.geomspace(1, least, _POINTS)
        places = np.unique(np.searchsorted(-beyond, -steps, side="left").clip(0, len(values) - 1))
        return cls(scenario=scenario, label=label, values=ordered[places], beyond=beyond[places])


def tail_figure(tails: Sequence[Tail], looks: Mapping[str, Look], width_in: float) -> Figure:
    """Draw complementary distribution functions, a panel a scenario, both axes logarithmic."""
    scenarios = list(dict.fromkeys(tail.scenario for tail in tails))
    labels = [label for label in looks if any(tail.label == label for tail in tails)]
    legend = LegendShape.of(labels, width_in)
    figure, panels = titled_panels(scenarios, _COLUMNS, width_in, 1.75, legend.height)
    for axes, scenario in zip(panels.flat, scenarios, strict=False):
        own = [tail for tail in tails if tail.scenario == scenario]
        for tail in own:
            look, shown = looks[tail.label], tail.beyond > 0
            axes.step(
                tail.values[shown],
                tail.beyond[shown],
                where="post",
                color=look.colour,
                linestyle=look.line,
            )
        axes.set_yscale("log")
        least = min(float(tail.values[0]) for tail in own)
        most = max(float(tail.values[-1]) for tail in own)
        if most > LOG_RATIO * least > 0:
            axes.set_xscale("log")
            plain_numbers(axes.xaxis, least, most)
        else:
            short_numbers(axes.xaxis)
        axes.set_xlabel("total exposure [weight·s]")
    for axes in panels[:, 0]:
        axes.set_ylabel("share above")
    legend_below(figure, _lines(labels, looks), legend)
    return figure


def profile_figure(
    labels: Sequence[str], ratios: Floats, looks: Mapping[str, Look], width_in: float
) -> Figure:
    """Draw performance profiles: in what share of scenarios a strategy is within a factor.

    Parameters
    ----------
    labels : sequence of str
        Of the columns.
    ratios : ndarray of float64, shape (scenarios, labels)
        To the best of each scenario (`performance`).
    looks : mapping of str to Look
        Of each label.
    width_in : float
        Inches.
    """
    legend = LegendShape.of(labels, width_in)
    figure = new_figure(width_in, 2.1 + legend.height)
    axes = figure.subplots()
    finite = ratios[np.isfinite(ratios)]
    end = min(max(1.05 * float(finite.max(initial=1.0)), 1.1), _FURTHEST)
    for at, label in enumerate(labels):
        look = looks[label]
        own = ratios[:, at]
        factors = np.unique([1.0, *own[own <= end], end])
        within = [float((own <= factor).mean()) for factor in factors]
        axes.step(factors, within, where="post", color=look.colour, linestyle=look.line)
    axes.set_xscale("log")
    plain_numbers(axes.xaxis, 1.0, end)
    axes.set_xlim(1, end)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("factor over the best strategy of a scenario")
    axes.set_ylabel("share of scenarios")
    legend_below(figure, _lines(labels, looks), legend)
    return figure


def _lines(labels: Sequence[str], looks: Mapping[str, Look]) -> list[Line2D]:
    return [
        Line2D([], [], color=looks[label].colour, linestyle=looks[label].line, label=as_text(label))
        for label in labels
    ]
