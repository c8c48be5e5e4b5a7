"""Steps and jobs of the SimPy twin: what of a plan is still to be done, is done, or waits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import simpy

    from support.reading import Reading
    from support.twin_nodes import NodeRecord


@dataclass(eq=False)
class Wait:
    """Something that the guard may keep waiting."""

    since: int | None = None  # when the guard's wait began


@dataclass(eq=False, kw_only=True)
class Step(Wait):
    """A step of the plan; `number` is that of its work if it has no jobs."""

    written: Mapping[str, Any]
    number: int
    state: Literal["open", "running", "ended"] = "open"
    left_out: bool = False
    jobs: list[Job] = field(default_factory=list)
    holding: set[Job] = field(default_factory=set)  # it ends with the last of these
    late: set[Job] = field(default_factory=set)  # at work without holding it
    reverting: int = 0  # its nodes that are rolled back in service
    process: simpy.Process | None = None  # of a pause
    id: int = field(init=False)
    action: str = field(init=False)
    guarded: bool = field(init=False)
    waives: Sequence[str] = field(init=False)

    def __post_init__(self) -> None:
        self.id, self.action = self.written["id"], self.written["action"]
        self.guarded = self.written.get("guarded", True)
        self.waives = self.written.get("waives", ())

    @property
    def waiving(self) -> bool:
        """Whether what it waives is waived now."""
        return self.state == "running" or bool(self.late or self.reverting)


@dataclass(eq=False, kw_only=True)
class Job(Wait):
    """A unit, or a part of one, in its step."""

    step: Step
    number: int
    records: tuple[NodeRecord, ...]
    limit: int  # last attempt that it may have
    attempt: int = 0
    opened: bool = True  # its step is to start it
    working: bool = False
    waiting: bool = False  # for a retry, or because it was put off
    put_off: bool = False
    refused: bool = False  # by the guard, as it was asked for the last time
    again: bool = False  # once more, after the work that is going on
    hoping: bool = False  # its bad members must be old before
    members: tuple[NodeRecord, ...] = ()  # who are worked on
    defective: frozenset[str] = frozenset()  # members whose release is so in this attempt
    trying: bool = False  # an attempt is not decided yet
    hit: set[str] = field(default_factory=set)  # members whose host has crashed in this attempt
    crashed: set[str] = field(default_factory=set)  # who have crashed themselves
    failed: set[str] = field(default_factory=set)  # in any attempt

    @property
    def to_be_old(self) -> tuple[NodeRecord, ...]:
        """Members that it waits for: bad, and new still."""
        waits_for = (n for n in self.records if n.bad and n.new and n.reversible)
        return tuple(waits_for) if self.hoping else ()

    @property
    def to_do(self) -> tuple[NodeRecord, ...]:
        """Members that are old, or will be as it starts, and have no copy."""
        return tuple(
            node
            for node in self.records
            if not node.built and (not node.new or node in self.to_be_old)
        )


def steps_of(
    reading: Reading, nodes: Mapping[str, NodeRecord], written: Sequence[Mapping[str, Any]]
) -> list[Step]:
    """Return the steps of a plan with their jobs, numbered over the whole plan."""
    steps: list[Step] = []
    number = 0
    for one in written:
        step = Step(written=one, number=number)
        order = {node: place for place, node in enumerate(one["nodes"])}
        units = reading.jobs(one["nodes"]) if step.action in {"patch", "build"} else []
        for unit in sorted(units, key=lambda unit: min(order[node] for node in unit)):
            records = tuple(nodes[name] for name in unit)
            limit = reading.max_retries + 1
            step.jobs.append(Job(step=step, number=number, records=records, limit=limit))
            number += 1
        number += not units
        steps.append(step)
    return steps
