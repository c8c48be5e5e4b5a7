"""A run replayed from its events: attempts, copies, failures, stops (MODEL 6, 11, 13).

Nothing is drawn, and next to no rule applied: what a log does not say is who starts with a step,
whether a failed attempt is the last, and which copies are thrown away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.standing import Event, Job, Step
from support.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from support.reading import Reading


class Replay(Timeline):
    """A timeline that knows what every event means."""

    def __init__(self, reading: Reading, events: Sequence[Event]) -> None:
        super().__init__(reading, events)
        self.abort: str | None = None  # why the plan stands still
        self.aborted_at = self.stopped_time = 0
        self._stop = -1  # place of the last abort
        self.retries = self.order_violations = self.waited = 0
        self._waits: dict[tuple[int, str], int] = {}
        self.left_out: set[tuple[int, str]] = set()
        self._held = self._units_held()
        self._goes_on = self._stops_that_end()

    def _units_held(self) -> set[tuple[int, int, str]]:
        """Return time, step and node of all that is put off or left out."""
        held: set[tuple[int, int, str]] = set()
        for event in self.events:
            if event["event"] == "node_put_off":
                held |= {(event["time"], event["step"], node) for node in event["nodes"]}
            elif event["event"] == "node_left_out":
                held.add((event["time"], event["step"], event["node"]))
        return held

    def _stops_that_end(self) -> set[int]:
        """Return the places of the aborts after which the plan goes on."""
        stop, found = -1, set()
        for place, event in enumerate(self.events):
            if event["event"] == "abort":
                stop = place
            elif event["event"] == "plan_resumed":
                found.add(stop)
        return found

    @property
    def endless(self) -> bool:
        """Whether the run was cut off."""
        return self.abort is not None and "does not end" in self.abort

    @property
    def completion(self) -> int:
        """T."""
        return self.now if self.endless else self.last_end

    # --- steps and waits ---

    def on_step_wait(self, event: Event) -> None:
        self._waits[event["step"], ""] = self.now

    def on_attempt_wait(self, event: Event) -> None:
        self._waits[event["step"], event["nodes"][0]] = self.now

    def _end_wait(self, step: int, node: str = "") -> None:
        self.waited += self.now - self._waits.pop((step, node), self.now)

    def _end_waits(self) -> None:
        for step, node in list(self._waits):
            self._end_wait(step, node)

    def on_step_start(self, event: Event) -> None:
        number, nodes = event["step"], tuple(event["nodes"])
        self._end_wait(number)
        if number not in self.steps:
            works = event["action"] in ("patch", "build")
            jobs = [
                Job(number, event["action"], job, 1 + self.reading.max_retries)
                for job in (self.reading.jobs(nodes) if works else [])
            ]
            waives = frozenset(event["waives"])
            self.steps[number] = Step(number, event["action"], nodes, waives, jobs)
        step = self.steps[number]
        step.running, step.started, step.ended = True, self.now, -1
        for job in step.jobs:
            if not job.opened:
                continue
            job.opened = False
            if any((self.now, number, node) in self._held for node in job.nodes):
                job.state = "put off"
            else:
                job.late = False
                old = tuple(node for node in job.nodes if not self.nodes[node].new)
                self._start(job, old, job.attempt + 1)

    def on_step_end(self, event: Event) -> None:
        step = self.steps[event["step"]]
        step.running, step.ended = False, self.now
        if not step.jobs:
            self.last_end = self.now

    # --- attempts ---

    def on_attempt_start(self, event: Event) -> None:
        job = self.job_of(event["step"], event["nodes"][0])
        self._end_wait(job.step, event["nodes"][0])
        if job.state != "waiting":
            job.late = True
        self._start(job, tuple(event["nodes"]), event["attempt"])

    def _start(self, job: Job, members: tuple[str, ...], attempt: int) -> None:
        self.order_violations += not self.in_order(members)
        job.state, job.opened, job.good = "working", False, False
        job.members, job.busy, job.back = members, set(members), set()
        job.attempt, job.started, job.drawn = attempt, self.now, -1
        self.retries += len(members) * (attempt > 1)
        for node in members:
            self.start_work(node, "attempt")
        if job.action == "build":
            self.take_surge(len(members))

    def end_attempt(self, job: Job) -> None:
        self.last_end = job.over = self.now
        whole = job.action == "build" or job.back == set(job.members)
        if job.good:
            job.state, job.failed = "over", set()
        elif whole and job.attempt < job.last and self.abort is None:
            job.state = "waiting"
        else:
            self.give_up(job)

    def give_up(self, job: Job) -> None:
        """Let there be no further attempt: who failed is bad."""
        job.state = "over"
        for node in job.failed:
            if self.nodes[node].failed != "crash":
                self.become_bad(node)

    def become_bad(self, node: str) -> None:
        self.nodes[node].bad, self.nodes[node].excused = True, False

    def on_node_put_off(self, event: Event) -> None:
        self.job_of(event["step"], event["nodes"][0]).state = "put off"

    def on_node_left_out(self, event: Event) -> None:
        step, node = event["step"], event["node"]
        self.left_out.add((step, node))
        self._end_wait(step)
        if step not in self.steps:
            self.throw_away([node])  # a switch is left out, or what has no copies
            return
        job = self.job_of(step, node)
        self._end_wait(step, job.nodes[0])
        if job.state != "over":
            self.give_up(job)

    def on_node_down(self, event: Event) -> None:
        self.nodes[event["node"]].out = True

    def on_node_serving(self, event: Event) -> None:
        self.nodes[event["node"]].out = False

    def on_work_over(self, event: Event) -> None:
        self.nodes[event["node"]].reverting = False
        self.stop_work(event["node"])

    def on_node_patched(self, event: Event) -> None:
        job = self.job_of(event["step"], event["node"])
        job.good, job.drawn = True, self.now
        self._commit(event)
        self.warm_up(event["node"], self.reading.warmup(job.members))

    def _commit(self, event: Event) -> None:
        node = self.nodes[event["node"]]
        node.new, node.committed = True, self.now
        node.made_by = event["step"], event["attempt"]
        node.bad = node.excused = node.detected = False

    def on_patch_failed(self, event: Event) -> None:
        job = self.job_of(event["step"], event["node"])
        job.drawn = self.now
        job.failed.add(event["node"])

    def on_rolled_back(self, event: Event) -> None:
        node = self.nodes[event["node"]]
        if node.reverting:
            node.new = node.reverting = node.detected = False
            node.latent = ""
        else:
            self.job_of(event["step"], event["node"]).back.add(event["node"])
        self.stop_work(event["node"])

    def on_node_failed(self, event: Event) -> None:
        node = self.nodes[event["node"]]
        node.failed, node.out, node.new, node.latent = "work", True, False, ""
        node.reverting = node.detected = False
        self.become_bad(event["node"])
        self.stop_work(event["node"])

    # --- copies ---

    def on_build_failed(self, event: Event) -> None:
        job = self.job_of(event["step"], event["node"])
        job.failed.add(event["node"])
        if job.state == "working":
            job.drawn = self.now
            self.surge -= len(job.members)
            for node in job.members:
                self.stop_work(node)
        elif job.state == "over":
            self.give_up(job)  # another member has ended it already

    def on_built(self, event: Event) -> None:
        node = event["node"]
        job = self.job_of(event["step"], node)
        job.good = True
        self.copies.add(node)
        self.stop_work(node)
        for_good = self.abort is not None and not self._resumes
        unwanted = any(where == node and step != job.step for step, where in self.left_out)
        if unwanted or (for_good and node not in self._in_switches()):
            self.throw_away([node])

    def _in_switches(self) -> set[str]:
        """Return the nodes of the switches that are running."""
        running = [step for step in self.steps.values() if step.running]
        return {node for step in running if step.action == "switch" for node in step.nodes}

    def on_switched(self, event: Event) -> None:
        node = self.nodes[event["node"]]
        self.throw_away([event["node"]])
        self._commit(event)
        node.failed, node.out, node.finished = "", False, True

    # --- stops ---

    @property
    def _resumes(self) -> bool:
        """Whether the plan goes on after the stop that it is in."""
        return self._stop in self._goes_on

    def on_abort(self, event: Event) -> None:
        self.abort, self.aborted_at, self._stop = event["reason"], self.now, self.place
        self._end_waits()
        for job in self.jobs():
            if job.state in ("waiting", "put off"):
                self.give_up(job)
        for node in self.nodes.values():
            node.excused = node.bad
        if not self._resumes:
            self.throw_away(self.copies - self._in_switches())

    def on_release_replaced(self, event: Event) -> None:
        self.throw_away(
            node for node in self.reading.patched if self._release(node) == event["release"]
        )

    def _release(self, node: str) -> str:
        return self.reading.patch(node).release

    def on_plan_resumed(self, event: Event) -> None:
        self.abort = None
        self.stopped_time += self.now - self.aborted_at
        self.count[event["reason"]] += 1
        if event["reason"] == "respin":
            self.left_out.clear()
        for job in self.jobs():
            if job.state != "over":
                continue
            if event["reason"] == "respin":
                self._reopen(job)
            elif any(self.nodes[node].bad for node in job.nodes):
                job.last, job.failed = job.attempt + 1, set()

    def _reopen(self, job: Job) -> None:
        job.opened = any(
            not self.nodes[node].new and node not in self.copies and not self.nodes[node].crew
            for node in job.nodes
        )
        job.last, job.failed = job.attempt + 1 + self.reading.max_retries, set()

    # --- what befalls nodes ---

    def on_latent_failure(self, event: Event) -> None:
        self.nodes[event["node"]].latent = "latent"

    def on_node_impaired(self, event: Event) -> None:
        self.nodes[event["node"]].latent = "impaired"

    def on_failure_detected(self, event: Event) -> None:
        self.nodes[event["node"]].detected = True
        self.become_bad(event["node"])

    def on_rollback_start(self, event: Event) -> None:
        self.nodes[event["node"]].reverting = True
        self.start_work(event["node"], "rollback")

    def on_node_crashed(self, event: Event) -> None:
        node = self.nodes[event["node"]]
        node.failed, node.out, node.latent = "crash", True, ""
        node.detected = False

    def on_node_repaired(self, event: Event) -> None:
        node = self.nodes[event["node"]]
        node.failed, node.out, node.new = "", False, False
