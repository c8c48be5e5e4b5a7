"""Files as bytes: regular ones alone, and never more of them than was asked for."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

from patchopt.errors import PatchoptError, Problem


def exists(path: Path) -> bool:
    """Return whether anything is there; what can be no path at all is not."""
    try:
        path.stat()
    except (OSError, ValueError):
        return False
    return True


def read_regular(path: Path, most_bytes: int, refuse: Callable[[Problem], PatchoptError]) -> bytes:
    """Read a file whole, once its kind and its size are known.

    Parameters
    ----------
    path : Path
        Of the file.
    most_bytes : int
        A larger one is not read.
    refuse : callable
        Makes the caller's error of a problem.

    Returns
    -------
    bytes

    Raises
    ------
    PatchoptError
        If there is no such file, it is a folder, a pipe or a device, is larger, or cannot
        be read.
    """
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise refuse(Problem((), "it is a folder", "give a file"))
        if not stat.S_ISREG(found.st_mode):
            message = "it is a pipe or a device, not a regular file"
            raise refuse(Problem((), message, "write what it holds to a file, and give that"))
        with path.open("rb") as handle:
            raw = b"" if found.st_size > most_bytes else handle.read(most_bytes + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "its name is no path"
        message = f"it cannot be read: {why[:1].lower()}{why[1:]}"
        raise refuse(Problem((), message, "give a file that is there and readable")) from None
    if found.st_size > most_bytes or len(raw) > most_bytes:
        message = f"the file is larger than {most_bytes >> 20} MiB"
        raise refuse(Problem((), message, "give a smaller one"))
    return raw
