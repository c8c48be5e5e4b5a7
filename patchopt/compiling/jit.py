"""How loops are compiled: one set of options, one place for what is compiled.

Numba keeps compiled functions on disk and compiles a function anew when its own file
changes, but not when a function that it calls, in another file, does. So the folder of
the cache carries a fingerprint of all sources of the folder that it lies in, and of those
beside it.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from patchopt.compiling.plain import is_off
from patchopt.model import windows

F = TypeVar("F", bound=Callable[..., Any])


@cache
def cache_folder(here: Path) -> Path:
    """Return the folder for compiled code: beside the sources, else one the user can write.

    Where there is neither, it is a passing one, which processes started by this one share.

    Parameters
    ----------
    here : Path
        Folder of the sources.
    """
    name = f"numba-{_fingerprint(here)}"
    for folder in (here / "__pycache__", *_of_user()):
        try:
            (folder / name).mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder / name, os.W_OK):
            return folder / name
    return _passing()


@cache
def _passing() -> Path:
    made = tempfile.mkdtemp(prefix="patchopt-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    os.environ["NUMBA_CACHE_DIR"] = made
    return Path(made)


def is_kept(here: Path, function: str) -> bool:
    """Tell whether a compiled function is on disk; it may be so in an older version.

    Parameters
    ----------
    here : Path
        Folder of its source.
    function : str
        Its module and name, with a point between.
    """
    named = os.environ.get("NUMBA_CACHE_DIR")
    folder = Path(named) if named else cache_folder(here)
    return any(folder.glob(f"{here.name}_*/{function}-*.nbi"))


def _fingerprint(here: Path) -> str:
    shared = [Path(__file__), Path(windows.__file__)]
    # What is compiled in a folder may have inlined what lies in those beside it.
    sources = [*sorted(here.parent.glob("*/*.py")), *shared]
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]


def _of_user() -> list[Path]:
    """Return the folder for caches of the user, if there is one."""
    named = os.environ.get("XDG_CACHE_HOME")
    try:
        return [(Path(named) if named else Path.home() / ".cache") / "patchopt"]
    except RuntimeError:  # a user without a home, as in some containers
        return []


@contextmanager
def _our_cache(config: Any, here: Path) -> Iterator[None]:
    before = config.CACHE_DIR
    if not before:  # a folder that the user has named is kept
        config.CACHE_DIR = str(cache_folder(here))
    try:
        yield
    finally:
        config.CACHE_DIR = before


def _compile(function: F, **options: Any) -> F:
    if is_off():
        return function
    # Here, since it takes a while to import, and plain loops do without.
    import numba

    known: Any = numba  # its types know neither its settings nor all options of njit
    with _our_cache(known.config, Path(function.__code__.co_filename).parent):
        decorate = known.njit(error_model="numpy", _nrt=False, **options)
        return cast(F, decorate(function))


def outer(function: F) -> F:
    """Compile a function that Python calls too, and keep it on disk.

    It lets other threads run meanwhile.
    """
    return _compile(function, forceinline=True, cache=True, nogil=True)


def inner(function: F) -> F:
    """Compile a function that only compiled code calls: it becomes part of its callers.

    Inlined, the bundles of arrays that it is given cost nothing to pass on, and nothing
    of it has to be kept on disk.
    """
    return rare(function, forceinline=True)


def rare(function: F, **options: bool) -> F:
    """Compile a function that only compiled code calls, and seldom: it is called, not inlined.

    To pass the bundles on takes about as long as a hundred simple operations; the code of
    its callers, and the time that it takes to compile them, stay small.
    """
    if is_off():
        return function
    from patchopt.compiling.parts import PartCompiler  # with Numba

    return _compile(
        function,
        pipeline_class=PartCompiler,
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
        **options,
    )
