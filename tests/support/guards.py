"""Whether the guarded steps of a run kept every constraint as they started."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.reading import Reading
from support.timeline import Attempt, Event, Started, Timeline

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


def check_guards(
    scenario: Mapping[str, Any],
    events: Sequence[Event],
    *,
    unguarded: Collection[int] = (),
    waives: Mapping[int, Collection[str]] | None = None,
) -> None:
    """Assert that no guarded step started against a constraint.

    Parameters
    ----------
    scenario
        The scenario as the dictionary that YAML gives.
    events
        A log that `support.check_log.check_log` finds legal.
    unguarded
        Steps that the plan does not guard.
    waives
        By step, the services whose min_up its guard gives up.

    Raises
    ------
    AssertionError
        With all that the first such step breaks.
    """
    reading = Reading(scenario)
    timeline = Timeline(reading, events)
    for step in timeline.started:
        if step.step not in unguarded:
            broken = broken_by(reading, timeline, step, (waives or {}).get(step.step, ()))
            if broken:
                raise AssertionError(f"step {step.step} at {step.time} s: {'; '.join(broken)}")


def broken_by(
    reading: Reading, timeline: Timeline, step: Started, waived: Collection[str]
) -> list[str]:
    """Return the constraints that the start of `step`, real or supposed, breaks.

    Parameters
    ----------
    reading, timeline
        Scenario and run.
    step
        Its `index` says what in the log came before it.
    waived
        Services whose min_up its guard gives up.
    """
    if step.action == "pause":
        return []
    if step.action == "switch":
        inside = reading.windows.holds(step.time, step.time + reading.step_overhead)
        return [] if inside else ["outside the windows"]
    jobs = reading.jobs(step.nodes)
    active = [
        attempt
        for attempt in timeline.attempts
        if attempt.index < step.index and attempt.start <= step.time < attempt.end
    ]
    busy = {n for item in active for n, free in item.busy_until.items() if step.time < free}
    end = step.time + max(reading.length(job) for job in jobs)
    slots = timeline.surge_before(step) + len(step.nodes)
    crew, surge = reading.max_parallel, reading.surge
    verdicts = {
        "max_parallel": crew is not None and len(busy) + len(step.nodes) > crew,
        "surge": step.action == "build" and surge is not None and slots > surge,
        "outside the windows": not reading.windows.holds(step.time, end),
        "a host conflict": _host_conflict(reading, timeline, step, active, busy),
        "dependency order": reading.strict and _too_early(reading, timeline, step),
    }
    services = _short(reading, timeline, step, active, waived) if step.action == "patch" else []
    return [name for name, broken in verdicts.items() if broken] + services


def _out(timeline: Timeline, step: Started, active: Sequence[Attempt]) -> set[str]:
    """Return the nodes that did not serve by their own fault just before `step` started."""
    reading = timeline.reading
    lost = {node for node, time in timeline.lost_at.items() if time <= step.time}
    return lost | {
        node
        for attempt in active
        if attempt.action == "patch"
        for node in reading.going_down(attempt.job)
        if step.time < attempt.busy_until[node]
    }


def _host_conflict(
    reading: Reading,
    timeline: Timeline,
    step: Started,
    active: Sequence[Attempt],
    busy: Collection[str],
) -> bool:
    """Whether work on a guest meets its host out of service, before or with this step."""
    out = _out(timeline, step, active)
    if any(reading.ancestors(node) & out for node in step.nodes):
        return True
    if step.action == "build":
        return False
    jobs = reading.jobs(step.nodes)
    down = {job: reading.going_down(job) for job in jobs}
    return any(reading.ancestors(node) & down[job] for job in jobs for node in busy) or any(
        reading.ancestors(node) & down[job]
        for job in jobs
        for other in jobs
        if other != job
        for node in other
    )


def _too_early(reading: Reading, timeline: Timeline, step: Started) -> bool:
    """Whether something that the step's units depend on has not finished."""
    units = [number for number, unit in enumerate(reading.units) if set(unit) & set(step.nodes)]
    return any(
        not timeline.finished_before(node, step)
        for unit in units
        for other in reading.depends_on[unit]
        for node in reading.units[other]
    )


def _short(
    reading: Reading,
    timeline: Timeline,
    step: Started,
    active: Sequence[Attempt],
    waived: Collection[str],
) -> list[str]:
    """Return the services that the step leaves with too few serving instances."""
    out = _out(timeline, step, active)
    not_serving = out | {node for node in reading.nodes if reading.ancestors(node) & out}
    down = {node for job in reading.jobs(step.nodes) for node in reading.down_set(job)}
    short: list[str] = []
    for service, instances in reading.instances.items():
        rest = set(instances) - down
        needed = reading.min_up[service]
        if service in waived:  # a waiver takes away, and never asks for more
            needed = min(needed, len(rest))
        if len(rest) < len(instances) and len(rest - not_serving) < needed:
            short.append(f"min_up of {service}")
    return short
