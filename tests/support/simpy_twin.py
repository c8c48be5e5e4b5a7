"""The model once more, as a SimPy user would write it from its page alone.

Work and whatever befalls a node are processes, a dispatcher starts what may start, and a monitor
takes a picture of everything after each instant. Only the hash that deals out luck is the
simulator's.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from support.luck import Luck, NoLuck
from support.reading import Reading
from support.twin_guard import Guard
from support.twin_nodes import CLOSE, LOOK, Due
from support.twin_waits import Waits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from support.twin_plan import Job, Step


class Twin:
    """A plan on a scenario, ready to be run on any seed.

    Parameters
    ----------
    scenario
        The scenario as the dictionary that YAML gives.
    steps
        The plan's steps, as ``plan.json`` has them.
    """

    def __init__(self, scenario: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> None:
        self.scenario, self.steps = scenario, steps
        self.reading = Reading(scenario)
        self.guard = Guard(self.reading)

    @cached_property
    def limit(self) -> int:
        """When a run that has not ended is cut."""
        calm = Reading({**self.scenario, "environment": None})
        nominal = Run(calm, NoLuck(), self.guard, self.steps, None).monitor.last_end
        return 10 * max(self.reading.horizon, nominal)

    def run(self, seed: int, replication: int = 0) -> dict[str, Any]:
        """Run one replication; return its metrics by name."""
        luck = Luck(self.reading.luck, seed, replication)
        return Run(self.reading, luck, self.guard, self.steps, self.limit).monitor.metrics()


class Run(Waits):
    """One replication, from 0 to O."""

    def __init__(
        self,
        reading: Reading,
        luck: Luck,
        guard: Guard,
        written: Sequence[Mapping[str, Any]],
        limit: int | None,
    ) -> None:
        super().__init__(reading, luck, guard, written)
        self.limit = limit
        self.looking = self.closing = False
        self.cut = False
        self.over = self.env.event()
        self.stir()
        self.expect(reading.horizon)
        if limit is not None:
            self.expect(limit)
        self.env.run(until=self.over)

    @property
    def abort(self) -> str:
        return "endless" if self.cut else super().abort

    # --- an instant ---

    def stir(self, _: Any = None) -> None:
        if not self.looking:
            self.looking = True
            Due(self.env, 0, LOOK).callbacks.append(self.look)

    def look(self, _: Any) -> None:
        """Start what may start, once the ends of a pass are over."""
        self.looking = False
        self.judge()
        self.start_rollbacks()
        before = self.how_far()
        for job in self.waiting_jobs():
            self.try_job(job)
        for step in self.ready_steps():  # as they are now: one may end as it starts
            self.try_step(step)
        if (self.newly_bad and not self.stopped) or self.how_far() != before:
            self.stir()
        if not self.closing:
            self.closing = True
            Due(self.env, 0, CLOSE).callbacks.append(self.close)

    def how_far(self) -> list[object]:
        """Return what tells whether a look has changed anything."""
        return [step.state for step in self.steps] + [job.waiting for job in self.jobs]

    def close(self, _: Any) -> None:
        """End an instant: take its picture, note who waits, and see whether all is over."""
        self.closing = False
        self.monitor.take_picture()
        hope = self.expect_windows()
        if not (hope or self.is_over() or self.is_moving() or self.repair_helps()):
            self.leave_something_out()
            self.stir()
            return
        self.note_waits()
        if not self.is_over():
            self.end = None
            if self.now == self.limit:
                self.cut_off()
            return
        self.end = self.end or max(self.reading.horizon, self.now)
        self.expect(self.end)
        if self.now == self.end:
            self.over.succeed()

    def cut_off(self) -> None:
        """End a run that would not end."""
        self.cut = True
        self.note_end()
        for wait in (*self.steps, *self.jobs):
            self.end_wait(wait)
        self.over.succeed()

    # --- what may start ---

    def try_job(self, job: Job) -> None:
        """Start a job that waits, or see why not."""
        reasons = self.reasons(job)
        job.refused = bool(reasons) and not {"old", "node"} & set(reasons)
        if not reasons:
            # It holds its step still if it waited for a retry.
            self.start_attempt(job, late=True)
            self.alarms_since_start = 0
        elif "node" in reasons and "old" not in reasons:
            self.put_off(job)

    def try_step(self, step: Step) -> None:
        """Start a step if the guard lets it."""
        if self.step_reasons(step):
            return
        self.end_wait(step)
        step.state = "running"
        if step.action == "pause":
            self.monitor.pauses += 1
            step.process = self.env.process(self.pause(step))
            return
        self.alarms_since_start = 0
        if step.action == "switch":
            self.env.process(self.switch(step))
            return
        jobs = [job for job in step.jobs if job.opened and job.to_do]
        blocked = [job for job in jobs if self.is_blocked(job)]
        for job in jobs:
            if job not in blocked:
                self.start_attempt(job)
        for job in blocked:
            self.put_off(job)
        if not step.holding:
            self.end_step(step)

    # --- waits ---

    def note_waits(self) -> None:
        """Note whom the guard keeps waiting."""
        waits = [job for job in self.waiting_jobs() if job.refused]
        for wait in (*waits, *self.ready_steps()):
            if wait.since is None:
                wait.since = self.now
                self.monitor.count["guard_waits"] += 1

    def is_moving(self) -> bool:
        """Whether anything runs or is due that may let something start."""
        return (
            self.pausing
            or bool(self.reverting)
            or any(step.state == "running" and not step.jobs for step in self.steps)
            or any(job.working for job in self.jobs)
            or any(self.has_come(step) and not self.is_ready(step) for step in self.steps)
        )

    def is_over(self) -> bool:
        """Whether nothing of the plan runs, waits or is due."""
        return not (
            self.pausing
            or any(step.state == "running" and not step.jobs for step in self.steps)
            or any(job.working or job.waiting for job in self.jobs)
            or any(self.has_come(step) for step in self.steps)
        )
