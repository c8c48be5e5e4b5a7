"""Whether a log is lawful: nothing in it is against the model, and nothing due is missing."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from support.laws_of_nodes import Luck, Nodes, States
from support.laws_of_stops import Stops
from support.laws_of_work import Attempts, Steps, require
from support.reading import Reading
from support.replay import Replay

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from support.standing import Event

_RUN, _NODE = ("scenario", "strategy", "seed", "replication"), ("node", "step", "attempt")
_SERVICE, _EDGE = ("service", "serving", "min_up"), ("source", "target", "compatibility")
_JOB = ("step", "nodes", "attempt")
KEYS: dict[str, tuple[str, ...]] = {
    "run_start": _RUN,
    "run_end": (*_RUN, "completion_time"),
    "step_wait": ("step", "reason"),
    "step_start": ("step", "action", "nodes", "waives"),
    "step_end": ("step",),
    "attempt_wait": (*_JOB, "reason"),
    "attempt_start": _JOB,
    "node_put_off": (*_JOB, "reason"),
    "node_left_out": ("node", "step"),
    "service_below": _SERVICE,
    "service_restored": _SERVICE,
    "edge_mixed": _EDGE,
    "edge_settled": _EDGE,
    "gate_failed": ("reason",),
    "abort": ("reason",),
    "plan_resumed": ("reason",),
    "release_replaced": ("release", "generation"),
    "false_alarm": (),
}
_OF_ATTEMPTS = (
    "node_down node_patched node_serving patch_failed rolled_back node_failed built build_failed "
    "switched rollback_failed latent_failure rollback_start work_over"
)
KEYS |= dict.fromkeys(_OF_ATTEMPTS.split(), _NODE)
KEYS |= dict.fromkeys(
    ("node_impaired", "failure_detected", "node_crashed", "node_repaired"), ("node",)
)
_STATES = {"service_below", "service_restored", "edge_mixed", "edge_settled"}
_VERDICTS = {"step_wait", "attempt_wait", "gate_failed", "abort", "run_end"}


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
    Guards, gates and the order of steps are not looked at, since a log does not say what the plan
    is: see `support.execution.check_execution`. Where a duration varies only its order is known.
    """
    reading = Reading(scenario)
    _check_form(reading, events)
    replay = Replay(reading, events)
    laws = (Steps, Attempts, Nodes, Luck, States, Stops)
    replay.play([law(replay) for law in laws])


def _check_form(reading: Reading, events: Sequence[Event]) -> None:
    """Keys, order of time, and the frame of the log."""
    require(len(events) > 1, "a log has at least a start and an end")
    for event in events:
        require(event.get("event") in KEYS, f"unknown event: {event}")
        keys = ("time", "event", *KEYS[event["event"]])
        require(set(event) == set(keys), f"other keys than {keys}: {event}")
        require(tuple(event)[:2] == keys[:2], f"time and event come first: {event}")
        require(type(event["time"]) is int, f"time is an integer: {event}")
    first, last = events[0], events[-1]
    require(first["event"] == "run_start" and first["time"] == 0, f"first: {first}")
    require(last["event"] == "run_end", f"last: {last}")
    inside = [event for event in events[1:-1] if event["event"] in ("run_start", "run_end")]
    require(not inside, f"one run a log: {inside}")
    require([first[key] for key in _RUN] == [last[key] for key in _RUN], "one run, one name")
    require(first["scenario"] == reading.name, f"not the scenario's name: {first['scenario']}")
    for event, after in pairwise(events):
        require(event["time"] <= after["time"], f"back in time: {event} then {after}")
    settled: Event = first
    for event in events:
        if event["event"] in _STATES:
            settled = event
        elif event["event"] not in _VERDICTS and settled["event"] in _STATES:
            require(
                event["time"] > settled["time"],
                f"states are judged when an instant has settled: {settled} then {event}",
            )
