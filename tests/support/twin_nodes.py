"""Nodes of the SimPy twin: what work does to them, and what befalls them by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import simpy

from support import luck as of
from support.luck import Luck
from support.twin_monitor import Monitor, Standing

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from support.reading import Reading

    Process = Generator[simpy.Event, Any, None]

#: Priorities within an instant: what ends, then what befalls nodes, then rollbacks and steps. SimPy
#: has 0 (a process starts) and 1 (an event succeeds) for itself.
START, ENDS, DUE, CRASHES, REPAIRS, ONSETS, DETECTIONS, REVERSALS, ALARMS, STARTS, JUDGE = range(
    2, 13
)
_MANY = 1_000_000


class Due(simpy.Event):
    """A timeout with a priority, and a number that orders those of one priority."""

    def __init__(self, env: simpy.Environment, delay: int, priority: int, number: int = 0) -> None:
        super().__init__(env)
        self._ok, self._value = True, None
        env.schedule(self, priority=priority * _MANY + number, delay=delay)  # type: ignore[arg-type]  # any integer orders


@dataclass(eq=False, kw_only=True)
class NodeRecord(Standing):
    """Where a node stands, and what it waits for."""

    id: str
    number: int
    returned: simpy.Event  # succeeds when it comes back into service
    built: int = 0
    made_new: int = 0  # the attempt that did
    repairs: int = 0
    repair: simpy.Process | None = None


class Nodes:
    """All nodes of a replication, and the crew that works on them."""

    def __init__(self, reading: Reading, seed: int) -> None:
        self.env = simpy.Environment()
        self.reading, self.around, self.luck = reading, reading.environment, Luck(seed)
        self.nodes = {
            name: NodeRecord(id=name, number=number, returned=self.env.event())
            for number, name in enumerate(reading.nodes)
        }
        self.crew = self.surge = self.running = 0
        self.rollbacks: list[NodeRecord] = []
        self.finished: set[str] = set()
        self.attempted: dict[str, set[str]] = {}
        self.unlucky: dict[str, set[str]] = {}
        self.abort = ""
        patches = {reading.patch(node).release: reading.patch(node) for node in reading.patched}
        self.defective = {
            release: patch.defect is not None
            and self.luck.is_defective(release, patch.defect.probability)
            for release, patch in patches.items()
        }
        watch, crash = self.around.detection, self.around.crash
        alarms = 0.0 if watch is None else watch.false_alarms_per_day
        self.monitor = Monitor(self)
        if crash is not None:
            for node in self.nodes.values():
                self.env.process(self.live(node))
        if alarms:
            self.env.process(self.false_alarms(alarms))

    @property
    def now(self) -> int:
        return int(self.env.now)

    def due(self, delay: int, priority: int, number: int = 0) -> Due:
        """Return an event some time ahead; whatever it changes, steps may start then."""
        event = Due(self.env, delay, priority, number)
        event.callbacks.append(self.stir)
        return event

    def stir(self, _: Any = None) -> None:
        """Have a look, once the ends of this instant are over, at what may start."""
        raise NotImplementedError

    def stop(self, why: str) -> None:
        """Abort the plan."""
        raise NotImplementedError

    # --- crew ---

    def take_crew(self, nodes: Sequence[NodeRecord]) -> None:
        self.crew += len(nodes)
        for node in nodes:
            node.working = True

    def free_crew(self, nodes: Sequence[NodeRecord]) -> None:
        self.crew -= len(nodes)
        for node in nodes:
            node.working = False

    def count_retries(self, nodes: Sequence[NodeRecord], attempt: int) -> None:
        if attempt > 1:
            self.monitor.count["retries"] += len(nodes)

    def finish(self) -> None:
        self.running -= 1
        self.monitor.last_end = self.now

    # --- attempts ---

    def draw_duration(self, job: Sequence[str], attempt: int) -> int:
        times = [
            self.luck.lasts(self.reading.patch(node).time, of.DURATION, node, attempt)
            for node in job
        ]
        return self.reading.step_overhead + max(times)

    def draw_failures(self, job: Sequence[str], attempt: int, *, in_place: bool) -> bool:
        """Draw for every member; whether any fails."""
        failed = [node for node in job if self.attempt_fails(node, attempt, in_place)]
        for node in job:
            self.attempted.setdefault(self.reading.patch(node).release, set()).add(node)
        self.monitor.count["failures"] += len(failed)
        for node in failed:
            self.unlucky.setdefault(self.reading.patch(node).release, set()).add(node)
        if failed:
            self.check_aborts(job)
        return bool(failed)

    def attempt_fails(self, node: str, attempt: int, in_place: bool) -> bool:
        below = {node} | self.reading.ancestors(node)
        if in_place and any(self.nodes[name].failed == "crash" for name in below):
            return True
        patch = self.reading.patch(node)
        chance = patch.failure_probability
        if patch.defect is not None and self.defective[patch.release]:
            chance = patch.defect.failure_probability
        return self.luck.happens(chance, of.FAILURE, node, attempt)

    def check_aborts(self, nodes: Sequence[str]) -> None:
        """Abort for too many failures, or too large a share of a release's nodes."""
        failures = self.monitor.count["failures"] + self.monitor.count["detections"]
        if self.reading.abort_after is not None and failures >= self.reading.abort_after:
            self.stop("failures")
        share = self.reading.abort_share
        for release in (self.reading.patch(node).release for node in nodes):
            tried, failed = len(self.attempted[release]), len(self.unlucky.get(release, ()))
            if share is not None and failed * 10_000 >= round(share * 10_000) * tried:
                self.stop("share")

    def rollback_time(self, node: NodeRecord, attempt: int) -> int:
        time = self.reading.patch(node.id).rollback_time
        return 0 if time is None else self.luck.lasts(time, of.ROLLBACK_TIME, node.id, attempt)

    def rollback_fails(self, node: NodeRecord, attempt: int) -> bool:
        chance = self.reading.patch(node.id).rollback_failure
        fails = self.luck.happens(chance, of.ROLLBACK, node.id, attempt)
        self.monitor.count["failed_rollbacks"] += fails
        return fails

    def commit(self, node: NodeRecord, attempt: int) -> None:
        """Make a node new, perhaps with a fault that shows later."""
        node.new, node.made_new = True, attempt
        patch = self.reading.patch(node.id)
        chance = patch.latent.probability if patch.latent else 0.0
        if patch.defect is not None and self.defective[patch.release]:
            chance = patch.defect.latent_probability
        if self.luck.happens(chance, of.LATENT, node.id, attempt):
            self.monitor.count["latent_failures"] += 1
            node.bad = "latent"
            self.env.process(self.turn_out_bad(node, attempt))

    # --- what befalls nodes ---

    def fail(self, node: NodeRecord, how: str) -> None:
        node.failed, node.out = how, True
        if self.around.repair is not None:
            node.repair = self.env.process(self.repair(node))

    def bring_back(self, node: NodeRecord) -> None:
        node.out = False
        node.returned.succeed()
        node.returned = self.env.event()

    def repair(self, node: NodeRecord) -> Process:
        node.repairs += 1
        try:
            lasts = self.luck.lasts(self.around.repair, of.REPAIR, node.id, node.repairs)  # type: ignore[arg-type]  # there is one
            yield self.due(lasts, REPAIRS, node.number)
        except simpy.Interrupt:
            return  # its copy has taken its place
        node.failed, node.repair, node.new = "", None, False
        self.monitor.count["repairs"] += 1
        self.bring_back(node)

    def live(self, node: NodeRecord) -> Process:
        lives = 0
        while True:
            lives += 1
            life = self.luck.life(self.around.crash, node.id, lives)  # type: ignore[arg-type]  # there is one
            yield self.due(life, CRASHES, node.number)
            if not node.out:
                self.monitor.count["crashes"] += 1
                node.bad = ""
                self.fail(node, "crash")
            yield node.returned

    def turn_out_bad(self, node: NodeRecord, attempt: int) -> Process:
        """Become IMPAIRED some time after the commit, and perhaps be detected."""
        patch, watch = self.reading.patch(node.id), self.around.detection
        latent = patch.latent
        delay = (
            0
            if latent is None
            else self.luck.lasts(latent.delay, of.LATENT_DELAY, node.id, attempt)
        )
        yield self.due(delay, ONSETS, node.number)
        if node.bad != "latent":
            return
        node.bad = "impaired"
        if watch is None or not self.luck.happens(
            watch.probability, of.DETECTION, node.id, attempt
        ):
            return
        delay = self.luck.lasts(watch.delay, of.DETECTION_DELAY, node.id, attempt)
        yield self.due(delay, DETECTIONS, node.number)
        if node.bad != "impaired":
            return
        self.monitor.count["detections"] += 1
        self.unlucky.setdefault(patch.release, set()).add(node.id)
        self.check_aborts([node.id])
        if patch.rollback is not None:
            self.rollbacks.append(node)

    def rollback_must_wait(self, node: NodeRecord) -> bool:
        """Whether a detected node cannot be rolled back yet."""
        limit = self.reading.max_parallel
        guests = [
            guest
            for guest in self.nodes.values()
            if node.id in self.reading.ancestors(guest.id) and guest.working
        ]
        return (
            (limit is not None and self.crew >= limit)
            or node.working
            or any(self.nodes[host].out for host in self.reading.ancestors(node.id))
            or (self.reading.patch(node.id).restart and bool(guests))
        )

    def roll_back_detected(self, node: NodeRecord) -> Process:
        live = not self.reading.patch(node.id).restart
        self.running += 1
        self.take_crew([node])
        self.monitor.note_peaks()
        if not live:
            node.bad, node.out = "reverting", True
        yield self.due(self.rollback_time(node, node.made_new), REVERSALS, node.number)
        self.free_crew([node])
        self.finish()
        if not node.bad:
            return  # it has crashed meanwhile, and its repair makes it old
        node.bad, node.new = "", False
        if self.rollback_fails(node, node.made_new):
            self.fail(node, "patch")
            return
        self.monitor.count["rollbacks"] += 1
        if not live:
            self.bring_back(node)

    def false_alarms(self, per_day: float) -> Process:
        while True:
            yield self.due(self.luck.quiet(per_day, self.monitor.count["false_alarms"] + 1), ALARMS)
            self.monitor.count["false_alarms"] += 1
