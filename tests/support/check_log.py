"""Whether a log is legal: its events are exactly those that its starts and draws entail."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from support.reading import Reading
from support.timeline import FAILED_DRAWS, Attempt, Event, Timeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_RUN, _NODE = ("scenario", "strategy", "seed"), ("node", "step", "attempt")
_SERVICE, _EDGE = ("service", "serving", "min_up"), ("source", "target", "compatibility")
KEYS: dict[str, tuple[str, ...]] = {
    "run_start": _RUN,
    "run_end": _RUN,
    "step_wait": ("step", "reason"),
    "step_start": ("step", "action", "nodes"),
    "step_end": ("step",),
    "node_down": _NODE,
    "node_patched": _NODE,
    "node_serving": _NODE,
    "patch_failed": _NODE,
    "rolled_back": _NODE,
    "node_failed": _NODE,
    "built": _NODE,
    "build_failed": _NODE,
    "switched": _NODE,
    "service_below": _SERVICE,
    "service_restored": _SERVICE,
    "edge_mixed": _EDGE,
    "edge_settled": _EDGE,
    "gate_failed": ("reason",),
    "abort": ("reason",),
}
_STATES = {"service_below", "service_restored", "edge_mixed", "edge_settled"}
_VERDICTS = {"step_wait", "gate_failed", "abort", "run_end"}


def check_log(scenario: Mapping[str, Any], events: Sequence[Event]) -> None:
    """Assert that a log tells a run as the model has it.

    Parameters
    ----------
    scenario
        The scenario as the dictionary that YAML gives.
    events
        The log, in its order.

    Raises
    ------
    AssertionError
        At the first thing that is not as it must be.

    Notes
    -----
    Guards are not looked at, since a log does not say which steps are guarded: see
    `support.guards.check_guards`. Which draws fail is taken from the log, except where a
    probability of 0 or 1 leaves no choice.
    """
    reading = Reading(scenario)
    _check_form(reading, events)
    _check_steps(reading, events)
    timeline = Timeline(reading, events)
    _check_end(timeline, events)
    _check_sequences(timeline, events)
    _check_abort(reading, events)
    for attempt in timeline.attempts:
        _check_luck(reading, attempt)


def _require(condition: object, message: str) -> None:
    if not condition:
        raise AssertionError(message)


def _check_form(reading: Reading, events: Sequence[Event]) -> None:
    """Keys, order of time, and the frame of the log."""
    _require(len(events) > 1, "a log has at least a start and an end")
    for event in events:
        _require(event.get("event") in KEYS, f"unknown event: {event}")
        keys = ("time", "event", *KEYS[event["event"]])
        _require(set(event) == set(keys), f"other keys than {keys}: {event}")
        _require(tuple(event)[:2] == keys[:2], f"time and event come first: {event}")
        _require(type(event["time"]) is int, f"time is an integer: {event}")
    first, last = events[0], events[-1]
    _require(first["event"] == "run_start" and first["time"] == 0, f"first: {first}")
    _require(last["event"] == "run_end", f"last: {last}")
    inside = [event for event in events[1:-1] if event["event"] in ("run_start", "run_end")]
    _require(not inside, f"one run a log: {inside}")
    _require([first[key] for key in _RUN] == [last[key] for key in _RUN], "one run, one name")
    _require(first["scenario"] == reading.name, f"not the scenario's name: {first['scenario']}")
    for event, after in pairwise(events):
        _require(event["time"] <= after["time"], f"back in time: {event} then {after}")
    settled: Event = first
    for event in events:
        if event["event"] in _STATES:
            settled = event
        elif event["event"] not in _VERDICTS and settled["event"] in _STATES:
            _require(
                event["time"] > settled["time"],
                f"states are judged when an instant has settled: {settled} then {event}",
            )


def _check_steps(reading: Reading, events: Sequence[Event]) -> None:
    """Each step waits at most once, then starts at most once, then ends once; whose nodes."""
    waited: dict[int, int] = {}
    running: dict[int, Event] = {}
    ended: set[int] = set()
    worked: set[str] = set()
    built: set[str] = set()
    for event in events:
        name, step = event["event"], event.get("step")
        if step is None:
            continue
        _require(step not in ended, f"step {step} has ended: {event}")
        if name == "step_wait":
            _require(step not in waited and step not in running, f"a second wait: {event}")
            waited[step] = event["time"]
        elif name == "step_start":
            _require(step not in running, f"started twice: {event}")
            _require(
                step not in waited or waited[step] < event["time"],
                f"a step that starts in the same instant has not waited: {event}",
            )
            running[step] = event
            nodes, action = list(event["nodes"]), event["action"]
            _require(len(set(nodes)) == len(nodes), f"a node twice: {event}")
            _require(set(nodes) <= set(reading.patched), f"nothing to patch: {event}")
            _require((action == "pause") == (not nodes), f"pauses alone have no nodes: {event}")
            if action in FAILED_DRAWS:
                _require(not worked & set(nodes), f"worked on in two steps: {event}")
                worked |= set(nodes)
            if action == "build":
                built |= set(nodes)
            _require(action in (*FAILED_DRAWS, "switch", "pause"), f"no such action: {event}")
            _require(action != "switch" or built >= set(nodes), f"never built: {event}")
        else:
            _require(step in running, f"the step has not started: {event}")
            node = event.get("node")
            _require(node is None or node in running[step]["nodes"], f"not its node: {event}")
        if name == "step_end":
            ended.add(event["step"])
    _require(set(running) == ended, f"never ended: {sorted(set(running) - ended)}")


def _check_end(timeline: Timeline, events: Sequence[Event]) -> None:
    """Require that the log ends at T, or with a later wait that came to nothing."""
    end = timeline.end
    late = [event for event in events[:-1] if event["time"] > end]
    _require(
        all(event["event"] in ("step_wait", "abort") for event in late), f"later than T: {late}"
    )
    last = max([end, *(event["time"] for event in late)])
    _require(events[-1]["time"] == last, f"T is {end}, not as in {events[-1]}")


def _event(time: int, event: str, *values: object) -> dict[str, object]:
    return {"time": time, "event": event} | dict(zip(KEYS[event], values, strict=True))


def _check_sequences(timeline: Timeline, events: Sequence[Event]) -> None:
    """Events of each node, step, service and edge are exactly those expected, in that order."""
    expected: list[Mapping[str, object]] = [
        *(event for attempt in timeline.attempts for event in _of_attempt(timeline, attempt)),
        *(
            _event(commit.time, "switched", node, commit.step, commit.attempt)
            for node, commit in timeline.commits.items()
            if commit.switched
        ),
        *(_event(time, "step_end", step) for step, time in timeline.step_ends.items()),
        *_of_states(timeline),
    ]
    left_out = {"run_start", "run_end", "step_wait", "step_start", "gate_failed", "abort"}
    found = [event for event in events if event["event"] not in left_out]
    by_subject, wanted = _by_subject(found), _by_subject(expected)
    for subject in sorted(by_subject.keys() | wanted.keys()):
        logged, due = by_subject.get(subject, []), wanted.get(subject, [])
        _require(
            logged == due,
            f"{' '.join(subject)}: logged\n{_lines(logged)}\nbut due\n{_lines(due)}",
        )


def _by_subject(
    events: Iterable[Mapping[str, object]],
) -> dict[tuple[str, ...], list[dict[str, object]]]:
    """Return the events of each node, service, edge or (if of none of these) step."""
    found: dict[tuple[str, ...], list[dict[str, object]]] = {}
    for event in events:
        keys = [key for key in ("node", "service", "source", "target") if key in event] or ["step"]
        subject = tuple(f"{key} {event[key]}" for key in keys)
        found.setdefault(subject, []).append(dict(event))
    return found


def _lines(events: Sequence[Mapping[str, object]]) -> str:
    return "\n".join(f"  {dict(event)}" for event in events) or "  nothing"


def _of_attempt(timeline: Timeline, attempt: Attempt) -> Iterable[dict[str, object]]:
    """Yield the events of an attempt's nodes, those of each in the order of cause."""
    down = timeline.reading.going_down(attempt.job)
    for node in attempt.job:
        which = node, attempt.step, attempt.number
        free = attempt.busy_until[node]
        if attempt.action == "build":
            if attempt.done:
                yield _event(free, "built", *which)
            elif node in attempt.failed:
                yield _event(attempt.drawn, "build_failed", *which)
            continue
        if node in down:
            yield _event(attempt.start, "node_down", *which)
        if attempt.done:
            yield _event(attempt.drawn, "node_patched", *which)
        if node in attempt.failed:
            yield _event(attempt.drawn, "patch_failed", *which)
        if node in attempt.lost:
            yield _event(attempt.drawn, "node_failed", *which)
        elif attempt.failed:
            yield _event(free, "rolled_back", *which)
        if node in down and node not in attempt.lost and not attempt.again:
            yield _event(free, "node_serving", *which)


def _of_states(timeline: Timeline) -> Iterable[dict[str, object]]:
    """Yield what services and edges have to tell, in order of time for each of them."""
    reading = timeline.reading
    for service, least in reading.min_up.items():
        was_below = False
        for time in timeline.changes:
            serving = timeline.serving(service, time)
            if (serving < least) != was_below:
                was_below = not was_below
                name = "service_below" if was_below else "service_restored"
                yield _event(time, name, service, serving, least)
    for number, edge in enumerate(reading.edges):
        was_mixed = False
        for time in timeline.changes:
            if timeline.mixed(number, time) != was_mixed:
                was_mixed = not was_mixed
                name = "edge_mixed" if was_mixed else "edge_settled"
                yield _event(time, name, edge.source, edge.target, edge.compatibility)


def _check_abort(reading: Reading, events: Sequence[Event]) -> None:
    """After an abort nothing starts, and it comes when it must and only then."""
    places = [place for place, event in enumerate(events) if event["event"] == "abort"]
    _require(len(places) <= 1, "aborted twice")
    place = places[0] if places else len(events)
    after = [event for event in events[place:] if event["event"] in ("step_start", "step_wait")]
    _require(not after, f"after the abort: {after}")
    gates = [event for event in events if event["event"] == "gate_failed"]
    failures = [k for k, event in enumerate(events) if event["event"] in FAILED_DRAWS.values()]
    due = reading.abort_after is not None and len(failures) >= reading.abort_after
    if due and reading.abort_after is not None:
        last = failures[reading.abort_after - 1]
        _require(places, "too many failures and no abort")
        _require(events[place]["time"] <= events[last]["time"], "the abort comes too late")
        starts = [event for event in events[last:] if event["event"] == "step_start"]
        _require(not starts, f"started after too many failures: {starts}")
    for gate in gates:
        _require(places and events[place]["time"] <= gate["time"], f"no abort with {gate}")
    if not places:
        return
    started = {event["step"] for event in events if event["event"] == "step_start"}
    stuck = [e for e in events if e["event"] == "step_wait" and e["step"] not in started]
    _require(due or gates or stuck, f"nothing to abort for: {events[place]}")
    _require(events[place]["reason"], "an abort has a reason")


def _check_luck(reading: Reading, attempt: Attempt) -> None:
    """Probabilities of 0 and 1 leave no choice."""
    for node in attempt.job:
        patch = reading.patch(node)
        chance, given_defect, _ = patch.defect or (0.0, 0.0, 0.0)
        possible = {patch.failure_probability} if chance < 1 else set()
        possible |= {given_defect} if chance > 0 else set()
        unlucky = node in attempt.failed
        _require(not (unlucky and possible == {0}), f"{node} cannot fail")
        _require(unlucky or possible != {1}, f"{node} must fail")
