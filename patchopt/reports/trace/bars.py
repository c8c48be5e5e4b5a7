"""Bars of a run: what was done on every node, from when to when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
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
    return reader.finish(end_of(infrastructure, events))


@dataclass
class _Reader:
    """Puts the events of a run together to bars."""

    infrastructure: Infrastructure
    plan: Plan
    bars: list[Bar] = field(default_factory=list)
    #: Since when: an attempt runs on a node, a step waits, a copy waits for its switch, a node
    #: is FAILED, is IMPAIRED, is rolled back after a detection.
    active: dict[str, int] = field(default_factory=dict)
    waiting: dict[int, int] = field(default_factory=dict)
    copies: dict[str, int] = field(default_factory=dict)
    dead: dict[str, int] = field(default_factory=dict)
    bad: dict[str, int] = field(default_factory=dict)
    reverting: dict[str, int] = field(default_factory=dict)
    #: When the current attempt of a node, or of another member of its unit, failed.
    drawn: dict[str, int] = field(default_factory=dict)

    def add(self, node: str, start: int, end: int, kind: Kind) -> None:
        if end > start:
            self.bars.append(Bar(node, start, end, kind))

    def mates(self, event: Event) -> list[str]:
        """Return the nodes that are worked on as a unit with that of an event."""
        nodes, units = self.infrastructure.nodes, self.infrastructure.units
        unit = int(units.of_node[nodes.index[event["node"]]])
        names = {nodes.ids[member] for member in units.members(unit)}
        step = set(self.plan.steps[event["step"]].nodes)
        return sorted(names) if names <= step else [event["node"]]

    def in_place(self, node: str) -> Kind:
        nodes = self.infrastructure.nodes
        return "patch" if nodes.restart[nodes.index[node]] else "live"

    def on_step_wait(self, time: int, event: Event) -> None:
        self.waiting[event["step"]] = time

    def on_step_start(self, time: int, event: Event) -> None:
        since = self.waiting.pop(event["step"], time)
        for node in event["nodes"]:
            if event["action"] != "switch":
                self.add(node, since, time, "wait")
                self.active[node] = time

    def on_step_end(self, _time: int, event: Event) -> None:
        for node in self.plan.steps[event["step"]].nodes:
            self.active.pop(node, None)

    def on_patch_failed(self, time: int, event: Event) -> None:
        self.drawn.update(dict.fromkeys(self.mates(event), time))

    def on_build_failed(self, time: int, event: Event) -> None:
        for node in self.mates(event):
            self.add(node, self.active.get(node, time), time, "build")
            self.active[node] = time

    def on_rolled_back(self, time: int, event: Event) -> None:
        node = event["node"]
        if node in self.reverting:
            self.add(node, self.reverting.pop(node), time, "rollback")
            return
        failed = self.drawn.get(node, time)
        self.add(node, self.active.get(node, failed), failed, self.in_place(node))
        self.add(node, failed, time, "rollback")
        self.active[node] = time

    on_rollback_failed = on_work_over = on_rolled_back

    def on_node_left_out(self, _time: int, event: Event) -> None:
        self.active.pop(event["node"], None)

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
        self.add(node, self.dead.pop(node, time), time, "failed")

    def on_node_failed(self, time: int, event: Event) -> None:
        node = event["node"]
        self.add(node, self.active.pop(node, time), time, self.in_place(node))
        self.dead[node] = time

    def on_node_patched(self, time: int, event: Event) -> None:
        node = event["node"]
        self.add(node, self.active.pop(node, time), time, self.in_place(node))
        # Not until it serves: a node that is patched live does so all the while.
        nodes = self.infrastructure.nodes
        warmup = max(int(nodes.warmup_s[nodes.index[mate]]) for mate in self.mates(event))
        self.add(node, time, time + warmup, "warmup")

    def on_abort(self, time: int, event: Event) -> None:
        self.close_waits(time)

    def on_built(self, time: int, event: Event) -> None:
        node = event["node"]
        self.add(node, self.active.pop(node, time), time, "build")
        self.copies[node] = time

    def on_switched(self, time: int, event: Event) -> None:
        node = event["node"]
        self.add(node, self.copies.pop(node, time), time, "built")
        self.add(node, self.dead.pop(node, time), time, "failed")

    def close_waits(self, time: int) -> None:
        """End what waits and will never start."""
        for step, since in self.waiting.items():
            for node in self.plan.steps[step].nodes:
                if node not in self.copies:
                    self.add(node, since, time, "wait")
        self.waiting.clear()

    def finish(self, end: int) -> list[Bar]:
        """Close what was open at the end of the run."""
        self.close_waits(end)
        for node, since in self.copies.items():
            self.add(node, since, end, "built")
        for node, since in self.bad.items():
            self.add(node, since, end, "impaired")
        for node, since in self.reverting.items():
            self.add(node, since, end, "rollback")
        for node, since in self.dead.items():
            self.bars.append(Bar(node, since, end, "failed"))
        return self.bars
