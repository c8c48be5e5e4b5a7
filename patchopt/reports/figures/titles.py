"""Titles of panels: no wider than their panel, in as many lines as that takes."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from matplotlib.figure import Figure
from numpy.typing import NDArray

from patchopt.files.plain_text import one_line
from patchopt.reports.figures.style import as_text, new_panels

#: Inches of a panel that its title has no share in: what is written beside its axes.
_BESIDE_IN: Final = 0.5
#: Width of a letter over the size of the font, rather too much than too little.
_LETTER: Final = 0.6
_POINTS: Final = 72.0
#: Height of a line over the size of the font.
_LINE: Final = 1.3
#: Fewer letters a line would be no title.
_LEAST: Final = 8
#: Names may be parted after these.
_PIECES: Final = re.compile(r"[^._=,/-]*[._=,/-]+|[^._=,/-]+")


def wrapped(text: str, letters: int) -> str:
    r"""Part a text into lines, between words; a word that is too long, after a sign within it.

    Parameters
    ----------
    text : str
        Of one line.
    letters : int
        In a line at most.

    Examples
    --------
    >>> print(wrapped("shop (failures.defect.probability=0.01)", 20))
    shop
    (failures.defect.
    probability=0.01)
    >>> wrapped("shop", 20), wrapped("supercalifragilistic", 8)
    ('shop', 'supercal\nifragili\nstic')
    """
    lines: list[str] = []
    for word in text.split(" "):
        if lines and len(lines[-1]) + 1 + len(word) <= letters:
            lines[-1] += f" {word}"
        else:
            lines += _lines_of(word, letters)
    return "\n".join(lines)


def _lines_of(word: str, letters: int) -> Iterator[str]:
    line = ""
    for piece in _PIECES.findall(word):
        if len(line) + len(piece) <= letters:
            line += piece
            continue
        if line:
            yield line
        *whole, line = textwrap.wrap(piece, letters)
        yield from whole
    yield line


@dataclass(frozen=True)
class Titles:
    """Titles of the panels of a figure.

    Parameters
    ----------
    texts : tuple of str
        In the order of the panels, ready to be drawn; as wide as a panel at most.
    size : float
        Of the font, points.
    """

    texts: tuple[str, ...]
    size: float

    @classmethod
    def of(cls, texts: Iterable[str], width_in: float, columns: int, size: float) -> Titles:
        """Part titles into lines.

        Parameters
        ----------
        texts : iterable of str
            As users may have written them.
        width_in : float
            Of the figure, inches.
        columns : int
            Of panels, at most.
        size : float
            Of the font, points.
        """
        plain = [one_line(text) for text in texts]
        room_in = width_in / max(1, min(columns, len(plain))) - _BESIDE_IN
        letters = max(_LEAST, int(room_in * _POINTS / (_LETTER * size)))
        parted = (wrapped(text, letters).split("\n") for text in plain)
        return cls(tuple("\n".join(map(as_text, lines)) for lines in parted), size)

    @property
    def more_in(self) -> float:
        """Inches that a row of panels is to be higher by, for lines after the first."""
        lines = max((text.count("\n") for text in self.texts), default=0)
        return lines * _LINE * self.size / _POINTS


def titled_panels(
    texts: Sequence[str],
    columns: int,
    width_in: float,
    row_in: float,
    beside_in: float = 0.0,
    *,
    size: float = 8.0,
    sharey: bool = False,
) -> tuple[Figure, NDArray[Any]]:
    """Return a figure of panels with a title each, as `new_panels` does.

    Parameters
    ----------
    texts : sequence of str
        Titles, as users may have written them; at least one.
    columns : int
        At most.
    width_in, row_in, beside_in : float
        Inches: of the figure, the height of a row whose titles have one line, and what is above
        and below all of them.
    size : float
        Of the titles' font, points.
    sharey : bool
        Whether panels have one axis upwards.

    Returns
    -------
    Figure
    ndarray of Axes, shape (rows, columns)
        In reading order; those that are left over are empty.
    """
    titles = Titles.of(texts, width_in, columns, size)
    row_in += titles.more_in
    figure, panels = new_panels(len(texts), columns, width_in, row_in, beside_in, sharey=sharey)
    for axes, text in zip(panels.flat, titles.texts, strict=False):
        axes.set_title(text, fontsize=size)
    return figure, panels
