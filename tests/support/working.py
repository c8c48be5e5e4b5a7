"""Steps and attempts of a run, as its events tell them (MODEL 4 to 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.standing import Event, Job, Step
from support.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from support.reading import Reading


class Working(Timeline):
    """A timeline that knows what the events of steps and attempts mean."""

    def __init__(self, reading: Reading, events: Sequence[Event]) -> None:
        super().__init__(reading, events)
        self.abort: str | None = None  # why the plan stands still
        self.retries = self.order_violations = self.waited = 0
        self.waits: dict[tuple[int, str], int] = {}
        self.left_out: set[tuple[int, str]] = set()
        self.held = self._units_held()

    def _units_held(self) -> set[tuple[int, int, str]]:
        """Return time, step and node of all that is put off or left out."""
        held: set[tuple[int, int, str]] = set()
        for event in self.events:
            if event["event"] == "node_put_off":
                held |= {(event["time"], event["step"], node) for node in event["nodes"]}
            elif event["event"] == "node_left_out":
                held.add((event["time"], event["step"], event["node"]))
        return held

    # --- steps and waits ---

    def on_step_wait(self, event: Event) -> None:
        self.waits[event["step"], ""] = self.now

    def on_attempt_wait(self, event: Event) -> None:
        job = self.job_of(event["step"], event["nodes"][0])
        self.waits[job.step, job.nodes[0]] = self.now

    def _end_wait(self, step: int, node: str = "") -> None:
        self.waited += self.now - self.waits.pop((step, node), self.now)

    def _end_waits(self) -> None:
        for step, node in list(self.waits):
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
        step.running, step.started, step.ended, step.nodes = True, self.now, -1, nodes
        for job in step.jobs:
            if not job.opened:
                continue
            job.opened = False
            if any((self.now, number, node) in self.held for node in job.nodes):
                job.state = "put off"
            else:
                job.late = False
                self._start(job, self.to_do(job), job.attempt + 1)

    def on_step_end(self, event: Event) -> None:
        step = self.steps[event["step"]]
        step.running, step.ended = False, self.now
        if not step.jobs:
            self.last_end = self.now

    # --- attempts ---

    def on_attempt_start(self, event: Event) -> None:
        job = self.job_of(event["step"], event["nodes"][0])
        self._end_wait(job.step, job.nodes[0])
        if job.state != "waiting":
            job.late = True
        self._start(job, tuple(event["nodes"]), event["attempt"])

    def _start(self, job: Job, members: tuple[str, ...], attempt: int) -> None:
        self.order_violations += not self.in_order(members)
        job.state, job.opened, job.good, job.hoping = "working", False, False, False
        job.members, job.busy, job.back, job.crashed = members, set(members), set(), set()
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
            job.state, job.failed, job.again = "over", set(), False
        elif job.again and self.abort is None:
            self.give_up(job)
            self.look_again(job)
        elif whole and job.attempt < job.last and self.abort is None:
            job.state = "waiting"
        else:
            self.give_up(job)
            job.again = False

    def give_up(self, job: Job) -> None:
        """Let there be no further attempt: who failed is bad."""
        job.state = "over"
        for node in job.failed:
            if self.nodes[node].failed != "crash":
                self.become_bad(node)

    @staticmethod
    def look_again(job: Job) -> None:
        """Let a job wait for one more attempt, by itself."""
        job.last, job.failed, job.state, job.again = job.attempt + 1, set(), "put off", False
        job.hoping = True

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
        job.opened = False
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
        if event["node"] not in job.crashed:
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
