"""The pool: whatever workers die of, every job is done once, or has failed after three tries."""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from patchopt.files.store.made import MadePlan
from patchopt.files.store.parts import Part
from patchopt.files.store.paths import Paths
from patchopt.sweeps.pool import Perform, Pool
from patchopt.sweeps.work import CellWork, Job, PlanWork, marker

pytestmark = pytest.mark.slow


def cell(first: int) -> CellWork:
    return CellWork(
        run="run", plan="plan", scenario="shop", seed=1, first=first, count=1, stratified=False
    )


def plan(key: str) -> PlanWork:
    return PlanWork(key=key, scenario="shop", strategy="rolling", parameters={}, trace=None)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = Paths(tmp_path)
    for name in ("jobs", "parts", "plans", "tries"):
        (paths.store / name).mkdir(parents=True)
    return paths


def dying(at: int | str, times: int) -> Perform:
    """Return what does nothing but die so many times at a cell, or at a plan."""

    def do(folder: str, name: str, parent: int | None) -> list[dict[str, Any]]:
        paths = Paths(Path(folder))
        job = Job.read(paths, name)
        work: list[Any] = list(job.cells) if job.plan is None else [job.plan]
        for number, each in enumerate(work):
            marker(paths, name).write_text(str(number))
            what = each.first if job.plan is None else each.key
            with (paths.store / "tries" / str(what)).open("a") as tries:
                tries.write("x")
                tries.flush()
                if what == at and tries.tell() <= times:
                    os.kill(os.getpid(), signal.SIGKILL)
        return [{"did": [each.first if job.plan is None else each.key for each in work]}]

    return do


def done(pool: Pool, jobs: list[Job]) -> tuple[Counter[Any], list[dict[str, Any]]]:
    """Run jobs; return what was done how often, and the records of what was given up."""
    records = [record for records in pool.run(jobs) for record in records]
    did = Counter(what for record in records for what in record.get("did", ()))
    return did, [record for record in records if "did" not in record]


JOBS = [range(5), range(5, 9), range(9, 20), range(20, 21), range(21, 40)]


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("at", [0, 13, 20, 39])
def test_a_worker_that_dies_now_and_then_loses_nothing(paths: Paths, at: int, times: int) -> None:
    jobs = [Job(cells=tuple(cell(first) for first in firsts)) for firsts in JOBS]
    did, given_up = done(Pool(paths, 2, dying(at, times)), jobs)
    assert did == Counter(range(40))
    assert given_up == []
    assert list(paths.jobs.iterdir()) == []


def test_a_cell_that_always_kills_its_worker_fails_alone(paths: Paths) -> None:
    jobs = [Job(cells=tuple(cell(first) for first in firsts)) for firsts in JOBS]
    did, given_up = done(Pool(paths, 2, dying(13, 99)), jobs)
    assert did == Counter(set(range(40)) - {13})
    assert len((paths.store / "tries" / "13").read_text()) == 3
    (record,) = given_up
    (failed,) = Part(paths.parts / record["name"]).cells
    assert (failed.run, failed.first, failed.count) == ("run", 13, 1)
    assert "died 3 times" in str(failed.error)


def test_a_plan_that_always_kills_its_worker_fails_alone(paths: Paths) -> None:
    jobs = [Job(plan=plan(key)) for key in "abcdef"]
    did, given_up = done(Pool(paths, 2, dying("c", 99)), jobs)
    assert did == Counter("abdef")
    assert given_up == [{"kind": "plan", "key": "c"}]
    assert "died 3 times" in str(MadePlan.read(paths.plan("c")).error)


def test_in_this_process_jobs_are_done_in_their_order(paths: Paths) -> None:
    jobs = [Job(cells=tuple(cell(first) for first in firsts)) for firsts in JOBS]
    seen = [
        record["did"] for records in Pool(paths, 1, dying(0, 0)).run(jobs) for record in records
    ]
    assert seen == [list(firsts) for firsts in JOBS]
