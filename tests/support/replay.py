"""A run replayed from its events: copies, stops, and what befalls nodes (MODEL 6, 11, 13).

Nothing is drawn, and next to no rule applied: what a log does not say is who starts with a step,
whether a failed attempt is the last, and which copies are thrown away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.working import Working

if TYPE_CHECKING:
    from collections.abc import Sequence

    from support.reading import Reading
    from support.standing import Event, Step


_OF_PLANS = ("step_wait", "step_start", "attempt_start", "node_left_out", "abort", "plan_resumed")


class Replay(Working):
    """A timeline that knows what every event means."""

    def __init__(self, reading: Reading, events: Sequence[Event]) -> None:
        super().__init__(reading, events)
        self.aborted_at = self.stopped_time = 0
        self.resumed_at = -1  # the last time
        self._stop = -1  # place of the last abort
        self.detected: list[str] = []  # in the order of their detection
        self.over = False  # so may the plan have been when the last instant ended
        self._goes_on = self._stops_that_end()

    def _stops_that_end(self) -> set[int]:
        """Return the places of the aborts after which the plan goes on."""
        stop, found = -1, set()
        for place, event in enumerate(self.events):
            if event["event"] == "abort":
                stop = place
            elif event["event"] == "plan_resumed":
                found.add(stop)
        return found

    def end_instant(self) -> None:
        idle = not any(step.running for step in self.steps.values())
        idle &= not self.waits and not any(
            job.running or job.state == "put off" for job in self.jobs()
        )
        later = (event["event"] for event in self.events[self.place + 1 :])
        first = next((name for name in later if name in _OF_PLANS), "")
        # Nothing more comes of it, unless a stop lets it go on; steps that are due are not known.
        self.over = idle and first in ("abort", "")

    @property
    def endless(self) -> bool:
        """Whether the run was cut off."""
        return self.abort is not None and "does not end" in self.abort

    @property
    def completion(self) -> int:
        """T."""
        return self.now if self.endless else self.last_end

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
        return self.goes_on_after(self._stop)

    def goes_on_after(self, place: int) -> bool:
        """Whether the plan goes on after the abort at a place in the log."""
        return place in self._goes_on

    def on_abort(self, event: Event) -> None:
        self.abort, self.aborted_at, self._stop = event["reason"], self.now, self.place
        self._end_waits()
        for job in self.jobs():
            if job.state in ("waiting", "put off"):
                self.give_up(job)
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
        for node in self.nodes.values():
            node.excused = node.bad
        self.stopped_time += self.now - self.aborted_at
        self.resumed_at = self.now
        self.count[event["reason"]] += 1
        if event["reason"] == "respin":
            self.left_out.clear()
            for step in self.steps.values():
                self._reopen(step)
            return
        for job in self.jobs():
            if job.opened or not any(self._bad_and_old(node) for node in job.nodes):
                continue  # it starts with its step, or needs nothing
            if job.state == "over":
                self.look_again(job)
            else:
                job.again = True

    def _bad_and_old(self, name: str) -> bool:
        """Whether a bad node is old, or will be by its rollback in service."""
        node = self.nodes[name]
        has_rollback = self.reading.patch(name).rollback is not None
        return (
            node.bad
            and name not in self.copies
            and (not node.new or (node.detected and has_rollback))
        )

    def _reopen(self, step: Step) -> None:
        """Open a step again for its units with an old member; it runs if one is at work."""
        working = [job for job in step.jobs if job.running]
        for job in working:
            job.late = False
        step.running = step.running or bool(working)
        for job in step.jobs:
            job.opened = job not in working and bool(self.to_do(job))
            if job.opened:
                job.last, job.failed = job.attempt + 1 + self.reading.max_retries, set()
            if job.opened and working:
                job.opened, job.state = False, "put off"

    # --- what befalls nodes ---

    def on_latent_failure(self, event: Event) -> None:
        self.nodes[event["node"]].latent = "latent"

    def on_node_impaired(self, event: Event) -> None:
        self.nodes[event["node"]].latent = "impaired"

    def on_failure_detected(self, event: Event) -> None:
        self.nodes[event["node"]].detected = True
        self.detected = [node for node in self.detected if node != event["node"]]
        self.detected.append(event["node"])
        self.become_bad(event["node"])

    def on_rollback_start(self, event: Event) -> None:
        self.nodes[event["node"]].reverting = True
        self.start_work(event["node"], "rollback")

    def on_node_crashed(self, event: Event) -> None:
        node = self.nodes[event["node"]]
        if node.crew == "attempt":
            self.job_at(event["node"]).crashed.add(event["node"])
        node.failed, node.out, node.latent = "crash", True, ""
        node.detected = False

    def on_node_repaired(self, event: Event) -> None:
        node = self.nodes[event["node"]]
        node.failed, node.out, node.new = "", False, False
