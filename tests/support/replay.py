"""Every metric of a run in which anything can happen, replayed from its scenario and its events.

Nothing is drawn and no rule is applied: nodes stand as the events say, and `Monitor` looks at them
as it looks at the SimPy twin's. So an outsider can do it from ``events.jsonl`` (MODEL 10).
"""

from __future__ import annotations

import heapq
from itertools import groupby
from typing import TYPE_CHECKING, Any

from support.reading import Reading
from support.twin_monitor import Monitor, Standing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from support.timeline import Event

#: Events that are counted, and the metric that they are counted in.
_COUNTED = {
    "patch_failed": "failures",
    "build_failed": "failures",
    "rolled_back": "rollbacks",
    "rollback_failed": "failed_rollbacks",
    "latent_failure": "latent_failures",
    "failure_detected": "detections",
    "false_alarm": "false_alarms",
    "node_crashed": "crashes",
    "node_repaired": "repairs",
}


def replay(scenario: Mapping[str, Any], events: Sequence[Event]) -> dict[str, Any]:
    """Return the metrics of one run; exposures are integers in milli-weight-seconds."""
    return Replay(Reading(scenario), events).monitor.metrics()


class Replay:
    """What a `Monitor` watches: nodes, crew and surge, as the events say."""

    def __init__(self, reading: Reading, events: Sequence[Event]) -> None:
        self.reading = reading
        self.now = self.crew = self.surge = 0
        self.abort = ""
        self.nodes = {name: Standing() for name in reading.nodes}
        #: Nodes that are rolled back after a detection.
        self.reverting: set[str] = set()
        self.monitor = Monitor(self)
        self.jobs: dict[tuple[int, str], tuple[str, ...]] = {}
        self.waiting: dict[int, int] = {}
        self.left_out = {(e["step"], e["node"]) for e in events if e["event"] == "node_left_out"}
        #: Attempts of a job that are over, with how many members are back from it.
        self.back: dict[tuple[int, str, int], int] = {}
        #: When a warm-up ends: nothing says so of a node that serves all the while.
        self.warm: list[tuple[int, str]] = []
        for time, group in groupby(events, key=lambda event: int(event["time"])):
            self.let_warm_up(time)
            self.now = time
            for event in group:
                self.handle(event)
            self.settle()
        self.let_warm_up(self.now)

    def let_warm_up(self, until: int) -> None:
        """End the warm-ups that are over by then, each in an instant of its own."""
        while self.warm and self.warm[0][0] <= until:
            self.now, node = heapq.heappop(self.warm)
            self.stop_work(node)
            if self.now < until and not (self.warm and self.warm[0][0] == self.now):
                self.settle()

    def settle(self) -> None:
        self.monitor.note_peaks()
        self.monitor.take_picture()

    def handle(self, event: Event) -> None:
        name = str(event["event"])
        self.monitor.note_peaks()
        self.monitor.count[_COUNTED.get(name, name)] += 1
        getattr(self, f"on_{name}", self.on_other)(event)

    def on_other(self, event: Event) -> None:
        """Pass over what follows from other events."""

    # --- the plan ---

    def on_step_wait(self, event: Event) -> None:
        self.waiting[event["step"]] = self.now
        self.monitor.pauses += 1

    def on_step_start(self, event: Event) -> None:
        step, nodes = event["step"], event["nodes"]
        self.monitor.waited += self.now - self.waiting.pop(step, self.now)
        if event["action"] in ("patch", "build"):
            for job in self.reading.jobs(nodes):
                self.jobs |= {(step, node): job for node in job}
                if not any((step, node) in self.left_out for node in job):
                    for node in job:
                        self.start_work(node)
            self.surge += len(nodes) * (event["action"] == "build")

    def on_step_end(self, _: Event) -> None:
        self.monitor.last_end = self.now

    def on_abort(self, event: Event) -> None:
        self.abort = event["reason"]
        self.monitor.waited += sum(self.now - since for since in self.waiting.values())
        self.waiting.clear()

    # --- work ---

    def start_work(self, node: str) -> None:
        self.nodes[node].working = True
        self.crew += 1

    def stop_work(self, node: str) -> None:
        self.crew -= self.nodes[node].working
        self.nodes[node].working = False

    def on_node_down(self, event: Event) -> None:
        self.nodes[event["node"]].out = True

    def on_node_patched(self, event: Event) -> None:
        node = event["node"]
        self.nodes[node].new = True
        heapq.heappush(
            self.warm, (self.now + self.reading.warmup(self.jobs[event["step"], node]), node)
        )
        self.let_warm_up(self.now)

    def on_node_serving(self, event: Event) -> None:
        self.nodes[event["node"]].out = False

    def on_work_over(self, event: Event) -> None:
        self.stop_work(event["node"])

    def on_rolled_back(self, event: Event) -> None:
        node, step, attempt = event["node"], event["step"], event["attempt"]
        record = self.nodes[node]
        record.new = False
        if node in self.reverting:
            self.reverting.remove(node)
            record.bad = ""
            self.stop_work(node)
            return
        job = self.jobs[step, node]
        attempted = (step, job[0], attempt)
        self.back[attempted] = self.back.get(attempted, 0) + 1
        if self.back[attempted] == len(job) and attempt <= self.reading.max_retries:
            self.monitor.count["retries"] += len(job)
            for member in job:
                self.again(member)
        else:
            self.stop_work(node)

    def again(self, node: str) -> None:
        if not self.nodes[node].working:
            self.start_work(node)

    def on_node_failed(self, event: Event) -> None:
        record = self.nodes[event["node"]]
        record.failed, record.out, record.new, record.bad = "patch", True, False, ""
        self.reverting.discard(event["node"])
        self.stop_work(event["node"])

    def on_build_failed(self, event: Event) -> None:
        step, attempt = event["step"], event["attempt"]
        job = self.jobs[step, event["node"]]
        if (step, job[0], attempt) in self.back:
            return  # another member has failed too
        self.back[step, job[0], attempt] = 0
        if attempt <= self.reading.max_retries:
            self.monitor.count["retries"] += len(job)
            return
        self.surge -= len(job)
        for member in job:
            self.stop_work(member)

    def on_built(self, event: Event) -> None:
        self.stop_work(event["node"])

    def on_switched(self, event: Event) -> None:
        record = self.nodes[event["node"]]
        record.new, record.failed = True, ""
        record.out = False
        self.surge -= 1

    # --- what befalls nodes ---

    def on_latent_failure(self, event: Event) -> None:
        self.nodes[event["node"]].bad = "latent"

    def on_node_impaired(self, event: Event) -> None:
        self.nodes[event["node"]].bad = "impaired"

    def on_rollback_start(self, event: Event) -> None:
        node = event["node"]
        self.reverting.add(node)
        if self.reading.patch(node).restart:
            self.nodes[node].bad = "reverting"
        self.start_work(node)

    def on_node_crashed(self, event: Event) -> None:
        record = self.nodes[event["node"]]
        record.failed, record.out, record.bad = "crash", True, ""
        self.reverting.discard(event["node"])

    def on_node_repaired(self, event: Event) -> None:
        record = self.nodes[event["node"]]
        record.failed, record.out, record.new = "", False, False
