"""Waits of the SimPy twin: what waits, for what, and what is left out in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.twin_nodes import DUE
from support.twin_stops import Stops

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from support.luck import Luck
    from support.reading import Reading
    from support.twin_guard import Guard
    from support.twin_nodes import NodeRecord
    from support.twin_plan import Job, Step


class Waits(Stops):
    """Work that waits for the guard, a window or a repair."""

    def __init__(
        self, reading: Reading, luck: Luck, guard: Guard, written: Sequence[Mapping[str, Any]]
    ) -> None:
        super().__init__(reading, luck, guard, written)
        self.expected: set[int] = set()  # instants that will be looked at

    def expect(self, time: int) -> None:
        """See to it that an instant is looked at."""
        if time not in self.expected:
            self.expected.add(time)
            self.due(time - self.now, DUE)

    def waiting_jobs(self) -> list[Job]:
        """Return the jobs that wait for a retry, or because they were put off."""
        return [job for job in self.jobs if job.waiting and not job.working]

    def has_come(self, step: Step) -> bool:
        """Whether all that an open step comes after has ended."""
        after = (self.steps[k] for k in step.written.get("after", ()))
        return (
            step.state == "open" and not self.stopped and all(it.state == "ended" for it in after)
        )

    def is_ready(self, step: Step) -> bool:
        """Whether a step waits for nothing but the guard."""
        not_before = step.written.get("not_before", 0)
        if not self.has_come(step):
            return False
        if not_before > self.now:
            self.expect(not_before)
        return bool(not_before <= self.now)

    def ready_steps(self) -> list[Step]:
        """Return the steps that wait for nothing but the guard."""
        return [step for step in self.steps if self.is_ready(step)]

    # --- what for ---

    def reasons(self, job: Job, *, hopeful: bool = False) -> list[str]:
        """Return what keeps a job from being started by itself."""
        reasons = ["old" for node in job.to_be_old if not (hopeful and self.may_go_back(node))]
        if not hopeful and self.is_blocked(job):
            reasons.append("node")
        if job.step.guarded and (hopeful or not reasons):
            reasons += self.guard.reasons(self, job.step, [job.to_do], hopeful=hopeful)
        return reasons

    def may_go_back(self, node: NodeRecord) -> bool:
        """Whether a node would become old if all that has failed came back."""
        if node.failed or node.going_back or node.made_by is None or not node.made_by.guarded:
            return True
        return not self.goes_short(node.made_by, self.going_with(node), hopeful=True)

    def parts(self, step: Step, *, hopeful: bool = False) -> list[tuple[NodeRecord, ...]]:
        """Return what of a step would start now."""
        return [
            job.to_do
            for job in step.jobs
            if job.opened and job.to_do and (hopeful or not self.is_blocked(job))
        ]

    def step_reasons(self, step: Step, *, hopeful: bool = False) -> list[str]:
        """Return what keeps a step from starting."""
        parts = self.parts(step, hopeful=hopeful)
        if not step.guarded or step.action == "pause" or (step.jobs and not parts):
            return []
        return self.guard.reasons(self, step, parts, hopeful=hopeful)

    def expect_windows(self) -> bool:
        """Look again when a window opens for what waits for nothing else."""
        jobs = [(job.step, [job.to_do]) for job in self.waiting_jobs() if self.lacks_window(job)]
        steps = [
            (step, self.parts(step))
            for step in self.ready_steps()
            if self.step_reasons(step) == ["window"]
        ]
        found = False
        for step, parts in (*jobs, *steps):
            opening = self.guard.opening(self, step, parts)
            if opening is not None:
                self.expect(opening)
                found = True
        return found

    def lacks_window(self, job: Job) -> bool:
        """Whether a job that waits waits for nothing but a window."""
        return self.reasons(job) == ["window"]

    def repair_helps(self) -> bool:
        """Whether something could start if all that has failed came back."""
        return self.around.repair is not None and any(
            set(reasons) <= {"window"}
            for reasons in (
                *(self.reasons(job, hopeful=True) for job in self.waiting_jobs()),
                *(self.step_reasons(step, hopeful=True) for step in self.ready_steps()),
            )
        )

    # --- what is put off or left out ---

    def put_off(self, job: Job) -> None:
        """Let a job wait until what has failed is repaired, or leave it out."""
        if self.around.repair is None:
            self.leave_out(job)
        elif not job.put_off:
            self.job_over(job)
            self.wait_late(job)

    def leave_something_out(self) -> None:
        """Leave out the first that waits, as nothing can let it start."""
        jobs = self.waiting_jobs()
        if jobs:
            self.leave_out(jobs[0])
        else:
            self.leave_step_out(self.ready_steps()[0])

    def leave_out(self, job: Job) -> None:
        """Leave a job out."""
        self.left_out = self.left_out or "stuck"
        job.opened = False
        self.give_up(job)

    def leave_step_out(self, step: Step) -> None:
        """Leave a step out; a switch, with its copies."""
        self.left_out = self.left_out or "stuck"
        self.end_wait(step)
        step.state, step.left_out = "ended", True
        for job in step.jobs:
            job.opened = False
        if step.action == "switch":
            self.settle_copies([self.nodes[name] for name in step.written["nodes"]])
