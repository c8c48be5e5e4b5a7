"""``events.jsonl``: what happened in one run, one event a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any


def events_text(events: Iterable[Mapping[str, Any]]) -> str:
    r"""Return events as lines of JSON, ``time`` and ``event`` first.

    Examples
    --------
    >>> events_text([{"step": 0, "event": "step_end", "time": 60}])
    '{"time": 60, "event": "step_end", "step": 0}\n'
    """
    return "".join(f"{_line(event)}\n" for event in events)


def _line(event: Mapping[str, Any]) -> str:
    ordered = {"time": event["time"], "event": event["event"], **event}
    return json.dumps(ordered, ensure_ascii=False)
