"""Watches the SimPy twin, and a replay: a picture after each instant, metrics from all of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from support.reading import Reading

#: Metrics that count what a `Monitor` is told of, by their own names.
COUNTED = (
    "order_violations",
    "failures",
    "rollbacks",
    "retries",
    "guard_waits",
    "failed_rollbacks",
    "latent_failures",
    "detections",
    "false_alarms",
    "crashes",
    "repairs",
    "reviews",
    "respins",
)


@dataclass(eq=False)
class Standing:
    """How a node stands."""

    new: bool = False
    out: bool = False  # of service, by its own work or failure
    working: bool = False
    failed: str = ""  # "patch" or "crash"
    fault: str = ""  # of its version: "latent", "impaired" or "reverting"
    bad: bool = False  # given up, or found to be impaired
    committed: int = 0  # when, for the last time


class Watched(Protocol):
    """What a monitor looks at."""

    @property
    def reading(self) -> Reading: ...
    @property
    def nodes(self) -> Mapping[str, Standing]: ...
    @property
    def now(self) -> int: ...
    @property
    def crew(self) -> int: ...
    @property
    def reverting(self) -> int:
        """Crew that rolls back nodes in service."""

    @property
    def surge(self) -> int: ...
    @property
    def waived(self) -> Collection[str]:
        """Services that some running step waives."""

    @property
    def pausing(self) -> bool:
        """Whether the plan is stopped and will go on."""

    @property
    def abort(self) -> str: ...


class Picture(NamedTuple):
    """How things stand from one instant to the next."""

    time: int
    old_weight: int
    down: int
    below: frozenset[str]
    unplanned: int
    dark: int
    mixed: frozenset[int]
    crew: int
    at_work: bool
    surge: int
    impaired: int
    pausing: bool


class Monitor:
    """Watches one replication, until O; `last_end` is T."""

    def __init__(self, run: Watched) -> None:
        self.run, self.reading = run, run.reading
        self.count: Counter[str] = Counter()
        self.pauses = self.waited = self.last_end = 0
        self.peak_crew = self.peak_surge = 0
        self.pictures: list[Picture] = []
        self.hosts = {node: sorted(self.reading.ancestors(node)) for node in self.reading.nodes}

    def note_peaks(self) -> None:
        """Look at crew and surge, just after either has grown."""
        self.peak_crew = max(self.peak_crew, self.run.crew)
        self.peak_surge = max(self.peak_surge, self.run.surge)

    def serves(self, node: str) -> bool:
        """Whether a node serves, so far as it and its hosts go."""
        nodes = self.run.nodes
        return not nodes[node].out and not any(nodes[host].out for host in self.hosts[node])

    def take_picture(self) -> None:
        """Note how things stand, in place of what was noted of the same second."""
        reading, run = self.reading, self.run
        serving = {node for node in run.nodes if self.serves(node)}
        up = {
            service: sum(node in serving for node in instances)
            for service, instances in reading.instances.items()
        }
        below = frozenset(service for service, n in up.items() if n < reading.min_up[service])
        picture = Picture(
            run.now,
            sum(reading.nodes[node].weight for node in reading.patched if not run.nodes[node].new),
            len(run.nodes) - len(serving),
            below,
            len(below.difference(run.waived)),
            sum(bool(reading.instances[service]) and not count for service, count in up.items()),
            self._mixed(serving),
            run.crew,
            run.crew > run.reverting,
            run.surge,
            sum(node.fault == "impaired" for node in run.nodes.values()),
            run.pausing,
        )
        if self.pictures and self.pictures[-1].time == picture.time:
            self.pictures.pop()
        self.pictures.append(picture)

    def _mixed(self, serving: set[str]) -> frozenset[int]:
        patched = serving.intersection(self.reading.patched)
        new = {node for node in patched if self.run.nodes[node].new}
        old = patched - new
        return frozenset(
            number
            for number, edge in enumerate(self.reading.edges)
            if (not new.isdisjoint(edge.sources) and not old.isdisjoint(edge.targets))
            or (not old.isdisjoint(edge.sources) and not new.isdisjoint(edge.targets))
        )

    def metrics(self) -> dict[str, Any]:
        """Return every metric by name; exposures in milli-weight-seconds."""
        end = self.run.now  # this is O
        spans = [
            (one, after.time - one.time)
            for one, after in pairwise([*self.pictures, self.pictures[-1]._replace(time=end)])
            if after.time > one.time
        ]
        total = sum(one.old_weight * length for one, length in spans)
        exposure = sum(
            one.old_weight * (min(one.time + length, self.last_end) - min(one.time, self.last_end))
            for one, length in spans
        )
        found = {
            "exposure": exposure,
            "residual_exposure": total - exposure,
            "total_exposure": total,
            "completion_time": self.last_end,
            "guardrail_pauses": self.pauses + self.count["guard_waits"],
            "guard_wait_time": self.waited,
            "peak_parallel": self.peak_crew,
            "peak_surge": self.peak_surge,
            **{name: self.count[name] for name in COUNTED},
            **self._services(spans),
            **self._edges(spans),
            **self._work(spans),
            **self._at_the_end(end),
        }
        breaking = ("unplanned_downtime", "incompatibility_violations", "order_violations")
        overruns = ("crew_overrun", "surge_overrun", "window_overrun")
        found["breach"] = int(any(found[name] for name in breaking + overruns))
        return found

    def _services(self, spans: list[tuple[Picture, int]]) -> dict[str, int]:
        return {
            "downtime": sum(len(one.below) * length for one, length in spans),
            "unplanned_downtime": sum(one.unplanned * length for one, length in spans),
            "max_downtime": max(
                (_longest(spans, service) for service in self.reading.instances), default=0
            ),
            "outage": sum(one.dark * length for one, length in spans),
            "lost_capacity": sum(one.down * length for one, length in spans),
        }

    def _edges(self, spans: list[tuple[Picture, int]]) -> dict[str, int]:
        degraded, incompatible = (
            {k for k, edge in enumerate(self.reading.edges) if edge.compatibility == kind}
            for kind in ("degraded", "incompatible")
        )
        return {
            "mixed_time": sum(length for one, length in spans if one.mixed),
            "mixed_edge_seconds": sum(len(one.mixed) * length for one, length in spans),
            "degraded_time": sum(length for one, length in spans if one.mixed & degraded),
            "degraded_intervals": sum(
                bool(one.mixed & degraded) and not before & degraded
                for before, one in _changes(spans)
            ),
            "incompatibility_violations": sum(
                len((one.mixed - before) & incompatible) for before, one in _changes(spans)
            ),
            "violation_time": sum(length for one, length in spans if one.mixed & incompatible),
        }

    def _work(self, spans: list[tuple[Picture, int]]) -> dict[str, int]:
        crew, surge, windows = (
            self.reading.max_parallel,
            self.reading.surge,
            self.reading.windows,
        )
        return {
            "crew_overrun": sum(
                max(0, one.crew - crew) * length for one, length in spans if crew is not None
            ),
            "surge_overrun": sum(
                max(0, one.surge - surge) * length for one, length in spans if surge is not None
            ),
            "window_overrun": sum(
                windows.closed(one.time, one.time + length) for one, length in spans if one.at_work
            ),
            "work_seconds": sum(one.crew * length for one, length in spans),
            "surge_node_seconds": sum(one.surge * length for one, length in spans),
            "impaired_time": sum(one.impaired * length for one, length in spans),
            "stopped_time": sum(length for one, length in spans if one.pausing),
        }

    def _at_the_end(self, end: int) -> dict[str, Any]:
        nodes = self.run.nodes
        patched = [nodes[node] for node in self.reading.patched]
        new = sum(node.new for node in patched)
        remediated = max((node.committed for node in patched), default=0)
        return {
            "time_to_remediate": remediated if new == len(patched) else end,
            "failed_nodes": sum(bool(node.failed) for node in nodes.values()),
            "bad_nodes": sum(node.bad for node in nodes.values()),
            "aborted": int(bool(self.run.abort)),
            "abort_reason": self.run.abort,
            "latent_nodes": sum(bool(node.fault) for node in nodes.values()),
            "patched": new,
            "patched_share": new / len(patched) if patched else 1.0,
        }


def _changes(spans: list[tuple[Picture, int]]) -> Iterator[tuple[frozenset[int], Picture]]:
    """Return each picture that lasts with the edges that were mixed in the one before."""
    before: frozenset[int] = frozenset()
    for one, _ in spans:
        yield before, one
        before = one.mixed


def _longest(spans: list[tuple[Picture, int]], service: str) -> int:
    """Return the longest unbroken time that a service is below min_up."""
    longest = lasted = 0
    for one, length in spans:
        lasted = lasted + length if service in one.below else 0
        longest = max(longest, lasted)
    return longest
