"""Being asked to stop: a request to terminate ends a command as Ctrl-C does, and is told apart."""

from __future__ import annotations

import signal
from contextlib import suppress
from types import FrameType
from typing import Final

#: Exit codes of a command that was interrupted, and of one that was asked to terminate.
INTERRUPTED: Final = 128 + signal.SIGINT
TERMINATED: Final = 128 + signal.SIGTERM


class Requests:
    """Whether this process has been asked to terminate.

    Attributes
    ----------
    terminated : bool
        Whether it has.
    """

    def __init__(self) -> None:
        self.terminated = False

    def listen(self) -> None:
        """Take requests from now on; without effect outside of the main thread."""
        with suppress(ValueError):
            signal.signal(signal.SIGTERM, self._stop)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.terminated = True
        raise KeyboardInterrupt

    def code(self, found: int) -> int:
        """Return the exit code of a command that came to an end with one."""
        return TERMINATED if self.terminated and found == INTERRUPTED else found
