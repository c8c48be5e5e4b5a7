"""Sweeps: the same bytes on any number of workers, failed cells as rows, honest metadata."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hydra.core.config_store import ConfigStore

from patchopt.errors import ConfigError, DatasetError, OutputError, StrategyError
from patchopt.files import load_scenario
from patchopt.files.dataset import read_dataset
from patchopt.files.store.made import MadePlan
from patchopt.files.tables import RUNS_SCHEMA
from patchopt.model import METRICS
from patchopt.model.build import build_infrastructure
from patchopt.simulator import Simulator, simulate
from patchopt.strategies import make_strategy
from patchopt.sweeps import SweepResult, compose, run_sweep, sweep, worker
from patchopt.sweeps.cells import plan_tasks

pytestmark = pytest.mark.slow

SMALL = (
    "sweep.scenarios=[ha_microservices,compatibility]",
    "sweep.strategies=[rolling,{name: canary, share: [0.2, 0.5], soak: 1m},optimal]",
    "sweep.replications=7",
    "sweep.seed=3",
    "simulator.block=3",
    "optimizer=quick",
    "optimizer.time_limit=0.2",
)

TINY = (
    "sweep.scenarios=[ha_microservices,risky_patch]",
    "sweep.strategies=[rolling,big_bang]",
    "failures=shared_defect",
    "sweep.replications=12",
    "sweep.seed=[3,4]",
    "simulator.block=10",
    "parallel.n_jobs=1",
)

DEALT = ["sweep.stratify=true", "sweep.replications=40", "simulator.block=20"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sweep") / "one"
    result = sweep([*SMALL, f"sweep.out={out}", "parallel.n_jobs=1"])
    assert (result.rows, result.plans, result.failures, result.complete) == (56, 8, {}, True)
    return out


def test_two_workers_give_the_same_bytes_as_one(folder: Path, tmp_path: Path) -> None:
    sweep([*SMALL, f"sweep.out={tmp_path / 'two'}", "parallel.n_jobs=2"])
    same_bytes(tmp_path / "two", folder)


def test_the_block_size_does_not_change_a_number(folder: Path, tmp_path: Path) -> None:
    sweep([*SMALL, f"sweep.out={tmp_path / 'big'}", "simulator.block=100", "parallel.n_jobs=1"])
    small = read_dataset(folder).runs.astype(str)
    assert small.equals(read_dataset(tmp_path / "big").runs.astype(str))


def test_rows_are_those_of_the_simulator(folder: Path) -> None:
    runs = read_dataset(folder).runs
    assert list(runs.columns) == RUNS_SCHEMA.names
    infrastructure = build_infrastructure(load_scenario("compatibility"))
    plan = make_strategy("canary", {"share": 0.5, "soak": "1m"}).plan(infrastructure)
    expected = simulate(infrastructure, plan, seed=3, replications=7).frame()
    mine = runs[
        (runs["scenario"] == "compatibility") & (runs["label"] == "canary(share=0.5, soak=1m)")
    ]
    assert mine["seed"].tolist() == [3] * 7
    assert mine["replication"].tolist() == list(range(7))
    for metric in METRICS:
        assert mine[metric.name].tolist() == expected[metric.name].tolist(), metric.name


def test_plans_carry_their_certificates_and_nominal_exposure(folder: Path) -> None:
    plans = read_dataset(folder).plans
    mine = plans[plans["scenario"] == "compatibility"].set_index("label")
    best: dict[Any, Any] = mine.loc["optimal"].to_dict()
    assert best["certificate_status"] in ("optimal", "feasible")
    assert best["bound"] <= best["objective"] == best["nominal_exposure"]
    assert mine["nominal_exposure"]["rolling"] >= best["bound"]
    assert json.loads(best["plan_json"])["certificate"]["wall_time_s"] is None


def test_every_plan_has_a_trace_of_its_first_seed(folder: Path) -> None:
    events = read_dataset(folder).events
    for _, trace in events.groupby("plan"):
        assert trace["number"].tolist() == list(range(len(trace)))
        assert trace["event"].iloc[0] == "run_start"
        assert trace["event"].iloc[-1] == "run_end"
        assert set(trace["seed"]) == {3}
        assert set(trace["replication"]) == {0}


def test_metadata_says_where_it_comes_from(folder: Path) -> None:
    metadata = read_dataset(folder).metadata
    assert metadata["schema_version"] == "5"
    assert metadata["complete"] == "true"
    assert json.loads(metadata["config"])["sweep"]["replications"] == 7
    assert set(json.loads(metadata["versions"])) >= {"patchopt", "ortools", "numba", "python"}


def test_a_failing_cell_is_a_row_and_the_sweep_goes_on(tmp_path: Path) -> None:
    # Under on_infeasible: error, online_boutique's single Redis cannot be planned.
    result = sweep(
        [
            "sweep.scenarios=[online_boutique]",
            "sweep.strategies=[{name: rolling, on_infeasible: error},big_bang]",
            "sweep.replications=2",
            f"sweep.out={tmp_path / 'out'}",
            "parallel.n_jobs=1",
        ]
    )
    assert list(result.failures) == ["online_boutique / rolling(on_infeasible=error)"]
    runs = read_dataset(tmp_path / "out").runs
    assert runs["status"].tolist() == ["failed", "done", "done"]
    assert "below min_up" in runs["error"].iloc[0]
    assert runs["exposure"].isna().tolist() == [True, False, False]


def test_what_has_failed_is_done_again_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan that cannot be made and a cell that cannot be run, until a bug is mended."""
    whole, out = tmp_path / "whole", tmp_path / "out"
    sweep([*TINY, f"sweep.out={whole}"])
    real_plan, real_cell = worker._planned, Simulator.run

    def plan(paths: Any, work: Any) -> Any:
        return MadePlan(error="a bug") if work.strategy == "rolling" else real_plan(paths, work)

    def cell(self: Any, seed: int, count: int = 1, **where: Any) -> Any:
        if where.get("first") == 10:
            raise ValueError("another bug")
        return real_cell(self, seed, count, **where)

    with monkeypatch.context() as patch:
        patch.setattr(worker, "_planned", plan)
        patch.setattr(Simulator, "run", cell)
        failed = sweep([*TINY, f"sweep.out={out}"])
    assert failed.complete
    assert set(failed.failures.values()) == {"a bug", "ValueError: another bug"}
    # 2 scenarios and seeds, 10 of 12 replications of big_bang.
    assert failed.rows == 2 * 2 * 10
    assert sweep([*TINY, f"sweep.out={out}"]).failures == failed.failures
    again = sweep([*TINY, f"sweep.out={out}", "sweep.retry=true"])
    assert (again.complete, again.failures) == (True, {})
    same_bytes(out, whole)
    assert sweep([*TINY, f"sweep.out={out}"]).failures == {}


def interrupted(out: Path, stage: str, done: int) -> SweepResult:
    """Run the small sweep until that much of a stage is done, then interrupt it."""

    def watch(now: str, so_far: int, total: int) -> None:
        if now == stage and so_far >= done:
            raise KeyboardInterrupt

    config = compose([*SMALL, f"sweep.out={out}", "parallel.n_jobs=1"])
    return run_sweep(config, watch=watch)


def test_an_interrupted_sweep_keeps_what_was_finished(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = interrupted(out, "replications", 1)
    dataset = read_dataset(out)
    assert dataset.metadata["complete"] == "false"
    # While nothing is known of how long cells take, each is kept by itself: a block of three.
    assert len(dataset.runs) == result.rows == 3
    assert not result.complete


def test_a_sweep_interrupted_while_it_plans_keeps_the_plans_that_are_made(tmp_path: Path) -> None:
    assert not interrupted(tmp_path / "out", "plans", 3).complete
    dataset = read_dataset(tmp_path / "out")
    # The two searches go first, then the first plan.
    assert dataset.plans["label"].tolist() == ["rolling", "optimal", "optimal"]
    assert len(dataset.runs) == 0


@pytest.mark.parametrize(("stage", "done"), [("plans", 0), ("plans", 3), ("replications", 1)])
def test_the_same_command_goes_on_and_gives_the_same_bytes(
    folder: Path, tmp_path: Path, stage: str, done: int
) -> None:
    out = tmp_path / "out"
    interrupted(out, stage, done)
    result = sweep([*SMALL, f"sweep.out={out}", "parallel.n_jobs=2"])
    assert (result.rows, result.plans, result.failures, result.complete) == (56, 8, {}, True)
    same_bytes(out, folder)


def test_a_complete_dataset_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    first = sweep([*TINY, f"sweep.out={out}"])
    before = {path: path.stat().st_mtime_ns for path in out.iterdir() if path.is_file()}
    monkeypatch.setattr("patchopt.sweeps.pool.perform", None)
    assert sweep([*TINY, f"sweep.out={out}"]) == first
    assert {path: path.stat().st_mtime_ns for path in before} == before
    (out / "plans.parquet").unlink()
    assert sweep([*TINY, f"sweep.out={out}"]) == first
    assert len(read_dataset(out).plans) == 4


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (["sweep.replications=5"], []),
        (["sweep.seed=[4]"], []),
        (["sweep.strategies=[rolling]"], []),
        (["sweep.scenarios=[risky_patch]"], []),
        (["simulator.block=4"], ["simulator.block=4"]),
        (["sweep.replications=34"], DEALT),
        (["sweep.replications=22"], DEALT),  # the last two are too few for their strata, at first
        (["sweep.replications=5", "sweep.seed=3", "sweep.strategies=[big_bang]"], []),
    ],
)
def test_a_study_that_grows_is_as_if_made_at_once(
    tmp_path: Path, first: list[str], then: list[str]
) -> None:
    grown, whole = tmp_path / "grown", tmp_path / "whole"
    before = sweep([*TINY, *then, *first, f"sweep.out={grown}"])
    after = sweep([*TINY, *then, f"sweep.out={grown}"])
    assert (before.rows < after.rows) is (first != then)
    assert sweep([*TINY, *then, f"sweep.out={whole}"]).rows == after.rows
    same_bytes(grown, whole)


def same_bytes(one: Path, other: Path) -> None:
    for name in ("runs.parquet", "plans.parquet", "events.parquet", "config.yaml"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


@pytest.mark.parametrize("more", [[], DEALT])
def test_a_plan_under_two_names_is_run_once_and_grows(tmp_path: Path, more: list[str]) -> None:
    twice = "sweep.strategies=[canary,{name: canary, share: 0.1}]"
    grown, whole = tmp_path / "grown", tmp_path / "whole"
    seeds = ("sweep.seed=[3]", "sweep.seed=[3,4]")
    for seed in seeds:
        result = sweep([*TINY, twice, *more, seed, f"sweep.out={grown}"])
        assert result.complete
    assert sweep([*TINY, twice, *more, seeds[1], f"sweep.out={whole}"]).rows == result.rows
    same_bytes(grown, whole)


def test_a_crash_keeps_what_was_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: Any) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("patchopt.sweeps.stages.Stages.finish", crash)
    config = compose([*SMALL, f"sweep.out={tmp_path / 'out'}", "parallel.n_jobs=1"])
    with pytest.raises(RuntimeError, match="a bug"):
        run_sweep(config)
    assert len(read_dataset(tmp_path / "out").plans) == 8


def test_nothing_is_run_for_a_sweep_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    with pytest.raises(OutputError, match=r"sweep\.force=true"):
        sweep([*SMALL, f"sweep.out={tmp_path / 'full'}"])
    out = f"sweep.out={tmp_path / 'out'}"
    with pytest.raises(StrategyError, match="did you mean 'rolling'"):
        sweep([*SMALL, out, "sweep.strategies=[rollin]"])
    with pytest.raises(StrategyError, match="did you mean 'share'"):
        sweep([*SMALL, out, "sweep.strategies=[{name: canary, shar: 0.2}]"])
    with pytest.raises(ConfigError, match="'rolling' is there twice"):
        sweep([*SMALL, out, "sweep.strategies=[rolling,rolling]"])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("optimizer.time_limt=3", "did you mean 'time_limit'"),
        ("strategy=rollin", "did you mean 'rolling'"),
        (
            "sweep.replications=0",
            "sweep.replications: 0 is no number of replications; give 1 to",
        ),
        ("sweep.replications=many", "sweep.replications"),
        ("optimizer.time_limit=-1", "optimizer.time_limit"),
        ("+simulator.blok=3", "did you mean 'block'"),
        ("+colour=red", "unknown key 'colour'"),
        ("parallel.n_jobs=0", "give -1 for all cores"),
        ("sweep.strategies=[{share: 0.2}]", "no name of a strategy"),
        ("sweep.seed=-1", "sweep.seed: -1 is no seed; give 0 to"),
        ("sweep.seed=[1,x]", "sweep.seed: 'x' is no seed; give 0 to"),
        ("sweep.seed=[]", r"sweep.seed: \[\] names no seed"),
        ("sweep.seed=[3,3]", "or one twice; name each once"),
        ("nonsense", "nonsense"),
    ],
)
def test_mistakes_in_overrides_are_named(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        plan_tasks(compose([override]))


def test_a_dataset_of_another_version_is_refused(folder: Path, tmp_path: Path) -> None:
    for name in ("runs", "plans", "events"):
        table = pq.read_table(folder / f"{name}.parquet")
        known = {**pq.read_metadata(folder / f"{name}.parquet").metadata}
        known[b"patchopt.schema_version"] = b"99"
        known.pop(b"ARROW:schema", None)
        pq.write_table(table.replace_schema_metadata(known), tmp_path / f"{name}.parquet")
    with pytest.raises(DatasetError, match="version 99"):
        read_dataset(tmp_path)
    (tmp_path / "runs.parquet").write_bytes(b"PAR1 nonsense")
    with pytest.raises(DatasetError, match="damaged"):
        read_dataset(tmp_path)
    with pytest.raises(DatasetError, match="no such folder"):
        read_dataset(tmp_path / "nowhere")


def test_seeds_share_no_replication_and_each_is_as_alone(tmp_path: Path) -> None:
    small = [
        "sweep.scenarios=[risky_patch]",
        "sweep.strategies=[rolling]",
        "sweep.replications=40",
        "simulator.block=15",
        "parallel.n_jobs=1",
    ]
    runs = {}
    for name, seed in (("both", "[1,2]"), ("one", "1"), ("two", "2")):
        sweep([*small, f"sweep.seed={seed}", f"sweep.out={tmp_path / name}"])
        runs[name] = read_dataset(tmp_path / name).runs
    both = runs["both"]
    assert both["seed"].tolist() == [1] * 40 + [2] * 40
    assert both["replication"].tolist() == [*range(40), *range(40)]
    exposures = both["exposure"].tolist()
    assert exposures == runs["one"]["exposure"].tolist() + runs["two"]["exposure"].tolist()
    # Neighbouring seeds are not one stream, read from another place.
    assert exposures[1:40] != exposures[40:79]


def test_replications_until_precise_come_of_every_seed_alike(tmp_path: Path) -> None:
    result = sweep(
        [
            "sweep.scenarios=[risky_patch]",
            "sweep.strategies=[rolling]",
            "sweep.replications=auto",
            "sweep.precision={share: 0.0001, cap: 300}",
            "sweep.seed=[5,6,7]",
            "simulator.block=30",
            "parallel.n_jobs=1",
            f"sweep.out={tmp_path / 'out'}",
        ]
    )
    assert result.imprecise == ("risky_patch / rolling",)
    runs = read_dataset(tmp_path / "out").runs
    assert (
        runs.groupby("seed")["replication"].agg(["size", "max"]).to_numpy().tolist()
        == [[100, 99]] * 3
    )
    assert not runs.duplicated(["seed", "replication"]).any()


def test_lists_of_values_are_axes_of_a_grid() -> None:
    overrides = ["sweep.strategies=[{name: canary, share: [0.1, 0.2], soak: [1m, 2m]}]"]
    tasks = plan_tasks(compose(["scenario=otel_demo", *overrides]))
    assert [task.label for task in tasks] == [
        "canary(share=0.1, soak=1m)",
        "canary(share=0.1, soak=2m)",
        "canary(share=0.2, soak=1m)",
        "canary(share=0.2, soak=2m)",
    ]
    assert [task.parameters["soak"] for task in tasks] == [60, 120, 60, 120]


@dataclass
class Hurried:
    """Options of the optimizer as a structured configuration of Hydra's."""

    time_limit: float = 0.5
    workers: int = 1


def test_structured_configurations_are_options_like_files() -> None:
    ConfigStore.instance().store(group="optimizer", name="hurried", node=Hurried)
    study = ["experiment=smoke", "sweep.strategies=[optimal]"]
    config = compose([*study, "optimizer=hurried", "optimizer.time_limit=0.25"])
    assert (config.optimizer.time_limit, config.optimizer.workers) == (0.25, 1)
    with pytest.raises(ConfigError, match="did you mean 'hurried'"):
        compose([*study, "optimizer=huried"])
    with pytest.raises(ConfigError, match="'soon' of type 'str' could not be converted to Float"):
        compose([*study, "optimizer=hurried", "optimizer.time_limit=soon"])
    with pytest.raises(ConfigError, match="did you mean 'time_limit'"):
        compose([*study, "optimizer=hurried", "optimizer.timelimit=1"])


def test_sweeps_do_not_wait_for_what_reports_need(tmp_path: Path) -> None:
    """Half a second of every worker, were pandas loaded; Hydra is the parent's alone."""
    program = (
        "import sys; import patchopt.sweeps.pool; print('hydra' in sys.modules);"
        "from patchopt.sweeps import sweep; study = sys.argv[1:];"
        "sweep(study); sweep([*study, 'sweep.replications=30']);"
        "print({'pandas', 'matplotlib', 'ortools'} & set(sys.modules))"
    )
    study = ["experiment=smoke", "sweep.strategies=[rolling]", "parallel=serial"]
    done = subprocess.run(
        [sys.executable, "-c", program, *study, f"sweep.out={tmp_path / 'out'}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["False", "set()"]
