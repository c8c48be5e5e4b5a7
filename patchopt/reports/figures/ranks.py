"""Figure: mean ranks of strategies over scenarios, with bars over those that are alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from matplotlib.figure import Figure

from patchopt.model.base import Floats
from patchopt.reports.figures.style import Look, as_text, new_figure

#: Inches of a row, and above the first.
_ROW: Final = 0.16
_ABOVE: Final = 0.45


def rank_figure(
    labels: Sequence[str],
    ranks: Floats,
    cliques: Sequence[Sequence[int]],
    looks: Mapping[str, Look],
    width_in: float,
) -> Figure:
    """Draw a critical-difference diagram.

    Parameters
    ----------
    labels : sequence of str
        Of the strategies.
    ranks : ndarray of float64, shape (labels,)
        Mean ranks, 1 the best.
    cliques : sequence of sequence of int
        Which are joined by a bar: no two of them differ significantly.
    looks : mapping of str to Look
        Of each label.
    width_in : float
        Inches.

    References
    ----------
    J. Demšar, Statistical comparisons of classifiers over multiple data sets, Journal of Machine
    Learning Research 7 (2006) 1-30, figure 1; here a row a strategy, so that names do not meet.
    """
    order = np.argsort(ranks, kind="stable").tolist()
    row_of = {label: row for row, label in enumerate(order)}
    figure = new_figure(width_in, _ABOVE + _ROW * (len(labels) + 1))
    axes = figure.subplots()
    for at, label in enumerate(labels):
        look, row = looks[label], row_of[at]
        axes.plot([1, ranks[at]], [row, row], color="#bbbbbb", linewidth=0.5, zorder=1)
        axes.plot(ranks[at], row, marker=look.marker, color=look.colour, linestyle="none", zorder=3)
    step = 0.12 * (len(labels) - 1) / max(len(cliques), 1)
    for number, clique in enumerate(cliques):
        rows = [row_of[at] for at in clique]
        x = len(labels) + 0.35 + min(step, 0.25) * number
        axes.plot([x, x], [min(rows) - 0.2, max(rows) + 0.2], color="#000000", linewidth=2.0)
    axes.set_yticks(range(len(labels)), [as_text(labels[at]) for at in order])
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlim(1, len(labels) + 0.5 + 0.25 * max(len(cliques), 1))
    axes.set_xticks(range(1, len(labels) + 1))
    axes.set_xlabel("mean rank")
    axes.grid(axis="y", visible=False)
    return figure
