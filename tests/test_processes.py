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
from patchopt.processes import side_by_side, workers_meant


class Adder:
    """Adds a number, and knows in which process it did."""

    def __init__(self, number: int) -> None:
        self._number = number

    def add(self, number: int) -> tuple[int, int]:
        return number + self._number, os.getpid()


def die(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_results_come_in_order_from_this_process_or_from_others(count: int) -> None:
    with side_by_side(Adder(100).add, range(5), count) as done:
        sums, processes = zip(*done, strict=True)
    assert sums == (100, 101, 102, 103, 104)
    assert (os.getpid() in processes) is (count < 2)


def test_one_that_is_killed_is_told_in_one_message() -> None:
    ended = pytest.raises(PatchoptError, match="was ended from outside")
    with ended as caught, side_by_side(die, range(2), 2) as done:
        list(done)
    assert "fewer workers" in str(caught.value)


def test_mistakes_inside_come_through() -> None:
    with pytest.raises(ZeroDivisionError), side_by_side(Adder(1).add, range(5), 2):
        _ = 1 // 0


#: A script as a beginner writes it: nothing keeps it from running again in each process.
SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
from test_processes import ready_or_sleep
from patchopt.processes import side_by_side
with side_by_side(ready_or_sleep, range(2), 2) as done:
    for text in done:
        print(text, flush=True)
"""


def ready_or_sleep(number: int) -> str:
    if number:
        time.sleep(3600)
    return "at work"


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
