"""Workers are started so that Ctrl-C in a terminal, which all processes get, is not for them."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import signal
import joblib
from patchopt.sweeps.interrupts import unasked

def blocked():
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())

with unasked():
    results = joblib.Parallel(2, return_as="generator_unordered")(
        joblib.delayed(blocked)() for _ in range(2)
    )
print(list(results), blocked())
"""


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals are not blocked there")
def test_workers_of_a_fresh_process_do_not_hear_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.strip() == "[True, True] False"
