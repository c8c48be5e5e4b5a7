"""Processes that work for another: in order, and with one clear message when one is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from patchopt.errors import PatchoptError
from patchopt.processes import processes, workers_meant

given = 0


def begin(number: int) -> None:
    global given  # noqa: PLW0603 - what a process is given once
    given = number


def plus_given(number: int) -> int:
    return number + given


def die(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_each_is_given_the_same_and_results_come_in_order() -> None:
    with processes(2, begin, (100,)) as pool:
        assert list(pool.map(plus_given, range(5))) == [100, 101, 102, 103, 104]
    # Not this process.
    assert given == 0


def test_one_that_is_killed_is_told_in_one_message() -> None:
    ended = pytest.raises(PatchoptError, match="was ended from outside")
    with ended as caught, processes(2, begin, (0,)) as pool:
        list(pool.map(die, range(2)))
    assert "fewer workers" in str(caught.value)


def test_mistakes_inside_come_through() -> None:
    with pytest.raises(ZeroDivisionError), processes(2, begin, (0,)):
        _ = 1 // 0


#: A script as a beginner writes it: nothing keeps it from running again in each process.
SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
from test_processes import begin, ready, sleep
from patchopt.processes import processes
with processes(1, begin, (0,)) as pool:
    print(pool.submit(ready).result(), flush=True)
    pool.submit(sleep).result()
"""


def ready() -> str:
    return "at work"


def sleep() -> None:
    time.sleep(3600)


def test_none_outlives_the_one_it_works_for(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(folder=str(Path(__file__).parent)), encoding="utf-8")
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "at work\n"
        parent.kill()
        # The worker has the other end of this pipe too: it ends when the worker does.
        assert parent.communicate(timeout=60)[0] == ""


def test_workers_below_0_are_counted_from_the_cores() -> None:
    cores = os.cpu_count() or 1
    assert workers_meant(-1) == cores
    assert workers_meant(-cores - 5) == 1
    assert workers_meant(3) == 3
