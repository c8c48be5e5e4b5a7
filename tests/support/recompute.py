"""Every metric of a run, recomputed from its scenario and its events alone."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from support.check_log import check_log
from support.reading import Reading
from support.timeline import FAILED_DRAWS, Event, Timeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["WITHOUT_TROUBLE", "check_log", "metrics"]

#: Metrics of what the scenarios here do not ask for (MODEL 11); see `support.replay`.
WITHOUT_TROUBLE = (
    "failed_rollbacks",
    "latent_failures",
    "latent_nodes",
    "impaired_time",
    "detections",
    "false_alarms",
    "crashes",
    "repairs",
)


def metrics(scenario: Mapping[str, Any], events: Sequence[Event]) -> dict[str, int | float | str]:
    """Return the metrics of one run.

    Parameters
    ----------
    scenario
        The scenario as the dictionary that YAML gives.
    events
        The run's log; `check_log` says whether it is legal.

    Returns
    -------
    dict
        By name. Exposures are integers in milli-weight-seconds (``exposure_milli`` and
        ``residual_exposure_milli``); ``abort_reason`` is empty if the plan did not abort.
    """
    reading = Reading(scenario)
    timeline = Timeline(reading, events)
    return (
        _exposures(reading, timeline)
        | _services(reading, timeline)
        | _edges(reading, timeline)
        | _counts(reading, timeline, events)
        | _work(reading, timeline)
        | dict.fromkeys(WITHOUT_TROUBLE, 0)
    )


def _integral(timeline: Timeline, value: Callable[[int], int]) -> int:
    """Return the integral of a state over [0, T]; it is constant from each change to the next."""
    changes = timeline.changes
    return sum(value(time) * (after - time) for time, after in pairwise(changes))


def _unbroken(timeline: Timeline, holds: Callable[[int], bool]) -> list[int]:
    """Return how long each unbroken time lasts in which a state holds, up to T.

    A state that sets in at T itself counts as one of no length: it is there when the run ends.
    """
    lengths: list[int] = []
    since: int | None = None
    for time in timeline.changes:
        if holds(time):
            since = time if since is None else since
        elif since is not None:
            lengths.append(time - since)
            since = None
    return lengths if since is None else [*lengths, timeline.end - since]


def _exposures(reading: Reading, timeline: Timeline) -> dict[str, int | float | str]:
    end = timeline.end
    exposed = {
        node: timeline.commits[node].time if node in timeline.commits else end
        for node in reading.patched
    }
    old = [node for node in reading.patched if node not in timeline.commits]
    patched = len(reading.patched) - len(old)
    return {
        "exposure_milli": sum(reading.nodes[node].weight * time for node, time in exposed.items()),
        "residual_exposure_milli": reading.weight(old) * max(0, reading.horizon - end),
        "completion_time": end,
        "patched": patched,
        "patched_share": patched / len(reading.patched) if reading.patched else 1.0,
    }


def _services(reading: Reading, timeline: Timeline) -> dict[str, int | float | str]:
    def below(service: str) -> list[int]:
        return _unbroken(
            timeline, lambda time: timeline.serving(service, time) < reading.min_up[service]
        )

    def dark(service: str) -> list[int]:
        return _unbroken(timeline, lambda time: timeline.serving(service, time) == 0)

    times_below = [length for service in reading.instances for length in below(service)]
    return {
        "downtime": sum(times_below),
        "max_downtime": max(times_below, default=0),
        "outage": sum(
            length
            for service, instances in reading.instances.items()
            if instances
            for length in dark(service)
        ),
        "lost_capacity": _integral(
            timeline, lambda time: sum(not timeline.serves(node, time) for node in reading.nodes)
        ),
    }


def _edges(reading: Reading, timeline: Timeline) -> dict[str, int | float | str]:
    def numbers(compatibility: str) -> list[int]:
        edges = enumerate(reading.edges)
        return [number for number, edge in edges if edge.compatibility == compatibility]

    def mixed(edges: Iterable[int]) -> Callable[[int], bool]:
        return lambda time: any(timeline.mixed(edge, time) for edge in edges)

    every = range(len(reading.edges))
    degraded, incompatible = numbers("degraded"), numbers("incompatible")
    degraded_times = _unbroken(timeline, mixed(degraded))
    return {
        "mixed_time": sum(_unbroken(timeline, mixed(every))),
        "mixed_edge_seconds": sum(sum(_unbroken(timeline, mixed([edge]))) for edge in every),
        "degraded_time": sum(degraded_times),
        "degraded_intervals": len(degraded_times),
        "incompatibility_violations": sum(
            len(_unbroken(timeline, mixed([edge]))) for edge in incompatible
        ),
        "violation_time": sum(_unbroken(timeline, mixed(incompatible))),
    }


def _counts(
    reading: Reading, timeline: Timeline, events: Sequence[Event]
) -> dict[str, int | float | str]:
    aborts = [event for event in events if event["event"] == "abort"]
    starts = {step.step: step.time for step in timeline.started}
    waits = {event["step"]: event["time"] for event in events if event["event"] == "step_wait"}
    ends = {step: starts[step] if step in starts else aborts[0]["time"] for step in waits}
    return {
        "failures": sum(event["event"] in FAILED_DRAWS.values() for event in events),
        "rollbacks": sum(event["event"] == "rolled_back" for event in events),
        "retries": sum(len(item.job) for item in timeline.attempts if item.number > 1),
        "failed_nodes": sum(node in timeline.lost_at for node in reading.nodes),
        "aborted": int(bool(aborts)),
        "abort_reason": aborts[0]["reason"] if aborts else "",
        "guardrail_pauses": len(waits),
        "guardrail_wait": sum(ends[step] - since for step, since in waits.items()),
    }


def _work(reading: Reading, timeline: Timeline) -> dict[str, int | float | str]:
    starts = timeline.started
    builds = [step for step in starts if step.action == "build"]
    busy_seconds = {
        second
        for item in timeline.attempts
        for second in range(item.start, item.end)
        if not reading.windows.always
    }
    return {
        "peak_parallel": max((timeline.crew(step.time) for step in starts), default=0),
        "peak_surge": max(
            (timeline.surge_before(step) + len(step.nodes) for step in builds), default=0
        ),
        "surge_node_seconds": _integral(timeline, timeline.surge),
        "work_seconds": _integral(timeline, timeline.crew),
        "window_overrun": sum(not reading.windows.is_open(second) for second in busy_seconds),
    }
