"""The figure of "When a canary pays" in the model's page, and the numbers of its table.

    python docs/when_a_canary_pays.py

Closed forms alone, derived on the page; nothing is simulated and nothing is drawn at random,
so the same bytes come out each time.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from patchopt.reports.figures.style import new_figure, style

#: Seconds, as the page writes them: an attempt d, a rollback r, the soak s, the onset a, the
#: detection b, the respin D, the horizon H.
ATTEMPT, ROLLBACK, SOAK = 300, 300, 3_600
ONSET, DETECTION = 1_200, 1_200
RESPIN, HORIZON = 86_400, 7 * 86_400

#: Nodes: the rows of the table.
ROWS: Final = (10, 20, 50, 100, 200)
TARGET: Final = Path(__file__).with_suffix(".svg")


def against_the_end(n: int) -> Fraction:
    """Return p* against a gate at the end alone, where a defect makes attempts fail."""
    return Fraction(SOAK, n * (ATTEMPT + ROLLBACK))


def against_the_end_in_service(n: int) -> Fraction | None:
    """Return p* against a gate at the end alone, where a defect shows in service.

    None: the rollout is not longer than it takes to see the defect, so no canary pays.
    """
    spared = n * ATTEMPT - ONSET - DETECTION - ROLLBACK
    return Fraction(SOAK, spared) if spared > 0 else None


def against_nothing(n: int) -> Fraction:
    """Return p* against a plan that nothing stops, where a defect makes attempts fail."""
    lost = n * (HORIZON - ATTEMPT - ROLLBACK - SOAK - RESPIN)
    return Fraction((n - 1) * SOAK, lost - ATTEMPT * n * (n + 1) // 2)


#: What the figure shows: how it is called there, what it is, and how it is drawn.
CURVES: Final = (
    ("gated at its end; the defect shows in service", against_the_end_in_service, "-", "^"),
    ("gated at its end; attempts fail", against_the_end, "--", "o"),
    ("never stopped; attempts fail", against_nothing, ":", "s"),
)


def percent(share: Fraction | None) -> str:
    """Return a break-even probability as the table has it.

    Examples
    --------
    >>> percent(Fraction(3, 5)), percent(Fraction(6, 5))
    ('60%', 'never')
    """
    return "never" if share is None or share > 1 else f"{100 * float(share):.3g}%"


def table() -> list[list[str]]:
    """Return the rows of the table: nodes, then p* of each curve."""
    return [[str(n), *(percent(curve(n)) for _, curve, _, _ in CURVES)] for n in ROWS]


def figure() -> Figure:
    """Draw the break-even defect probability over the number of nodes."""
    made = new_figure(3.5, 2.9)
    axes = made.add_subplot()
    for name, curve, line, marker in CURVES:
        found = [(n, curve(n)) for n in range(5, 301)]
        points = [(n, float(p)) for n, p in found if p is not None and p <= 1]
        marked = [at for at, (n, _) in enumerate(points) if n in ROWS]
        axes.plot(
            *zip(*points, strict=True),
            line,
            color="black",
            marker=marker,
            markevery=marked,
            markersize=4,
            linewidth=1.2,
            label=name,
        )
    axes.set(xscale="log", yscale="log", xlim=(5, 300), ylim=(0.004, 1))
    axes.xaxis.set_major_locator(FixedLocator([5, *ROWS]))
    axes.yaxis.set_major_locator(FixedLocator([0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n:g}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda p, _: f"{100 * p:g}%"))
    axes.set_xlabel("nodes n")
    axes.set_ylabel("break-even probability p*")
    made.legend(loc="outside lower center", title="A canary pays above the line, against a plan")
    return made


def main() -> None:
    """Write the figure beside this file."""
    with style():
        mpl.rcParams.update(
            {
                "font.size": 8,
                "axes.labelsize": 8,
                "legend.fontsize": 8,
                "legend.title_fontsize": 8,
                "svg.hashsalt": "when a canary pays",
            }
        )
        figure().savefig(TARGET, metadata={"Date": None, "Description": str(table())})


if __name__ == "__main__":
    main()
