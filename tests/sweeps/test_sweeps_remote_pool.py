"""The pool of workers elsewhere: whatever they die of or lack, every job is done once or fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from patchopt.errors import ClusterError
from patchopt.files.store.made import MadePlan
from patchopt.files.store.parts import Part
from patchopt.files.store.paths import Paths
from patchopt.sweeps import pools, remote_pool, sweep
from patchopt.sweeps.errands import Errand, Report, run_errand
from patchopt.sweeps.remote_pool import RemotePool
from patchopt.sweeps.work import CellWork, Job, PlanWork
from support.faults import same_files


class KilledError(Exception):
    """What a scheduler says of an errand that its workers die of."""


class Fake:
    """A cluster of two workers that do what a function does, at once."""

    deaths: tuple[type[BaseException], ...] = (KilledError,)

    def __init__(self, do: Callable[[Errand], Report]) -> None:
        self.do = do
        self.there = 2

    def submit(self, errand: Errand) -> Future[Report]:
        promised: Future[Report] = Future()
        try:
            promised.set_result(self.do(errand))
        except Exception as error:  # noqa: BLE001 - it is for the pool to see
            promised.set_exception(error)
        return promised

    def workers(self) -> int:
        return self.there


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = Paths(tmp_path)
    for name in ("jobs", "parts", "plans", "scenarios"):
        (paths.store / name).mkdir(parents=True)
    for path in (paths.scenario("shop"), paths.plan("plan")):
        path.write_text("{}")
    return paths


def cells(firsts: range) -> Job:
    return Job(
        cells=tuple(
            CellWork(
                run="run",
                plan="plan",
                scenario="shop",
                seed=1,
                first=first,
                count=1,
                stratified=False,
            )
            for first in firsts
        )
    )


def plan(key: str) -> Job:
    work = PlanWork(key=key, scenario="shop", strategy="rolling", parameters={}, trace=None)
    return Job(plan=work)


def what(errand: Errand) -> list[Any]:
    job = Job.from_json(errand.job)
    return [cell.first for cell in job.cells] if job.plan is None else [job.plan.key]


def did(errand: Errand) -> Report:
    return Report(outcome="done", records=[{"did": what(errand)}])


def troubled(at: Any, times: int, trouble: Callable[[], Report]) -> Callable[[Errand], Report]:
    """Return what does nothing but get into trouble so many times at a cell, or at a plan."""
    seen: Counter[Any] = Counter()

    def do(errand: Errand) -> Report:
        seen.update(what(errand))
        return trouble() if at in what(errand) and seen[at] <= times else did(errand)

    return do


def dies() -> Report:
    raise KilledError


def starves() -> Report:
    return Report(outcome="no memory")


def done(pool: RemotePool, jobs: list[Job]) -> tuple[Counter[Any], list[dict[str, Any]]]:
    """Run jobs; return what was done how often, and the records of what was given up."""
    records = [record for records in pool.run(jobs) for record in records]
    found = Counter(each for record in records for each in record.get("did", ()))
    return found, [record for record in records if "did" not in record]


JOBS = [range(5), range(5, 9), range(9, 20), range(20, 21), range(21, 40)]


@pytest.mark.parametrize("trouble", [dies, starves])
@pytest.mark.parametrize("at", [0, 13, 39])
def test_trouble_now_and_then_loses_nothing(
    paths: Paths, at: int, trouble: Callable[[], Report]
) -> None:
    pool = RemotePool(paths, Fake(troubled(at, 2, trouble)))
    assert done(pool, [cells(firsts) for firsts in JOBS]) == (Counter(range(40)), [])


@pytest.mark.parametrize("trouble", [dies, starves])
def test_a_cell_that_always_kills_its_worker_fails_alone(
    paths: Paths, trouble: Callable[[], Report]
) -> None:
    pool = RemotePool(paths, Fake(troubled(13, 99, trouble)))
    found, given_up = done(pool, [cells(firsts) for firsts in JOBS])
    assert found == Counter(set(range(40)) - {13})
    (record,) = given_up
    (failed,) = Part(paths.parts / record["name"]).cells
    assert (failed.run, failed.first, failed.count) == ("run", 13, 1)
    assert "died 3 times" in str(failed.error)


def test_a_plan_that_always_kills_its_worker_fails_alone(paths: Paths) -> None:
    found, given_up = done(
        RemotePool(paths, Fake(troubled("c", 99, dies))), [plan(key) for key in "abcdef"]
    )
    assert found == Counter("abdef")
    assert given_up == [{"kind": "plan", "key": "c"}]
    assert "died 3 times" in str(MadePlan.read(paths.plan("c")).error)


def test_what_a_worker_lacks_is_sent_once(paths: Paths) -> None:
    sent: list[list[str]] = []

    def do(errand: Errand) -> Report:
        sent.append(sorted(errand.files))
        return did(errand) if errand.files else Report(outcome="lacks")

    assert done(RemotePool(paths, Fake(do)), [cells(range(3))]) == (Counter(range(3)), [])
    assert sent == [[], ["plans/plan.json", "scenarios/shop.json"]]


@pytest.mark.parametrize("most", [None, 1, 5])
def test_no_more_is_given_out_than_workers_can_take(paths: Paths, most: int | None) -> None:
    """Two workers have one errand each in hand and one ahead; limited to one, none waits."""
    flying: list[Future[Report]] = []

    class Slow(Fake):
        def submit(self, errand: Errand) -> Future[Report]:
            flying.append(Future())
            return flying[-1]

    pool = RemotePool(paths, Slow(did), most=most)
    running = pool.run([cells(range(at, at + 1)) for at in range(9)])
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(next, running)
        while not flying:
            pass
        flying[0].set_result(Report(outcome="done"))
        first.result()
    assert len(flying) == {None: 4, 1: 1, 5: 2}[most]
    running.close()
    assert all(promised.cancelled() for promised in flying[1:])


@pytest.mark.parametrize(
    ("do", "message"),
    [
        (lambda _: Report(outcome="refused", why="the worker on far has patchopt 0"), "on far has"),
        (lambda _: 1 / 0, "a worker failed .ZeroDivisionError"),
    ],
)
def test_a_worker_that_cannot_work_ends_the_sweep(
    paths: Paths, do: Callable[[Errand], Report], message: str
) -> None:
    with pytest.raises(ClusterError, match=message):
        done(RemotePool(paths, Fake(do)), [cells(range(3))])


def test_a_scheduler_that_ends_and_workers_that_stay_away_end_the_sweep(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone(Fake):
        def submit(self, errand: Errand) -> Future[Report]:
            promised: Future[Report] = Future()
            if not self.there:
                return promised
            promised.cancel()
            return promised

    monkeypatch.setattr(remote_pool, "_LOOK_S", 0.01)
    gone = Gone(did)
    with pytest.raises(ClusterError, match="the scheduler has ended"):
        done(RemotePool(paths, gone), [cells(range(3))])
    gone.there = 0
    with pytest.raises(ClusterError, match=r"no worker for 0\.05 s"):
        done(RemotePool(paths, gone, wait_s=0.05), [cells(range(3))])


def test_an_errand_of_another_version_is_refused() -> None:
    errand = Errand(sweep="s", job=cells(range(1)).as_json(), files={})
    report = run_errand(replace(errand, version="0.0.0"))
    assert report.outcome == "refused"
    assert "instead of 0.0.0" in report.why


@pytest.mark.slow
def test_a_sweep_on_a_cluster_has_the_bytes_of_one_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = ["experiment=smoke", "optimizer=quick", "simulator.block=10"]
    study += ["failures=independent", "bound.replications=8", "bound.time_limit=0.1"]
    sweep([*study, f"sweep.out={tmp_path / 'here'}", "parallel=serial"])

    @contextmanager
    def cluster(_: Any) -> Any:
        yield Fake(run_errand)

    monkeypatch.setattr(pools, "cluster_of", cluster)
    there = sweep([*study, f"sweep.out={tmp_path / 'there'}", "parallel=dask"])
    assert there.complete
    assert same_files(tmp_path / "there", tmp_path / "here")
    assert len(pd.read_parquet(tmp_path / "there" / "bounds.parquet")) == 8
