"""Results as JSON lines, each written whole or not at all, from any number of commands at once."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Line = dict[str, Any]


class Lines:
    """A file of results, at most one for each key.

    Parameters
    ----------
    path : Path
        Need not be there yet.
    key : sequence of str
        Names of the values that tell results apart.
    """

    def __init__(self, path: Path, key: Sequence[str]) -> None:
        self.path = path
        self.key = tuple(key)

    def all(self) -> list[Line]:
        """Return all results, in the order of the file."""
        if not self.path.exists():
            return []
        text = self.path.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines() if line]

    def key_of(self, line: Line) -> tuple[Any, ...]:
        """Return what tells a result apart."""
        return tuple(line[name] for name in self.key)

    def done(self) -> set[tuple[Any, ...]]:
        """Return the keys of all results."""
        return {self.key_of(line) for line in self.all()}

    def put(self, line: Line) -> None:
        """Add a result, in the place of an earlier one with its key."""
        with self._alone():
            kept = [one for one in self.all() if self.key_of(one) != self.key_of(line)]
            self._replace([*kept, line])

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let no other command read and replace the file meanwhile."""
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _replace(self, lines: list[Line]) -> None:
        """Write a new file beside the old one, and let it take its place in one go."""
        number, name = tempfile.mkstemp(dir=self.path.parent)
        path = Path(name)
        try:
            with os.fdopen(number, "w", encoding="utf-8") as new:
                new.write("".join(json.dumps(line) + "\n" for line in lines))
                new.flush()
                os.fsync(new.fileno())
            path.chmod(0o644)
            path.replace(self.path)
        finally:
            path.unlink(missing_ok=True)
