"""The same source without the compiler: modules imported anew as plain Python."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Sequence
from types import ModuleType

_imports = threading.RLock()
_off = False


def is_off() -> bool:
    """Say whether modules are being imported as plain Python."""
    return _off


def compiled_module(package: str, name: str) -> ModuleType:
    """Import a module whose functions are compiled.

    Parameters
    ----------
    package, name : str
        Where it lies, and what it is called there.
    """
    with _imports:
        return importlib.import_module(f"{package}.{name}")


def plain_module(package: str, names: Sequence[str], name: str) -> ModuleType:
    """Import a module with compilation switched off, and all that it is compiled with.

    The modules are imported apart and the compiled ones are put back, so that both can
    be used side by side.

    Parameters
    ----------
    package : str
        Where they lie.
    names : sequence of str
        All modules of the package with compiled functions, ``folder.module`` if they lie deeper.
    name : str
        The one that is wanted.

    Returns
    -------
    module
        Its functions are some hundred times slower, and bit for bit the same.
    """
    global _off  # noqa: PLW0603 - what `jit` asks while the modules are imported
    paths = [f"{package}.{each}" for each in names]
    with _imports:
        kept = {path: sys.modules.pop(path) for path in paths if path in sys.modules}
        _off = True
        try:
            return importlib.import_module(f"{package}.{name}")
        finally:
            _off = False
            _put_back(paths, kept)


def _put_back(paths: list[str], kept: dict[str, ModuleType]) -> None:
    for path in paths:
        above, _, last = path.rpartition(".")
        parent = sys.modules.get(above)  # nobody may have asked for that folder yet
        sys.modules.pop(path, None)
        if path in kept:
            sys.modules[path] = kept[path]
            setattr(parent, last, kept[path])
        elif hasattr(parent, last):
            delattr(parent, last)
