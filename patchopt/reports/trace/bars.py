"""Bars of a run: what was done on every node, from when to when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan
from patchopt.reports.trace.events import Event, end_of, tell

Kind = Literal[
    "wait", "patch", "live", "warmup", "rollback", "build", "built", "impaired", "failed"
]


@dataclass(frozen=True)
class Bar:
    """What was done on a node from one instant to another.

    Parameters
    ----------
    node : str
        Name of the node.
    start_s, end_s : int
        Seconds.
    kind : str
        ``wait`` for a constraint, ``patch`` in place, ``live`` (in place, serving all the
        while), ``warmup``, ``rollback``, ``build``, ``built`` (waiting for its switch),
        ``impaired`` (new, and bad in service), ``failed`` (or crashed).
    """

    node: str
    start_s: int
    end_s: int
    kind: Kind


def bars(infrastructure: Infrastructure, plan: Plan, events: Sequence[Event]) -> list[Bar]:
    """Return the work on every node in one run of a plan.

    Parameters
    ----------
    infrastructure : Infrastructure
        For units: a failed member takes the others along.
    plan : Plan
        What was run.
    events : sequence of mapping
        Of the run.

    Returns
    -------
    list of Bar
        In no particular order.
    """
    reader = _Reader(infrastructure, plan)
    tell(reader, events)
    return reader.finish(end_of(events))


@dataclass
class _Attempt:
    """Work on the nodes of a unit: since when, of which step, when it failed if it did."""

    start_s: int
    step: int
    nodes: list[str]
    failed_s: int = -1


@dataclass
class _Reader:
    """Puts the events of a run together to bars."""

    infrastructure: Infrastructure
    plan: Plan
    bars: list[Bar] = field(default_factory=list)
    active: dict[str, _Attempt] = field(default_factory=dict)
    new: set[str] = field(default_factory=set)
    #: Since when: a node waits for the guard, its copy waits for its switch, it is FAILED, is
    #: IMPAIRED, is rolled back after a detection.
    waiting: dict[str, int] = field(default_factory=dict)
    copies: dict[str, int] = field(default_factory=dict)
    dead: dict[str, int] = field(default_factory=dict)
    bad: dict[str, int] = field(default_factory=dict)
    reverting: dict[str, int] = field(default_factory=dict)
    #: When the plan was stopped; -1 if it was not, or has gone on.
    stopped_s: int = -1

    def add(self, node: str, start: int, end: int, kind: Kind) -> None:
        if end > start:
            self.bars.append(Bar(node, start, end, kind))

    def start(self, time: int, step: int, nodes: Iterable[str]) -> None:
        """Begin an attempt of each unit; of each node, where a step does not hold whole units."""
        of, units = self.infrastructure.nodes, self.infrastructure.units
        held = set(self.plan.steps[step].nodes)
        attempts: dict[int | str, _Attempt] = {}
        for node in nodes:
            unit = int(units.of_node[of.index[node]])
            whole = all(of.ids[member] in held for member in units.members(unit))
            attempt = attempts.setdefault(unit if whole else node, _Attempt(time, step, []))
            attempt.nodes.append(node)
            self.end_wait(node, time)
            self.active[node] = attempt

    def work(self, node: str, time: int) -> _Attempt:
        """End the work on a node; the rollback after a failure is another bar."""
        attempt = self.active.pop(node, None) or _Attempt(time, -1, [node])
        failed = attempt.failed_s if attempt.failed_s >= 0 else time
        self.add(node, attempt.start_s, failed, self.kind_of(node, attempt.step))
        self.add(node, failed, time, "rollback")
        return attempt

    def kind_of(self, node: str, step: int) -> Kind:
        if step >= 0 and self.plan.steps[step].action == "build":
            return "build"
        nodes = self.infrastructure.nodes
        return "patch" if nodes.restart[nodes.index[node]] else "live"

    def end_wait(self, node: str, time: int) -> None:
        self.add(node, self.waiting.pop(node, time), time, "wait")

    def end_copy(self, node: str, time: int) -> None:
        self.add(node, self.copies.pop(node, time), time, "built")

    def on_step_wait(self, time: int, event: Event) -> None:
        step = self.plan.steps[event["step"]]
        if step.action in ("patch", "build"):
            for node in step.nodes:
                if node not in self.new and node not in self.active:
                    self.waiting[node] = time

    def on_attempt_wait(self, time: int, event: Event) -> None:
        self.waiting.update(dict.fromkeys(event["nodes"], time))

    def on_step_start(self, time: int, event: Event) -> None:
        if event["action"] in ("patch", "build"):
            old = [node for node in event["nodes"] if node not in self.new]
            self.start(time, event["step"], old)

    def on_attempt_start(self, time: int, event: Event) -> None:
        self.start(time, event["step"], event["nodes"])

    def on_node_put_off(self, _time: int, event: Event) -> None:
        for node in event["nodes"]:
            self.active.pop(node, None)

    def on_node_left_out(self, time: int, event: Event) -> None:
        node = event["node"]
        self.end_wait(node, time)
        if self.plan.steps[event["step"]].action == "switch":
            self.end_copy(node, time)
        else:
            self.active.pop(node, None)

    def on_patch_failed(self, time: int, event: Event) -> None:
        attempt = self.active.get(event["node"])
        if attempt is not None:
            attempt.failed_s = time

    def on_build_failed(self, time: int, event: Event) -> None:
        attempt = self.active.get(event["node"])
        for node in [] if attempt is None else attempt.nodes:
            self.work(node, time)

    def on_rolled_back(self, time: int, event: Event) -> None:
        node = event["node"]
        self.new.discard(node)
        if node in self.reverting:
            self.add(node, self.reverting.pop(node), time, "rollback")
        else:
            self.work(node, time)

    on_rollback_failed = on_rolled_back

    def on_work_over(self, time: int, event: Event) -> None:
        was_new = event["node"] in self.new
        self.on_rolled_back(time, event)
        if was_new:  # crashed in its rollback: old when it is repaired
            self.new.add(event["node"])

    def on_node_impaired(self, time: int, event: Event) -> None:
        self.bad[event["node"]] = time

    def on_rollback_start(self, time: int, event: Event) -> None:
        node = event["node"]
        self.add(node, self.bad.pop(node, time), time, "impaired")
        self.reverting[node] = time

    def on_node_crashed(self, time: int, event: Event) -> None:
        node = event["node"]
        self.add(node, self.bad.pop(node, time), time, "impaired")
        self.dead[node] = time

    def on_node_repaired(self, time: int, event: Event) -> None:
        node = event["node"]
        self.new.discard(node)
        self.add(node, self.dead.pop(node, time), time, "failed")

    def on_node_failed(self, time: int, event: Event) -> None:
        self.work(event["node"], time)
        self.dead[event["node"]] = time

    def on_node_patched(self, time: int, event: Event) -> None:
        node = event["node"]
        self.new.add(node)
        # Not until it serves: a node that is patched live does so all the while.
        nodes = self.infrastructure.nodes
        mates = self.work(node, time).nodes
        warmup = max(int(nodes.warmup_s[nodes.index[mate]]) for mate in mates)
        self.add(node, time, time + warmup, "warmup")

    def on_built(self, time: int, event: Event) -> None:
        self.work(event["node"], time)
        self.copies[event["node"]] = time

    def on_switched(self, time: int, event: Event) -> None:
        node = event["node"]
        self.new.add(node)
        self.end_copy(node, time)
        self.add(node, self.dead.pop(node, time), time, "failed")

    def on_abort(self, time: int, _event: Event) -> None:
        self.stopped_s = time
        for node in list(self.waiting):
            self.end_wait(node, time)

    def on_plan_resumed(self, _time: int, _event: Event) -> None:
        self.stopped_s = -1

    def on_release_replaced(self, time: int, event: Event) -> None:
        """Throw away the copies with the release that is replaced."""
        nodes, releases = self.infrastructure.nodes, self.infrastructure.releases
        for node in list(self.copies):
            if releases.names[nodes.release[nodes.index[node]]] == event["release"]:
                self.end_copy(node, time)

    def finish(self, end: int) -> list[Bar]:
        """Close what was open at the end of the run."""
        for node in list(self.active):
            self.work(node, end)
        for node in list(self.waiting):
            self.end_wait(node, end)
        for node, since in self.copies.items():
            # A plan that is stopped for good throws them away.
            self.add(node, since, end if self.stopped_s < 0 else self.stopped_s, "built")
        for node, since in self.bad.items():
            self.add(node, since, end, "impaired")
        for node, since in self.reverting.items():
            self.add(node, since, end, "rollback")
        for node, since in self.dead.items():
            self.bars.append(Bar(node, since, end, "failed"))
        cut = [replace(bar, end_s=min(bar.end_s, end)) for bar in self.bars]
        return [bar for bar in cut if bar.start_s < bar.end_s or bar.kind == "failed"]
