"""Being asked to stop: once is an exception, twice the end; and who is not to be asked is not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from patchopt.cli.stopping import Requests

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

PROGRAM = """
import os, signal, sys
from patchopt.cli.stopping import Requests
{before}
with Requests().heard():
    try:
        os.kill(os.getpid(), signal.{first})
        print("untouched", flush=True)
        sys.exit(0)
    except KeyboardInterrupt:
        print("asked", flush=True)
    if {within}:
        os.kill(os.getpid(), signal.{second})
os.kill(os.getpid(), signal.{second})
print("never said", flush=True)
"""


def ended(
    first: str, second: str = "SIGINT", *, before: str = "", within: bool = True
) -> tuple[int, str, str]:
    program = PROGRAM.format(first=first, second=second, before=before, within=within)
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
    for within in (True, False):  # also while Python clears up
        assert ended(first, second, within=within) == (code, "asked\n", "")


def test_what_was_started_to_ignore_ctrl_c_ignores_it() -> None:
    ignoring = "signal.signal(signal.SIGINT, signal.SIG_IGN)"
    assert ended("SIGINT", before=ignoring) == (0, "untouched\n", "")


def test_what_was_not_asked_leaves_everything_as_it_was() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with Requests().heard():
        assert signal.getsignal(signal.SIGTERM) not in before
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
