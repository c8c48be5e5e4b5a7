"""Work of the lean SimPy model: processes for attempts, switches, pauses; and what stops them."""

from __future__ import annotations

from bisect import insort
from typing import Any

from lean_layout import Job, Layout, Work
from lean_nodes import Nodes, Process

from patchopt.simulator.loop.draws import draw
from patchopt.simulator.loop.streams import STREAM_DEFECT, STREAM_FAILURE


class AtWork(Nodes):
    """Steps and jobs at work, with the luck of one replication."""

    def __init__(self, layout: Layout, key: int) -> None:
        super().__init__(layout)
        self.key = key
        self.retries = layout.of.limits.max_retries
        self.bad: set[int] = set()
        self.steps_after = [step.after for step in layout.steps]
        self.jobs_left = [0] * len(layout.steps)
        self.attempts, self.unlucky = [0] * len(layout.jobs), [set[int]() for _ in layout.jobs]
        self.crew = self.surge = self.running = self.due = self.pausing = 0
        self.ready: list[int] = []
        self.waiting: list[int] = []  # jobs, for a retry
        self.gates: list[int] = []
        self.stopped = self.newly_bad = False
        self.defective = {
            release
            for release, luck, name in layout.defects
            if draw(key, STREAM_DEFECT, name, 0) < luck
        }

    # --- steps ---

    def release_step(self, step: Work) -> None:
        delay = step.written.not_before - int(self.env.now)
        if delay <= 0:
            insort(self.ready, step.id)
            return
        self.due += 1

        def come(_: Any) -> None:
            self.due -= 1
            insort(self.ready, step.id)
            self.stir()

        self.at(delay, come)

    def start_step(self, step: Work, jobs: list[Job]) -> None:
        if step.jobs:
            self.jobs_left[step.id] = len(jobs)
            for job in jobs:
                self.start_attempt(job)
            if not jobs:
                self.end_step(step)
            return
        self.running += 1
        self.env.process(self.pause(step) if step.action == "pause" else self.switch(step))

    def end_step(self, step: Work) -> None:
        for number in step.following:
            self.steps_after[number] -= 1
            if self.steps_after[number] == 0:
                self.release_step(self.layout.steps[number])

    def pause(self, step: Work) -> Process:
        self.pausing += 1
        yield self.env.timeout(step.length)
        if not self.stopped:
            self.pausing -= 1
            self.end_work()
            self.running -= 1
            self.gates.append(step.id)
            self.end_step(step)

    def switch(self, step: Work) -> Process:
        yield self.env.timeout(step.length)
        for node in step.nodes:
            if self.built[node]:
                self.surge -= 1
                self.commit(node)
                self.finish(node)
        self.end_work()
        self.running -= 1
        self.end_step(step)

    # --- attempts ---

    def start_attempt(self, job: Job) -> None:
        self.attempts[job.number] += 1
        self.running += 1
        self.crew += len(job.nodes)
        for node in job.nodes:
            self.working[node] = True
        if job.step.build:
            self.surge += len(job.nodes)
            self.env.process(self.build(job))
            return
        for node in job.going_down:
            self.take_out(node)
        self.env.process(self.patch(job))

    def build(self, job: Job) -> Process:
        yield self.env.timeout(job.first)
        good = not self.fails(job)
        if good:
            if job.warmup:
                yield self.env.timeout(job.warmup)
            for node in job.nodes:
                self.built[node] = True
        else:
            self.surge -= len(job.nodes)
        self.end_attempt(job, job.nodes)
        self.over_or_again(job, good=good, whole=True)

    def patch(self, job: Job) -> Process:
        yield self.env.timeout(job.first)
        good = not self.fails(job)
        if good:
            for node in job.nodes:
                self.commit(node)
            if job.warmup:
                self.stir()
                yield self.env.timeout(job.warmup)
            for node in job.nodes:
                self.finish(node)
        else:
            self.lose(job)
            if job.going_back:
                yield self.env.timeout(job.rollback)
                self.rollbacks += len(job.going_back)
        back = job.nodes if good else job.going_back
        for node in back:
            self.bring_back(node)
        self.end_attempt(job, back)
        self.over_or_again(job, good=good, whole=not job.lost)

    def fails(self, job: Job) -> bool:
        layout, attempt = self.layout, self.attempts[job.number]
        unlucky = 0
        for node in job.nodes:
            release = layout.release[node]
            defective = release in self.defective
            luck = layout.defect_luck[release] if defective else layout.luck[node]
            if luck and draw(self.key, STREAM_FAILURE, layout.key[node], attempt) < luck:
                unlucky += 1
                self.unlucky[job.number].add(node)
        self.failures += unlucky
        return unlucky > 0

    def lose(self, job: Job) -> None:
        """Let members without a rollback be FAILED."""
        self.end_work()
        for node in job.lost:
            self.working[node] = False
            self.crew -= 1
            self.take_out(node)
            self.failed.add(node)
            self.spoil(node)

    def end_attempt(self, job: Job, nodes: list[int]) -> None:
        self.end_work()
        self.running -= 1
        self.crew -= len(nodes)
        for node in nodes:
            self.working[node] = False

    def over_or_again(self, job: Job, *, good: bool, whole: bool) -> None:
        if good:
            self.job_over(job)
        elif whole and not self.stopped and self.attempts[job.number] <= self.retries:
            insort(self.waiting, job.number)
        else:
            self.give_up(job)

    def give_up(self, job: Job) -> None:
        for node in self.unlucky[job.number]:
            self.spoil(node)
        self.job_over(job)

    def job_over(self, job: Job) -> None:
        self.jobs_left[job.step.id] -= 1
        if self.jobs_left[job.step.id] == 0:
            self.end_step(job.step)

    def end_work(self) -> None:
        self.last_end = int(self.env.now)
        self.stir()

    # --- stops ---

    def spoil(self, node: int) -> None:
        if node not in self.bad:
            self.bad.add(node)
            self.newly_bad = True

    def judge(self) -> None:
        """Judge gates of pauses that have ended, then the budgets."""
        for number in self.gates:
            gate = self.layout.steps[number].written.gate
            if gate is not None:
                count = self.failures if gate.count == "attempts" else len(self.bad)
                if count > gate.max_failures:
                    self.stop()
        self.gates.clear()
        if self.newly_bad:
            self.newly_bad = False
            if self.breaks_budget():
                self.stop()

    def breaks_budget(self) -> bool:
        limits = self.layout.of.limits
        if 0 <= limits.abort_after_failures <= len(self.bad):
            return True
        if limits.abort_share_bp < 0:
            return False
        counts = [0] * len(self.layout.per_release)
        for node in self.bad:
            counts[self.layout.release[node]] += 1
        return any(
            bad > 1 and bad * 10_000 > limits.abort_share_bp * nodes
            for bad, nodes in zip(counts, self.layout.per_release, strict=True)
        )

    def stop(self) -> None:
        """Abort: running work ends by itself, pauses end now."""
        if self.stopped:
            return
        self.stopped = True
        if self.pausing:
            self.last_end = int(self.env.now)
            self.running -= self.pausing
            self.pausing = 0
