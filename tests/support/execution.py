"""Whether a run did what its plan says: no step too early, none later than it had to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.guards import broken_by, check_guards
from support.reading import Reading
from support.timeline import FAILED_DRAWS, Event, Started, Timeline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def check_execution(
    scenario: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], events: Sequence[Event]
) -> None:
    """Assert that a legal log is that of a plan.

    Parameters
    ----------
    scenario
        The scenario as the dictionary that YAML gives.
    steps
        The plan's steps, as ``plan.json`` has them.
    events
        A log that `support.check_log.check_log` finds legal.

    Raises
    ------
    AssertionError
        At the first step that breaks a guard, starts too early, waits without need or is
        announced wrongly, at a gate that is misjudged, or at an abort before its time.
    """
    waives = {step["id"]: step.get("waives", ()) for step in steps}
    unguarded = [step["id"] for step in steps if not step.get("guarded", True)]
    check_guards(scenario, events, unguarded=unguarded, waives=waives)
    run = _Run(Reading(scenario), events)
    run.check_gates(steps)
    for step in steps:
        run.check_start(step)
    if run.stuck:
        run.check_stuck(steps)
    elif run.abort is None and len(run.started) != len(steps):
        raise AssertionError(f"{len(steps)} steps, {len(run.started)} started, and no abort")


class _Run:
    """A log with what the rules ask of it."""

    def __init__(self, reading: Reading, events: Sequence[Event]) -> None:
        self.reading = reading
        self.events = events
        self.timeline = Timeline(reading, events)
        self.started = {step.step: step for step in self.timeline.started}
        self.ends = self.timeline.step_ends
        self.waits = {e["step"]: e["time"] for e in events if e["event"] == "step_wait"}
        aborts = [event["time"] for event in events if event["event"] == "abort"]
        self.abort: int | None = aborts[0] if aborts else None
        failures = sum(event["event"] in FAILED_DRAWS.values() for event in events)
        many = reading.abort_after is not None and failures >= reading.abort_after
        gates = any(event["event"] == "gate_failed" for event in events)
        self.stuck = self.abort is not None and not many and not gates

    def released(self, step: Mapping[str, Any]) -> int | None:
        """Return when all that `step` comes after had ended and its time had come, if ever."""
        after = step.get("after", ())
        if not set(after) <= self.ends.keys():
            return None
        earliest: int = step.get("not_before", 0)
        return max([earliest, *(self.ends[other] for other in after)])

    def broken_at(self, step: Mapping[str, Any], time: int) -> list[str]:
        """Return what the start of `step` would break once the instant has settled."""
        if not step.get("guarded", True):
            return []
        index = sum(event["time"] <= time for event in self.events[:-1])
        start = Started(step["id"], step["action"], tuple(step.get("nodes", ())), time, index)
        return broken_by(self.reading, self.timeline, start, step.get("waives", ()))

    def check_start(self, step: Mapping[str, Any]) -> None:
        """Compare the start, and the wait before it, with what the plan and the guard allow."""
        number, released = step["id"], self.released(step)
        start = self.started.get(number)
        if start is not None:
            same = start.action == step["action"] and set(start.nodes) == set(step.get("nodes", ()))
            _require(same, f"step {number} is not as planned: {start}")
            early = released is None or start.time < released
            _require(not early, f"step {number} starts at {start.time}, released at {released}")
            if step["action"] == "pause":
                lasted = self.ends[number] - start.time
                _require(lasted == step.get("duration", 0), f"pause {number} lasts {lasted} s")
        wait = self.waits.get(number)
        if released is None or (start is not None and start.time == released):
            _require(wait is None, f"step {number} has nothing to wait for")
            return
        last = start.time if start is not None else self.abort
        if last is None or last < released or (last == released and not self.stuck):
            return
        _require(wait == released, f"step {number} waits from {released} on, logged: {wait}")
        opening = (
            time
            for time in range(released + 1, last)
            if self.reading.windows.is_open(time) and not self.reading.windows.is_open(time - 1)
        )
        for time in {released, *opening, *self.timeline.changes}:
            if released <= time < last:
                _require(self.broken_at(step, time), f"step {number} could start at {time}")

    def check_gates(self, steps: Sequence[Mapping[str, Any]]) -> None:
        """Compare the gates' verdicts with the nodes that had failed by the end of their pauses."""
        verdicts = {event["time"] for event in self.events if event["event"] == "gate_failed"}
        due: set[int] = set()
        for step in steps:
            gate, end = step.get("gate"), self.ends.get(step["id"])
            if gate is None or end is None:
                continue
            failed = {
                event["node"]
                for event in self.events
                if event["event"] in FAILED_DRAWS.values() and event["time"] <= end
            }
            if len(failed) > gate["max_failures"]:
                due.add(end)
        _require(verdicts <= due, f"no gate fails at {sorted(verdicts - due)}")
        missed = {end for end in due - verdicts if self.abort is None or end < self.abort}
        _require(not missed, f"a gate fails at {sorted(missed)}")

    def check_stuck(self, steps: Sequence[Mapping[str, Any]]) -> None:
        """Require that nothing was running or due, and that no window would have helped."""
        time = self.abort or 0
        _require(self.timeline.end <= time, "aborted for want of a start while work is running")
        for step in steps:
            released = self.released(step)
            if released is None or step["id"] in self.started:
                continue
            _require(released <= time, f"aborted at {time}, but step {step['id']} is due")
            broken = set(self.broken_at(step, time)) - {"outside the windows"}
            _require(broken, f"aborted at {time}, but step {step['id']} can start some time")


def _require(condition: object, message: str) -> None:
    if not condition:
        raise AssertionError(message)
