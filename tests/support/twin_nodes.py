"""Nodes of the SimPy twin: who works on them, and what befalls them by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import simpy

from support import luck as of
from support.twin_monitor import Monitor, Standing

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Sequence

    from support.luck import Luck
    from support.reading import Reading
    from support.twin_plan import Step

    Process = Generator[simpy.Event, Any, None]

#: Priorities within an instant: what ends, then what befalls nodes, then all that may start. SimPy
#: has 0 (a process starts or is interrupted) and 1 (an event succeeds) for itself.
(
    ENDS,
    REVERSALS,
    DUE,
    CRASHES,
    REPAIRS,
    ONSETS,
    DETECTIONS,
    ALARMS,
    RESUMPTIONS,
    LOOK,
    CLOSE,
) = range(2, 13)
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
    reversible: bool  # it can be rolled back
    excused: bool = False  # bad as the plan went on: counted no more
    built: int = 0  # the attempt that made its copy
    copy_defective: bool = False
    commits: int = 0
    made_new: int = 0  # the attempt that did
    made_by: Step | None = None
    going_back: bool = False  # rolled back in service
    repairs: int = 0
    repair: simpy.Process | None = None


class Nodes:
    """All nodes of a replication, and the crew that works on them."""

    def __init__(self, reading: Reading, luck: Luck) -> None:
        self.env = simpy.Environment()
        self.reading, self.around, self.luck = reading, reading.environment, luck
        self.nodes = {
            name: NodeRecord(
                id=name,
                number=number,
                returned=self.env.event(),
                reversible=name in reading.patched and reading.patch(name).rollback is not None,
            )
            for number, name in enumerate(reading.nodes)
        }
        self.crew = self.reverting = self.surge = 0
        self.detected: list[NodeRecord] = []  # and waiting to be rolled back
        self.finished: set[str] = set()
        self.newly_bad = False
        self.alarms_since_start = 0
        patches = {reading.patch(node).release: reading.patch(node) for node in reading.patched}
        self.generation = dict.fromkeys(patches, 0)
        self.defective = {
            release: patch.defect is not None
            and self.luck.is_defective(release, patch.defect.probability)
            for release, patch in patches.items()
        }
        self.monitor = Monitor(self)
        if self.around.crash is not None:
            for node in self.nodes.values():
                self.env.process(self.live(node))
        watch = self.around.detection
        if watch is not None and watch.false_alarms_per_day:
            self.env.process(self.false_alarms(watch.false_alarms_per_day))

    # --- what a monitor looks at ---

    @property
    def now(self) -> int:
        """The time in seconds."""
        return int(self.env.now)

    @property
    def waived(self) -> Collection[str]:
        """Services that a running step waives."""
        raise NotImplementedError

    @property
    def pausing(self) -> bool:
        """Whether the plan is stopped and will go on."""
        raise NotImplementedError

    @property
    def abort(self) -> str:
        """Why the plan is not gone through with."""
        raise NotImplementedError

    # --- time ---

    def due(self, delay: int, priority: int, number: int = 0) -> Due:
        """Return an event some time ahead; whatever it changes, something may start then."""
        event = Due(self.env, delay, priority, number)
        event.callbacks.append(self.stir)
        return event

    def stir(self, _: Any = None) -> None:
        """Have a look, once the ends of this instant are over, at what may start."""
        raise NotImplementedError

    # --- crew ---

    def take_crew(self, nodes: Sequence[NodeRecord]) -> None:
        """Put people to work on nodes."""
        self.crew += len(nodes)
        for node in nodes:
            node.working = True
        self.monitor.note_peaks()

    def free_crew(self, nodes: Sequence[NodeRecord]) -> None:
        """Give back the people who worked on nodes."""
        self.crew -= len(nodes)
        for node in nodes:
            node.working = False

    # --- versions ---

    def chance_of_failure(self, name: str, *, defective: bool) -> float:
        """Return how likely an attempt on a node fails."""
        patch = self.reading.patch(name)
        if patch.defect is not None and defective:
            return patch.defect.failure_probability
        return patch.failure_probability

    def commit(self, node: NodeRecord, attempt: int, step: Step, *, defective: bool) -> None:
        """Make a node new, perhaps with a fault that shows later."""
        node.new, node.bad, node.excused, node.fault = True, False, False, ""
        node.made_new, node.made_by, node.committed = attempt, step, self.now
        node.commits += 1
        patch = self.reading.patch(node.id)
        chance = patch.latent.probability if patch.latent else 0.0
        if patch.defect is not None and defective:
            chance = patch.defect.latent_probability
        if self.luck.happens(chance, of.LATENT, node.id, attempt):
            self.monitor.count["latent_failures"] += 1
            node.fault = "latent"
            self.env.process(self.turn_out_bad(node, attempt, node.commits))

    def spoil(self, node: NodeRecord) -> None:
        """Make a node bad, anew if it is so already."""
        node.bad, node.excused, self.newly_bad = True, False, True

    def rollback_time(self, node: NodeRecord, attempt: int) -> int:
        """Draw how long it takes to roll back what an attempt did to a node."""
        time = self.reading.patch(node.id).rollback_time
        return 0 if time is None else self.luck.lasts(time, of.ROLLBACK_TIME, node.id, attempt)

    def rolled_back(self, node: NodeRecord, attempt: int) -> bool:
        """End the rollback of a node; FAILED and bad if it fails."""
        chance = self.reading.patch(node.id).rollback_failure
        node.new = False
        if self.luck.happens(chance, of.ROLLBACK, node.id, attempt):
            self.monitor.count["failed_rollbacks"] += 1
            self.fail(node, "patch")
            self.spoil(node)
            return False
        self.monitor.count["rollbacks"] += 1
        return True

    # --- what befalls nodes ---

    def fail(self, node: NodeRecord, how: str) -> None:
        """Put a node out of service, until it is repaired if it ever is."""
        node.failed, node.out = how, True
        if self.around.repair is not None:
            node.repair = self.env.process(self.repair(node))

    def bring_back(self, node: NodeRecord) -> None:
        """Put a node into service."""
        node.out = False
        node.returned.succeed()
        node.returned = self.env.event()

    def repair(self, node: NodeRecord) -> Process:
        """Repair a node, which makes it old."""
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
        """Crash whenever a life is over, unless the node is down then."""
        lives = 0
        while True:
            lives += 1
            life = self.luck.life(self.around.crash, node.id, lives)  # type: ignore[arg-type]  # there is one
            yield self.due(life, CRASHES, node.number)
            if not node.out:
                self.monitor.count["crashes"] += 1
                node.fault, node.going_back = "", False
                self.fail(node, "crash")
                self.strike(node)
            yield node.returned

    def strike(self, node: NodeRecord) -> None:
        """Let the work suffer that a node was needed for as it crashed."""
        raise NotImplementedError

    def turn_out_bad(self, node: NodeRecord, attempt: int, commits: int) -> Process:
        """Become IMPAIRED some time after the commit, and perhaps be detected."""
        patch, watch = self.reading.patch(node.id), self.around.detection
        if patch.latent is not None:
            delay = self.luck.lasts(patch.latent.delay, of.LATENT_DELAY, node.id, attempt)
        else:
            delay = 0
        yield self.due(delay, ONSETS, node.number)
        if node.commits != commits or node.fault != "latent":
            return
        node.fault = "impaired"
        if watch is None or not self.luck.happens(
            watch.probability, of.DETECTION, node.id, attempt
        ):
            return
        delay = self.luck.lasts(watch.delay, of.DETECTION_DELAY, node.id, attempt)
        yield self.due(delay, DETECTIONS, node.number)
        if node.commits != commits or node.fault != "impaired":
            return
        self.monitor.count["detections"] += 1
        self.spoil(node)
        if patch.rollback is not None:
            self.detected.append(node)

    def false_alarms(self, per_day: float) -> Process:
        """Raise false alarms."""
        while True:
            yield self.due(self.luck.quiet(per_day, self.monitor.count["false_alarms"] + 1), ALARMS)
            self.monitor.count["false_alarms"] += 1
            self.alarms_since_start += 1
