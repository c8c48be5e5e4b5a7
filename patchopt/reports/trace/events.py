"""What the events of a run say at once: its ends, whether it was aborted, which nodes are new."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from patchopt.model.events import EventKind

Event = Mapping[str, Any]

#: Events that make a node new, and those that make it old again if it is new.
_COMMITS: Final = (EventKind.NODE_PATCHED.label, EventKind.SWITCHED.label)
_REVERSALS: Final = (
    EventKind.ROLLED_BACK.label,
    EventKind.ROLLBACK_FAILED.label,
    EventKind.NODE_REPAIRED.label,
)

_ENDS: Final = EventKind.RUN_END.label
_ABORTS: Final = EventKind.ABORT.label
_RESUMES: Final = EventKind.PLAN_RESUMED.label

#: Events that change nothing that is drawn.
_UNSEEN: Final = (_ENDS, EventKind.FALSE_ALARM.label)


def end_of(events: Iterable[Event]) -> int:
    """Return O in seconds, the end of the observation; 0 without events."""
    return max((int(e["time"]) for e in events if e["event"] == _ENDS), default=0)


def completion_of(events: Iterable[Event]) -> int:
    """Return T in seconds, when the plan's last work ends; 0 without events."""
    ends = (e for e in events if e["event"] == _ENDS)
    return max((int(e.get("completion_time", e["time"])) for e in ends), default=0)


def drawn_until(events: Sequence[Event]) -> int:
    """Return O, or an instant a little after the last thing that shows if O is much later.

    Examples
    --------
    >>> run = [{"event": "step_end", "time": 100}, {"event": "run_end", "time": 86400}]
    >>> drawn_until(run), drawn_until([run[0], run[1] | {"time": 103}])
    (105, 103)
    """
    inside = (int(e["time"]) for e in events if e["event"] not in _UNSEEN)
    return min(end_of(events), max(inside, default=0) * 21 // 20)


def changes_of(events: Iterable[Event]) -> Iterator[tuple[int, str, bool]]:
    """Return when which node becomes new, or old again."""
    new: set[str] = set()
    for event in events:
        if event["event"] in _COMMITS:
            new.add(event["node"])
        elif event["event"] in _REVERSALS and event["node"] in new:
            new.remove(event["node"])
        else:
            continue
        yield int(event["time"]), event["node"], event["node"] in new


def new_at_end(events: Iterable[Event]) -> set[str]:
    """Return the nodes that are new when the run ends."""
    last = {node: is_new for _, node, is_new in changes_of(events)}
    return {node for node, is_new in last.items() if is_new}


def times_of(events: Iterable[Event], kind: EventKind) -> dict[int, int]:
    """Return when something happened to each step, the last time that it did, in seconds."""
    return {int(e["step"]): int(e["time"]) for e in events if e["event"] == kind.label}


def stops_of(events: Iterable[Event]) -> list[tuple[int, int]]:
    """Return from when until when the plan was stopped before it went on, in seconds.

    Examples
    --------
    >>> run = [{"event": "abort", "time": 5}, {"event": "plan_resumed", "time": 9}]
    >>> stops_of([*run, {"event": "abort", "time": 12}])
    [(5, 9)]
    """
    stops, since = [], 0
    for event in events:
        if event["event"] == _ABORTS:
            since = int(event["time"])
        elif event["event"] == _RESUMES:
            stops.append((since, int(event["time"])))
    return stops


def was_aborted(events: Iterable[Event]) -> bool:
    """Say whether the plan was aborted and did not go on, or left something out."""
    aborted = False
    for event in events:
        if event["event"] == _ABORTS:
            aborted = True
        elif event["event"] == _RESUMES:
            aborted = False
    return aborted


def tell(reader: object, events: Iterable[Event]) -> None:
    """Tell a reader of events, in order: ``on_step_end(time_s, event)`` of every ``step_end``.

    Events that it has no method for are left out.
    """
    for event in events:
        handle = getattr(reader, f"on_{event['event']}", None)
        if handle is not None:
            handle(int(event["time"]), event)
