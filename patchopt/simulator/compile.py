"""The event loop, compiled and not: one source, two ways to run it."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from patchopt.model.infrastructure import Infrastructure
    from patchopt.simulator.layout import Fixed, Ints, State

Run = Callable[["Fixed", "State", "Ints", "Ints", "Ints"], None]

_PACKAGE: Final = "patchopt.simulator"
_JITTED: Final = ("jit", "draws", "queue", "state", "guard", "trouble", "work", "kernel")

#: Work up to which the plain loop is done before the compiled one is loaded: about half a second.
_SMALL: Final = 10_000

_imports = threading.RLock()
_off = False


def is_off() -> bool:
    """Say whether the modules of the loop are being imported as plain Python."""
    return _off


def compiled() -> Run:
    """Give the compiled event loop; Numba keeps it on disk between processes."""
    with _imports:
        run: Run = importlib.import_module(f"{_PACKAGE}.kernel").run
    return run


@cache
def uncompiled() -> Run:
    """Give the very same event loop as plain Python, helpers included.

    The modules are imported apart, with compilation switched off, and the compiled ones
    are put back, so that both can be used side by side.

    Returns
    -------
    callable
        Some hundred times slower, and bit for bit the same.
    """
    global _off  # noqa: PLW0603 - what `jit` asks while the modules are imported
    names = [f"{_PACKAGE}.{name}" for name in _JITTED]
    with _imports:
        kept = {name: sys.modules.pop(name) for name in names if name in sys.modules}
        _off = True
        try:
            run: Run = importlib.import_module(f"{_PACKAGE}.kernel").run
        finally:
            _off = False
            _put_back(names, kept)

    def plain(fixed: Fixed, state: State, seeds: Ints, defects: Ints, metrics: Ints) -> None:
        # The hash of the draws wraps around on purpose.
        with np.errstate(over="ignore"):
            run(fixed, state, seeds, defects, metrics)

    return plain


def _put_back(names: list[str], kept: dict[str, ModuleType]) -> None:
    package = sys.modules[_PACKAGE]
    for name in names:
        last = name.rpartition(".")[2]
        sys.modules.pop(name, None)
        if name in kept:
            sys.modules[name] = kept[name]
            setattr(package, last, kept[name])
        elif hasattr(package, last):
            delattr(package, last)


def fitting(infrastructure: Infrastructure, replications: int) -> Run:
    """Give the loop that is done first: to load the compiled one takes half a second.

    Parameters
    ----------
    infrastructure : Infrastructure
        Where a plan runs.
    replications : int
        How many.

    Returns
    -------
    callable
        The plain loop for little work of known size; what happens to nodes by itself has
        none.
    """
    size = len(infrastructure.nodes) + len(infrastructure.edges.kind)
    attempts = infrastructure.limits.max_retries + 1
    if infrastructure.restless or size * attempts * replications > _SMALL:
        return compiled()
    return uncompiled()
