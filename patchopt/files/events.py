"""``events.jsonl``: what happened in one run, one event a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from patchopt.errors import DatasetError
from patchopt.files.output import atomic_write


def events_text(events: Iterable[Mapping[str, Any]]) -> str:
    r"""Give events as lines of JSON, ``time`` and ``event`` first.

    Examples
    --------
    >>> events_text([{"step": 0, "event": "step_end", "time": 60}])
    '{"time": 60, "event": "step_end", "step": 0}\n'
    """
    return "".join(f"{_line(event)}\n" for event in events)


def _line(event: Mapping[str, Any]) -> str:
    ordered = {"time": event["time"], "event": event["event"], **event}
    return json.dumps(ordered, ensure_ascii=False)


def write_events(path: Path, events: Iterable[Mapping[str, Any]], force: bool = False) -> None:
    """Write events to a file.

    Parameters
    ----------
    path : Path
        Of the file.
    events : iterable of mapping
        In order of time and cause.
    force : bool
        Whether it may replace a file.

    Raises
    ------
    OutputError
        If a file is there without force, or writing fails.
    """
    with atomic_write(path, force) as handle:
        handle.writelines(f"{_line(event)}\n" for event in events)


def read_events(path: Path) -> list[dict[str, Any]]:
    """Read events back.

    Parameters
    ----------
    path : Path
        Of the file.

    Returns
    -------
    list of dict
        As they were written.

    Raises
    ------
    DatasetError
        If the file cannot be read, or a line is no event.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        message = f"the events cannot be read ({error})"
        raise DatasetError(message, place=str(path), remedy="simulate the plan anew") from None
    # Only \n ends a line: names may hold other separators that splitlines() knows.
    lines = text.split("\n")
    return [_event(line, f"{path}:{n}") for n, line in enumerate(lines, 1) if line.strip()]


def _event(line: str, place: str) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        event = None
    if (
        not isinstance(event, dict)
        or type(event.get("time")) is not int
        or not isinstance(event.get("event"), str)
    ):
        message = 'the line is no event: a JSON object with "time" and "event"'
        raise DatasetError(message, place=place, remedy="simulate the plan anew")
    return event
