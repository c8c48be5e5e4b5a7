"""One writer at a time: a store's lock, with its owner's name for those who come second.

The system itself lets go of the lock when the process that holds it ends, however it ends, so
no lock outlives its owner and none has ever to be removed by hand.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from patchopt.errors import OutputError
from patchopt.files.output import unwritable

#: Seconds between two tries of one who waits.
_PAUSE_S: Final = 0.2

#: Windows locks bytes, and those that are locked cannot be read: one far behind the text.
_FAR: Final = 1 << 30


class Lock:
    """The lock of a store, held inside a ``with``.

    Parameters
    ----------
    path : Path
        Of the file that is locked; made if it is not there, and left there, since another
        process may be waiting at it.
    wait_s : float
        How long to wait for another owner before refusing.
    told : callable, optional
        Told once who the owner is, if there is one to wait for.

    Raises
    ------
    OutputError
        On entering, if another process holds it for longer than that, with who it is; or if
        the file cannot be made.
    """

    def __init__(
        self, path: Path, wait_s: float = 0.0, told: Callable[[str], None] | None = None
    ) -> None:
        self.path = path
        self.wait_s = wait_s
        self._told = told
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        """Wait for the lock and write the owner's name into it."""
        try:
            self.path.touch()
            file = self.path.open("r+b", buffering=0)
        except OSError as error:
            raise unwritable(self.path, error) from None
        try:
            self._wait(file)
            file.truncate(0)
            file.write(json.dumps(_this_process()).encode())
        except BaseException:
            file.close()
            raise
        self._file = file
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of it, and take the name away."""
        if self._file is not None:
            with suppress(OSError):
                self._file.truncate(0)
            self._file.close()
            self._file = None

    def _wait(self, file: IO[bytes]) -> None:
        last = time.monotonic() + self.wait_s
        told = self._told
        while not _taken(file):
            if time.monotonic() >= last:
                raise OutputError(
                    f"another sweep is writing there ({owner(self.path)})",
                    place=str(self.path.parent),
                    remedy="wait for it (sweep.wait=1h), or give another folder",
                )
            if told is not None:
                told(owner(self.path))
                told = None
            time.sleep(min(_PAUSE_S, self.wait_s))


def owner(path: Path) -> str:
    """Say whose a lock is: process, machine and since when, as far as that is known.

    Parameters
    ----------
    path : Path
        Of the lock's file.

    Returns
    -------
    str
        In a few words; "unknown" if nothing is written there yet.
    """
    try:
        found: Any = json.loads(path.read_bytes())
        return f"process {found['process']} on {found['machine']}, since {found['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "unknown"


def _this_process() -> dict[str, Any]:
    since = time.strftime("%Y-%m-%d %H:%M:%S%z")
    return {"process": os.getpid(), "machine": socket.gethostname(), "since": since}


if sys.platform == "win32":
    import msvcrt

    def _taken(file: IO[bytes]) -> bool:
        file.seek(_FAR)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            file.seek(0)
        return True

else:
    import fcntl

    def _taken(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
