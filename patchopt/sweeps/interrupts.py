"""Workers and Ctrl-C: only the sweep hears it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unasked() -> Iterator[None]:
    """Start processes that no Ctrl-C reaches: this one hears it and ends them, without a word."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker  # where there is none, there are no masks either

    # What counts the pool's semaphores is started with the first of them, and lets Ctrl-C through
    # again when it is (until Python 3.14), so it has to be there before.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
