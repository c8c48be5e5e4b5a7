"""``index.html``: what it holds, that it loads nothing, that it is small and the same again."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from patchopt.reports import write_report
from patchopt.reports.web.page import charts, unpacked
from patchopt.sweeps import sweep

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("web")
    sweep(
        [
            "sweep.scenarios=[ha_microservices,compatibility]",
            "sweep.strategies=[rolling,big_bang,{name: rolling, on_infeasible: error},optimal]",
            "optimizer=quick",
            "bound=quick",
            "bound.replications=4",
            "sweep.replications=40",
            f"sweep.out={folder / 'dataset'}",
            "parallel.n_jobs=1",
        ]
    )
    write_report(folder / "dataset", out=folder / "report")
    return folder / "report"


@pytest.fixture(scope="module")
def page(report: Path) -> str:
    return (report / "index.html").read_text(encoding="utf-8")


def data(page: str) -> dict[str, Any]:
    found = re.search(r'id="data">([^<]*)</script>', page)
    assert found is not None
    told: dict[str, Any] = unpacked(found[1])
    return told


def test_it_loads_nothing_and_is_small(page: str) -> None:
    assert len(page.encode()) < 5 * 10**6
    assert "{{" not in page.replace("{{}}", "")
    assert re.findall(r'\b(?:src|href)="(?!data:,|#)[^"]*"', page) == []
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|https?://(?!www\.w3\.org/)", page)


def test_its_numbers_are_the_summarys(report: Path, page: str) -> None:
    summary = pd.read_parquet(report / "tables" / "summary.parquet")
    told = data(page)
    assert [one["name"] for one in told["scenarios"]] == ["ha_microservices", "compatibility"]
    for scenario in told["scenarios"]:
        rows = summary[summary["scenario"] == scenario["name"]].reset_index()
        assert [plan["label"] for plan in scenario["plans"]] == rows["label"].tolist()
        for plan, row in zip(scenario["plans"], rows.to_dict("records"), strict=True):
            if not row["replications"]:
                assert plan["values"]["downtime"] is None
                continue
            for name in ("total_exposure", "downtime", "breach"):
                ends = [row[name], row[f"{name}_low"], row[f"{name}_high"]]
                assert plan["values"][name] == pytest.approx(ends)
            assert plan["breaks"] == row["breaks"]
            assert plan["front"] == row["non_dominated"]


def test_a_replay_ends_as_the_replication_did(report: Path, page: str) -> None:
    runs = pd.read_parquet(report.parent / "dataset" / "runs.parquet")
    runs = runs[runs["replication"] == 0].set_index(["scenario", "label"])
    seen = 0
    for scenario in data(page)["scenarios"]:
        weights = [node["weight"] for node in scenario["nodes"]]
        for plan in scenario["plans"]:
            replay = plan["replay"]
            if replay is None:
                continue
            seen += 1
            row = runs.loc[(scenario["name"], plan["label"])]
            assert replay["completion"] == row["completion_time"]
            new = {node: is_new for _, node, is_new in replay["changes"]}
            assert sum(new.values()) == row["patched"]
            # The area under the open weight is the total exposure.
            times, values = replay["open"]
            spans = [later - sooner for sooner, later in pairwise(times)]
            area = sum(span * value for span, value in zip(spans, values, strict=False))
            assert area == pytest.approx(row["total_exposure"])
            assert values[0] == pytest.approx(sum(weights))
            assert all(0 <= bar[0] < len(weights) and bar[2] <= bar[3] for bar in replay["bars"])
            assert len(replay["serving"][1][0]) == len(scenario["services"])
    assert seen == 7  # one of eight could not be planned


def test_the_library_of_charts_is_the_packages() -> None:
    assert b"plotly.js v" in charts()[:200]


def test_the_same_bytes_again(report: Path, page: str, tmp_path: Path) -> None:
    write_report(report.parent / "dataset", out=tmp_path / "again")
    assert (tmp_path / "again" / "index.html").read_text(encoding="utf-8") == page
