"""The event loop, compiled and not: one source, two ways to run it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from types import ModuleType

import numpy as np

from patchopt.simulator.jit import config
from patchopt.simulator.layout import Fixed, Ints, State

Run = Callable[[Fixed, State, Ints, Ints, Ints], None]

_PACKAGE = "patchopt.simulator"
_JITTED = ("jit", "layout", "draws", "queue", "state", "guard", "trouble", "work", "kernel")


def compiled() -> Run:
    """Give the compiled event loop; Numba keeps it on disk between processes."""
    run: Run = importlib.import_module(f"{_PACKAGE}.kernel").run
    return run


def uncompiled() -> Run:
    """Give the very same event loop as plain Python, helpers included.

    The modules are imported a second time with compilation switched off, and the
    compiled ones are put back, so that both can be used side by side.

    Returns
    -------
    callable
        About a thousand times slower, and bit for bit the same.
    """
    names = [f"{_PACKAGE}.{name}" for name in _JITTED]
    package = sys.modules[_PACKAGE]
    kept: dict[str, ModuleType] = {
        name: sys.modules.pop(name) for name in names if name in sys.modules
    }
    before = config.DISABLE_JIT
    config.DISABLE_JIT = True
    try:
        run: Run = importlib.import_module(f"{_PACKAGE}.kernel").run
    finally:
        config.DISABLE_JIT = before
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(kept)
        for name, module in kept.items():
            setattr(package, name.rpartition(".")[2], module)

    def plain(fixed: Fixed, state: State, seeds: Ints, defects: Ints, metrics: Ints) -> None:
        # The hash of the draws wraps around on purpose.
        with np.errstate(over="ignore"):
            run(fixed, state, seeds, defects, metrics)

    return plain
