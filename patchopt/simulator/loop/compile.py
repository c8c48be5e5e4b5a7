"""The event loop, compiled and not: one source, two ways to run it."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from patchopt.compiling.jit import is_kept
from patchopt.compiling.plain import compiled_module, plain_module
from patchopt.simulator.loop.bundles import as_rows, fill
from patchopt.simulator.loop.state_rows import Measures

if TYPE_CHECKING:
    from patchopt.model.base import Bits, Ints
    from patchopt.model.infrastructure import Infrastructure
    from patchopt.simulator.loop.bundles import Fixed, Rows, State

Run = Callable[["Fixed", "State", "Bits", "Ints", "Rows[Measures]"], None]

_PACKAGE: Final = "patchopt.simulator.loop"
_JITTED: Final = (
    "asking",
    "attempts",
    "copies",
    "crew",
    "draws",
    "failing",
    "guard",
    "guard_jobs",
    "jobs",
    "kernel",
    "measuring",
    "queue",
    "reset",
    "resuming",
    "reverting",
    "state",
    "stopping",
    "trouble",
    "waiting",
)

#: Work up to which the plain loop is done before the compiled one is loaded: about half a second.
_SMALL: Final = 10_000
#: Where it would have to be compiled first, which takes a minute: about three seconds.
_SMALL_AT_FIRST: Final = 60_000
_LOOKS_UP_S: Final = 0.2


@cache
def compiled() -> Run:
    """Return the compiled event loop, which Ctrl-C ends; Numba keeps it on disk."""
    return partial(_answering, compiled_module(_PACKAGE, "kernel").run)


def _answering(
    run: Run, fixed: Fixed, state: State, keys: Bits, defects: Ints, measures: Rows[Measures]
) -> None:
    """Run the compiled loop so that Ctrl-C is seen: it does not look up by itself."""
    state.interrupt[0] = 0
    if threading.current_thread() is not threading.main_thread():
        run(fixed, state, keys, defects, measures)
        return
    with ThreadPoolExecutor(1, "patchopt-loop") as beside:
        try:
            going_on = beside.submit(run, fixed, state, keys, defects, measures)
            while not going_on.done():
                wait([going_on], _LOOKS_UP_S)  # not for good: some systems hold Ctrl-C back
            going_on.result()
        except BaseException:
            state.interrupt[0] = 1
            raise


@cache
def uncompiled() -> Run:
    """Return the very same event loop as plain Python, helpers included.

    Returns
    -------
    callable
        Some hundred times slower, and bit for bit the same.
    """
    run: Run = plain_module(_PACKAGE, _JITTED, "kernel").run
    last: list[Fixed] = []  # a plan as arrays and as rows: most are run more than once

    def plain(
        fixed: Fixed, state: State, keys: Bits, defects: Ints, measures: Rows[Measures]
    ) -> None:
        if not last or last[0] is not fixed:
            last[:] = fixed, as_rows(fixed)
        light = as_rows(state)
        found = [Measures() for _ in keys]
        # The hash of the draws wraps around on purpose.
        with np.errstate(over="ignore"):
            run(last[1], light, keys.tolist(), defects.tolist(), found)
        fill(measures, found, len(found))
        fill(state.events, light.events, min(light.counters.events, len(state.events)))
        state.counters.events = light.counters.events
        state.counters.now = light.counters.now
        state.counters.queue_short = light.counters.queue_short

    return plain


def fitting(infrastructure: Infrastructure, replications: int) -> Run:
    """Return the loop that is done first: to load the compiled one takes half a second.

    Parameters
    ----------
    infrastructure : Infrastructure
        Where a plan runs.
    replications : int
        How many.

    Returns
    -------
    callable
        The plain loop for little work.
    """
    return uncompiled() if is_little(work_of(infrastructure, replications)) else compiled()


def work_of(infrastructure: Infrastructure, replications: int) -> float:
    """Return how much there is to do: infinitely much where things happen that no step does.

    Parameters
    ----------
    infrastructure : Infrastructure
        Where a plan runs.
    replications : int
        How many.
    """
    size = len(infrastructure.nodes) + len(infrastructure.edges.kind)
    attempts = infrastructure.limits.max_retries + 1
    return math.inf if infrastructure.restless else float(size * attempts * replications)


def is_little(work: float) -> bool:
    """Tell whether the plain loop has done some work before the compiled one is there."""
    if work <= _SMALL:
        return True
    return work <= _SMALL_AT_FIRST and not is_kept(Path(__file__).parent, "kernel.run")
