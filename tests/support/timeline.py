"""A log taken instant by instant: nodes, crew and surge stand as its events say."""

from __future__ import annotations

import heapq
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING

from support.standing import Event, Job, Node, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from support.reading import Reading

__all__ = ["Event", "Timeline", "Watcher"]


class Watcher:
    """Looks at a timeline while it is played."""

    def before(self, event: Event) -> None:
        """Look at how things stand before an event."""

    def settled(self) -> None:
        """Look at how things stand once an instant is over."""


class Timeline:
    """How things stand, from one event to the next.

    Parameters
    ----------
    reading
        The scenario.
    events
        The log, whole: what a step starts with is told by lines after its start.
    """

    def __init__(self, reading: Reading, events: Sequence[Event]) -> None:
        self.reading, self.events = reading, events
        self.place = 0  # of the event that is looked at
        self.now = self.last_end = 0
        self.crew: Counter[str] = Counter()
        self.surge = self.peak_crew = self.peak_surge = 0
        self.count: Counter[str] = Counter()
        self.nodes = {name: Node() for name in reading.nodes}
        self.copies: set[str] = set()
        self.steps: dict[int, Step] = {}
        self.hosts = {node: reading.ancestors(node) for node in reading.nodes}
        self.unit_of = {node: k for k, unit in enumerate(reading.units) for node in unit}
        self._warm: list[tuple[int, str]] = []

    def play(self, watchers: Iterable[Watcher]) -> None:
        """Go through the whole log."""
        watching = list(watchers)
        numbered = enumerate(self.events)
        for time, group in groupby(numbered, key=lambda item: int(item[1]["time"])):
            self.let_warm_up(time, watching)
            self.now = time
            for self.place, event in group:
                for watcher in watching:
                    watcher.before(event)
                self.count[event["event"]] += 1
                getattr(self, f"on_{event['event']}", self.on_other)(event)
            for watcher in watching:
                watcher.settled()
            self.end_instant()

    def end_instant(self) -> None:
        """Look back at an instant that is over."""

    def on_other(self, event: Event) -> None:
        """Pass over what follows from other events, or is only counted."""

    # --- warm-ups: nothing says when that of a node patched live ends ---

    def warm_up(self, node: str, seconds: int) -> None:
        """Let the warm-up of a node begin, which may take no time."""
        heapq.heappush(self._warm, (self.now + seconds, node))
        self._end_warm_ups(self.now)

    def let_warm_up(self, until: int, watchers: Sequence[Watcher] = ()) -> None:
        """End the warm-ups that are over by then, each earlier one in an instant of its own."""
        while self._warm and self._warm[0][0] < until:
            self.now = self._warm[0][0]
            self._end_warm_ups(self.now)
            for watcher in watchers:
                watcher.settled()
            self.end_instant()
        self.now = until
        self._end_warm_ups(until)

    def _end_warm_ups(self, time: int) -> None:
        while self._warm and self._warm[0][0] == time:
            _, node = heapq.heappop(self._warm)
            self.nodes[node].finished = True
            self.stop_work(node)

    # --- crew and surge ---

    def start_work(self, node: str, who: str) -> None:
        """Take a crew place."""
        self.nodes[node].crew = who
        self.crew[who] += 1
        self.peak_crew = max(self.peak_crew, self.crew.total())

    def stop_work(self, node: str) -> None:
        """Give a crew place back, if it is not free yet."""
        who = self.nodes[node].crew
        self.nodes[node].crew = ""
        if who:
            self.crew[who] -= 1
        if who == "attempt":
            job = self.job_at(node)
            job.busy.discard(node)
            if not job.busy:
                self.end_attempt(job)

    def take_surge(self, slots: int) -> None:
        """Take slots for copies."""
        self.surge += slots
        self.peak_surge = max(self.peak_surge, self.surge)

    def throw_away(self, nodes: Iterable[str]) -> None:
        """Throw copies away that are ready."""
        for node in set(nodes) & self.copies:
            self.copies.remove(node)
            self.surge -= 1

    def end_attempt(self, job: Job) -> None:
        """Let an attempt be over: nobody works on it any more."""
        raise NotImplementedError

    # --- how things stand ---

    def jobs(self) -> Iterable[Job]:
        """Return the jobs of all steps that have started, in their order."""
        return (job for _, step in sorted(self.steps.items()) for job in step.jobs)

    def job_of(self, step: int, node: str) -> Job:
        """Return the job of a step that has a node."""
        return next(job for job in self.steps[step].jobs if node in job.nodes)

    def job_at(self, node: str) -> Job:
        """Return the job that works on a node."""
        return next(job for job in self.jobs() if node in job.busy)

    def to_do(self, job: Job) -> tuple[str, ...]:
        """Return the members of a job that are old and have no copy ready."""
        return tuple(n for n in job.nodes if not self.nodes[n].new and n not in self.copies)

    def serves(self, node: str) -> bool:
        """Whether a node serves, its hosts counted."""
        return not self.nodes[node].out and not any(self.nodes[h].out for h in self.hosts[node])

    def lost(self, node: str) -> bool:
        """Whether a node, or a host below it, has FAILED or crashed."""
        return any(self.nodes[each].failed for each in {node} | self.hosts[node])

    def serving(self, service: str) -> int:
        """Return how many instances of a service serve."""
        return sum(self.serves(node) for node in self.reading.instances[service])

    def below(self) -> dict[str, int]:
        """Return the services below min_up, with how many instances serve."""
        up = {service: self.serving(service) for service in self.reading.instances}
        return {name: count for name, count in up.items() if count < self.reading.min_up[name]}

    def mixed(self) -> frozenset[int]:
        """Return the numbers of the edges whose ends serve at different versions."""
        serving = {node for node in self.reading.patched if self.serves(node)}
        new = {node for node in serving if self.nodes[node].new}
        old = serving - new
        return frozenset(
            number
            for number, edge in enumerate(self.reading.edges)
            if (new.intersection(edge.sources) and old.intersection(edge.targets))
            or (old.intersection(edge.sources) and new.intersection(edge.targets))
        )

    def waived(self) -> set[str]:
        """Return the services that a step waives which counts as running."""
        reverting = {node.made_by[0] for node in self.nodes.values() if node.reverting}
        return {
            service
            for number, step in self.steps.items()
            if step.active or number in reverting
            for service in step.waives
        }

    def finished(self, unit: int) -> bool:
        """Whether a unit is done, for strict order."""
        return all(self.nodes[node].finished for node in self.reading.units[unit])

    def in_order(self, nodes: Iterable[str]) -> bool:
        """Whether all that some nodes depend on is done, where order is strict."""
        units = {self.unit_of[node] for node in nodes}
        return not self.reading.strict or all(
            self.finished(other) for unit in units for other in self.reading.depends_on[unit]
        )
