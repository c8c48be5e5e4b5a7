"""The best of all timetables of a tiny scenario, without any thought of saving work.

It checks `support.enumerate`, which skips all timetables that start something later than it could.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Mapping

Option = tuple[str, int, int, int]
"""Mode, start, commit time and end of one unit."""


def brute_force(scenario: Mapping[str, Any], on_infeasible: str, at_most: int) -> int | None:
    """Return the least cost, up to `at_most`, over all timetables in whole seconds.

    All starts and switches up to the time that suffices for one unit after the other are tried
    (switches up to 3 s late), and constraints are asked in every second instead of at starts.

    Parameters
    ----------
    scenario
        A valid scenario of about three units and durations of a few seconds.
    on_infeasible
        ``downtime`` or ``skip``.
    at_most
        Timetables that cost more are left out.

    Returns
    -------
    int or None
        Milli-weight-seconds; None if no timetable costs so little.
    """
    reading = Reading(scenario)
    skipped = _skipped(reading, on_infeasible)
    left = [unit for unit in range(len(reading.units)) if unit not in skipped]
    left_out = sum(reading.weight(reading.units[unit]) for unit in skipped)
    latest = sum(
        reading.length(reading.units[unit]) + reading.step_overhead + 2 * reading.windows.every
        for unit in left
    )
    choices = {unit: _options(reading, unit, latest) for unit in left}
    best: int | None = None

    def cost(chosen: Mapping[int, Option]) -> int:
        commits = sum(reading.weight(reading.units[k]) * it[2] for k, it in chosen.items())
        return commits + left_out * max((it[3] for it in chosen.values()), default=0)

    def extend(chosen: dict[int, Option]) -> None:
        nonlocal best
        if cost(chosen) > at_most or (best is not None and cost(chosen) >= best):
            return
        if not _allowed(reading, chosen):
            return
        if len(chosen) == len(left):
            best = cost(chosen)
            return
        unit = left[len(chosen)]
        for option in choices[unit]:
            extend(chosen | {unit: option})

    extend({})
    return best


def _skipped(reading: Reading, on_infeasible: str) -> set[int]:
    if on_infeasible != "skip":
        return set()
    skipped = {k for k, unit in enumerate(reading.units) if reading.modes(unit) == ("forced",)}
    if reading.strict:
        skipped |= {k for k, others in enumerate(reading.depends_on) if others & skipped}
    return skipped


def _options(reading: Reading, unit: int, latest: int) -> list[Option]:
    """Return all ways to do one unit, by commit time."""
    members, overhead = reading.units[unit], reading.step_overhead
    length = reading.length(members)
    found: list[Option] = []
    for start in range(latest):
        if not reading.windows.holds(start, start + length):
            continue
        done = start + length
        for mode in reading.modes(members):
            if mode != "blue_green":
                commit = start + overhead + reading.duration(members)
                found.append((mode, start, commit, done))
                continue
            first = reading.windows.earliest(done, overhead)
            found.extend(
                (mode, start, switch + overhead, switch + overhead)
                for switch in range(first, first + 4)
                if reading.windows.holds(switch, switch + overhead)
            )
    return sorted(found, key=lambda option: option[2])


def _allowed(reading: Reading, chosen: Mapping[int, Option]) -> bool:
    """Whether a timetable keeps every constraint in every second."""
    for unit, (_, start, _, _) in chosen.items():
        before = reading.depends_on[unit] & chosen.keys() if reading.strict else set()
        if any(max(chosen[other][2:]) > start for other in before):
            return False
    end = max((option[3] for option in chosen.values()), default=0)
    return all(_allowed_in(reading, chosen, second) for second in range(end))


def _allowed_in(reading: Reading, chosen: Mapping[int, Option], second: int) -> bool:
    """Whether crew, surge, hosts and services are as they must be in one second."""
    units = reading.units
    working = {
        unit
        for unit, (_, start, _, _) in chosen.items()
        if start <= second < start + reading.length(units[unit])
    }
    crew = sum(len(units[unit]) for unit in working)
    slots = sum(
        len(units[unit])
        for unit, (mode, start, _, end) in chosen.items()
        if mode == "blue_green" and start <= second < end
    )
    if reading.max_parallel is not None and crew > reading.max_parallel:
        return False
    if reading.surge is not None and slots > reading.surge:
        return False
    in_place = {unit for unit in working if chosen[unit][0] != "blue_green"}
    for unit in in_place:
        others = {node for other in working - {unit} for node in units[other]}
        if any(reading.ancestors(node) & reading.going_down(units[unit]) for node in others):
            return False
    down = {node for unit in in_place for node in reading.down_set(units[unit])}
    for service, instances in reading.instances.items():
        touching = [unit for unit in in_place if service in reading.touched(units[unit])]
        forced = any(service in reading.broken(units[unit]) for unit in touching)
        if forced and len(touching) > 1:
            return False
        short = len(set(instances) - down) < reading.min_up[service]
        if touching and short and not forced:
            return False
    return True
