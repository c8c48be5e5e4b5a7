"""Laws of stops and of the end of a run (MODEL 6, 13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.laws_of_work import Law, require

if TYPE_CHECKING:
    from support.replay import Replay
    from support.standing import Event
    from support.written import Time


class Stops(Law):
    """A stop has its reason, nothing starts in it, and it ends as the scenario says."""

    def __init__(self, replay: Replay) -> None:
        super().__init__(replay)
        self.gate: Event | None = None
        self.failed_gate = False  # in the line before
        self.failed_verdict = False  # the last stop was by a gate or abort_after_failures
        self.incomplete = False  # the plan has ended with something left out, and not stopped
        self.generations: dict[str, int] = {}
        self.replaced: set[str] = set()
        self.bad_releases: set[str] = set()
        self.last_move = 0  # when the plan last did something

    def before(self, event: Event) -> None:
        """Require that a gate's verdict is followed by its abort."""
        self.failed_gate = self.gate is not None
        if self.gate is not None:
            follows = event["event"] == "abort" and event["time"] == self.gate["time"]
            require(follows, f"no abort with {self.gate}")
        self.gate = event if event["event"] == "gate_failed" else None
        if event["event"] in ("abort", "step_end", "node_left_out", "plan_resumed"):
            self.last_move = event["time"]
        super().before(event)

    def on_gate_failed(self, event: Event) -> None:
        require(self.run.abort is None, f"stopped already: {event}")

    def on_abort(self, event: Event) -> None:
        cut = "does not end" in event["reason"]
        require(self.run.abort is None or self.incomplete or cut, f"aborted twice: {event}")
        require(event["reason"], f"an abort has a reason: {event}")
        share = self.reading.abort_share is not None and self.counted()
        cause = self.failed_gate or self._spent() or share or self.run.left_out
        require(cause or cut, f"nothing to abort for: {event}")
        self.failed_verdict = self.failed_gate or self._spent()
        # What befalls nodes afterwards may still stop it.
        self.incomplete = bool(self.run.left_out) and not self.failed_verdict
        self.replaced.clear()
        # Those that are bad now; who becomes so by this abort counts too.
        waiting = [job for job in self.run.jobs() if job.state in ("waiting", "put off")]
        failed = {node for job in waiting for node in job.failed}
        self.bad_releases = {
            self.reading.patch(node).release
            for node in self.reading.patched
            if self.run.nodes[node].bad or node in failed
        }

    def counted(self) -> int:
        """Return how many bad nodes count."""
        return sum(node.bad and not node.excused for node in self.run.nodes.values())

    def _spent(self) -> bool:
        """Whether the budget of bad nodes is used up."""
        limit = self.reading.abort_after
        return limit is not None and self.counted() >= limit

    def settled(self) -> None:
        """Require that nothing goes on with its budget used up."""
        spent = self.run.abort is None and self._spent()
        # A plan that is over is stopped only to go on.
        stops = not self.run.over or self._is_reviewed_in_time()
        require(not (spent and stops), f"{self.counted()} bad nodes, no abort at {self.run.now} s")

    def on_release_replaced(self, event: Event) -> None:
        release = event["release"]
        generation = self.generations.get(release, 0) + 1
        require(self.run.abort is not None, f"nothing has stopped: {event}")
        require(event["generation"] == generation, f"generation {generation}: {event}")
        require(release in self.bad_releases, f"no node of it was bad: {event}")
        require(release not in self.replaced, f"replaced twice: {event}")
        self.generations[release] = generation
        self.replaced.add(release)

    def on_plan_resumed(self, event: Event) -> None:
        around = self.reading.environment
        require(self.run.abort is not None, f"nothing has stopped: {event}")
        require(event["time"] < self.reading.horizon, f"too late to go on: {event}")
        require(event["reason"] in ("review", "respin"), f"no such reason: {event}")
        if event["reason"] == "respin":
            require(self.replaced, f"no release was replaced: {event}")
            self._check_delay(event, around.respin.delay if around.respin else None)
        else:
            require(not self.replaced, f"releases were replaced: {event}")
            self._check_delay(event, around.review)

    def _check_delay(self, event: Event, delay: Time | None) -> None:
        require(delay is not None, f"nothing lets it go on: {event}")
        if delay is not None and not delay.sigma:
            due = self.run.aborted_at + delay.nominal
            require(event["time"] == due, f"due at {due}: {event}")
        require(event["time"] > self.run.aborted_at, f"too early: {event}")

    def _should_go_on(self) -> bool:
        """Whether a review of the last stop is missing; a respin depends on luck."""
        if self.run.abort is None or not self.failed_verdict:
            return False
        return self._is_reviewed_in_time(self.run.aborted_at)

    def _is_reviewed_in_time(self, since: int | None = None) -> bool:
        """Whether a stop, now if no other time is given, ends by a review for certain."""
        review, start = self.reading.environment.review, self.run.now if since is None else since
        if review is None or review.sigma or self.reading.environment.respin is not None:
            return False
        return start + review.nominal < self.reading.horizon

    def on_run_end(self, event: Event) -> None:
        end, told = event["time"], event["completion_time"]
        if self.run.endless:
            require(told == end, f"cut off at O, which is T: {event}")
            return
        require(told == self.run.last_end, f"T is {self.run.last_end}: {event}")
        require(self.run.abort is not None or not self.run.left_out, f"incomplete: {event}")
        require(not self._should_go_on(), f"the stop at {self.run.aborted_at} s ends: {event}")
        last = max(self.reading.horizon, told, self.last_move)
        require(end == last, f"O is {last}: {event}")
        idle = [job for job in self.run.jobs() if job.running or job.state == "put off"]
        require(not idle, f"the plan is not over: {idle}")
        running = [step.id for step in self.run.steps.values() if step.running]
        require(not running, f"never ended: {running}")
