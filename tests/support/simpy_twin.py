"""The model once more, as a SimPy user would write it from its page alone.

Jobs and whatever befalls a node are processes, a dispatcher starts steps, and a monitor takes a
picture of everything after each instant. Only the hash that deals out luck is the simulator's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from support.reading import Reading
from support.twin_guard import Guard
from support.twin_nodes import DUE, ENDS, JUDGE, START, STARTS, Due, NodeRecord, Nodes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import simpy

    from support.twin_nodes import Process


@dataclass(eq=False)
class Step:
    """A step of the plan with its jobs, numbered over the whole plan."""

    written: Mapping[str, Any]
    jobs: list[tuple[int, tuple[str, ...]]]
    ended: simpy.Event
    waiting_since: int | None = None
    id: int = field(init=False)
    action: str = field(init=False)

    def __post_init__(self) -> None:
        self.id, self.action = self.written["id"], self.written["action"]


class Twin:
    """A plan on a scenario, ready to be run on any seed.

    Parameters
    ----------
    scenario
        The scenario as the dictionary that YAML gives.
    steps
        The plan's steps, as ``plan.json`` has them.
    """

    def __init__(self, scenario: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> None:
        self.reading = Reading(scenario)
        self.guard = Guard(self.reading)
        self.steps: list[tuple[Mapping[str, Any], list[tuple[int, tuple[str, ...]]]]] = []
        number = 0
        for step in steps:
            jobs = self._jobs(step) if step["action"] in {"patch", "build"} else [()]
            self.steps.append((step, list(enumerate(jobs, number))))
            number += len(jobs)

    def _jobs(self, step: Mapping[str, Any]) -> list[tuple[str, ...]]:
        order = {node: place for place, node in enumerate(step["nodes"])}
        jobs = self.reading.jobs(step["nodes"])
        return sorted(jobs, key=lambda job: min(order[node] for node in job))

    def run(self, seed: int) -> dict[str, Any]:
        """Run one replication; return its metrics by name."""
        return Run(self, seed).monitor.metrics()


class Run(Nodes):
    """One replication."""

    def __init__(self, twin: Twin, seed: int) -> None:
        super().__init__(twin.reading, seed)
        self.guard = twin.guard
        self.due_steps = 0
        self.ready: dict[int, Step] = {}
        self.stirred = False
        self.over = self.env.event()
        self.steps = [Step(written, jobs, self.env.event()) for written, jobs in twin.steps]
        for step in self.steps:
            self.env.process(self.wait_for_turn(step))
        self.stir()
        self.env.run(until=self.over)

    def stir(self, _: Any = None) -> None:
        """Let the dispatcher look at this instant, once its ends are over."""
        if not self.stirred:
            self.stirred = True
            self.env.process(self.dispatch())

    def wait_for_turn(self, step: Step) -> Process:
        yield self.env.all_of([self.steps[k].ended for k in step.written["after"]])
        if step.written["not_before"] > self.now:
            self.due_steps += 1
            yield self.due(step.written["not_before"] - self.now, DUE, step.id)
            self.due_steps -= 1
        self.ready[step.id] = step

    def dispatch(self) -> Process:
        yield Due(self.env, 0, STARTS)
        self.stirred = False
        for node in list(self.rollbacks):
            if node.bad != "impaired":
                self.rollbacks.remove(node)  # it has crashed
            elif not self.rollback_must_wait(node):
                self.rollbacks.remove(node)
                self.env.process(self.roll_back_detected(node))
                yield Due(self.env, 0, START)
        for _, step in sorted(self.ready.items()):
            if self.abort or self.guard.reasons(self, step):
                continue
            del self.ready[step.id]
            if step.waiting_since is not None:
                self.monitor.waited += self.now - step.waiting_since
            self.env.process(self.work(step))
            yield Due(self.env, 0, START)
            self.monitor.note_peaks()
        yield Due(self.env, 0, JUDGE)
        if not self.stirred:  # else the instant goes on
            self.judge()

    def judge(self) -> None:
        """End an instant: take its picture, note who waits, and see whether all is over."""
        self.monitor.take_picture()
        if not self.abort:
            for step in self.ready.values():
                if step.waiting_since is None:
                    step.waiting_since = self.now
                    self.monitor.pauses += 1
        if self.running:
            self.await_windows()
        elif self.abort or not (self.ready or self.due_steps):
            self.over.succeed()
        elif not (self.await_windows() or self.due_steps or self.may_hope()):
            self.stop("stuck")
            self.over.succeed()

    def await_windows(self) -> bool:
        """Look again when a window opens for a step that waits for nothing else."""
        found = False
        for step in self.ready.values():
            if not self.abort and self.guard.reasons(self, step) == ["window"]:
                opening = self.reading.windows.earliest(self.now, self.guard.nominal(step))
                self.due(opening - self.now, DUE)
                found = True
        return found

    def may_hope(self) -> bool:
        """Whether some step could start if what has failed came back."""
        return self.around.repair is not None and any(
            set(self.guard.reasons(self, step, hopeful=True)) <= {"window"}
            for step in self.ready.values()
        )

    def stop(self, why: str) -> None:
        """Abort the plan."""
        if not self.abort:
            self.abort = why
            for step in self.ready.values():
                if step.waiting_since is not None:
                    self.monitor.waited += self.now - step.waiting_since
            self.ready.clear()

    def work(self, step: Step) -> Process:
        self.running += len(step.jobs)
        doing = {
            "patch": self.patch,
            "build": self.build,
            "switch": self.switch,
            "pause": self.pause,
        }
        yield self.env.all_of(
            [self.env.process(doing[step.action](step, job, k)) for k, job in step.jobs]
        )
        step.ended.succeed()

    def pause(self, step: Step, _: Any, number: int) -> Process:
        yield self.due(step.written["duration"], ENDS, number)
        self.finish()
        gate = step.written.get("gate")
        if gate is not None:
            failed = sum(len(nodes) for nodes in self.unlucky.values())
            if failed + self.monitor.count["false_alarms"] > gate["max_failures"]:
                self.stop("gate")

    def switch(self, step: Step, _: Any, number: int) -> Process:
        yield self.due(self.reading.step_overhead, ENDS, number)
        for node in (self.nodes[name] for name in step.written["nodes"]):
            if node.built:
                attempt, node.built = node.built, 0
                self.surge -= 1
                self.commit(node, attempt)
                self.finished.add(node.id)
                if node.failed:  # its copy takes its place
                    node.failed = ""
                    if node.repair is not None:
                        node.repair.interrupt()
                    self.bring_back(node)
        self.finish()

    def build(self, step: Step, job: tuple[str, ...], number: int) -> Process:
        nodes = [self.nodes[name] for name in job]
        self.surge += len(nodes)
        self.take_crew(nodes)
        for attempt in range(1, self.reading.max_retries + 2):
            self.count_retries(nodes, attempt)
            yield self.due(self.draw_duration(job, attempt), ENDS, number)
            good = not self.draw_failures(job, attempt, in_place=False)
            if good:
                if self.reading.warmup(job):
                    yield self.due(self.reading.warmup(job), ENDS, number)
                for node in nodes:
                    node.built = attempt
                break
        else:
            self.surge -= len(nodes)
        self.free_crew(nodes)
        self.finish()

    def patch(self, step: Step, job: tuple[str, ...], number: int) -> Process:
        nodes = [self.nodes[name] for name in job]
        if any(node.failed for node in nodes):
            yield self.due(0, ENDS, number)
            self.finish()
            return
        self.take_crew(nodes)
        for attempt in range(1, self.reading.max_retries + 2):
            self.count_retries(nodes, attempt)
            for node in nodes:
                node.out = node.out or self.reading.patch(node.id).restart
            yield self.due(self.draw_duration(job, attempt), ENDS, number)
            if not self.draw_failures(job, attempt, in_place=True):
                for node in nodes:
                    self.commit(node, attempt)
                if self.reading.warmup(job):
                    yield self.due(self.reading.warmup(job), ENDS, number)
                self.finished.update(job)
                break
            going_back = self.lose_without_rollback(nodes)
            if going_back:
                yield self.due(
                    max(self.rollback_time(node, attempt) for node in going_back), ENDS, number
                )
            whole = self.roll_back(going_back, attempt) and len(going_back) == len(nodes)
            if not whole:
                break
        self.release([node for node in nodes if node.working])
        self.finish()

    def lose_without_rollback(self, nodes: list[NodeRecord]) -> list[NodeRecord]:
        """Let the members of a failed unit without a rollback be FAILED; return the others."""
        lost = [node for node in nodes if self.reading.patch(node.id).rollback is None]
        self.free_crew(lost)
        for node in lost:
            if not node.failed:
                self.fail(node, "patch")
        return [node for node in nodes if node not in lost]

    def roll_back(self, nodes: list[NodeRecord], attempt: int) -> bool:
        """End the rollback of an attempt; whether all are back."""
        whole = True
        for node in nodes:
            if node.failed:  # it has crashed meanwhile
                self.free_crew([node])
            elif self.rollback_fails(node, attempt):
                self.free_crew([node])
                self.fail(node, "patch")
            else:
                self.monitor.count["rollbacks"] += 1
                continue
            whole = False
        return whole

    def release(self, nodes: list[NodeRecord]) -> None:
        """Put nodes whose work is over into service."""
        self.free_crew(nodes)
        for node in nodes:
            if self.reading.patch(node.id).restart:
                self.bring_back(node)
