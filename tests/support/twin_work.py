"""Work of the SimPy twin: attempts in place and beside, switches and pauses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import simpy

from support import luck as of
from support.twin_nodes import ENDS
from support.twin_plan import steps_of
from support.twin_rollbacks import Rollbacks

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import Any

    from support.luck import Luck
    from support.reading import Reading
    from support.twin_guard import Guard
    from support.twin_nodes import NodeRecord, Process
    from support.twin_plan import Job, Step, Wait


class Work(Rollbacks):
    """Steps and jobs at work."""

    def __init__(
        self, reading: Reading, luck: Luck, guard: Guard, written: Sequence[Mapping[str, Any]]
    ) -> None:
        super().__init__(reading, luck, guard)
        self.steps = steps_of(reading, self.nodes, written)
        self.jobs = [job for step in self.steps for job in step.jobs]
        self.switch_of = {
            name: step
            for step in self.steps
            if step.action == "switch"
            for name in step.written["nodes"]
        }
        self.stopped = ""  # "pending" while the plan will go on, "good" for good
        self.pauses_ended: list[Step] = []

    @property
    def waived(self) -> Collection[str]:
        return {service for step in self.steps if step.waiving for service in step.waives}

    @property
    def pausing(self) -> bool:
        return self.stopped == "pending"

    def strike(self, node: NodeRecord) -> None:
        for job in self.jobs:
            if job.trying:
                guests = {m.id for m in job.members if node.id in self.guard.ancestors[m.id]}
                job.hit |= guests
                if node in job.members and job.step.action == "patch":
                    job.crashed.add(node.id)

    def end_wait(self, wait: Wait) -> None:
        """End a wait of the guard, if there is one."""
        if wait.since is not None:
            self.monitor.waited += self.now - wait.since
            wait.since = None

    def note_end(self) -> None:
        """Note that some work has ended: T is not before."""
        self.monitor.last_end = self.now

    def end_step(self, step: Step) -> None:
        """End a step that runs."""
        step.state = "ended"

    # --- jobs ---

    def is_blocked(self, job: Job) -> bool:
        """Whether what has failed or crashed keeps a job from starting.

        Who is back while the rollback goes on that its crash has cut short is not free yet.
        """
        if any(node.working for node in job.to_do):
            return True
        names = {host for node in job.to_do for host in self.guard.ancestors[node.id]}
        if job.step.action == "patch":
            names |= {node.id for node in job.to_do}
        return any(self.nodes[name].failed for name in names)

    def start_attempt(self, job: Job, *, late: bool = False) -> None:
        """Start the next attempt of a job."""
        self.end_wait(job)
        if job not in job.step.holding:
            (job.step.late if late else job.step.holding).add(job)
        job.opened = job.waiting = job.put_off = job.refused = False
        job.working = job.trying = True
        job.members, job.hoping, job.hit, job.crashed = job.to_do, False, set(), set()
        job.defective = frozenset(
            node.id for node in job.members if self.defective[self.reading.patch(node.id).release]
        )
        job.attempt += 1
        self.monitor.count["retries"] += len(job.members) * (job.attempt > 1)
        self.monitor.count["order_violations"] += self.guard.too_early(self, job.members)
        if job.step.action == "build":
            self.surge += len(job.members)
            self.env.process(self.build(job))
        else:
            for node in job.members:
                node.out = node.out or self.reading.patch(node.id).restart
            self.env.process(self.patch(job))
        self.take_crew(job.members)

    def job_over(self, job: Job) -> None:
        """Let a job hold its step no longer."""
        job.working = job.waiting = job.put_off = False
        job.hoping = False
        step = job.step
        step.late.discard(job)
        if job in step.holding:
            step.holding.remove(job)
            if not step.holding and step.state == "running":
                self.end_step(step)

    def give_up(self, job: Job) -> None:
        """End a job without success: whoever has failed in it is bad."""
        self.end_wait(job)
        for node in job.records:
            if node.id in job.failed and node.failed != "crash":
                self.spoil(node)
        job.failed.clear()
        self.job_over(job)

    def wait_late(self, job: Job, *, hoping: bool = False) -> None:
        """Let a job wait to be started by itself."""
        job.waiting = job.put_off = True
        job.opened = False
        job.hoping = hoping

    # --- attempts ---

    def lasts(self, job: Job) -> int:
        """Draw how long an attempt lasts until it is decided."""
        times = [
            self.luck.lasts(self.reading.patch(n.id).time, of.DURATION, n.id, job.attempt)
            for n in job.members
        ]
        return self.reading.step_overhead + max(times)

    def fails(self, job: Job) -> bool:
        """Decide an attempt; whether any member fails."""
        self.note_end()
        job.trying = False
        unlucky = {
            node.id
            for node in job.members
            if self.luck.happens(
                self.chance_of_failure(node.id, defective=node.id in job.defective),
                of.FAILURE,
                node.id,
                job.attempt,
            )
        }
        self.monitor.count["failures"] += len(unlucky | job.hit | job.crashed)
        # Nobody can tell whether who has crashed would have failed anyway.
        job.failed |= (unlucky | job.hit) - job.crashed
        return bool(unlucky | job.hit | job.crashed)

    def succeed(self, job: Job) -> None:
        """End a job that has come through."""
        job.failed.clear()
        job.again = False
        self.job_over(job)

    def fail_attempt(self, job: Job, *, whole: bool) -> None:
        """End a failed attempt; `whole`: nothing but luck was lost."""
        job.working = False
        again, job.again = job.again and not self.stopped, False
        if again:
            self.give_up(job)
            job.limit = job.attempt + 1
            self.wait_late(job, hoping=True)
        elif whole and job.attempt < job.limit and not self.stopped:
            job.waiting = True
        else:
            self.give_up(job)

    def warm_up(self, job: Job) -> Process:
        """Wait for the warm-up of an attempt."""
        warmup = self.reading.warmup([node.id for node in job.members])
        if warmup:
            yield self.due(warmup, ENDS, job.number)
            self.note_end()

    def build(self, job: Job) -> Process:
        """Build copies of the members of a job."""
        yield self.due(self.lasts(job), ENDS, job.number)
        if self.fails(job):
            self.surge -= len(job.members)
            self.free_crew(job.members)
            self.fail_attempt(job, whole=True)
            return
        yield from self.warm_up(job)
        self.free_crew(job.members)
        for node in job.members:
            node.built, node.copy_defective = job.attempt, node.id in job.defective
        self.succeed(job)
        self.settle_copies(job.members)

    def patch(self, job: Job) -> Process:
        """Patch the members of a job in place."""
        yield self.due(self.lasts(job), ENDS, job.number)
        if self.fails(job):
            yield from self.roll_back(job)
            return
        for node in job.members:
            self.commit(node, job.attempt, job.step, defective=node.id in job.defective)
        yield from self.warm_up(job)
        self.finished.update(node.id for node in job.members)
        self.release(job.members)
        self.succeed(job)

    def roll_back(self, job: Job) -> Process:
        """Take back an attempt that has failed."""
        lost = [node for node in job.members if self.reading.patch(node.id).rollback is None]
        going_back = [node for node in job.members if node not in lost]
        self.free_crew(lost)
        for node in lost:
            if not node.failed:
                self.fail(node, "patch")
                self.spoil(node)
        if going_back:
            lasts = max(self.rollback_time(node, job.attempt) for node in going_back)
            yield self.due(lasts, ENDS, job.number)
            self.note_end()
        # Who has crashed meanwhile is not rolled back.
        back = [n for n in going_back if not n.failed and self.rolled_back(n, job.attempt)]
        self.release(back)
        self.free_crew([node for node in going_back if node not in back])
        self.fail_attempt(job, whole=len(back) == len(job.members))

    def release(self, nodes: Sequence[NodeRecord]) -> None:
        """Put nodes whose work is over into service."""
        self.free_crew(nodes)
        for node in nodes:
            if self.reading.patch(node.id).restart:
                self.bring_back(node)

    # --- copies ---

    def settle_copies(self, nodes: Sequence[NodeRecord]) -> None:
        """Switch copies whose switch has been, and throw away those that none will take."""
        for node in [node for node in nodes if node.built]:
            switch = self.switch_of[node.id]
            if switch.state == "running":
                continue
            if self.stopped == "good" or switch.left_out:
                self.throw_away(node)
            elif switch.state == "ended" and not self.stopped:
                self.flip(node, switch)

    def throw_away(self, node: NodeRecord) -> None:
        """Throw the copy of a node away."""
        node.built = 0
        self.surge -= 1

    def flip(self, node: NodeRecord, switch: Step) -> None:
        """Let the copy of a node take its place."""
        attempt, node.built = node.built, 0
        self.surge -= 1
        self.commit(node, attempt, switch, defective=node.copy_defective)
        self.finished.add(node.id)
        if node.failed:
            node.failed = ""
            if node.repair is not None:
                node.repair.interrupt()
                node.repair = None
            self.bring_back(node)

    def switch(self, step: Step) -> Process:
        """Take the copies that are ready by then."""
        yield self.due(self.reading.step_overhead, ENDS, step.number)
        self.note_end()
        for name in step.written["nodes"]:
            if self.nodes[name].built:
                self.flip(self.nodes[name], step)
        self.end_step(step)

    def pause(self, step: Step) -> Process:
        """Hold, unless a stop ends it."""
        try:
            yield self.due(step.written["duration"], ENDS, step.number)
        except simpy.Interrupt:
            return
        self.note_end()
        self.pauses_ended.append(step)
        self.end_step(step)
