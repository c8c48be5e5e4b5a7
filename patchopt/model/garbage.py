"""Building much that lives: without Python's search for cyclic garbage in between."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Look for no cyclic garbage while a large structure grows.

    The collector starts whenever enough objects are new, and then goes through all there are. A
    scenario of 100,000 nodes is some million objects of which none is garbage: a quarter of the
    time would be spent on finding that out, again and again. What is not in a cycle is freed as
    ever. Whoever finds the collector off leaves it off, so this may be nested; it decorates
    functions too.

    Examples
    --------
    >>> with collector_paused():
    ...     gc.isenabled()
    False
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
