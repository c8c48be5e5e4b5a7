"""Watches the SimPy twin, and a replay: a picture after each instant, metrics from all of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.reading import Reading


@dataclass(eq=False)
class Standing:
    """How a node stands."""

    new: bool = False
    out: bool = False  # of service, by its own work or failure
    working: bool = False
    failed: str = ""  # "patch" or "crash"
    bad: str = ""  # "latent", "impaired" or "reverting"


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
    def surge(self) -> int: ...
    @property
    def abort(self) -> str: ...


class Picture(NamedTuple):
    """How things stand from one instant to the next."""

    time: int
    old_weight: int
    down: int
    below: frozenset[str]
    dark: int
    mixed: frozenset[int]
    crew: int
    surge: int
    impaired: int


class Monitor:
    """Watches one replication."""

    def __init__(self, run: Watched) -> None:
        self.run, self.reading = run, run.reading
        self.count: Counter[str] = Counter()
        self.pauses = self.waited = self.last_end = 0
        self.peak_crew = self.peak_surge = 0
        self.pictures: list[Picture] = []
        self.hosts = {node: sorted(self.reading.ancestors(node)) for node in self.reading.nodes}

    def note_peaks(self) -> None:
        self.peak_crew = max(self.peak_crew, self.run.crew)
        self.peak_surge = max(self.peak_surge, self.run.surge)

    def serves(self, node: str) -> bool:
        nodes = self.run.nodes
        return not nodes[node].out and not any(nodes[host].out for host in self.hosts[node])

    def take_picture(self) -> None:
        reading, nodes = self.reading, self.run.nodes
        serving = {node for node in nodes if self.serves(node)}
        up = {
            service: sum(node in serving for node in instances)
            for service, instances in reading.instances.items()
        }
        picture = Picture(
            self.run.now,
            sum(reading.nodes[node].weight for node in reading.patched if not nodes[node].new),
            len(nodes) - len(serving),
            frozenset(service for service, count in up.items() if count < reading.min_up[service]),
            sum(bool(reading.instances[service]) and not count for service, count in up.items()),
            self._mixed(serving),
            self.run.crew,
            self.run.surge,
            sum(node.bad == "impaired" for node in nodes.values()),
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
        reading, nodes = self.reading, self.run.nodes
        end = self.run.now if self.reading.restless else self.last_end
        pictures = [picture for picture in self.pictures if picture.time <= end]
        spans = [
            (one, after.time - one.time)
            for one, after in pairwise([*pictures, pictures[-1]._replace(time=end)])
        ]
        kinds = {
            kind: {k for k, edge in enumerate(reading.edges) if edge.compatibility == kind}
            for kind in ("degraded", "incompatible")
        }
        patched = sum(nodes[node].new for node in reading.patched)
        old = [node for node in reading.patched if not nodes[node].new]
        windows = reading.windows
        return {
            "exposure": sum(one.old_weight * length for one, length in spans),
            "residual_exposure": reading.weight(old) * max(0, reading.horizon - end),
            "completion_time": end,
            "downtime": sum(len(one.below) * length for one, length in spans),
            "max_downtime": max(
                (self._longest(spans, service) for service in reading.instances), default=0
            ),
            "outage": sum(one.dark * length for one, length in spans),
            "lost_capacity": sum(one.down * length for one, length in spans),
            "mixed_time": sum(length for one, length in spans if one.mixed),
            "mixed_edge_seconds": sum(len(one.mixed) * length for one, length in spans),
            "degraded_time": sum(length for one, length in spans if one.mixed & kinds["degraded"]),
            "degraded_intervals": sum(
                bool(one.mixed & kinds["degraded"]) and not before & kinds["degraded"]
                for before, one in self._changes(pictures)
            ),
            "incompatibility_violations": sum(
                len((one.mixed - before) & kinds["incompatible"])
                for before, one in self._changes(pictures)
            ),
            "violation_time": sum(
                length for one, length in spans if one.mixed & kinds["incompatible"]
            ),
            **{
                name: self.count[name]
                for name in (
                    "failures",
                    "rollbacks",
                    "retries",
                    "failed_rollbacks",
                    "latent_failures",
                    "detections",
                    "false_alarms",
                    "crashes",
                    "repairs",
                )
            },
            "failed_nodes": sum(bool(node.failed) for node in nodes.values()),
            "aborted": int(bool(self.run.abort)),
            "abort_reason": self.run.abort,
            "guardrail_pauses": self.pauses,
            "guardrail_wait": self.waited,
            "patched": patched,
            "patched_share": patched / len(reading.patched) if reading.patched else 1.0,
            "peak_parallel": self.peak_crew,
            "peak_surge": self.peak_surge,
            "work_seconds": sum(one.crew * length for one, length in spans),
            "window_overrun": sum(
                not windows.is_open(second)
                for one, length in spans
                if one.crew and not windows.always
                for second in range(one.time, one.time + length)
            ),
            "surge_node_seconds": sum(one.surge * length for one, length in spans),
            "latent_nodes": sum(bool(node.bad) for node in nodes.values()),
            "impaired_time": sum(one.impaired * length for one, length in spans),
        }

    @staticmethod
    def _changes(pictures: list[Picture]) -> list[tuple[frozenset[int], Picture]]:
        """Return each picture with the edges that were mixed in the one before."""
        before = [frozenset[int](), *(picture.mixed for picture in pictures)]
        return list(zip(before, pictures, strict=False))

    @staticmethod
    def _longest(spans: list[tuple[Picture, int]], service: str) -> int:
        """Return the longest unbroken time that a service is below min_up."""
        longest = lasted = 0
        for one, length in spans:
            lasted = lasted + length if service in one.below else 0
            longest = max(longest, lasted)
        return longest
