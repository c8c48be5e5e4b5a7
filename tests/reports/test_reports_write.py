"""Reports from datasets: what is written, what it says, what is refused."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from patchopt.errors import DatasetError, OutputError
from patchopt.files import load_scenario
from patchopt.files.dataset import read_dataset
from patchopt.model.metrics import NUMERIC_METRICS
from patchopt.reports import summarise, write_report
from patchopt.reports.numbers import estimates
from patchopt.sweeps import compose, run_sweep, sweep

pytestmark = pytest.mark.slow

STRATEGIES = [
    "rolling",
    "{name: canary, share: [0.1, 0.5]}",
    "big_bang",
    "optimal",
    "{name: rolling, on_infeasible: error}",
]
OPTIMIZER = ["optimizer.time_limit=0.5", "optimizer.workers=1", "parallel.n_jobs=1"]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sweep") / "dataset"
    sweep(
        [
            "sweep.scenarios=[online_boutique,compatibility]",
            f"sweep.strategies=[{','.join(STRATEGIES)}]",
            "sweep.replications=30",
            f"sweep.out={out}",
            *OPTIMIZER,
        ]
    )
    return out


#: What was told of the progress of the report.
TOLD: list[tuple[str, int, int]] = []


@pytest.fixture(scope="module")
def report(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report") / "report"
    TOLD.clear()
    write_report(dataset, out=out, watch=lambda *told: TOLD.append(told))
    return out


@pytest.mark.usefixtures("report")
def test_progress_is_told_plan_by_plan_and_scenario_by_scenario() -> None:
    # Six labels on two scenarios.
    numbers = [("numbers", done, 12) for done in range(1, 13)]
    assert [*numbers, ("figures", 1, 2), ("figures", 2, 2)] == TOLD


def test_everything_is_there(report: Path) -> None:
    names = {str(path.relative_to(report)) for path in report.rglob("*") if path.is_file()}
    figures = {
        f"figures/{scenario}-{kind}.{ending}"
        for scenario in ("online_boutique", "compatibility")
        for kind in ("pareto", "burn-down", "gantt")
        for ending in ("png", "pdf")
    }
    tables = {
        f"tables/{name}.{ending}"
        for name in ("summary", "metrics", "fronts", "hypervolumes")
        for ending in ("csv", "parquet")
    }
    assert names == {"index.html", "report.md", *figures, *tables}
    for figure in figures:
        start = (report / figure).read_bytes()[:8]
        assert start.startswith(b"%PDF" if figure.endswith("pdf") else b"\x89PNG\r\n")


def test_the_page_shows_every_figure_and_names_what_failed(report: Path) -> None:
    text = (report / "report.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\((figures/[^)]+)\)", text)
    assert len(links) == 6
    assert all((report / link).is_file() for link in links)
    failed = text[text.index("## What failed") :]
    assert "rolling(on\\_infeasible=error)" in failed
    assert "below min\\_up" in failed
    for metric in NUMERIC_METRICS:
        assert f"`{metric.name}`" in text


def test_the_same_dataset_gives_the_same_bytes(dataset: Path, report: Path, tmp_path: Path) -> None:
    again = write_report(dataset, out=tmp_path / "again")
    assert len(again.files) == 22
    for path in again.files:
        twin = report / path.relative_to(again.out)
        assert path.read_bytes() == twin.read_bytes(), path.name


def test_the_summary_is_right(dataset: Path) -> None:
    summary = summarise(dataset)
    read = read_dataset(dataset)
    assert len(summary) == 12
    for row in summary.to_dict("records"):
        mine = read.runs[
            (read.runs["scenario"] == row["scenario"])
            & (read.runs["label"] == row["label"])
            & (read.runs["status"] == "done")
        ]
        assert row["replications"] == len(mine)
        if row["replications"] == 0:
            assert row["failed"] == 1
            assert math.isnan(row["total_exposure"])
            continue
        total = (mine["exposure"] + mine["residual_exposure"]).mean()
        assert row["total_exposure"] == pytest.approx(total, rel=1e-12)
        assert row["total_exposure_low"] <= row["total_exposure"] <= row["total_exposure_high"]
        assert row["downtime"] == pytest.approx(mine["downtime"].mean(), rel=1e-12)
        horizon = load_scenario(row["scenario"]).constraints.horizon
        assert row["beyond_horizon"] == (mine["completion_time"] > horizon).mean()
    # Within a scenario by total exposure, those that break constraints below, failed ones last.
    boutique = summary[summary["scenario"] == "online_boutique"]
    assert boutique["total_exposure"].iloc[:-2].is_monotonic_increasing
    assert boutique["label"].iloc[-2:].tolist() == ["big_bang", "rolling(on_infeasible=error)"]


def test_gaps_are_to_the_bound_under_the_same_rules(dataset: Path) -> None:
    summary = summarise(dataset).set_index(["scenario", "label"])
    plans = read_dataset(dataset).plans.set_index(["scenario", "label"])
    best = plans.xs("optimal", level="label")
    for scenario in ("online_boutique", "compatibility"):
        mine = summary.xs(scenario)
        # One definition: that of the certificate.
        assert mine["gap"]["optimal"] == pytest.approx(float(best["gap"][scenario]))
        bound, nominal = float(best["bound"][scenario]), mine["nominal_exposure"]["rolling"]
        assert mine["gap"]["rolling"] == pytest.approx((nominal - bound) / nominal)
        assert (mine.loc[mine["breaks"] == "", "gap"].dropna() >= 0).all()
        # What breaks constraints is below the bound, which says nothing of it.
        assert mine["nominal_exposure"]["big_bang"] < bound
        assert math.isnan(mine["gap"]["big_bang"])
        known = {"shown": "proof checked", "not checked": "by search"}[best["bound_is"][scenario]]
        certificate = f"{best['certificate_status'][scenario]}, {known}"
        assert mine["certificate"]["optimal"] == certificate
        assert mine["certificate"]["rolling"] == ""
        assert mine["relative_to_nominal_optimum"]["optimal"] == 0
        assert not mine["better_than_nominal_optimum"].any()
    # Its rules are others: no certificate was made under them.
    other = summary["gap"]["online_boutique", "rolling(on_infeasible=error)"]
    assert math.isnan(other)


def test_plans_that_break_constraints_stand_apart(dataset: Path, report: Path) -> None:
    summary = summarise(dataset).set_index(["scenario", "label"])
    assert summary["breaks"]["online_boutique", "big_bang"] == "min_up, crew"
    assert summary["non_dominated"]["online_boutique", "optimal"]
    assert not summary["non_dominated"]["online_boutique", "big_bang"]
    # What takes no surge is dominated by nothing that takes some.
    assert summary["surge_node_seconds"]["online_boutique", "rolling"] == 0
    assert summary["surge_node_seconds"]["online_boutique", "optimal"] > 0
    assert summary["stays_non_dominated"]["online_boutique", "optimal"] > 0.95
    assert math.isnan(summary["stays_non_dominated"]["online_boutique", "big_bang"])
    assert math.isnan(summary["hypervolume_contribution"]["online_boutique", "big_bang"])
    text = (report / "report.md").read_text(encoding="utf-8")
    boutique = text[text.index("## online") : text.index("## compatibility")]
    assert boutique.index("### Without failures") < boutique.index("### With failures")
    apart = boutique.split("Apart, since they break constraints even when nothing fails:")
    assert len(apart) == 3
    for before, after in pairwise(apart):
        assert "| `big_bang` |" not in before.split("###")[-1]
        row = next(line for line in after.splitlines() if "`big_bang`" in line)
        assert row.endswith("| min\\_up, crew |")


def test_tables_say_the_same_in_both_formats(report: Path) -> None:
    for name in ("summary", "metrics", "fronts", "hypervolumes"):
        csv = pd.read_csv(report / "tables" / f"{name}.csv")
        csv = csv.fillna({"breaks": "", "certificate": ""})
        parquet = pd.read_parquet(report / "tables" / f"{name}.parquet")
        pd.testing.assert_frame_equal(csv, parquet, check_dtype=False)


def test_an_existing_report_is_not_overwritten_unasked(dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    out.mkdir()
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="holds something already"):
        write_report(dataset, out=out)
    assert [path.name for path in out.iterdir()] == ["notes.txt"]
    write_report(dataset, out=out, force=True)
    assert (out / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_a_failure_on_the_way_leaves_nothing(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("patchopt.reports.write.study_page", crash)
    with pytest.raises(OutputError, match="no space left on device"):
        write_report(dataset, out=tmp_path / "report")
    assert list((tmp_path / "report").iterdir()) == []


def test_no_dataset_no_report(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such folder"):
        write_report(tmp_path / "nowhere", out=tmp_path / "report")
    assert not (tmp_path / "report").exists()


def test_an_empty_dataset_is_refused(tmp_path: Path) -> None:
    def watch(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "dataset"
    config = compose(["experiment=smoke", f"sweep.out={out}", "parallel.n_jobs=1"])
    assert not run_sweep(config, watch=watch).complete
    with pytest.raises(DatasetError, match="interrupted before the first plan"):
        write_report(out, out=tmp_path / "report")
    assert not (tmp_path / "report").exists()


def test_an_interrupted_sweep_without_traces_is_still_reported(tmp_path: Path) -> None:
    def watch(stage: str, done: int, total: int) -> None:
        if stage == "replications" and done == 1:
            raise KeyboardInterrupt

    config = compose(
        [
            "sweep.scenarios=[ha_microservices]",
            "sweep.strategies=[rolling,big_bang]",
            "sweep.replications=1",
            "simulator.trace=false",
            f"sweep.out={tmp_path / 'dataset'}",
            "parallel.n_jobs=1",
        ]
    )
    assert not run_sweep(config, watch=watch).complete
    result = write_report(tmp_path / "dataset", out=tmp_path / "report")
    text = (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    assert "not finished" in text
    assert "There is no certified plan to compare with." in text
    assert sorted(path.name for path in result.files if path.suffix == ".png") == [
        "ha_microservices-pareto.png"
    ]


def test_a_sweep_in_which_nothing_could_be_done(tmp_path: Path) -> None:
    out = tmp_path / "dataset"
    sweep(
        [
            "sweep.scenarios=[online_boutique]",
            "sweep.strategies=[{name: rolling, on_infeasible: error}]",
            f"sweep.out={out}",
            *OPTIMIZER,
        ]
    )
    result = write_report(out, out=tmp_path / "report")
    assert "## What failed" in (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    assert result.summary["replications"].tolist() == [0]


def test_numbers_do_not_depend_on_how_many_are_looked_at_together(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = summarise(dataset)
    monkeypatch.setattr(estimates, "_ELEMENTS", 1)
    pd.testing.assert_frame_equal(summarise(dataset), whole, check_exact=True)
