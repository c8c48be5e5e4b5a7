"""Being asked to stop: once, and a command keeps what it has; twice, and it ends at once."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Final

#: Exit codes of a command that was interrupted, and of one that was asked to terminate.
INTERRUPTED: Final = 128 + signal.SIGINT
TERMINATED: Final = 128 + signal.SIGTERM

#: What Python does about requests of itself.
_USUAL: Final[dict[signal.Signals, Any]] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
}

#: Shows the cursor, which a progress bar hides.
_CURSOR: Final = "\x1b[?25h"


class Requests:
    """Requests to stop this process: Ctrl-C, and SIGTERM of whoever runs it.

    The first one raises KeyboardInterrupt. The second ends the process: what is finished is on
    disk, workers end when they see that nobody waits for them, and a traceback out of the middle
    of some library's clearing up would help nobody.

    Attributes
    ----------
    terminated : bool
        Whether SIGTERM has come.
    """

    def __init__(self) -> None:
        self.terminated = False
        self._asked = False

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Take requests while the body runs, but none that this process was started to ignore.

        After a request it goes on, for the process is about to end.
        """
        taken = []
        for number, usual in _USUAL.items():
            # Outside of the main thread nobody can listen.
            with suppress(ValueError):
                if signal.getsignal(number) == usual:
                    signal.signal(number, self._stop)
                    taken.append(number)
        try:
            yield
        finally:
            for number in () if self._asked else taken:
                signal.signal(number, _USUAL[number])

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.terminated |= number == signal.SIGTERM
        if self._asked:
            if sys.stderr.isatty():
                sys.stderr.write(_CURSOR)
                sys.stderr.flush()
            os._exit(self.code(INTERRUPTED))
        self._asked = True
        raise KeyboardInterrupt

    def code(self, found: int) -> int:
        """Return the exit code of a command that came to an end with one."""
        return TERMINATED if self.terminated and found == INTERRUPTED else found
