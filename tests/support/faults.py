"""Sweeps that are attacked: started as a user starts them, hit at a moment, and looked at after.

The study is small enough to be run many times and has enough cells for every moment to differ.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from patchopt.files.store.contents import Contents
from patchopt.files.store.parts import PartCell
from patchopt.files.store.paths import Paths

COMMAND = (sys.executable, "-c", "from patchopt.cli import main; main()", "sweep")
STUDY = (
    "sweep.scenarios=[risky_patch]",
    "sweep.strategies=[rolling,canary,big_bang]",
    "failures=pessimistic",
    "sweep.replications=12000",
    "simulator.block=250",
    "parallel.n_jobs=2",
)
FILES = ("runs.parquet", "plans.parquet", "events.parquet", "bounds.parquet", "config.yaml")

#: Seconds after which no process of an attacked sweep may be left.
GONE_S = 5.0


@contextmanager
def started(out: Path, *more: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Start a sweep as a group of processes of its own; nothing of it is left afterwards."""
    process = subprocess.Popen(
        [*COMMAND, *STUDY, f"sweep.out={out}", *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **options,
    )
    try:
        yield process
    finally:
        process.kill()
        for left in session(process.pid):
            left.kill()
        process.communicate()


def ran(out: Path, *more: str, **options: Any) -> tuple[int, str, str]:
    """Run a sweep to its end; return its exit code and what it printed."""
    with started(out, *more, **options) as process:
        printed, errors = process.communicate()
    return process.returncode, printed, errors


def family(pid: int) -> list[psutil.Process]:
    """Return the processes that a process has started, and they in turn."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def session(leader: int) -> list[psutil.Process]:
    """Return the processes of a session, those too whose parents are gone, but for its leader."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != leader and os.getsid(process.pid) == leader:
                found.append(process)
        except (ProcessLookupError, PermissionError):
            continue
    return found


def left_of(sweep: subprocess.Popen[str]) -> int:
    """Count the processes of a sweep that is over that do not end within their time.

    They may hold its pipes open, so that this comes before those are read to their end.
    """
    sweep.wait()
    return len(alive(session(sweep.pid)))


def workers(pid: int) -> list[psutil.Process]:
    """Return the workers of a sweep."""
    found = []
    for process in family(pid):
        try:
            if any("popen_loky" in word for word in process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def wait_for(process: subprocess.Popen[str], happened: Callable[[], bool]) -> None:
    """Wait until something has happened, or the process has ended."""
    while process.poll() is None and not happened():
        time.sleep(0.002)


def wait_until(process: subprocess.Popen[str], out: Path, share: float, length: int) -> None:
    """Wait until a sweep's ledger has a share of its length."""
    ledger = Paths(out).ledger

    def long_enough() -> bool:
        return ledger.exists() and ledger.stat().st_size >= share * length

    wait_for(process, long_enough)


def length_of(out: Path) -> int:
    """Return about how long a ledger of the study gets, before its files are written."""
    with started(out) as process:
        longest = 0
        while process.poll() is None:
            ledger = Paths(out).ledger
            longest = max(longest, ledger.stat().st_size if ledger.exists() else 0)
            time.sleep(0.002)
        assert process.returncode == 0
    return longest


def finished(out: Path) -> list[PartCell]:
    """Return the cells that are finished, with how long each has taken to the nanosecond."""
    if not Paths(out).ledger.exists():
        return []
    contents = Contents.read(out)
    return [placed.cell for run in sorted(contents.runs) for placed in contents.cells(run)]


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Return the processes that have not ended within the time that they may take."""
    _, found = psutil.wait_procs(processes, timeout=GONE_S)
    return list(found)


def same_files(one: Path, other: Path) -> bool:
    """Tell whether two datasets are the same to the byte, but for the measured times."""
    return all((one / name).read_bytes() == (other / name).read_bytes() for name in FILES)
