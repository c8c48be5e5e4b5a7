"""Text in CSV files: one line a row, and nothing that a spreadsheet would evaluate."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchopt.files import metrics_csv_text
from patchopt.files.metrics_csv import exact_thousandths
from patchopt.files.plain_text import csv_cell
from patchopt.model import METRICS
from patchopt.simulator import Outcome


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t=", "\r=", "\n@", "\uff1d", " ="])
def test_what_begins_like_a_formula_gets_an_apostrophe(first: str) -> None:
    cell = csv_cell(f'{first}HYPERLINK("http://example.org")')
    assert cell[0] == "'"
    assert cell.endswith('HYPERLINK("http://example.org")')


def test_other_text_stays_as_it_is() -> None:
    for text in ("", "rolling", "canary(share=0.5, soak=1m)", "a-b", "Zürich", "'=quoted"):
        assert csv_cell(text) == text
    assert csv_cell("a\r\nb\t\x1bc") == "a b \ufffdc"


def outcome(scenario: str, strategy: str, reason: str) -> Outcome:
    values: dict[str, np.ndarray] = {metric.name: np.array([-2, 3]) for metric in METRICS}
    values["abort_reason"] = np.array([reason, ""], dtype=object)
    values["patched_share"] = np.array([0.5, 1.0])
    return Outcome(
        scenario=scenario,
        strategy=strategy,
        seed=7,
        replications=np.array([11, 12]),
        columns=values,
        strata=np.zeros(2, int),
        weights=np.ones(2),
    )


def test_shares_read_back_as_the_very_same_floats() -> None:
    shares = np.array([0.1 + 0.2, 1 / 3])
    found = outcome("s", "t", "")
    found.columns["patched_share"] = shares
    rows = csv.DictReader(io.StringIO(metrics_csv_text(found)))
    assert [float(row["patched_share"]) for row in rows] == shares.tolist()


def test_thousandths_around_zero() -> None:
    assert [exact_thousandths(value) for value in (-1, 0, 1, 999, 1000)] == [
        "-0.001",
        "0.000",
        "0.001",
        "0.999",
        "1.000",
    ]


@given(st.text(), st.text(), st.text())
def test_metrics_csv_has_a_row_a_replication_and_no_formula(
    scenario: str, strategy: str, reason: str
) -> None:
    text = metrics_csv_text(outcome(scenario, strategy, reason))
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    assert len(rows) == 2
    for row in rows:
        cells = dict(zip(header, row, strict=True))
        for name in ("scenario", "strategy", "abort_reason"):
            assert not cells[name].lstrip().startswith(("=", "+", "-", "@"))
        # Numbers are numbers: their sign stays.
        assert cells["residual_exposure"] in ("-0.002", "0.003")
    assert [row[2:4] for row in rows] == [["7", "11"], ["7", "12"]]
