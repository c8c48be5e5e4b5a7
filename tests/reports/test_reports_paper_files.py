"""The folder ``paper`` of a report: what is in it, what LaTeX is given, the same bytes again."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

import patchopt
from patchopt.errors import PatchoptError
from patchopt.reports.figures.study_bands import StudyBands
from patchopt.reports.numbers.opening import open_study
from patchopt.reports.numbers.summary import results_of
from patchopt.reports.paper.paper_files import write_paper
from patchopt.reports.paper.venues import VENUES
from patchopt.sweeps import sweep

pytestmark = pytest.mark.slow

TABLES = (
    "T1_scenarios",
    "T2_optimisation",
    "T3_outcome",
    "T4_paired",
    "T5_tails",
    "T7_decomposition",
    "T8_non_dominated",
)
FIGURES = (
    "F1_over_bound",
    "F2_beside_optimum",
    "F3_tails",
    "F6_burn_down",
    "F7_gantt_ha_microservices",
    "F7_gantt_risky_patch",
    "F8_attainment",
)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sweep") / "dataset"
    sweep(
        [
            "sweep.scenarios=[ha_microservices,risky_patch]",
            "sweep.strategies=[rolling,{name: canary, share: [0.1, 0.5]},big_bang,optimal]",
            "optimizer=quick",
            "bound=quick",
            "bound.replications=5",
            "sweep.replications=60",
            f"sweep.out={out}",
            "parallel.n_jobs=1",
        ]
    )
    return out


@pytest.fixture(scope="module")
def venues(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of the same paper for both venues, of the same numbers."""
    out = tmp_path_factory.mktemp("papers")
    with open_study(dataset) as study:
        results = results_of(study)
        for venue in VENUES.values():
            write_paper(study, results, venue, out / venue.name, StudyBands(study))
    return out


@pytest.fixture(scope="module")
def paper(venues: Path) -> Path:
    return venues / "ieee"


def test_everything_is_there(paper: Path) -> None:
    names = {path.name for path in paper.iterdir()}
    tables = {f"{name}.{end}" for name in TABLES for end in ("tex", "md", "csv", "parquet")}
    figures = {f"{name}.{end}" for name in FIGURES for end in ("pdf", "svg", "png")}
    assert names == {"numbers.tex", "paper.tex", "threats.md", *tables, *figures}


def test_the_document_shows_all_of_it(paper: Path) -> None:
    text = (paper / "paper.tex").read_text(encoding="utf-8")
    assert tuple(re.findall(r"\\input\{(T\w+)\}", text)) == TABLES
    assert tuple(re.findall(r"\\includegraphics\{(\w+)\}", text)) == FIGURES


@pytest.mark.parametrize("name", TABLES)
def test_every_row_has_a_cell_a_column(paper: Path, name: str) -> None:
    text = (paper / f"{name}.tex").read_text(encoding="utf-8")
    head = re.search(r"\\begin\{tabular\}\{(.*)\}\n", text)
    assert head is not None
    columns = re.sub(r"@\{[^}]*\}|\[[^]]*\]", "", head[1])
    assert set(columns) <= set("lSr")
    body = text.partition("\\midrule\n")[2].partition("\\bottomrule")[0]
    rows = [line for line in body.splitlines() if line.endswith(r"\\")]
    rows = [line for line in rows if not line.startswith(r"\multicolumn")]
    assert rows
    for row in rows:
        assert len(re.findall(r"(?<!\\)&", row)) == len(columns) - 1, row
        assert row.count("{") == row.count("}")


def test_numbers_are_those_of_the_tables(paper: Path) -> None:
    text = (paper / "numbers.tex").read_text(encoding="utf-8")
    defined = re.findall(r"\\newcommand\{\\([A-Za-z]+)\}\{\\num\{([-<0-9.]+)\}\}", text)
    assert len(defined) == text.count("newcommand") == len(dict(defined))
    numbers = dict(defined)
    nodes = numbers["patchRiskyPatchScenariosNodes"]
    assert nodes == "11"
    table = pd.read_parquet(paper / "T3_outcome.parquet").set_index(["scenario", "plan"])
    exact = table.loc[("risky_patch", "canary(share=0.5)"), "total_exposure"]
    printed = numbers["patchRiskyPatchCanaryShareZeroFiveOutcomeTotalExposure"]
    assert float(printed) * 1000 == pytest.approx(exact, rel=0.1)


def test_plans_that_break_constraints_are_below_and_unmarked(paper: Path) -> None:
    lines = (paper / "T3_outcome.tex").read_text(encoding="utf-8").splitlines()
    broken = [at for at, line in enumerate(lines) if line.startswith(r"big\_bang")]
    assert len(broken) == 2
    for at in broken:
        assert lines[at - 1].startswith(r"\cmidrule")
        assert "textbf" not in lines[at]
        assert "underline" not in lines[at]


def test_threats_are_facts_of_the_study(paper: Path) -> None:
    text = (paper / "threats.md").read_text(encoding="utf-8")
    assert "96% of the fields of `ha_microservices` are assumed." in text
    assert "Failures are those that the scenarios were written with." in text
    assert "2 are too few for a test across scenarios (20 are needed)." in text
    assert "The bound of `risky_patch` is over 5 replications" in text
    assert "Too few for an interval of a 99th percentile, which takes 368." in text
    assert "The worst 5% are 3 replications" in text  # of 60
    assert "`big_bang` breaks constraints" in text


def test_svg_has_text_and_no_date(paper: Path) -> None:
    text = (paper / "F3_tails.svg").read_text(encoding="utf-8")
    assert "<text" in text
    assert "total exposure" in text
    assert "<dc:date>" not in text


def test_another_venue_has_other_widths(venues: Path) -> None:
    text = (venues / "acm" / "paper.tex").read_text(encoding="utf-8")
    assert "acmart" in text
    assert text.count(r"\Description{") == len(FIGURES)

    def width(folder: Path) -> float:
        svg = (folder / "F3_tails.svg").read_text(encoding="utf-8")
        found = re.search(r'width="([0-9.]+)pt"', svg)
        assert found is not None
        return float(found[1]) / 72

    assert width(venues / "ieee") == pytest.approx(7.16, abs=0.001)
    assert width(venues / "acm") == pytest.approx(7.0, abs=0.001)


def test_only_plans_that_keep_the_constraints_are_non_dominated(paper: Path) -> None:
    table = pd.read_parquet(paper / "T8_non_dominated.parquet")
    assert set(table["scenario"]) == {"ha_microservices", "risky_patch"}
    assert "big_bang" not in set(table["plan"])
    assert ((table["stays_non_dominated"] > 0) & (table["stays_non_dominated"] <= 1)).all()
    text = (paper / "T8_non_dominated.md").read_text(encoding="utf-8")
    assert "share of 10,000 resamples" in text
    assert "60 replications, reference at total exposure" in text


@pytest.mark.parametrize("name", ["F6_burn_down", "F7_gantt_risky_patch", "F8_attainment"])
def test_figures_of_runs_are_as_wide_as_the_venue_prints(paper: Path, name: str) -> None:
    svg = (paper / f"{name}.svg").read_text(encoding="utf-8")
    found = re.search(r'width="([0-9.]+)pt" height="([0-9.]+)pt"|width="([0-9.]+)pt"', svg)
    assert found is not None
    width = float(found[1] or found[3]) / 72
    assert width == pytest.approx(3.5 if name == "F8_attainment" else 7.16, abs=0.001)


def test_an_unknown_venue_is_refused(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(PatchoptError, match="give one of ieee, acm"):
        patchopt.report(dataset, tmp_path / "out", paper="lncs")  # type: ignore[arg-type]  # that is the point
    assert not (tmp_path / "out").exists()
