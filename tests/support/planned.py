"""What a plan and its guard allow, as a run stands (MODEL 5, 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.guarding import Members, away, refusals, rollback_refusals, unready
from support.laws_of_work import Law

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from support.replay import Replay
    from support.standing import Job


class Planned(Law):
    """A law that knows the plan."""

    def __init__(self, replay: Replay, steps: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(replay)
        self.steps = {step["id"]: step for step in steps}
        #: Steps that have ended, or count as ended: left out, or with nothing to do anew.
        self.ended: set[int] = set()
        self.begun: set[int] = set()

    # --- the plan ---

    def guarded(self, step: int) -> bool:
        return bool(self.steps[step].get("guarded", True))

    def waives(self, step: int) -> Sequence[str]:
        waived: Sequence[str] = self.steps[step].get("waives", ())
        return waived

    def released(self, step: Mapping[str, Any]) -> bool:
        """Whether all that a step comes after has ended."""
        return set(step.get("after", ())) <= self.ended

    def due_later(self) -> list[int]:
        """Return the steps that wait for their time alone."""
        return [
            number
            for number, step in self.steps.items()
            if number not in self.begun | self.ended
            and self.released(step)
            and step.get("not_before", 0) > self.run.now
        ]

    def ready(self) -> list[int]:
        """Return the steps that may start but for their guard."""
        return [
            number
            for number, step in sorted(self.steps.items())
            if number not in self.begun | self.ended
            and self.released(step)
            and step.get("not_before", 0) <= self.run.now
        ]

    def units(self, step: int) -> list[Members]:
        """Return whom a step works on if it starts now, units to be put off among them."""
        planned = self.steps[step]
        if planned["action"] in ("switch", "pause"):
            return []
        started = self.run.steps.get(step)
        if started is None:
            return self.reading.jobs(planned["nodes"])
        return [self.run.to_do(job) for job in started.jobs if job.opened]

    def whole(self, step: int) -> set[str]:
        """Return the nodes that the start of a step names: once it opens again, not all."""
        started, nodes = self.run.steps.get(step), set(self.steps[step]["nodes"])
        if started is None or not nodes:
            return nodes
        if not started.jobs:
            return {node for node in nodes if not self.run.nodes[node].new}
        return {node for job in started.jobs if job.opened for node in job.nodes}

    def able(self, step: int) -> list[Members]:
        """Return whom a step starts with."""
        action = self.steps[step]["action"]
        return [unit for unit in self.units(step) if not away(self.run, action, unit)]

    def refused(self, step: int, *, hopeful: bool = False) -> list[str]:
        """Return why a step cannot start now."""
        action = self.steps[step]["action"]
        if not self.guarded(step):
            return []
        units = self.units(step) if hopeful else self.able(step)
        return refusals(self.run, action, units, self.waives(step), hopeful=hopeful)

    def job_refused(self, job: Job, *, hopeful: bool = False) -> list[str]:
        """Return why a retry or a unit put off cannot start now."""
        members = self.run.to_do(job)
        if not members or any(self.run.nodes[node].crew for node in members):
            return ["a member at work"]
        if away(self.run, job.action, members) and not hopeful:
            return ["a member that has failed"]
        if self._bad_and_new(job):
            return ["a member that is to be rolled back"]
        return self._guard(job, hopeful=hopeful)

    def _guard(self, job: Job, *, hopeful: bool = False) -> list[str]:
        if not self.guarded(job.step):
            return []
        members, waived = self.run.to_do(job), self.waives(job.step)
        return refusals(self.run, job.action, [members], waived, hopeful=hopeful)

    def held_by_guard(self, job: Job) -> bool:
        """Whether the guard alone keeps a retry or a unit put off from starting."""
        members = self.run.to_do(job)
        lost = away(self.run, job.action, members) or self._bad_and_new(job)
        return bool(members and not lost and self._guard(job))

    def _bad_and_new(self, job: Job) -> bool:
        nodes = [self.run.nodes[node] for node in job.nodes]
        return job.hoping and any(
            node.bad and node.new and self.reading.patch(name).rollback is not None
            for name, node in zip(job.nodes, nodes, strict=True)
        )

    def together(self, node: str) -> Members:
        """Return who is rolled back with a node."""
        unit = self.reading.units[self.run.unit_of[node]]
        return tuple(
            each
            for each in unit
            if self.run.nodes[each].new
            and not self.run.nodes[each].failed
            and self.reading.patch(each).rollback is not None
        )

    def rollback_refused(self, step: int, members: Members) -> list[str]:
        """Return why a rollback in service cannot start now."""
        if not self.guarded(step):
            return unready(self.run, members)
        return rollback_refusals(self.run, members, self.waives(step))
