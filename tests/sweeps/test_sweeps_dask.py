"""Sweeps on a real Dask scheduler with two worker processes: same bytes, whoever is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest

from support.faults import (
    alive,
    family,
    finished,
    length_of,
    ran,
    same_files,
    started,
    wait_until,
)

pytestmark = pytest.mark.slow

STARTS_S = 60.0


class Dask(NamedTuple):
    """A scheduler, and the process that keeps two workers alive."""

    scheduler: psutil.Process
    nanny: psutil.Process
    address: str

    @property
    def flags(self) -> tuple[str, ...]:
        return "parallel=dask", f"parallel.address={self.address}", "parallel.wait=20s"

    def workers(self) -> list[psutil.Process]:
        return [each for each in family(self.nanny.pid) if "spawn_main" in " ".join(each.cmdline())]


@contextmanager
def command(name: str, folder: Path, *flags: str) -> Iterator[psutil.Process]:
    process = subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.dask_{name}", "--no-dashboard", *flags],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=os.environ | {"DASK_TEMPORARY_DIRECTORY": str(folder / "room")},
    )
    try:
        yield psutil.Process(process.pid)
    finally:
        for left in family(process.pid):
            left.kill()
        process.kill()
        process.wait()


def soon(happened: Callable[[], Any]) -> None:
    last = time.monotonic() + STARTS_S
    while not happened():
        assert time.monotonic() < last
        time.sleep(0.02)


@contextmanager
def dask(folder: Path) -> Iterator[Dask]:
    told = folder / "scheduler.json"
    flags = ("--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(told))
    with command("scheduler", folder, *flags) as scheduler:
        soon(told.exists)
        soon(lambda: told.read_bytes().strip().endswith(b"}"))
        address = json.loads(told.read_bytes())["address"]
        flags = ("--nworkers", "2", "--nthreads", "1", "--host", "127.0.0.1")
        with command("worker", folder, address, *flags) as nanny:
            running = Dask(scheduler, nanny, address)
            soon(lambda: len(running.workers()) == 2)
            yield running


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dask]:
    with dask(tmp_path_factory.mktemp("dask")) as running:
        yield running


class Whole(NamedTuple):
    out: Path
    length: int


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """Return the dataset of a sweep on this machine."""
    out = tmp_path_factory.mktemp("whole") / "out"
    return Whole(out, length_of(out))


def test_a_sweep_on_dask_has_the_bytes_of_one_here(
    cluster: Dask, whole: Whole, tmp_path: Path
) -> None:
    code, _, errors = ran(tmp_path / "out", *cluster.flags)
    assert code == 0, errors
    assert "rror" not in errors
    assert same_files(tmp_path / "out", whole.out)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_a_worker_killed_in_mid_sweep_loses_nothing(
    cluster: Dask, whole: Whole, tmp_path: Path, share: float
) -> None:
    out = tmp_path / "out"
    soon(lambda: len(cluster.workers()) == 2)
    with started(out, *cluster.flags) as sweep:
        wait_until(sweep, out, share, whole.length)
        cluster.workers()[0].kill()
        _, errors = sweep.communicate()
    assert sweep.returncode == 0, errors
    assert same_files(out, whole.out)


def test_a_killed_sweep_goes_on(cluster: Dask, whole: Whole, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with started(out, *cluster.flags) as sweep:
        wait_until(sweep, out, 0.5, whole.length)
        sweep.kill()
        sweep.wait()
    before = finished(out)
    assert before
    code, _, errors = ran(out, *cluster.flags)
    assert code == 0, errors
    assert all(cell in finished(out) for cell in before)
    assert same_files(out, whole.out)


def test_ctrl_c_keeps_what_is_finished_and_the_cluster(
    cluster: Dask, whole: Whole, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with started(out, *cluster.flags) as sweep:
        wait_until(sweep, out, 0.3, whole.length)
        os.killpg(sweep.pid, signal.SIGINT)
        _, errors = sweep.communicate()
    assert sweep.returncode == 130, errors
    assert "Traceback" not in errors
    assert cluster.scheduler.is_running()
    code, _, errors = ran(out, *cluster.flags)
    assert code == 0, errors
    assert same_files(out, whole.out)


def test_a_scheduler_that_ends_is_told_of_and_the_sweep_goes_on_here(
    whole: Whole, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with dask(tmp_path) as cluster, started(out, *cluster.flags, "parallel.wait=2s") as sweep:
        wait_until(sweep, out, 0.3, whole.length)
        cluster.scheduler.kill()
        _, errors = sweep.communicate()
    assert sweep.returncode == 2, errors
    (line,) = [line for line in errors.splitlines() if line.startswith("error:")]
    assert "what is finished is kept" in line
    assert "Traceback" not in errors
    before = finished(out)
    code, _, errors = ran(out)
    assert code == 0, errors
    assert all(cell in finished(out) for cell in before)
    assert same_files(out, whole.out)


def test_workers_that_a_sweep_starts_itself_end_with_it(whole: Whole, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with started(out, "parallel=dask") as sweep:
        wait_until(sweep, out, 0.3, whole.length)
        children = family(sweep.pid)
        assert len(children) >= 2
        sweep.kill()
        sweep.wait()
        assert alive(children) == []
    code, _, errors = ran(out, "parallel=dask")
    assert code == 0, errors
    assert same_files(out, whole.out)


def test_nobody_at_the_address_is_told_of(tmp_path: Path) -> None:
    flags = ("parallel=dask", "parallel.address=tcp://127.0.0.1:1", "parallel.wait=1s")
    code, _, errors = ran(tmp_path / "out", *flags)
    assert code == 2
    assert errors.startswith("error: parallel.address=tcp://127.0.0.1:1: no scheduler can be")
    assert "Traceback" not in errors


def test_dask_that_is_not_installed_is_told_of(tmp_path: Path) -> None:
    hides = "import sys; sys.modules['distributed'] = None; from patchopt.cli import main; main()"
    flags = ("sweep", "experiment=smoke", "parallel=dask", f"sweep.out={tmp_path / 'out'}")
    found = subprocess.run(
        [sys.executable, "-c", hides, *flags], capture_output=True, text=True, check=False
    )
    assert found.returncode == 2
    assert "pip install 'patchopt[dask]'" in found.stderr


def test_workers_leave_nothing_behind(whole: Whole, tmp_path: Path) -> None:
    room = tmp_path / "room"
    with dask(tmp_path) as cluster:
        code, _, errors = ran(tmp_path / "out", *cluster.flags)
        assert code == 0, errors
        assert list(room.rglob("patchopt-*"))
        wait_for_end = [*cluster.workers(), cluster.nanny]
        cluster.nanny.terminate()
        assert alive(wait_for_end) == []
    assert list(room.rglob("patchopt-*")) == []
