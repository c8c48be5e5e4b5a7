"""Files of a store: on disk and whole before they have their names."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from patchopt.errors import DatasetError
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


def write_json(path: Path, value: Any) -> None:
    """Write a value as a file of JSON, whole and on disk or not at all.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    with whole_file(path) as file:
        file.write(json.dumps(value).encode())


def parsed(path: Path) -> Any:
    """Read a file of JSON.

    Raises
    ------
    DatasetError
        If it is missing or damaged.
    """
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise damaged(path, error) from None


def damaged(
    path: Path, error: Exception, remedy: str = "begin anew with sweep.force=true"
) -> DatasetError:
    """Say that a file is damaged, one of a store if nothing else would do, and what would do."""
    why = (str(error) or type(error).__name__).splitlines()[0]
    return DatasetError(f"the file is damaged ({why})", place=str(path), remedy=remedy)
