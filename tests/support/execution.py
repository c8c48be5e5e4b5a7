"""Whether a run did what its plan says: nothing too early, nothing later than it had to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.guarding import WINDOW, away, length
from support.judging import Verdicts
from support.laws_of_work import require
from support.planned import Planned
from support.reading import Reading
from support.replay import Replay

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from support.standing import Event


def check_execution(
    scenario: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], events: Sequence[Event]
) -> None:
    """Assert that a lawful log is that of a plan.

    Parameters
    ----------
    scenario
        The scenario as the dictionary that YAML gives.
    steps
        The plan's steps, as ``plan.json`` has them.
    events
        A log that `support.check_log.check_log` finds lawful.

    Raises
    ------
    AssertionError
        At the first step, attempt or rollback that breaks its guard, starts too early, waits
        without need or is announced wrongly, at a gate or a budget that is misjudged, or where
        something is left out that could start some time.
    """
    replay = Replay(Reading(scenario), events)
    execution = Execution(replay, steps)
    replay.play([execution, Verdicts(replay, steps)])
    execution.check_whole()


class Execution(Planned):
    """Compares starts with what plan and guard allow."""

    def __init__(self, replay: Replay, steps: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(replay, steps)
        self.latest: dict[str, int] = {}  # when a window lets in who waits for nothing else
        self.going_back: set[str] = set()
        self.reopening = False  # a respin has just come

    # --- starts ---

    def on_step_wait(self, event: Event) -> None:
        ready = event["step"] in self.ready() and self.refused(event["step"])
        require(ready, f"step {event['step']} has nothing to wait for: {event}")

    def on_attempt_wait(self, event: Event) -> None:
        job = self.run.job_of(event["step"], event["nodes"][0])
        require(self.job_refused(job), f"nothing to wait for: {event}")

    def before(self, event: Event) -> None:
        """Require that nobody has missed a window."""
        missed = [who for who, time in self.latest.items() if time < event["time"]]
        require(not missed, f"{missed} could start before {event['time']}")
        self._end_what_has_nothing_to_do()
        super().before(event)

    def on_step_start(self, event: Event) -> None:
        number = event["step"]
        require(number in self.steps, f"no such step: {event}")
        step = self.steps[number]
        told = event["action"], set(event["nodes"]), set(event["waives"])
        planned = step["action"], self.whole(number), set(self.waives(number))
        require(told == planned, f"step {number} is not as planned: {event}")
        early = not self.released(step) or step.get("not_before", 0) > event["time"]
        require(not early, f"step {number} starts too early: {event}")
        broken = self.refused(number)
        require(not broken, f"step {number} at {event['time']} s: {'; '.join(broken)}")
        able = {node for unit in self.able(number) for node in unit}
        everyone = {node for unit in self.units(number) for node in unit}
        held = {node for node in everyone if (event["time"], number, node) in self.run.held}
        require(held == everyone - able, f"put off or left out: {sorted(held)}, {event}")
        self.begun.add(number)

    def on_step_end(self, event: Event) -> None:
        step, start = self.steps[event["step"]], self.run.steps[event["step"]].started
        self.ended.add(event["step"])
        if step["action"] == "pause" and self.run.abort is None:
            lasted = event["time"] - start
            require(lasted == step.get("duration", 0), f"it lasts {lasted} s: {event}")

    def on_attempt_start(self, event: Event) -> None:
        job = self.run.job_of(event["step"], event["nodes"][0])
        require(set(event["nodes"]) == set(self.run.to_do(job)), f"not whom it works on: {event}")
        broken = self.job_refused(job)
        require(not broken, f"step {job.step} at {event['time']} s, again: {'; '.join(broken)}")

    def on_rollback_start(self, event: Event) -> None:
        node = event["node"]
        if node in self.going_back:
            return
        members = self.together(node)
        self.going_back |= set(members)
        broken = self.rollback_refused(event["step"], members)
        require(not broken, f"rollback at {event['time']} s: {'; '.join(broken)}: {event}")

    # --- stops, and what is left out ---

    def on_abort(self, _: Event) -> None:
        """Require that a plan that is over is stopped only to go on."""
        over = self.run.over and not self.steps.keys() - self.ended
        goes_on = self.run.goes_on_after(self.run.place)
        require(goes_on or not over, f"the plan was over before {self.run.now}")

    def on_plan_resumed(self, event: Event) -> None:
        if event["reason"] == "respin":
            self.begun.clear()
            self.ended.clear()
            self.reopening = True

    def _end_what_has_nothing_to_do(self) -> None:
        """Let the steps count as ended that a respin gives nothing to do."""
        if not self.reopening:
            return
        self.reopening = False
        for number, step in self.steps.items():
            started = self.run.steps.get(number)
            if step["action"] == "pause":
                continue
            if step["action"] == "switch":
                nothing = all(self.run.nodes[node].new for node in step["nodes"])
            else:
                jobs = started.jobs if started is not None else []
                working = any(job.running for job in jobs)
                self.begun |= {number} if working else set()
                nothing = bool(jobs) and not any(job.opened or job.running for job in jobs)
            if nothing:
                self.ended.add(number)

    def on_node_left_out(self, event: Event) -> None:
        step, node = event["step"], event["node"]
        if step not in self.begun:  # or not begun anew
            if step not in self.ended:
                require(step in self.ready(), f"not waiting: {event}")
                self._check_hopeless(event, self.refused(step, hopeful=self._repair))
            self.ended.add(step)
            return
        job = self.run.job_of(step, node)
        if not job.opened and job.state in ("waiting", "put off"):
            at_once = not self._repair and away(self.run, job.action, job.nodes)
            if not at_once:
                self._check_hopeless(event, self.job_refused(job, hopeful=self._repair))

    @property
    def _repair(self) -> bool:
        return self.reading.environment.repair is not None

    def _check_hopeless(self, event: Event, broken: list[str]) -> None:
        """Require that nothing runs or is due, and that no window would have helped."""
        busy = [job for job in self.run.jobs() if job.state == "working"]
        busy += [job for job in self.run.nodes.values() if job.reverting]  # type: ignore[misc]
        steps = [step.id for step in self.run.steps.values() if step.running and not step.jobs]
        require(not busy and not steps, f"left out while work is running: {event}")
        require(not self.due_later(), f"left out, but {self.due_later()} are due: {event}")
        require(set(broken) - {WINDOW}, f"left out, but it can start some time: {event}")

    # --- waits ---

    def settled(self) -> None:
        """Require that whoever waits has to, and that it is told."""
        self._end_what_has_nothing_to_do()
        self.going_back = {name for name, node in self.run.nodes.items() if node.reverting}
        self._check_rollbacks()
        self.latest.clear()
        if self.run.abort is not None:
            return
        for step in self.ready():
            self._check_wait(f"step {step}", self.refused(step), length(self.run, self.able(step)))
            require((step, "") in self.run.waits, f"step {step} waits from {self.run.now} on")
        for job in self.run.jobs():
            if job.state in ("waiting", "put off"):
                broken, members = self.job_refused(job), self.run.to_do(job)
                who = f"the next attempt of {job.nodes} in step {job.step}"
                self._check_wait(who, broken, length(self.run, [members] if members else []))
                told = (job.step, job.nodes[0]) in self.run.waits
                require(told or not self.held_by_guard(job), f"{who} waits from {self.run.now} on")

    def _check_rollbacks(self) -> None:
        """Require that a rollback in service that has not begun cannot begin."""
        held = False  # by an earlier one that lacks crew
        for name in self.run.detected:
            node = self.run.nodes[name]
            waits = node.detected and node.latent == "impaired" and node.new
            if not waits or node.reverting or self.reading.patch(name).rollback is None:
                continue
            guarded = self.guarded(node.made_by[0])
            refused = self.rollback_refused(node.made_by[0], self.together(name))
            free = not refused and not (guarded and held)
            require(not free, f"{name} could be rolled back at {self.run.now}")
            held = held or (guarded and "max_parallel" in refused)

    def _check_wait(self, who: str, broken: list[str], seconds: int) -> None:
        require(broken, f"{who} could start at {self.run.now}")
        if broken == [WINDOW]:
            self.latest[who] = self.reading.windows.earliest(self.run.now, seconds)

    def check_whole(self) -> None:
        """Require that every step has ended, unless the plan was stopped."""
        left = sorted(self.steps.keys() - self.ended)
        require(self.run.abort is not None or not left, f"never ended, and no abort: {left}")
