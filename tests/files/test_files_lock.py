"""The lock: one owner, named; gone with its process, whatever ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from patchopt.errors import OutputError
from patchopt.files.store.lock import Lock, owner

HOLDER = """
import sys, time
from pathlib import Path
from patchopt.files.store.lock import Lock
with Lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@contextmanager
def holder(path: Path, seconds: float) -> Iterator[subprocess.Popen[str]]:
    """Start a process that holds a lock for a while, and wait until it does."""
    command = [sys.executable, "-c", HOLDER, str(path), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


def test_a_second_owner_is_refused_with_the_name_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with Lock(path):
        assert owner(path).startswith(f"process {os.getpid()} on ")
        with pytest.raises(OutputError, match=rf"\(process {os.getpid()} on .*sweep\.wait=1h"):
            Lock(path).__enter__()
    assert owner(path) == "unknown"
    with Lock(path), pytest.raises(OutputError, match="another sweep is writing there"), Lock(path):
        pass


@pytest.mark.slow
def test_a_lock_goes_with_its_process_however_that_ends(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path, 600) as process:
        with pytest.raises(OutputError, match=rf"process {process.pid} on "):
            Lock(path, wait_s=0.05).__enter__()
        process.send_signal(signal.SIGKILL)
    with Lock(path):
        assert owner(path).startswith(f"process {os.getpid()} ")


@pytest.mark.slow
def test_one_who_waits_gets_it_and_is_told_for_whom(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    told: list[str] = []
    with holder(path, 1) as process, Lock(path, wait_s=600, told=told.append):
        assert process.wait() == 0
    assert len(told) == 1
    assert told[0].startswith(f"process {process.pid} on ")


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no such file or directory"):
        Lock(tmp_path / "nowhere" / "lock").__enter__()


def test_what_somebody_else_wrote_there_is_no_name(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    for text in ("", "nonsense", "[]", '{"process": 1}', "3"):
        path.write_text(text)
        assert owner(path) == "unknown"
