"""Every metric of a run, recomputed from its scenario and its events alone (MODEL 7, 10)."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from support.reading import Reading
from support.replay import Replay
from support.timeline import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from support.standing import Event

__all__ = ["metrics"]

#: Metrics that count events.
_COUNTED = {
    "failures": ("patch_failed", "build_failed"),
    "rollbacks": ("rolled_back",),
    "failed_rollbacks": ("rollback_failed",),
    "latent_failures": ("latent_failure",),
    "detections": ("failure_detected",),
    "false_alarms": ("false_alarm",),
    "crashes": ("node_crashed",),
    "repairs": ("node_repaired",),
    "guard_waits": ("step_wait", "attempt_wait"),
    "reviews": ("review",),
    "respins": ("respin",),
}
_BREACHES = (
    "unplanned_downtime",
    "incompatibility_violations",
    "crew_overrun",
    "surge_overrun",
    "window_overrun",
    "order_violations",
)


def metrics(scenario: Mapping[str, Any], events: Sequence[Event]) -> dict[str, Any]:
    """Return the metrics of one run.

    Parameters
    ----------
    scenario
        The scenario as the dictionary that YAML gives.
    events
        The run's log; `support.check_log.check_log` says whether it is lawful.

    Returns
    -------
    dict
        By name. Exposures are integers in milli-weight-seconds; ``abort_reason`` is empty if the
        plan was not aborted for good.
    """
    replay = Replay(Reading(scenario), events)
    accounts = Accounts(replay)
    replay.play([accounts])
    return accounts.metrics()


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
    step_crew: int
    surge: int
    impaired: int


class Accounts(Watcher):
    """Takes a picture of every instant, and adds up."""

    def __init__(self, replay: Replay) -> None:
        self.replay, self.reading = replay, replay.reading
        self.pictures: list[Picture] = []
        self.pauses = 0

    def before(self, event: Event) -> None:
        """Count the pauses that are held."""
        self.pauses += event["event"] == "step_start" and event["action"] == "pause"

    def settled(self) -> None:
        """Take a picture."""
        run, reading = self.replay, self.reading
        below = frozenset(run.below())
        self.pictures.append(
            Picture(
                run.now,
                sum(reading.nodes[node].weight for node in self._old()),
                sum(not run.serves(node) for node in run.nodes),
                below,
                len(below - run.waived()),
                sum(bool(nodes) and not run.serving(s) for s, nodes in reading.instances.items()),
                run.mixed(),
                run.crew.total(),
                run.crew["attempt"],
                run.surge,
                sum(node.impaired for node in run.nodes.values()),
            )
        )

    def _old(self) -> list[str]:
        return [node for node in self.reading.patched if not self.replay.nodes[node].new]

    # --- sums ---

    def _spans(self) -> list[tuple[Picture, int]]:
        """Return each picture with how long it lasted; nothing lasts beyond O."""
        return [(one, after.time - one.time) for one, after in pairwise(self.pictures)]

    def _integral(self, value: Callable[[Picture], int]) -> int:
        return sum(value(one) * length for one, length in self._spans())

    def _lasting(self, holds: Callable[[Picture], bool]) -> list[int]:
        """Return the lengths of the maximal intervals in which something holds, none of 0 s."""
        lengths: list[int] = []
        before = False
        for one, length in self._spans():
            if holds(one) and before:
                lengths[-1] += length
            elif holds(one):
                lengths.append(length)
            before = holds(one)
        return lengths

    def metrics(self) -> dict[str, Any]:
        """Return every metric by name."""
        found = self._times() | self._services() | self._edges() | self._limits() | self._counts()
        return found | {"breach": int(any(found[name] for name in _BREACHES))}

    def _times(self) -> dict[str, Any]:
        end, nodes = self.replay.completion, self.replay.nodes
        patched = self.reading.patched
        total = self._integral(lambda one: one.old_weight)
        exposure = sum(
            one.old_weight * (min(one.time + length, end) - min(one.time, end))
            for one, length in self._spans()
        )
        commits = (nodes[node].committed for node in patched)
        return {
            "exposure": exposure,
            "residual_exposure": total - exposure,
            "total_exposure": total,
            "completion_time": end,
            "time_to_remediate": self.replay.now if self._old() else max(commits, default=0),
            "patched": len(patched) - len(self._old()),
            "patched_share": (len(patched) - len(self._old())) / len(patched) if patched else 1.0,
        }

    def _services(self) -> dict[str, Any]:
        below = [
            length
            for service in self.reading.instances
            for length in self._lasting(lambda one, name=service: name in one.below)  # type: ignore[misc]
        ]
        return {
            "downtime": sum(below),
            "unplanned_downtime": self._integral(lambda one: one.unplanned),
            "max_downtime": max(below, default=0),
            "outage": self._integral(lambda one: one.dark),
            "lost_capacity": self._integral(lambda one: one.down),
        }

    def _edges(self) -> dict[str, Any]:
        def numbers(compatibility: str) -> list[int]:
            edges = enumerate(self.reading.edges)
            return [number for number, edge in edges if edge.compatibility == compatibility]

        def mixed(edges: Iterable[int]) -> list[int]:
            wanted = set(edges)
            return self._lasting(lambda one: bool(one.mixed & wanted))

        every = range(len(self.reading.edges))
        degraded, incompatible = mixed(numbers("degraded")), numbers("incompatible")
        return {
            "mixed_time": sum(mixed(every)),
            "mixed_edge_seconds": sum(sum(mixed([edge])) for edge in every),
            "degraded_time": sum(degraded),
            "degraded_intervals": len(degraded),
            "incompatibility_violations": sum(len(mixed([edge])) for edge in incompatible),
            "violation_time": sum(mixed(incompatible)),
        }

    def _limits(self) -> dict[str, Any]:
        windows, crew, surge = (
            self.reading.windows,
            self.reading.max_parallel,
            self.reading.surge,
        )
        return {
            "crew_overrun": 0
            if crew is None
            else self._integral(lambda one: max(0, one.crew - crew)),
            "surge_overrun": 0
            if surge is None
            else self._integral(lambda one: max(0, one.surge - surge)),
            "window_overrun": sum(
                not windows.is_open(second)
                for one, length in self._spans()
                if one.step_crew and not windows.always
                for second in range(one.time, one.time + length)
            ),
            "order_violations": self.replay.order_violations,
            "peak_parallel": self.replay.peak_crew,
            "peak_surge": self.replay.peak_surge,
            "work_seconds": self._integral(lambda one: one.crew),
            "surge_node_seconds": self._integral(lambda one: one.surge),
        }

    def _counts(self) -> dict[str, Any]:
        run = self.replay
        counted = {name: sum(run.count[each] for each in which) for name, which in _COUNTED.items()}
        stands = Counter(
            what
            for node in run.nodes.values()
            for what, holds in {
                "failed_nodes": node.failed,
                "bad_nodes": node.bad,
                "latent_nodes": node.latent,
            }.items()
            if holds
        )
        return counted | {
            "retries": run.retries,
            "failed_nodes": stands["failed_nodes"],
            "bad_nodes": stands["bad_nodes"],
            "latent_nodes": stands["latent_nodes"],
            "impaired_time": self._integral(lambda one: one.impaired),
            "aborted": int(run.abort is not None),
            "abort_reason": run.abort or "",
            "guardrail_pauses": self.pauses + counted["guard_waits"],
            "guard_wait_time": run.waited,
            "stopped_time": run.stopped_time,
        }
