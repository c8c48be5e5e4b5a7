"""How figures look, and how they are written: the same bytes for the same data."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from patchopt.files.plain_text import one_line
from patchopt.reports.figures.ticks import keep_labels_apart

if TYPE_CHECKING:
    from matplotlib.typing import LineStyleType

#: Okabe and Ito's colours, told apart with every common colour blindness (Color Universal
#: Design, 2008); yellow is left out, since it vanishes on white paper.
COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
#: An axis over more than this ratio is logarithmic.
LOG_RATIO: Final = 30.0

#: Told apart without colours too.
_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "*", "h", "d")

_LINES: Final[tuple[LineStyleType, ...]] = (
    "-",
    (0, (4.0, 1.5)),
    (0, (1.0, 1.2)),
    (0, (5.0, 1.5, 1.0, 1.5)),
)

_RC: Final[dict[str, Any]] = {
    "axes.axisbelow": True,
    "axes.formatter.limits": (-4, 5),
    "axes.formatter.use_mathtext": True,
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "figure.dpi": 160,  # of files too: what is laid out in other dots would not fit
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.7,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "pdf.fonttype": 42,  # text stays text
}


@dataclass(frozen=True)
class Look:
    """How one strategy is drawn in every figure."""

    colour: str
    marker: str
    line: LineStyleType = "-"


def looks(labels: Sequence[str]) -> dict[str, Look]:
    """Return every label a look of its own.

    Colours repeat after seven, markers after 13: no two of the first 91 share both. Lines repeat
    after four: two of one colour differ in them.
    """
    return {
        label: Look(
            COLOURS[number % len(COLOURS)],
            _MARKERS[number % len(_MARKERS)],
            _LINES[number % len(_LINES)],
        )
        for number, label in enumerate(labels)
    }


def as_text(text: str) -> str:
    r"""Return text that Matplotlib draws as it is: no formula, and no label that it leaves out.

    Examples
    --------
    >>> print(as_text("$x$"), [as_text("_hidden")])
    \$x\$ [' _hidden']
    """
    plain = one_line(text).replace("$", r"\$")
    return f" {plain}" if plain.startswith("_") else plain


@contextmanager
def style() -> Iterator[None]:
    """Draw as patchopt does, whatever the user's own settings are."""
    with mpl.rc_context(), warnings.catch_warnings():
        # What the font has no letter for is drawn as a box.
        warnings.filterwarnings("ignore", r"Glyph \d+ ", UserWarning)
        mpl.rcdefaults()
        for name, value in _RC.items():
            mpl.rcParams[name] = value  # type: ignore[index]  # names are no literals here
        yield


#: What differs in print: text is as small as beneath figures of journals, and never a title.
_PRINTED: Final[dict[str, Any]] = {
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.titlesize": 8,
    "figure.dpi": 300,
    "font.size": 8,
    "legend.fontsize": 7.5,
    "lines.linewidth": 1.1,
    "lines.markersize": 4,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "patchopt",  # the same names of parts in every file
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
}


@contextmanager
def printed_style() -> Iterator[None]:
    """Draw as a paper prints: 8 point text, thin lines, embedded fonts."""
    with style():
        for name, value in _PRINTED.items():
            mpl.rcParams[name] = value  # type: ignore[index]  # names are no literals here
        yield


class ShownFigure(Figure):
    """A figure that a notebook shows by itself, whether Matplotlib was told of it or not."""

    def _repr_png_(self) -> bytes:
        """Return the figure as PNG, for notebooks."""
        picture = BytesIO()
        self.savefig(picture, format="png", metadata={"Software": None})
        return picture.getvalue()


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches, apart from any window system."""
    figure = ShownFigure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def new_panels(
    count: int,
    columns: int,
    width: float,
    row: float,
    beside: float = 0.0,
    *,
    sharex: bool = False,
    sharey: bool = False,
) -> tuple[Figure, NDArray[Any]]:
    """Return a figure of panels, of which the first `count` are seen.

    Parameters
    ----------
    count : int
        Panels; at least 1.
    columns : int
        At most.
    width, row, beside : float
        Inches: of the figure, the height of a row, and what is above and below all of them.
    sharex, sharey : bool
        Whether panels have one axis.

    Returns
    -------
    Figure
    ndarray of Axes, shape (rows, columns)
        In reading order; those that are left over are empty.
    """
    columns = min(columns, count)
    rows = -(-count // columns)
    figure = new_figure(width, row * rows + beside)
    panels = figure.subplots(rows, columns, sharex=sharex, sharey=sharey, squeeze=False)
    for axes in panels.flat[count:]:
        axes.set_axis_off()
    return figure, panels


@dataclass(frozen=True)
class LegendShape:
    """How a legend under a figure is laid out."""

    columns: int
    rows: int

    @property
    def height(self) -> float:
        """Inches that it takes."""
        return 0.19 * self.rows

    @classmethod
    def of(cls, labels: Sequence[str], width: float) -> LegendShape:
        """Fit labels into a width in inches: as many columns as the longest allows, at most 5.

        Examples
        --------
        >>> LegendShape.of(["rolling", "canary"], 8.0)
        LegendShape(columns=2, rows=1)
        >>> LegendShape.of(["a rather long label, of some parameters"] * 6, 8.0)
        LegendShape(columns=2, rows=3)
        """
        longest = max((len(label) for label in labels), default=0)
        fitting = int(width * 14 / (longest + 6))  # 14 letters an inch, 6 for handle and gap
        columns = max(1, min(5, fitting, len(labels)))
        return cls(columns, -(-len(labels) // columns))


def legend_below(figure: Figure, handles: Sequence[Artist], shape: LegendShape) -> None:
    """Put a legend under a figure."""
    figure.legend(
        handles=list(handles), loc="outside lower center", ncols=shape.columns, columnspacing=1.4
    )


def save(figure: Figure, path: Path) -> list[Path]:
    """Write a figure as PNG and as PDF.

    Parameters
    ----------
    figure : Figure
        Finished.
    path : Path
        Without suffix.

    Returns
    -------
    list of Path
        The two files.
    """
    keep_labels_apart(figure)
    # Laid out by now: each format would do that again, in most of the time that a report takes.
    # Not "none": that is an engine too, for which each format is drawn twice.
    figure.set_layout_engine(None)
    png, pdf = path.with_name(f"{path.name}.png"), path.with_name(f"{path.name}.pdf")
    figure.savefig(png, metadata={"Software": None})
    figure.savefig(pdf, metadata={"CreationDate": None, "Creator": "patchopt", "Producer": None})
    return [png, pdf]


def save_printed(figure: Figure, path: Path) -> list[Path]:
    """Write a figure of a paper as PDF, SVG and PNG; `path` is without suffix."""
    files = save(figure, path)
    svg = path.with_name(f"{path.name}.svg")
    figure.savefig(svg, metadata={"Date": None, "Creator": "patchopt"})
    return [*files, svg]


#: Units of a time axis and their seconds.
_TIME_UNITS: Final = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))


def time_unit(longest_s: float, shortest_s: float | None = None) -> tuple[str, int]:
    """Return the unit in which times are read best, and its seconds.

    Parameters
    ----------
    longest_s : float
        Longest of them.
    shortest_s : float, optional
        Shortest, where they share a logarithmic axis: its middle counts.

    Examples
    --------
    >>> time_unit(90), time_unit(1800), time_unit(10 * 3600)
    (('s', 1), ('min', 60), ('h', 3600))
    """
    if shortest_s and longest_s > LOG_RATIO * shortest_s:
        longest_s = (longest_s * shortest_s) ** 0.5
    return next((unit for unit in _TIME_UNITS if longest_s >= 3 * unit[1]), _TIME_UNITS[-1])
