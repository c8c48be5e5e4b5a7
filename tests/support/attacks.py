"""Attacks on sweeps, and what is left after each: see `tests/sweeps/test_sweeps_faults.py`."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from patchopt.files.dataset import read_dataset
from patchopt.files.store.contents import Contents
from patchopt.files.store.paths import Paths
from support.faults import (
    finished,
    left_of,
    ran,
    same_files,
    session,
    started,
    wait_until,
    workers,
)

Sweep = subprocess.Popen[str]


class Moment(NamedTuple):
    """When an attack comes: at which share of the ledger, and how many seconds after."""

    share: float
    later_s: float


def moments(attack: str, tries: int) -> list[Moment]:
    """Return moments all over a sweep, one in each of equal shares of it."""
    drawn = random.Random(attack)  # noqa: S311 - no secret
    return [Moment((at + drawn.random()) / tries, drawn.random() * 0.1) for at in range(tries)]


class Whole(NamedTuple):
    """The dataset of a sweep that nobody disturbed, and how long its ledger was."""

    out: Path
    length: int


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is left after an attack.

    Parameters
    ----------
    code : int
        With which the sweep ended.
    errors : str
        What it said.
    kept, lost : int
        Cells that were finished before and are there, and that are not there, when the sweep
        has been run again.
    whole : bool
        Whether it then has the bytes of an undisturbed one.
    left : int
        Processes that were still there five seconds later.
    """

    code: int
    errors: str
    kept: int
    lost: int
    whole: bool
    left: int


def attacked(
    out: Path,
    whole: Whole,
    moment: Moment,
    hit: Callable[[Sweep, Path], None],
    *more: str,
    heal: Callable[[Path], None] = lambda _: None,
    **options: Any,
) -> Verdict:
    """Start a sweep, hit it at a moment, look at what is left, and run it again."""
    with started(out, *more, **options) as sweep:
        wait_until(sweep, out, moment.share, whole.length)
        time.sleep(moment.later_s)
        hit(sweep, out)
        left = left_of(sweep)
        for process in session(sweep.pid):
            process.kill()
        _, errors = sweep.communicate()
    heal(out)
    before = finished(out)
    code, _, again = ran(out, *more)
    assert code == 0, again
    after = finished(out)
    kept = sum(cell in after for cell in before)
    return Verdict(
        code=sweep.returncode,
        errors=errors,
        kept=kept,
        lost=len(before) - kept,
        whole=same_files(out, whole.out),
        left=left,
    )


def signalled(*numbers: signal.Signals) -> Callable[[Sweep, Path], None]:
    """Return what sends signals to all processes of a sweep, as a terminal does."""

    def hit(sweep: Sweep, out: Path) -> None:
        for number in numbers:
            with suppress(ProcessLookupError):
                os.killpg(sweep.pid, number)
            time.sleep(0.05)

    return hit


def kill(sweep: Sweep, out: Path) -> None:
    """Kill a sweep, its workers not."""
    sweep.kill()


def kill_worker(sweep: Sweep, out: Path) -> None:
    """Kill one of its workers."""
    for worker in workers(sweep.pid)[:1]:
        with suppress(psutil.NoSuchProcess):
            worker.kill()


def kill_workers(sweep: Sweep, out: Path) -> None:
    """Kill all of its workers."""
    for worker in workers(sweep.pid):
        with suppress(psutil.NoSuchProcess):
            worker.kill()


def starve(sweep: Sweep, out: Path) -> None:
    """Let its workers have no more memory than they have."""
    for worker in workers(sweep.pid):
        with suppress(psutil.Error, ProcessLookupError):
            has = worker.memory_info().vms
            resource.prlimit(worker.pid, resource.RLIMIT_AS, (has, has))


def full_disk(out: Path, whole: Whole, moment: Moment) -> Verdict:
    """Let no file grow beyond a size that some files have."""
    most = max(path.stat().st_size for path in whole.out.glob("*.parquet"))
    limit = int(2_000 + moment.share * most)

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return attacked(out, whole, Moment(0, 0), lambda *_: None, preexec_fn=limited)


def can_close(folder: Path) -> bool:
    """Tell whether a folder can be closed to us: the superuser needs a file system's help."""
    if os.geteuid() != 0:
        return True
    trial = folder / "trial"
    trial.mkdir()
    closed = _immutable(trial, closed=True)
    _immutable(trial, closed=False)
    trial.rmdir()
    return closed


def _immutable(folder: Path, *, closed: bool) -> bool:
    command = [shutil.which("chattr") or "chattr", "+i" if closed else "-i", str(folder)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _close(out: Path, *, closed: bool) -> None:
    for folder in (Paths(out).parts, Paths(out).jobs, Paths(out).store):
        if not folder.is_dir():
            continue
        if os.geteuid() == 0:
            _immutable(folder, closed=closed)
        else:
            folder.chmod(0o555 if closed else 0o755)


def read_only(out: Path, whole: Whole, moment: Moment) -> Verdict:
    """Let nothing more be written to a sweep's folders."""
    return attacked(
        out,
        whole,
        moment,
        lambda _, out: _close(out, closed=True),
        heal=lambda out: _close(out, closed=False),
    )


def second_sweep(out: Path, whole: Whole, moment: Moment) -> Verdict:
    """Start another sweep into the same dataset, which is refused and names the first."""

    def hit(sweep: Sweep, out: Path) -> None:
        code, _, errors = ran(out)
        assert code in (2, 0), errors  # the first may be at its end
        if code == 2:
            assert f"another sweep is writing there (process {sweep.pid} on " in errors
        assert "Traceback" not in errors

    return attacked(out, whole, moment, hit)


def forced(out: Path, whole: Whole, moment: Moment) -> Verdict:
    """Kill a sweep that is to take the place of a complete dataset, which stays until then."""
    code, _, errors = ran(out, "sweep.seed=99", "sweep.replications=100")
    assert code == 0, errors
    old = out.with_name("old")
    shutil.copytree(out, old)

    def hit(sweep: Sweep, out: Path) -> None:
        sweep.kill()
        sweep.wait()
        if (out / "runs.parquet").is_file():
            assert same_files(out, old) or same_files(out, whole.out)
        else:  # while its files change places, the store has all of them
            assert len(read_dataset(out).runs) == len(read_dataset(whole.out).runs)
        if not Contents.read(out).forced:  # it had not begun
            shutil.rmtree(out)

    return attacked(out, whole, moment, hit, "sweep.force=true")


def by(hit: Callable[[Sweep, Path], None]) -> Callable[[Path, Whole, Moment], Verdict]:
    """Return the attack that hits a sweep in one way."""
    return lambda out, whole, moment: attacked(out, whole, moment, hit)


#: Every attack, and the exit codes that a sweep may end with after it.
ATTACKS: dict[str, tuple[Callable[[Path, Whole, Moment], Verdict], set[int]]] = {
    "the sweep is killed": (by(kill), {-signal.SIGKILL, 0}),
    "a worker is killed": (by(kill_worker), {0}),
    "all workers are killed": (by(kill_workers), {0}),
    "Ctrl-C": (by(signalled(signal.SIGINT)), {130, 0}),
    # The second may come when Python, at its very end, listens no more; a shell says 130 too.
    "Ctrl-C twice": (by(signalled(signal.SIGINT, signal.SIGINT)), {130, -signal.SIGINT, 0}),
    "it is asked to terminate": (by(signalled(signal.SIGTERM)), {143, 0}),
    "workers get no more memory": (by(starve), {0}),
    "the disk is full": (full_disk, {2, 0}),
    "the folder is made read-only": (read_only, {2, 0}),
    "a second sweep into the same folder": (second_sweep, {0}),
    "killed while it replaces a complete dataset": (forced, {-signal.SIGKILL, 0}),
}
