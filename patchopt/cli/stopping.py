"""Being asked to stop: once, and a command keeps what it has; twice, and it ends at once."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import Final

#: Exit codes of a command that was interrupted, and of one that was asked to terminate.
INTERRUPTED: Final = 128 + signal.SIGINT
TERMINATED: Final = 128 + signal.SIGTERM

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

    def listen(self) -> None:
        """Take requests from now on, but none that this process was started to ignore."""
        usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
        for number, handler in usual.items():
            # Outside of the main thread nobody can listen.
            with suppress(ValueError):
                if signal.getsignal(number) == handler:
                    signal.signal(number, self._stop)

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
