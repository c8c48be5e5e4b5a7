"""Files of a store: on disk and whole before they have their names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from patchopt.files.output import part_of


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that appears whole, and on disk, or not at all.

    Parameters
    ----------
    path : Path
        A name that no other process writes to; its folder is there.

    Yields
    ------
    binary file
        Thrown away if the body fails.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    passing = part_of(path)
    try:
        with passing.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        passing.replace(path)
    finally:
        passing.unlink(missing_ok=True)
