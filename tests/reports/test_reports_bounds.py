"""Plans beside the wait-and-see bound: pairs, gaps, and what the distance is made of."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
import yaml

from patchopt.reports import summarise, write_report
from patchopt.reports.numbers.beside_bound import beside_bound, columns_of, decompositions, pooled
from patchopt.reports.numbers.opening import open_study
from patchopt.reports.numbers.study import Study
from patchopt.stochastic import gap_over
from patchopt.sweeps import sweep
from support.examples import small
from support.frames import study_of_runs


def study_of(
    runs: list[tuple[int, int, int, float]], bounds: list[tuple[int, int, float, float]]
) -> Study:
    measured = pd.DataFrame(runs, columns=["plan", "seed", "replication", "total_exposure"])
    table = pd.DataFrame(bounds, columns=["seed", "replication", "bound", "incumbent"])
    return study_of_runs(
        measured.assign(stratum=0, weight=1.0), bounds=table.assign(scenario="s", status="")
    )


def test_pairs_are_of_one_seed_and_number() -> None:
    runs = [(0, 1, 0, 12.0), (0, 1, 1, 30.0), (0, 1, 2, 99.0), (0, 2, 0, 18.0)]
    bounds = [(1, 1, 20.0, 20.0), (1, 0, 10.0, 11.0), (2, 0, 15.0, 15.0), (3, 0, 70.0, 70.0)]
    found = beside_bound(study_of(runs, bounds), "s", 0)
    assert found is not None
    # 12 + 30 + 18 over 10 + 20 + 15.
    assert (found.replications, found.proven) == (3, 2)
    assert (found.cost, found.bound) == (20.0, 15.0)
    assert found.incumbent == pytest.approx(46 / 3)
    assert found.gap.gap == pytest.approx(20 / 15 - 1)
    assert found.gap.upper > found.gap.gap
    parts = decompositions({0: found})[0]
    assert parts.bound_gap + parts.information + parts.regret == pytest.approx(5.0)
    assert parts.regret == 0


def test_without_shared_replications_there_is_nothing_to_say() -> None:
    study = study_of([(0, 1, 0, 12.0)], [(2, 0, 15.0, 15.0)])
    assert beside_bound(study, "s", 0) is None
    assert beside_bound(study, "other", 0) is None
    assert beside_bound(study, "s", 1) is None
    told = columns_of(None, None)
    assert told["bounded_replications"] == 0
    assert math.isnan(told["over_wait_and_see"])


def test_of_two_bounds_the_better_ones_count() -> None:
    row = {"scenario": ["s"], "seed": [1], "replication": [0]}
    one = pd.DataFrame({**row, "bound": [5.0], "incumbent": [9.0], "status": ["bound"]})
    other = pd.DataFrame({**row, "bound": [7.0], "incumbent": [7.0], "status": ["proven"]})
    (found,) = pooled([one, other]).to_dict("records")
    assert (found["bound"], found["incumbent"], found["status"]) == (7.0, 7.0, "proven")
    assert pooled([one]).equals(one)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two datasets of one scenario under two seeds, with bounds; one strategy breaks the crew."""
    folder = tmp_path_factory.mktemp("bounds")
    patch = {"severity": 1.0, "duration": 10, "failure_probability": 0.5, "rollback": 5}
    nodes = {name: {"patch": patch, "blue_green": False} for name in "abc"}
    scenario = folder / "shop.yaml"
    text = yaml.safe_dump(small(nodes, max_parallel=1, max_retries=1, horizon=1000))
    scenario.write_text(text, encoding="utf-8")
    for seed in (3, 4):
        sweep(
            [
                f"sweep.scenarios=[{scenario}]",
                "sweep.strategies=[rolling,big_bang,optimal]",
                "optimizer=quick",
                "sweep.replications=30",
                f"sweep.seed={seed}",
                "bound.replications=20",
                f"sweep.out={folder / str(seed)}",
                "parallel.n_jobs=1",
            ]
        )
    return folder / "3", folder / "4"


def test_a_summary_has_the_bound_of_plans_that_keep_the_constraints(
    folders: tuple[Path, Path],
) -> None:
    rows = summarise(folders[0]).set_index("label")
    bounds = pd.read_parquet(folders[0] / "bounds.parquet")
    runs = pd.read_parquet(folders[0] / "runs.parquet")
    for label in ("rolling", "optimal"):
        row = rows.loc[label]
        costs = runs[(runs["label"] == label) & (runs["replication"] < 20)]["total_exposure"]
        assert row["bounded_replications"] == 20
        assert row["wait_and_see_bound"] == pytest.approx(bounds["bound"].mean())
        expected = gap_over(bounds["bound"].to_numpy(), costs.to_numpy())
        assert row["over_wait_and_see"] == pytest.approx(expected.gap)
        assert row["over_wait_and_see_upper"] == pytest.approx(expected.upper)
        parts = row[["bound_gap", "value_of_information", "regret"]].sum()
        distance = row["total_exposure_where_bounded"] - row["wait_and_see_bound"]
        assert parts == pytest.approx(distance)
    assert rows.loc["big_bang", "breaks"] == "crew"
    assert rows.loc["big_bang", "bounded_replications"] == 0


def test_several_datasets_have_the_bounds_of_all(folders: tuple[Path, Path]) -> None:
    with open_study(*folders) as study:
        assert len(study.bounds) == 40
        assert set(study.bounds["scenario"]) == set(study.scenarios)
    rows = summarise(*folders).set_index("label")
    assert rows.loc["rolling", "bounded_replications"] == 40


def test_a_report_shows_them(folders: tuple[Path, Path], tmp_path: Path) -> None:
    write_report(folders[0], out=tmp_path)
    page = (tmp_path / "report.md").read_text(encoding="utf-8")
    part = page.partition("### Beside the wait-and-see bound")[2].partition("Tails")[0]
    assert "On 20 replications nobody is below" in part
    assert "`rolling`" in part
    assert "`big_bang`" not in part
