"""Titles and labels of panels have the room that they take, however long they are."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.image import imread
from matplotlib.text import Text

from patchopt.reports.figures.curves import Tail, tail_figure
from patchopt.reports.figures.dots import Dot, dot_figure
from patchopt.reports.figures.style import looks, printed_style, save_printed
from patchopt.reports.figures.titles import Titles, wrapped

LONG = [f"ha_microservices (failures.defect.probability={p})" for p in (0.01, 0.05, 0.2)]


@given(st.text("ab ._=", min_size=1, max_size=60), st.integers(8, 30))
def test_no_line_is_too_long_and_no_letter_lost(text: str, letters: int) -> None:
    lines = wrapped(text, letters).split("\n")
    assert max(map(len, lines)) <= letters
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_rows_are_higher_by_the_lines_after_the_first() -> None:
    # 7.16 / 3 - .5 in are 131.8 pt, 27 letters of 4.8 pt: three lines, two of them of 10.4 pt.
    titles = Titles.of(LONG, 7.16, 3, 8)
    assert titles.texts[0].split("\n") == [
        "ha_microservices",
        "(failures.defect.",
        "probability=0.01)",
    ]
    assert titles.more_in == pytest.approx(2 * 10.4 / 72)
    assert Titles.of(["shop"], 7.16, 3, 8).more_in == 0


def test_titles_of_panels_do_not_meet() -> None:
    tails = [Tail.of(name, "rolling", np.array([1.0, 2.0]), np.ones(2)) for name in LONG]
    with printed_style():
        figure = tail_figure(tails, looks(["rolling"]), 7.16)
        figure.draw_without_rendering()
        texts = Titles.of(LONG, 7.16, 3, 8).texts
        titles = [one for one in figure.findobj(Text) if one.get_text() in texts]
        boxes = sorted((one.get_window_extent() for one in titles), key=lambda box: box.x0)
    assert len(boxes) == len(LONG)
    for left, right in pairwise(boxes):
        assert left.x1 < right.x0
    assert max(box.y1 for box in boxes) <= figure.bbox.y1


def test_labels_beside_the_first_panel_are_not_cut_off(tmp_path: Path) -> None:
    # In the dots of a screen these letters are narrower than in those of print.
    labels = ["exposure_greedy", "batch_rolling(batch_size=4, pause=10m)"]
    dots = [
        Dot(scenario=name, label=label, ratio=1.2, low=1.1, high=1.3)
        for name in LONG
        for label in labels
    ]
    with printed_style():
        save_printed(dot_figure(dots, looks(labels), "bound", 7.16), tmp_path / "dots")
    picture = imread(tmp_path / "dots.png")
    for edge in (picture[:, 0], picture[:, -1], picture[0], picture[-1]):
        assert (edge == 1).all()
