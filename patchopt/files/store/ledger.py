"""The ledger of a store: what is finished, one JSON object a line, each on disk before it counts.

A process may be killed at any byte. Lines are only ever added at the end, so a kill leaves at
most one torn line, the last, which says nothing and is cut off when somebody next writes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from io import RawIOBase
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from patchopt.errors import DatasetError
from patchopt.files.output import unwritable
from patchopt.files.store.whole import whole_file

Record = dict[str, Any]


def read_ledger(path: Path) -> list[Record]:
    """Return every record of a ledger, oldest first.

    Parameters
    ----------
    path : Path
        Of the ledger; one that is not there has no records.

    Returns
    -------
    list of dict
        A torn last line is left out.

    Raises
    ------
    DatasetError
        If a line before the last is none of a ledger's: something else has written there.
    """
    return _parsed(path)[0]


def _parsed(path: Path) -> tuple[list[Record], int]:
    """Return the records, and how many bytes they take."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return [], 0
    except OSError as error:
        raise DatasetError(
            f"cannot be read: {error.strerror}", place=str(path), remedy="see its permissions"
        ) from None
    records: list[Record] = []
    taken = 0
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        record = _record(line)
        if record is None:
            if number < len(lines):
                raise DatasetError(
                    f"line {number} is damaged",
                    place=str(path),
                    remedy="restore the file, or begin anew with sweep.force=true",
                )
            break
        records.append(record)
        taken += len(line)
    return records, taken


def _record(line: bytes) -> Record | None:
    """Read a line; none if it is torn."""
    if not line.endswith(b"\n"):
        return None
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


class Ledger:
    """A ledger that is open for writing; only its owner, who holds the store's lock, has one.

    Parameters
    ----------
    path : Path
        Made if it is not there.

    Attributes
    ----------
    records : list of dict
        What stood in it when it was opened, and what was added since.

    Raises
    ------
    DatasetError
        If it is damaged.
    OutputError
        If it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records, self._length = _parsed(path)
        try:
            path.touch()
            self._open()
        except OSError as error:
            raise unwritable(path, error) from None

    def _open(self) -> None:
        self._file = self.path.open("r+b", buffering=0)
        self._file.truncate(self._length)

    def __enter__(self) -> Self:
        """Leave it open."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def append(self, record: Mapping[str, Any]) -> None:
        """Add a record; when this returns, it outlives the process and the machine.

        Raises
        ------
        OutputError
            If it could not be written whole; the ledger is then as it was.
        """
        line = _line(record)
        try:
            self._file.seek(self._length)
            _write_all(self._file, line)
            os.fsync(self._file.fileno())
        except OSError as error:
            self._file.truncate(self._length)
            raise unwritable(self.path, error) from None
        self._length += len(line)
        self.records.append(dict(record))

    def replace(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Put other records in the place of all, at once or not at all.

        Raises
        ------
        OutputError
            If they cannot be written; the ledger is then as it was.
        """
        text = b"".join(map(_line, records))
        try:
            with whole_file(self.path) as file:
                file.write(text)
            self._file.close()
            self._length = len(text)
            self._open()
        except OSError as error:
            raise unwritable(self.path, error) from None
        self.records = [dict(record) for record in records]

    def close(self) -> None:
        """Let go of the file; a second time does nothing."""
        self._file.close()


def _line(record: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(record), separators=(",", ":")).encode() + b"\n"


def _write_all(file: RawIOBase, data: bytes) -> None:
    """Write, however often the system takes less than it is given."""
    while data:
        data = data[file.write(data) or 0 :]
