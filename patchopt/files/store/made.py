"""What came of a plan: itself and its nominal run, or why there is none; and its trace."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from patchopt.files.store.whole import damaged, parsed, write_json


@dataclass(frozen=True, kw_only=True)
class MadePlan:
    """A plan and how it fares without failures, or why there is none.

    Parameters
    ----------
    plan_json : str, optional
        The plan; none if it failed.
    exposure_milli, completion_time_s : int, optional
        Of its run without failures, in milli-weight-seconds and seconds.
    error : str, optional
        Why there is none.
    wall_time_s : float
        What it took.
    """

    plan_json: str | None = None
    exposure_milli: int | None = None
    completion_time_s: int | None = None
    error: str | None = None
    wall_time_s: float = 0.0

    def write(self, path: Path) -> None:
        """Write it as a file.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        write_json(path, asdict(self))

    @classmethod
    def read(cls, path: Path) -> MadePlan:
        """Read it back.

        Raises
        ------
        DatasetError
            If the file is missing or damaged.
        """
        try:
            return cls(**parsed(path))
        except TypeError as error:
            raise damaged(path, error) from None


def write_trace(path: Path, events: list[dict[str, Any]]) -> None:
    """Write the events of a replication as a file."""
    write_json(path, events)


def read_trace(path: Path) -> list[dict[str, Any]]:
    """Read the events of a replication back.

    Raises
    ------
    DatasetError
        If the file is missing or damaged.
    """
    found: list[dict[str, Any]] = parsed(path)
    return found
