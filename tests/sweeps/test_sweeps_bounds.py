"""Wait-and-see bounds of a sweep: the same bytes however it goes, each outcome solved once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from patchopt.files import load_scenario
from patchopt.files.store.contents import Contents
from patchopt.files.store.known_bounds import FAILED, Bound, KnownBounds, bounds_record
from patchopt.files.store.paths import Paths
from patchopt.model.build import build_infrastructure
from patchopt.optimizer import OptimizerParameters
from patchopt.reports import summarise
from patchopt.stochastic import bounds
from patchopt.stochastic.bounding import Bounder
from patchopt.sweeps import SweepResult, sweep
from patchopt.sweeps import worker as at_work
from patchopt.sweeps.pool import Pool
from patchopt.sweeps.retrying import given_up
from patchopt.sweeps.work import BoundWork, Job
from support.examples import small

pytestmark = pytest.mark.slow

LIMITS = OptimizerParameters(time_limit=0.1, workers=1, deterministic=True)
Run = Callable[..., SweepResult]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A scenario with three units, half of whose attempts fail: eight outcomes and rarer ones."""
    patch = {"severity": 1.0, "duration": 10, "failure_probability": 0.5, "rollback": 5}
    nodes = {name: {"patch": patch, "blue_green": False} for name in "abc"}
    path = tmp_path / "shop.yaml"
    scenario = small(nodes, max_parallel=1, max_retries=1, horizon=1000)
    path.write_text(yaml.safe_dump(scenario), encoding="utf-8")
    return path


@pytest.fixture
def risky(tmp_path: Path) -> Path:
    """A scenario whose two releases are defective one time in ten, and then fail for good."""
    defect = {"probability": 0.1, "failure_probability": 1.0}
    patch = {"severity": 1.0, "duration": 10, "rollback": 5, "defect": defect}
    nodes = {name: {"patch": patch, "blue_green": False} for name in "ab"}
    path = tmp_path / "risky.yaml"
    scenario = small(nodes, max_parallel=1, max_retries=1, horizon=1000)
    path.write_text(yaml.safe_dump(scenario), encoding="utf-8")
    return path


@pytest.fixture
def run(shop: Path) -> Run:
    """Sweep it, into a folder."""

    def call(out: Path, *more: str, workers: int = 1) -> SweepResult:
        study = (
            f"sweep.scenarios=[{shop}]",
            "sweep.strategies=[rolling,big_bang]",
            "sweep.replications=30",
            "sweep.seed=[3,4]",
            "bound.replications=30",
            "bound.time_limit=0.1",
        )
        return sweep([*study, f"sweep.out={out}", f"parallel.n_jobs={workers}", *more])

    return call


def table(out: Path) -> pd.DataFrame:
    return pd.read_parquet(out / "bounds.parquet")


def test_they_are_those_of_the_command(run: Run, shop: Path, tmp_path: Path) -> None:
    run(tmp_path / "one")
    infrastructure = build_infrastructure(load_scenario(str(shop)))
    rows = table(tmp_path / "one")
    assert rows[["seed", "replication"]].values.tolist() == [
        [seed, number] for seed in (3, 4) for number in range(30)
    ]
    assert set(rows["scenario"]) == {infrastructure.scenario.name}
    for seed in (3, 4):
        found = bounds(infrastructure, seed, 30, LIMITS)
        mine = rows[rows["seed"] == seed]
        assert (mine["bound"] * 1000).round().tolist() == found.bound_milli.tolist()
        assert (mine["incumbent"] * 1000).round().tolist() == found.incumbent_milli.tolist()
        assert (mine["status"] == "proven").tolist() == found.proven.tolist()


def test_without_any_the_table_is_empty(run: Run, tmp_path: Path) -> None:
    run(tmp_path / "none", "bound.replications=0")
    assert table(tmp_path / "none").empty


def test_workers_and_growth_do_not_change_a_byte(run: Run, tmp_path: Path) -> None:
    run(tmp_path / "one")
    run(tmp_path / "two", workers=2)
    run(tmp_path / "grown", "sweep.replications=10", "bound.replications=7")
    assert len(table(tmp_path / "grown")) == 14
    run(tmp_path / "grown")
    for name in ("bounds.parquet", "runs.parquet"):
        whole = (tmp_path / "one" / name).read_bytes()
        assert (tmp_path / "two" / name).read_bytes() == whole
        assert (tmp_path / "grown" / name).read_bytes() == whole
    # And again from a ledger that has been written anew.
    before = Contents.read(tmp_path / "grown").bounds
    run(tmp_path / "grown", "sweep.replications=31")
    after = Contents.read(tmp_path / "grown").bounds
    assert list(after.records()) == list(before.records())


def test_what_is_known_is_not_solved_again(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    solved: list[tuple[int, int]] = []
    solve = Bounder.solve

    def counted(self: Bounder, seed: int, replication: int, defects: Any) -> Any:
        solved.append((seed, replication))
        return solve(self, seed, replication, defects)

    monkeypatch.setattr(Bounder, "solve", counted)
    run(tmp_path / "out", "bound.replications=10")
    first = list(solved)
    assert len(first) < 20
    run(tmp_path / "out", "bound.replications=10")
    assert solved == first
    # More replications: those that share their outcome with one that is known have its bound.
    run(tmp_path / "out")
    more = solved[len(first) :]
    assert min(replication for _, replication in more) >= 10
    rows = table(tmp_path / "out")
    assert len(rows) == 60
    assert len(solved) == len(set(solved)) < 60


def test_interrupted_it_goes_on(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path / "whole")
    perform = Pool.run

    def until_bounds(self: Pool, jobs: Any) -> Iterator[Any]:
        for number, records in enumerate(perform(self, jobs)):
            yield records
            if records[0]["kind"] == "bounds" and number == 1:
                raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Pool, "run", until_bounds)
        result = run(tmp_path / "out")
    assert result.interrupted
    assert not (tmp_path / "out" / "bounds.parquet").exists()
    assert run(tmp_path / "out").complete
    same = [(tmp_path / name / "bounds.parquet").read_bytes() for name in ("whole", "out")]
    assert same[0] == same[1]


def test_a_chosen_seed_is_bounded_alone(run: Run, tmp_path: Path) -> None:
    result = run(tmp_path / "out", "sweep.only=['seed=4']")
    assert not result.complete
    found = Contents.read(tmp_path / "out").bounds
    assert {record["seed"] for record in found.records()} == {4}


def test_an_outcome_that_fails_is_told_and_retried(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    solve = Bounder.solve

    def brittle(self: Bounder, seed: int, replication: int, defects: Any) -> Any:
        if (seed, replication) == (3, 0):
            raise ValueError("broken")
        return solve(self, seed, replication, defects)

    at_work._bounder.cache_clear()
    with monkeypatch.context() as patched:
        patched.setattr(Bounder, "solve", brittle)
        result = run(tmp_path / "out")
    assert result.complete
    assert [error for error in result.failures.values() if "broken" in error]
    rows = table(tmp_path / "out")
    assert 0 not in rows[rows["seed"] == 3]["replication"].tolist()
    healed = run(tmp_path / "out", "sweep.retry=true")
    assert healed.failures == {}
    assert len(table(tmp_path / "out")) == 60


def test_dealt_replications_are_bounded_as_they_are_dealt(
    risky: Path, run: Run, tmp_path: Path
) -> None:
    study = (
        f"sweep.scenarios=[{risky}]",
        "sweep.strategies=[rolling,optimal]",
        "optimizer=quick",
        "sweep.stratify=true",
        "sweep.replications=60",
        "simulator.block=40",
        "bound.replications=12",
    )
    run(tmp_path / "one", *study)
    run(tmp_path / "two", *study, workers=2)
    same = [(tmp_path / name / "bounds.parquet").read_bytes() for name in ("one", "two")]
    assert same[0] == same[1]
    rows = table(tmp_path / "one")
    runs = pd.read_parquet(tmp_path / "one" / "runs.parquet")
    both = rows.merge(runs, on=["seed", "replication"])
    # Of the first block, from each of four strata at least two; no plan is below a bound.
    assert (rows["replication"] < 40).all()
    counts = both.groupby(["seed", "strategy", "stratum"]).size()
    assert len(counts) == 2 * 2 * 4
    assert counts.min() == 2
    assert (both["bound"] <= both["total_exposure"] + 1e-9).all()
    # A defect makes every attempt fail, so the bound knows of it: 10 + 20 if both are good, 1000
    # and 10 with either release bad, twice 1000 with both.
    bounds_of = both.groupby("stratum")["bound"].agg(["min", "max"])
    assert bounds_of.to_numpy().tolist() == [[30, 30], [1010, 1010], [1010, 1010], [2000, 2000]]
    # However many are dealt of each.
    found = summarise(tmp_path / "one").set_index("label").loc["optimal"]
    expected = 0.81 * 30 + 0.18 * 1010 + 0.01 * 2000
    assert found["wait_and_see_bound"] == pytest.approx(expected)
    assert found["over_wait_and_see"] >= 0
    assert found["over_wait_and_see_upper"] >= found["over_wait_and_see"]


def test_a_ledger_keeps_what_is_known() -> None:
    known = KnownBounds()
    known.take(bounds_record("k", 1, [(Bound(5, 7), (0, 2)), (FAILED, (1,))], "no luck"))
    assert known.of("k", 1) == {0: Bound(5, 7), 1: FAILED, 2: Bound(5, 7)}
    assert known.of("k", 2) == {}
    again = KnownBounds()
    for record in known.records():
        again.take(record)
    assert again.of("k", 1) == known.of("k", 1)
    assert again.error("k", 1) == "no luck"
    assert again.forget_failures()
    assert again.of("k", 1) == {0: Bound(5, 7), 2: Bound(5, 7)}
    assert again.error("k", 1) is None
    assert not again.forget_failures()


def test_bounds_whose_worker_dies_again_and_again_have_failed(tmp_path: Path) -> None:
    work = BoundWork(
        key="k", scenario="s", seed=1, time_limit=0.5, outcomes=((0, 3), (1,)), defects=(None, (0,))
    )
    (record,) = given_up(Paths(tmp_path), Job(bounds=work))
    assert record["found"] == [[None, None, [0, 3]], [None, None, [1]]]
    assert "died 3 times" in record["error"]
    assert Job.from_json(Job(bounds=work, name="n").as_json()) == Job(bounds=work, name="n")
