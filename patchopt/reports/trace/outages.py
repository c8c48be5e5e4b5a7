"""When services are below min_up in a run, and whether the plan had given that up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from patchopt.model.events import EventKind
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan
from patchopt.reports.trace.bars import bars
from patchopt.reports.trace.events import Event

Interval = tuple[int, int]


@dataclass(frozen=True)
class Outage:
    """A time in which a service is below min_up.

    Parameters
    ----------
    service : str
        Name of the service.
    start_s, end_s : int
        Seconds, from and until.
    allowed : bool
        Whether a step that ran all the while waives the service's min_up.
    """

    service: str
    start_s: int
    end_s: int
    allowed: bool

    @property
    def length_s(self) -> int:
        """How long, in seconds."""
        return self.end_s - self.start_s


def outages(infrastructure: Infrastructure, plan: Plan, events: Sequence[Event]) -> list[Outage]:
    """Return when services are below min_up in a run.

    Parameters
    ----------
    infrastructure : Infrastructure
        What was patched.
    plan : Plan
        What was run; its steps say what they waive.
    events : sequence of mapping
        Of the run.

    Returns
    -------
    list of Outage
        By service, then by time. One that is allowed for a part of its time alone is cut
        there; none has no length.
    """
    found = []
    waived = _waived(infrastructure, plan, events)
    for service, intervals in sorted(_below(events).items()):
        for start, end in intervals:
            inside = _cut(waived.get(service, []), start, end)
            found += [Outage(service, *part, allowed=True) for part in inside]
            found += [
                Outage(service, *part, allowed=False) for part in _between(inside, start, end)
            ]
    return sorted(found, key=lambda outage: (outage.service, outage.start_s))


def _below(events: Sequence[Event]) -> dict[str, list[Interval]]:
    """Return when each service is below min_up."""
    since: dict[str, int] = {}
    found: defaultdict[str, list[Interval]] = defaultdict(list)
    for event in events:
        if event["event"] == EventKind.SERVICE_BELOW.label:
            since.setdefault(event["service"], int(event["time"]))
        elif event["event"] == EventKind.SERVICE_RESTORED.label:
            found[event["service"]].append((since.pop(event["service"]), int(event["time"])))
    end = max((int(event["time"]) for event in events), default=0)
    for service, start in since.items():
        found[service].append((start, end))
    return found


def _waived(
    infrastructure: Infrastructure, plan: Plan, events: Sequence[Event]
) -> dict[str, list[Interval]]:
    """Return when a step runs that waives each service, merged and in order."""
    waiving = {step.id: step.waives for step in plan.steps if step.waives}
    if not waiving:
        return {}
    found: defaultdict[str, list[Interval]] = defaultdict(list)
    for step, interval in _running(infrastructure, plan, events, set(waiving)):
        for service in waiving[step]:
            found[service].append(interval)
    return {service: _merged(intervals) for service, intervals in found.items()}


def _running(
    infrastructure: Infrastructure, plan: Plan, events: Sequence[Event], wanted: set[int]
) -> list[tuple[int, Interval]]:
    """Return when some steps run: from start to end, and as long as there is work for them."""
    open_: dict[int, int] = {}
    found = []
    end = 0
    for event in events:
        end = max(end, int(event["time"]))
        if event["event"] == EventKind.STEP_START.label and event["step"] in wanted:
            open_[event["step"]] = int(event["time"])
        elif event["event"] == EventKind.STEP_END.label and event["step"] in open_:
            found.append((event["step"], (open_.pop(event["step"]), int(event["time"]))))
    found += [(step, (since, end)) for step, since in open_.items()]
    # Retries, late work and rollbacks count as their step running, also after its end.
    step_of = {name: step for step in wanted for name in plan.steps[step].nodes}
    for bar in bars(infrastructure, plan, events):
        if bar.node in step_of and bar.kind in ("patch", "live", "warmup", "rollback"):
            found.append((step_of[bar.node], (bar.start_s, bar.end_s)))
    return found


def _merged(intervals: list[Interval]) -> list[Interval]:
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _cut(intervals: list[Interval], start: int, end: int) -> list[Interval]:
    """Return the parts of intervals that are in [start, end)."""
    cut = [(max(start, first), min(end, last)) for first, last in intervals]
    return [(first, last) for first, last in cut if first < last]


def _between(intervals: list[Interval], start: int, end: int) -> list[Interval]:
    """Return the parts of [start, end) that are in none of some merged intervals."""
    edges = [start, *(at for interval in intervals for at in interval), end]
    gaps = zip(edges[::2], edges[1::2], strict=True)
    return [(first, last) for first, last in gaps if first < last]
