"""The guard of a worker: what hangs or is orphaned ends itself; what works, or waits, stays."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.faults import left_of, session, workers

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="other processes have no parents"),
]

PROGRAM = """
import os, sys, time
from patchopt import guard
guard._LOOK_S, guard._HANGS_S = 0.05, 0.4
mine = guard.guard_of(int(sys.argv[1]) or os.getppid())

def compute(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass

{what}
print("lived", flush=True)
"""


def lived(what: str, parent: int = 0) -> bool:
    """Run a program under a guard; tell whether it came to its end."""
    command = [sys.executable, "-c", PROGRAM.format(what=what), str(parent)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) in ((0, "lived\n"), (1, "")), done.stderr
    return done.returncode == 0


def test_a_worker_that_computes_lives() -> None:
    assert lived("with mine.at_work():\n    compute(1.5)")


def test_a_worker_that_hangs_at_work_ends() -> None:
    assert not lived("with mine.at_work():\n    compute(0.3)\n    time.sleep(60)")


def test_a_worker_may_wait_for_work() -> None:
    assert lived("with mine.at_work():\n    compute(0.3)\ntime.sleep(1.5)")


def test_a_worker_without_its_parent_ends() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    assert not lived("with mine.at_work():\n    compute(60)", parent=gone.pid)


IDLE = """
import sys, time
import joblib
from patchopt.files.store.paths import Paths
from patchopt.sweeps.pool import Pool

pool = Pool(Paths(sys.argv[1]), 3)
list(pool._parallel()([joblib.delayed(len)("one task for three workers")]))
print("working", flush=True)
time.sleep(60)
"""


def test_a_worker_that_waits_for_its_first_task_ends_with_its_parent(tmp_path: Path) -> None:
    command = [sys.executable, "-c", IDLE, str(tmp_path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "working\n"
        assert len(workers(parent.pid)) == 3
        parent.kill()
        left = left_of(parent)
        for process in session(parent.pid):
            process.kill()
        assert left == 0
