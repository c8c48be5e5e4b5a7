"""Rollbacks in service of the SimPy twin: what is detected goes back, with its unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.twin_guard import Guard
from support.twin_nodes import REVERSALS, NodeRecord, Nodes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from support.luck import Luck
    from support.reading import Reading
    from support.twin_nodes import Process
    from support.twin_plan import Step


class Rollbacks(Nodes):
    """Nodes, and the queue of those that are to be rolled back in service."""

    def __init__(self, reading: Reading, luck: Luck, guard: Guard) -> None:
        super().__init__(reading, luck)
        self.guard = guard

    def start_rollbacks(self) -> None:
        """Start the rollbacks that may, in the order of detection."""
        held = False
        for node in list(self.detected):
            step = node.made_by
            if step is None or node.fault != "impaired" or node.going_back:
                self.detected.remove(node)  # it has crashed, or goes back with another
                continue
            group = self.going_with(node)
            if step.guarded:
                held = held or self.guard.lacks_crew(self, len(group))
                if held or self.goes_short(step, group):
                    continue
            if not self.is_held_up(group):
                self.detected.remove(node)
                self.env.process(self.roll_back_in_service(step, group))
                self.begin_rollback(step, group)

    def going_with(self, node: NodeRecord) -> list[NodeRecord]:
        """Return all new members of a node's unit that can go back."""
        unit = self.reading.units[self.guard.unit_of[node.id]]
        return [
            member
            for member in (self.nodes[name] for name in unit)
            if member.new
            and not member.failed
            and not member.going_back
            and self.reading.patch(member.id).rollback is not None
        ]

    def is_held_up(self, group: Sequence[NodeRecord]) -> bool:
        """Whether work, or a host that is out, keeps a rollback from starting."""
        return (
            any(node.working for node in group)
            or self.guard.host_out(self, group)
            or self.guard.guests_at_work(self, group)
        )

    def goes_short(self, step: Step, group: Sequence[NodeRecord], *, hopeful: bool = False) -> bool:
        """Whether a rollback takes a service below what it needs."""
        down = self.reading.down_set([node.id for node in group])
        return self.guard.short(self, step, down, hopeful=hopeful)

    def begin_rollback(self, step: Step, group: Sequence[NodeRecord]) -> None:
        """Take nodes out of service, and people to work on them."""
        self.take_crew(group)
        self.reverting += len(group)
        step.reverting += 1
        for node in group:
            node.going_back = True
            if self.reading.patch(node.id).restart:
                node.out = True
                node.fault = node.fault and "reverting"

    def roll_back_in_service(self, step: Step, group: Sequence[NodeRecord]) -> Process:
        """Roll back members of a unit together."""
        lasts = max(self.rollback_time(node, node.made_new) for node in group)
        yield self.due(lasts, REVERSALS, min(node.number for node in group))
        self.free_crew(group)
        self.reverting -= len(group)
        step.reverting -= 1
        for node in group:
            if not node.going_back:
                continue  # it has crashed meanwhile
            node.going_back, node.fault = False, ""
            whole = self.rolled_back(node, node.made_new)
            if whole and self.reading.patch(node.id).restart:
                self.bring_back(node)
