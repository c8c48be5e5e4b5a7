"""The exact optimum of a small scenario, by enumeration without a solver."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from support.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class _Work:
    """One unit in one mode; times in seconds after its start."""

    unit: int
    mode: str
    members: frozenset[str]
    weight: int
    length: int
    commit_after: int
    down: frozenset[str]
    lost_guests: frozenset[str]
    waives: frozenset[str]

    @property
    def size(self) -> int:
        return len(self.members)

    def conflicts(self, other: _Work) -> bool:
        """Whether one of the two works on a guest while the other takes its host down."""
        return bool(self.members & other.lost_guests or other.members & self.lost_guests)


@dataclass(frozen=True)
class _Placed:
    """Work with its start and what follows from it; surge is held until `surge_until`."""

    work: _Work
    start: int
    released: int
    commit: int
    surge_until: int

    @property
    def end(self) -> int:
        return max(self.released, self.surge_until)


def optimum(scenario: Mapping[str, Any], on_infeasible: str = "downtime") -> int:
    """Return the least possible sum of weight times commit time, with nominal durations.

    Parameters
    ----------
    scenario
        A valid scenario as the dictionary that YAML gives, with few units (about five).
    on_infeasible
        What is done with a unit that is infeasible in place and cannot be built: ``downtime``,
        ``skip`` or ``error``.

    Returns
    -------
    int
        Milli-weight-seconds; skipped units add their weight times the time of the last end.

    Raises
    ------
    ValueError
        With ``on_infeasible="error"``, if there is such a unit.

    Notes
    -----
    The search runs through every order of the units with every choice of modes, and starts each
    unit as early as it can, but not before the unit ahead of it in the order. That is exhaustive:

    1. A switch uses nothing and waits for a window only, so taking the first window never hurts:
       it commits sooner and frees surge slots sooner. A unit's mode and start s then fix its
       commit time and all its ends, and each of these is non-decreasing in s, also across windows.
    2. Take any feasible schedule and list its units by start. A unit that must have finished
       before another one starts is listed ahead of it, since work lasts at least a second. Go
       through the list and suppose that all units so far start no later here than there. Let the
       next unit u start at s there. Every unit ahead of it has started by s in both schedules, and
       one that still holds something at s here does so there as well, by (1). All constraints
       besides windows (crew, surge, services, hosts, order) only get easier when fewer units are
       active and more have finished, and no unit ahead of u in the list begins after s. So u is
       feasible at s here, and its window is the same. Hence it starts at s here or earlier.
    3. The objective is non-decreasing in all starts, so this schedule is at least as good as the
       one whose list it took. An optimal schedule has a list too, and every list is tried.

    Constraints are only asked at a unit's start. This is enough, as all units placed before have
    started by then, and from there on they can only end. A branch is cut when the cost so far,
    with every unit left started at once as if alone, is no better than the best known schedule.
    """
    return _Search(Reading(scenario), on_infeasible).best


class _Search:
    """Depth-first search over orders and modes."""

    def __init__(self, reading: Reading, on_infeasible: str) -> None:
        self.reading = reading
        self.skipped = _skipped(reading, on_infeasible)
        self.skipped_weight = sum(reading.weight(reading.units[unit]) for unit in self.skipped)
        self.works = [
            [_work(reading, unit, mode) for mode in reading.modes(members)]
            for unit, members in enumerate(reading.units)
        ]
        self.waits_for = reading.depends_on if reading.strict else [set[int]()] * len(self.works)
        self.place = cache(self._place)
        self.found: int | None = None

    @cached_property
    def best(self) -> int:
        """The optimum."""
        self._extend([], frozenset(range(len(self.works))) - self.skipped)
        if self.found is None:
            raise ValueError("no schedule at all: the scenario is not valid")
        return self.found

    def _extend(self, placed: list[_Placed], left: frozenset[int]) -> None:
        """Try every continuation of the units `placed`, which are in order of start."""
        if self.found is not None and self._bound(placed, left) >= self.found:
            return
        if not left:
            self.found = self._cost(placed)
            return
        branches = [
            self._earliest(work, placed)
            for unit in left
            if not self.waits_for[unit] & left
            for work in self.works[unit]
        ]
        for item in sorted(branches, key=lambda branch: (branch.commit, -branch.work.weight)):
            self._extend([*placed, item], left - {item.work.unit})

    def _cost(self, placed: list[_Placed]) -> int:
        done = max((item.end for item in placed), default=0)
        commits = sum(item.work.weight * item.commit for item in placed)
        return commits + self.skipped_weight * done

    def _bound(self, placed: list[_Placed], left: frozenset[int]) -> int:
        """Return the cost so far, with every unit left started at once as if it were alone."""
        now = placed[-1].start if placed else 0
        return self._cost(placed) + sum(
            min(work.weight * self.place(work, now).commit for work in self.works[unit])
            for unit in left
        )

    def _place(self, work: _Work, time: int) -> _Placed:
        """Start `work` in the first window that holds it from `time` on, whatever is active."""
        windows, overhead = self.reading.windows, self.reading.step_overhead
        start = windows.earliest(time, work.length)
        released = start + work.length
        if work.mode != "blue_green":
            return _Placed(work, start, released, start + work.commit_after, surge_until=start)
        commit = windows.earliest(released, overhead) + overhead
        return _Placed(work, start, released, commit, surge_until=commit)

    def _earliest(self, work: _Work, placed: list[_Placed]) -> _Placed:
        """Start `work` as early as it can once all of `placed` have started."""
        now = placed[-1].start if placed else 0
        ends = {time for item in placed for time in (item.released, item.commit, item.end)}
        for time in sorted({now} | {end for end in ends if end > now}):
            if self._allowed(work, placed, time):
                return self.place(work, time)
        raise ValueError("a unit cannot start even alone: the scenario is not valid")

    def _allowed(self, work: _Work, placed: list[_Placed], time: int) -> bool:
        """Whether `work` may start at `time`, windows apart."""
        crew, surge = self.reading.max_parallel, self.reading.surge
        active = [item.work for item in placed if item.released > time]
        built = [item.work for item in placed if item.surge_until > time]
        if crew is not None and work.size + sum(other.size for other in active) > crew:
            return False
        slots = work.size + sum(other.size for other in built)
        if work.mode == "blue_green" and surge is not None and slots > surge:
            return False
        if any(item.end > time and item.work.unit in self.waits_for[work.unit] for item in placed):
            return False
        if any(work.conflicts(other) for other in active):
            return False
        return self._services_allow(work, active)

    def _services_allow(self, work: _Work, active: list[_Work]) -> bool:
        already_down = {node for other in active for node in other.down}
        for service, instances in self.reading.instances.items():
            rest = set(instances) - work.down
            if len(rest) == len(instances):
                continue
            if service in work.waives and rest & already_down:
                return False
            serving = len(rest - already_down)
            if service not in work.waives and serving < self.reading.min_up[service]:
                return False
        return True


def _skipped(reading: Reading, on_infeasible: str) -> frozenset[int]:
    """Return the units left out: those without a mode and, under strict order, their dependants."""
    forced = {
        unit for unit, members in enumerate(reading.units) if "forced" in reading.modes(members)
    }
    if forced and on_infeasible == "error":
        raise ValueError(f"units without a feasible mode: {sorted(forced)}")
    if on_infeasible != "skip":
        return frozenset()
    dependants = {unit for unit, others in enumerate(reading.depends_on) if others & forced}
    return frozenset(forced | dependants if reading.strict else forced)


def _work(reading: Reading, unit: int, mode: str) -> _Work:
    members = reading.units[unit]
    down = set() if mode == "blue_green" else reading.down_set(members)
    going_down = set() if mode == "blue_green" else reading.going_down(members)
    return _Work(
        unit=unit,
        mode=mode,
        members=frozenset(members),
        weight=reading.weight(members),
        length=reading.length(members),
        commit_after=reading.step_overhead + reading.duration(members),
        down=frozenset(down),
        lost_guests=frozenset(
            node for node in reading.nodes if reading.ancestors(node) & going_down
        ),
        waives=frozenset(reading.broken(members)) if mode == "forced" else frozenset(),
    )
