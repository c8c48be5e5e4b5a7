"""Laws of steps and attempts: who may start, and when what is under way must end (MODEL 3 to 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.guarding import away
from support.timeline import Watcher

if TYPE_CHECKING:
    from support.replay import Replay
    from support.standing import Event, Job, Step


def require(condition: object, message: str) -> None:
    """Raise an `AssertionError` unless a condition holds."""
    if not condition:
        raise AssertionError(message)


class Law(Watcher):
    """A watcher with a method `on_...` for each kind of event that it judges."""

    def __init__(self, replay: Replay) -> None:
        self.run, self.reading = replay, replay.reading

    def before(self, event: Event) -> None:
        """Judge an event by how things stand before it."""
        judge = getattr(self, f"on_{event['event']}", None)
        if judge is not None:
            judge(event)

    def job(self, event: Event) -> Job:
        """Return the job of a node's event, which must be that of its attempt."""
        step = self.run.steps.get(event["step"])
        require(step is not None, f"the step has not started: {event}")
        found = [job for each in [step] if each for job in each.jobs if event["node"] in job.nodes]
        require(found, f"not its node: {event}")
        require(found[0].attempt == event["attempt"], f"not its attempt: {event}")
        return found[0]


class Steps(Law):
    """Steps start, wait and end as they may."""

    def __init__(self, replay: Replay) -> None:
        super().__init__(replay)
        self.waits: dict[int, int] = {}
        self.worked: dict[str, int] = {}
        self.built: set[str] = set()
        self.may_reopen: set[int] = set()

    def on_step_wait(self, event: Event) -> None:
        step = event["step"]
        require(step not in self.waits, f"a second wait: {event}")
        self._check_closed(event)
        require(self.run.abort is None, f"after the abort: {event}")
        require(event["reason"], f"a wait has a reason: {event}")
        self.waits[step] = event["time"]

    def on_step_start(self, event: Event) -> None:
        step, nodes, action = event["step"], list(event["nodes"]), event["action"]
        self._check_closed(event)
        require(self.run.abort is None, f"after the abort: {event}")
        waited = self.waits.pop(step, None)
        require(
            waited is None or waited < event["time"],
            f"a step that starts in the same instant has not waited: {event}",
        )
        require(len(set(nodes)) == len(nodes), f"a node twice: {event}")
        require(set(nodes) <= set(self.reading.patched), f"nothing to patch: {event}")
        require((action == "pause") == (not nodes), f"pauses alone have no nodes: {event}")
        require(action in ("patch", "build", "switch", "pause"), f"no such action: {event}")
        left_out = {node for _, node in self.run.left_out}
        built = self.built | left_out >= set(nodes)
        require(action != "switch" or built, f"never built: {event}")
        require(set(event["waives"]) <= set(self.reading.min_up), f"no such service: {event}")
        if action in ("patch", "build"):
            elsewhere = [node for node in nodes if self.worked.setdefault(node, step) != step]
            require(not elsewhere, f"worked on in two steps: {event}")
        if action == "build":
            self.built |= set(nodes)

    def _check_closed(self, event: Event) -> None:
        """Require that a step has not started, or may start anew."""
        step = self.run.steps.get(event["step"])
        require(step is None or not step.running, f"it runs already: {event}")
        require(step is None or step.id in self.may_reopen, f"it has ended: {event}")

    def on_step_end(self, event: Event) -> None:
        step = self.run.steps.get(event["step"])
        require(step is not None and step.running, f"the step does not run: {event}")
        if step is None:
            return
        require(not self._holding(step), f"the step is still at work: {event}")
        if step.action == "switch":
            due = step.started + self.reading.step_overhead
            require(event["time"] == due, f"the switch ends at {due}: {event}")
        self.may_reopen.discard(step.id)

    def on_abort(self, _: Event) -> None:
        self.waits.clear()

    def on_plan_resumed(self, event: Event) -> None:
        if event["reason"] == "respin":
            self.may_reopen = set(self.run.steps)

    @staticmethod
    def _holding(step: Step) -> list[Job]:
        return [job for job in step.jobs if job.running and not job.late]

    def settled(self) -> None:
        """Require that no step goes on that has nothing more to do."""
        for step in self.run.steps.values():
            if step.running and step.action in ("patch", "build"):
                require(self._holding(step), f"step {step.id} has not ended at {self.run.now} s")
            if step.running and step.action == "switch":
                late = self.run.now - step.started - self.reading.step_overhead
                require(late < 0, f"step {step.id} has not ended at {self.run.now} s")


class Attempts(Law):
    """Attempts start when they may, and end when their durations say."""

    def __init__(self, replay: Replay) -> None:
        super().__init__(replay)
        self.waited: set[tuple[int, str, int]] = set()
        self.put_off: set[tuple[int, str, int]] = set()

    # --- durations ---

    def _fixed(self, job: Job) -> int | None:
        """Return the longest duration of the members; None if one of them varies."""
        times = [self.reading.patch(node).time for node in job.members]
        return None if any(time.sigma for time in times) else max(time.nominal for time in times)

    def _back(self, job: Job) -> int | None:
        """Return how long a rollback takes; None if one of the members' varies."""
        times = [self.reading.patch(node).rollback_time for node in job.members]
        known = [time for time in times if time is not None]
        return None if any(t.sigma for t in known) else max((t.nominal for t in known), default=0)

    def _check_draw(self, event: Event, job: Job, extra: int = 0) -> None:
        require(job.state == "working" and event["node"] in job.busy, f"not at work: {event}")
        least = job.started + self.reading.step_overhead + extra
        fixed = self._fixed(job)
        if fixed is None:
            require(event["time"] > least, f"too early: {event}")
        else:
            require(event["time"] == least + fixed, f"due at {least + fixed}: {event}")
        require(job.drawn in (-1, event["time"]), f"not when the others' came: {event}")

    def on_node_patched(self, event: Event) -> None:
        job = self.job(event)
        self._check_draw(event, job)
        require(job.action == "patch", f"not patched in place: {event}")
        require(job.drawn == -1 or job.good, f"another member has failed: {event}")

    def on_patch_failed(self, event: Event) -> None:
        job = self.job(event)
        self._check_draw(event, job)
        require(job.action == "patch" and not job.good, f"others were patched: {event}")

    def on_built(self, event: Event) -> None:
        job = self.job(event)
        require(job.action == "build", f"not built: {event}")
        self._check_draw(event, job, self.reading.warmup(job.members))

    def on_build_failed(self, event: Event) -> None:
        job = self.job(event)
        require(job.action == "build" and event["node"] in job.members, f"not built: {event}")
        if job.state == "working":
            self._check_draw(event, job)
        else:
            require(job.drawn == event["time"], f"not at work: {event}")

    def on_rolled_back(self, event: Event) -> None:
        if not self.run.nodes[event["node"]].reverting:
            job = self.job(event)
            require(event["node"] in job.busy, f"not at work: {event}")
            require(job.drawn >= 0 and not job.good, f"nothing has failed: {event}")
            patch = self.reading.patch(event["node"])
            require(patch.rollback is not None, f"no rollback: {event}")
            back = self._back(job)
            if back is not None:
                require(event["time"] == job.drawn + back, f"due at {job.drawn + back}: {event}")
            require(event["time"] > job.drawn, f"too early: {event}")

    on_rollback_failed = on_rolled_back

    def on_node_failed(self, event: Event) -> None:
        if not self.run.nodes[event["node"]].reverting:
            job = self.job(event)
            require(event["node"] in job.busy, f"not at work: {event}")
            require(job.drawn >= 0 and not job.good, f"nothing has failed: {event}")
            if self.reading.patch(event["node"]).rollback is None:
                require(event["time"] == job.drawn, f"due at {job.drawn}: {event}")

    def on_switched(self, event: Event) -> None:
        require(event["node"] in self.run.copies, f"no copy is ready: {event}")
        step = self.run.steps.get(event["step"])
        require(step is not None and step.action == "switch", f"no switch: {event}")
        if step is not None and step.running:
            due = step.started + self.reading.step_overhead
            require(event["time"] == due, f"switched at {due}: {event}")
        elif step is not None:
            ready = max(job.over for job in self.run.jobs() if event["node"] in job.nodes)
            at_once = event["time"] in (ready, self.run.resumed_at)
            require(at_once, f"its switch has ended: {event}")

    # --- starts ---

    def on_attempt_start(self, event: Event) -> None:
        job = self._named(event)
        require(self.run.abort is None, f"after the abort: {event}")
        require(set(event["nodes"]) <= set(job.nodes), f"nodes of two units: {event}")
        require(not any(self.run.nodes[n].new for n in event["nodes"]), f"new already: {event}")
        require(not self.away(job, event["nodes"]), f"FAILED or crashed: {event}")
        require(job.attempt < job.last, f"one attempt too many: {event}")

    def on_attempt_wait(self, event: Event) -> None:
        job = self._named(event)
        key = job.step, job.nodes[0], event["attempt"]
        require(self.run.abort is None, f"after the abort: {event}")
        require(key not in self.waited, f"a second wait: {event}")
        self.waited.add(key)

    def on_abort(self, _: Event) -> None:
        self.waited.clear()
        self.put_off.clear()

    def on_node_put_off(self, event: Event) -> None:
        job = self._named(event)
        key = job.step, job.nodes[0], event["attempt"]
        require(self.reading.environment.repair is not None, f"nothing comes back: {event}")
        require(self.away(job, event["nodes"]), f"nobody has FAILED or crashed: {event}")
        require(key not in self.put_off, f"put off twice: {event}")
        self.put_off.add(key)

    def _named(self, event: Event) -> Job:
        """Return the job of an event of a whole unit that is not at work."""
        step = self.run.steps.get(event["step"])
        require(step is not None, f"the step has not started: {event}")
        found = [job for each in [step] if each for job in each.jobs]
        found = [job for job in found if event["nodes"][0] in job.nodes]
        require(found, f"not its nodes: {event}")
        require(found[0].state != "working", f"at work: {event}")
        require(event["attempt"] == found[0].attempt + 1, f"not the next attempt: {event}")
        return found[0]

    def away(self, job: Job, members: list[str]) -> bool:
        """Whether something that an attempt needs has FAILED or crashed."""
        return away(self.run, job.action, members)

    # --- what is due ---

    def settled(self) -> None:
        """Require that nothing is late, and that a unit fares as one."""
        for job in self.run.jobs():
            if job.state != "working":
                continue
            due = self._due(job)
            require(due is None or due > self.run.now, f"overdue at {self.run.now} s: {job}")
            if job.good and job.action == "patch" and job.drawn == self.run.now:
                old = [node for node in job.members if not self.run.nodes[node].new]
                require(not old, f"one unit, one fate: {job}")

    def _due(self, job: Job) -> int | None:
        """Return when the next thing must happen to a job, if that is known."""
        fixed, back = self._fixed(job), self._back(job)
        if job.drawn >= 0 and job.good:
            return job.drawn + self.reading.warmup(job.members)
        if job.drawn >= 0:
            return None if back is None else job.drawn + back
        if fixed is None:
            return None
        warmup = self.reading.warmup(job.members) if job.action == "build" else 0
        return job.started + self.reading.step_overhead + fixed + warmup
