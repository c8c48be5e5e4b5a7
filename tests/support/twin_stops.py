"""Stops of the SimPy twin: gates and budgets, what a stop ends, and how the plan goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support import luck as of
from support.twin_nodes import RESUMPTIONS
from support.twin_work import Work

if TYPE_CHECKING:
    from support.twin_nodes import NodeRecord, Process
    from support.twin_plan import Job, Step


class Stops(Work):
    """Work that stops when too much goes wrong."""

    stops = 0
    end: int | None = None  # O, once the plan is over
    why = ""  # the last stop, if it is for good
    left_out = ""  # why something was left out first
    failures_before = 0  # failed attempts until the plan went on for the last time

    @property
    def abort(self) -> str:
        return self.why if self.stopped == "good" else self.left_out

    def counted(self, node: NodeRecord) -> bool:
        """Whether a node counts as bad in gates and budgets."""
        return node.bad and not node.excused

    def judge(self) -> None:
        """Judge the gates of the pauses that have ended, then the budgets."""
        pauses = sorted(self.pauses_ended, key=lambda step: step.id)
        self.pauses_ended = []
        why = "gate" if any(self.gate_fails(step) for step in pauses) else ""
        if self.newly_bad and not self.stopped:
            why = why or self.budget_broken()
            self.newly_bad = False
        if why and not self.stopped:
            self.stop(why)

    def gate_fails(self, step: Step) -> bool:
        """Whether the gate of a pause fails, if it has one."""
        gate = step.written.get("gate")
        if gate is None:
            return False
        if gate.get("count", "bad") == "bad":
            found = sum(self.counted(node) for node in self.nodes.values())
        else:
            found = self.monitor.count["failures"] - self.failures_before
        return bool(found + self.alarms_since_start > gate["max_failures"])

    def budget_broken(self) -> str:
        """Return which budget of bad nodes is used up."""
        most, share = self.reading.abort_after, self.reading.abort_share
        bad = [node.id for node in self.nodes.values() if self.counted(node)]
        if most is not None and len(bad) >= most:
            return "failures"
        planned = [node.id for job in self.jobs for node in job.records]
        for release in self.defective:
            base, found = (
                sum(self.reading.patch(name).release == release for name in names)
                for names in (planned, bad)
            )
            if share is not None and found * 10_000 > max(10_000, round(share * 10_000) * base):
                return "share"
        return ""

    def stop(self, why: str) -> None:
        """Stop the plan, perhaps to go on later; if it is over, only to go on."""
        if self.end is not None and self.how_to_go_on() is None:
            return
        self.stopped, self.why = "good", why
        for step in self.steps:
            self.end_wait(step)
            if step.action == "pause" and step.state == "running" and step.process is not None:
                step.process.interrupt()
                self.note_end()
                self.end_step(step)
        for job in self.jobs:
            if job.waiting:
                self.give_up(job)
        how = self.how_to_go_on()
        self.stops += 1
        if how is None:
            self.settle_copies(list(self.nodes.values()))
        else:
            self.stopped = "pending"
            self.env.process(self.go_on(*how))

    def how_to_go_on(self) -> tuple[int, list[str]] | None:
        """Return after how many seconds the plan goes on, and with which releases replaced."""
        bad = [node.id for node in self.nodes.values() if node.bad]
        defective = {self.reading.patch(name).release for name in bad}
        releases = [name for name, holds in self.defective.items() if holds and name in defective]
        respin, review = self.around.respin, self.around.review
        delay = None
        if releases and respin is not None:
            delay = max(
                self.luck.lasts(
                    respin.delay, of.RESPIN_DELAY, name, self.generation[name] + 1, "release"
                )
                for name in releases
            )
        elif review is not None:
            releases = []
            delay = self.luck.review(review, self.stops + 1)
        in_time = delay is not None and self.now + delay < self.reading.horizon
        return (delay, releases) if delay is not None and in_time else None

    def go_on(self, delay: int, releases: list[str]) -> Process:
        """Go on with the plan, with new releases if some are given."""
        yield self.due(delay, RESUMPTIONS)
        self.stopped, self.newly_bad = "", False
        for node in self.nodes.values():
            node.excused = node.bad
        self.alarms_since_start = 0
        self.failures_before = self.monitor.count["failures"]
        if releases:
            self.monitor.count["respins"] += 1
            self.left_out = ""  # it opens again
            for name in releases:
                self.replace(name)
            for step in self.steps:
                self.open_again(step)
        else:
            self.monitor.count["reviews"] += 1
            for job in self.jobs:
                self.look_again(job)
        self.settle_copies(list(self.nodes.values()))

    def replace(self, release: str) -> None:
        """Replace a release by its next generation."""
        self.generation[release] += 1
        respin = self.around.respin
        chance = 0.0 if respin is None else respin.defect_probability
        self.defective[release] = self.luck.happens(
            chance, of.RESPIN_DEFECT, release, self.generation[release], "release"
        )
        for node in self.nodes.values():
            if node.built and self.reading.patch(node.id).release == release:
                self.throw_away(node)

    def open_again(self, step: Step) -> None:
        """Open a step for what of it is old and not in work."""
        step.left_out = False
        if step.action == "pause":
            step.state = "open"
        elif step.action == "switch":
            if step.state != "running":
                old = any(not self.nodes[name].new for name in step.written["nodes"])
                step.state = "open" if old else "ended"
        else:
            self.open_jobs(step)

    def open_jobs(self, step: Step) -> None:
        """Open the jobs of a step again; while others are in work they wait by themselves."""
        working = {job for job in step.jobs if job.working}
        opened = [job for job in step.jobs if job not in working and job.to_do]
        for job in step.jobs:
            job.opened = job in opened
        for job in opened:
            job.limit = job.attempt + self.reading.max_retries + 1
            if working:
                self.wait_late(job)
        step.late.clear()
        step.holding = working
        step.state = "running" if working else "open" if opened else "ended"

    def look_again(self, job: Job) -> None:
        """Give a job one more attempt for its bad members, if its step has started it."""
        hopes = any(
            node.bad and (not node.new or (node.reversible and not node.failed))
            for node in job.records
            if not node.built  # what has a copy needs only its switch
        )
        if not hopes or job.step.state == "open" or job.step.left_out:
            return
        if job.working:
            job.again = True
        else:
            job.limit = job.attempt + 1
            self.wait_late(job, hoping=True)
