"""What must have happened in a run, from its log's step starts and failed draws alone.

The model leaves nothing else open: once it is known which steps started when, and whose draws
failed, every attempt, commit, rollback and switch follows. So a log is legal if all its other
events are exactly those that follow, and the metrics are integrals over the same states.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from support.reading import Reading

Event = Mapping[str, Any]
FAILED_DRAWS = {"patch": "patch_failed", "build": "build_failed"}


@dataclass(frozen=True)
class Started:
    """A step as its ``step_start`` tells it; `index` is its place in the log."""

    step: int
    action: str
    nodes: tuple[str, ...]
    time: int
    index: int


@dataclass(frozen=True)
class Attempt:
    """One attempt of a job; `failed` are the members whose own draw failed, at time `drawn`."""

    job: tuple[str, ...]
    step: int
    index: int
    action: str
    number: int
    start: int
    drawn: int
    failed: frozenset[str]
    lost: frozenset[str]
    busy_until: Mapping[str, int]
    again: bool

    @property
    def done(self) -> bool:
        """Whether every member's draw succeeded."""
        return not self.failed

    @property
    def end(self) -> int:
        """When the last member's crew place is free."""
        return max(self.busy_until.values())


@dataclass(frozen=True)
class Commit:
    """How a node became new: in the attempt's own step, or `switched` in a later one."""

    time: int
    step: int
    attempt: int
    switched: bool


class Timeline:
    """Attempts, commits and states of one run.

    Parameters
    ----------
    reading
        The scenario.
    events
        The log. Only ``step_start``, ``step_end`` (of pauses), ``patch_failed`` and
        ``build_failed`` are used, and the places of ``switched`` in the log.
    """

    def __init__(self, reading: Reading, events: Sequence[Event]) -> None:
        self.reading = reading
        self.started = [
            Started(event["step"], event["action"], tuple(event["nodes"]), event["time"], index)
            for index, event in enumerate(events)
            if event["event"] == "step_start"
        ]
        failed = {
            (event["event"], event["node"], event["step"], event["attempt"])
            for event in events
            if event["event"] in FAILED_DRAWS.values()
        }
        self.attempts = [
            attempt
            for step in self.started
            if step.action in FAILED_DRAWS
            for job in reading.jobs(step.nodes)
            for attempt in self._attempts(step, job, failed)
        ]
        self._logged_ends = {e["step"]: e["time"] for e in events if e["event"] == "step_end"}
        self._switched_at = {
            event["node"]: index
            for index, event in enumerate(events)
            if event["event"] == "switched"
        }

    def _attempts(
        self, step: Started, job: tuple[str, ...], failed: set[tuple[str, str, int, int]]
    ) -> Iterable[Attempt]:
        """Yield the attempts of one job; a retry starts as the rollback ends."""
        reading = self.reading
        rollbacks = {node: reading.patch(node).rollback for node in job}
        start = step.time
        for number in range(1, reading.max_retries + 2):
            drawn = start + reading.step_overhead + reading.duration(job)
            unlucky = frozenset(
                node
                for node in job
                if (FAILED_DRAWS[step.action], node, step.step, number) in failed
            )
            lost: frozenset[str] = frozenset()
            if not unlucky:
                busy_until = dict.fromkeys(job, start + reading.length(job))
            elif step.action == "build":
                busy_until = dict.fromkeys(job, drawn)
            else:
                lost = frozenset(node for node in job if rollbacks[node] is None)
                back = drawn + max((time for time in rollbacks.values() if time), default=0)
                busy_until = {node: drawn if node in lost else back for node in job}
            again = bool(unlucky) and not lost and number <= reading.max_retries
            yield Attempt(
                job, step.step, step.index, step.action, number, start, drawn,
                unlucky, lost, busy_until, again,
            )  # fmt: skip
            if not again:
                return
            start = max(busy_until.values())

    @cached_property
    def commits(self) -> dict[str, Commit]:
        """How each node that became new did so."""
        commits: dict[str, Commit] = {}
        built: dict[str, Attempt] = {}
        for attempt in self.attempts:
            if attempt.done and attempt.action == "build":
                built |= dict.fromkeys(attempt.job, attempt)
            elif attempt.done:
                for node in attempt.job:
                    commits[node] = Commit(attempt.drawn, attempt.step, attempt.number, False)
        for step in self.started:
            time = step.time + self.reading.step_overhead
            for node in step.nodes:
                ready = step.action == "switch" and node in built and built[node].end <= time
                if ready and node not in commits:
                    commits[node] = Commit(time, step.step, built[node].number, True)
        return commits

    @cached_property
    def step_ends(self) -> dict[int, int]:
        """When each started step ended; a pause's end is taken from the log."""
        ends: dict[int, int] = {}
        for step in self.started:
            if step.action == "pause":
                ends[step.step] = self._logged_ends.get(step.step, step.time)
            elif step.action == "switch":
                ends[step.step] = step.time + self.reading.step_overhead
            else:
                ends[step.step] = max(a.end for a in self.attempts if a.step == step.step)
        return ends

    @property
    def end(self) -> int:
        """T, when the last work, pause or switch ended."""
        return max(self.step_ends.values(), default=0)

    # --- states, each as it is from `time` until the next change ---

    @cached_property
    def lost_at(self) -> dict[str, int]:
        """When each FAILED node failed."""
        return {node: attempt.drawn for attempt in self.attempts for node in attempt.lost}

    @cached_property
    def down_times(self) -> dict[str, list[tuple[int, int]]]:
        """When each node was down or warming up by its own work, half-open."""
        times: dict[str, list[tuple[int, int]]] = {node: [] for node in self.reading.nodes}
        for attempt in self.attempts:
            if attempt.action == "patch":
                for node in self.reading.going_down(attempt.job):
                    times[node].append((attempt.start, attempt.busy_until[node]))
        return times

    @cached_property
    def changes(self) -> list[int]:
        """All instants at which a state may change, with 0 and T."""
        times = {0, self.end} | set(self.step_ends.values()) | {step.time for step in self.started}
        for attempt in self.attempts:
            times |= {attempt.start, attempt.drawn, *attempt.busy_until.values()}
        return sorted(times | {commit.time for commit in self.commits.values()})

    def is_new(self, node: str, time: int) -> bool:
        """Whether the node has committed."""
        return node in self.commits and self.commits[node].time <= time

    def out(self, node: str, time: int) -> bool:
        """Whether the node does not serve by its own fault."""
        down = any(start <= time < end for start, end in self.down_times[node])
        return down or (node in self.lost_at and self.lost_at[node] <= time)

    def serves(self, node: str, time: int) -> bool:
        """Whether the node serves, its hosts counted."""
        return not any(self.out(place, time) for place in {node} | self.reading.ancestors(node))

    def serving(self, service: str, time: int) -> int:
        """Return the number of serving instances of the service."""
        return sum(self.serves(node, time) for node in self.reading.instances[service])

    def mixed(self, edge: int, time: int) -> bool:
        """Whether the ends of the edge, by its number, serve at different versions."""
        ends = self.reading.edges[edge].sources, self.reading.edges[edge].targets
        source, target = (
            {
                self.is_new(node, time)
                for node in end
                if self.reading.nodes[node].patch and self.serves(node, time)
            }
            for end in ends
        )
        return any(one != other for one in source for other in target)

    def crew(self, time: int) -> int:
        """Return the crew places in use."""
        return sum(
            attempt.start <= time < end
            for attempt in self.attempts
            for end in attempt.busy_until.values()
        )

    def committed_before(self, node: str, step: Started) -> bool:
        """Whether the node was new when `step` started.

        A switch that takes no time ends in the instant in which it starts, before or after other
        starts of that instant: there the order of the log decides.
        """
        if node not in self.commits:
            return False
        commit = self.commits[node]
        if commit.switched and commit.time == step.time:
            return self._switched_at.get(node, step.index) < step.index
        return commit.time <= step.time

    def finished_before(self, node: str, step: Started) -> bool:
        """Whether the node was new and past its warm-up when `step` started."""
        warm = (
            attempt.busy_until[node]
            for attempt in self.attempts
            if attempt.action == "patch" and attempt.done and node in attempt.job
        )
        return self.committed_before(node, step) and all(time <= step.time for time in warm)

    def surge(self, time: int) -> int:
        """Return the surge slots in use: by copies being built, and by those not switched yet."""
        return sum(
            attempt.start <= time < (self._flipped(node) if attempt.done else attempt.end)
            for attempt in self.attempts
            if attempt.action == "build"
            for node in attempt.job
        )

    def _flipped(self, node: str) -> int:
        return self.commits[node].time if node in self.commits else self.end + 1

    def surge_before(self, step: Started) -> int:
        """Return the surge slots in use as `step` starts, without its own."""
        return sum(
            not self.committed_before(node, step)
            for attempt in self.attempts
            if attempt.action == "build" and attempt.index < step.index
            if attempt.start <= step.time and (attempt.done or step.time < attempt.end)
            for node in attempt.job
        )
