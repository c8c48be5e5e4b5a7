"""Output: written whole or not at all, and nothing overwritten unasked."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from patchopt.errors import OutputError

#: Names that Windows keeps for devices, whatever their case and whatever follows a dot.
_DEVICES: Final = frozenset(
    ["con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))]
)
#: Letters of a name that are kept: the rest of a path and its ending need room as well.
_LONGEST: Final = 80


def prepare_output(folder: Path, force: bool = False) -> Path:
    """Make a folder ready to be written to.

    Parameters
    ----------
    folder : Path
        Created with its parents if it is not there.
    force : bool
        Whether it may hold something already.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    OutputError
        If something else has its name, it is not empty, or it cannot be written to.
    """
    try:
        if folder.exists() and not folder.is_dir():
            raise OutputError(
                "there is a file of that name", place=str(folder), remedy="give another folder"
            )
        if folder.is_dir() and any(folder.iterdir()) and not force:
            raise OutputError(
                "the folder holds something already",
                place=str(folder),
                remedy="give --force (sweep.force=true for a sweep) or another folder",
            )
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise unwritable(folder, error) from None
    return folder


def part_of(path: Path) -> Path:
    """Return the name that a file has while it is being written."""
    return path.with_name(f".{path.name}.part")


@contextmanager
def atomic_write(path: Path, force: bool = False) -> Iterator[IO[str]]:
    """Open a text file that appears whole, or not at all.

    Parameters
    ----------
    path : Path
        Where the file is to be; folders that are missing are made.
    force : bool
        Whether a file that is there may be replaced.

    Yields
    ------
    text file
        UTF-8 with plain newlines on every platform; thrown away if the body fails.

    Raises
    ------
    OutputError
        If there is such a file already, or it cannot be written.
    """
    if path.exists() and not force:
        raise OutputError(
            "the file is there already",
            place=str(path),
            remedy="give --force (from Python force=True) or another name",
        )
    part = part_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from None
    try:
        with part.open("w", encoding="utf-8", newline="\n") as handle:
            yield handle
        part.replace(path)
    except OSError as error:
        raise unwritable(path, error) from None
    finally:
        part.unlink(missing_ok=True)


def file_names(given: Sequence[str]) -> list[str]:
    """Return for each name one that every file system takes and no other has.

    Parameters
    ----------
    given : sequence of str
        What is to be written, of any letters and any length.

    Returns
    -------
    list of str
        Of the same length: ASCII letters, digits and ``_``, ``.``, ``-``. No two are equal
        where case does not count, none is a device of Windows. A name that can stay as it is
        does, whatever the others are.

    Examples
    --------
    >>> file_names(["shop", "a/b", "a:b", "a-b", "Shop", "CON"])
    ['shop', 'a-b-2', 'a-b-3', 'a-b', 'Shop-2', '_CON']
    """
    plain = [_plain(name) for name in given]
    found: dict[int, str] = {}
    taken: set[str] = set()
    for at in sorted(range(len(given)), key=lambda at: (plain[at] != given[at], at)):
        name, number = plain[at], 1
        while name.casefold() in taken:
            number += 1
            name = f"{plain[at]}-{number}"
        taken.add(name.casefold())
        found[at] = name
    return [found[at] for at in range(len(given))]


def _plain(name: str) -> str:
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "_.-") else "-" for c in name)
    kept = kept[:_LONGEST].strip(".-") or "unnamed"
    device = kept.partition(".")[0].casefold() in _DEVICES
    return f"_{kept}" if device else kept


def unwritable(path: Path, error: OSError) -> OutputError:
    """Put the system's refusal into words."""
    why = error.strerror or str(error)
    return OutputError(
        f"cannot be written: {why[:1].lower()}{why[1:]}",
        place=str(path),
        remedy="give a place that you may write to, with room left",
    )
