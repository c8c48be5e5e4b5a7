"""Being asked to stop: once is an exception, twice the end; and who is not to be asked is not."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

PROGRAM = """
import os, signal, sys
from patchopt.cli.stopping import Requests
{before}
asked = Requests()
asked.listen()
try:
    os.kill(os.getpid(), signal.{first})
    print("untouched", flush=True)
    sys.exit(0)
except KeyboardInterrupt:
    print("asked", flush=True)
try:
    os.kill(os.getpid(), signal.{second})
finally:
    print("never said", flush=True)
"""


def ended(first: str, second: str = "SIGINT", before: str = "") -> tuple[int, str, str]:
    program = PROGRAM.format(first=first, second=second, before=before)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ("SIGINT", "SIGINT", 130),
        ("SIGTERM", "SIGTERM", 143),
        ("SIGINT", "SIGTERM", 143),
        ("SIGTERM", "SIGINT", 143),
    ],
)
def test_the_second_request_ends_it_without_a_word(first: str, second: str, code: int) -> None:
    assert ended(first, second) == (code, "asked\n", "")


def test_what_was_started_to_ignore_ctrl_c_ignores_it() -> None:
    ignoring = "signal.signal(signal.SIGINT, signal.SIG_IGN)"
    assert ended("SIGINT", before=ignoring) == (0, "untouched\n", "")
