"""A plan as a SimPy model, as one would write it who wants few numbers fast.

A process for every attempt, switch and pause, one look at the end of an instant for what may
start, counters kept up to date as things change. It measures seven metrics (exposure, completion
time, downtime, mixed time twice, failures, rollbacks) and nothing else: no log, no picture of the
whole state. It knows steps, units, retries, the guard, windows, defects, gates and budgets; not
what happens to nodes by itself, nor what follows a stop. Tests hold it against the simulator.
"""

from __future__ import annotations

from typing import Any

from lean_layout import Job, Layout, Part, Work
from lean_work import AtWork

from patchopt.model.base import Bits
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan
from patchopt.model.windows import FOREVER
from patchopt.simulator.loop import streams


def keys_of(infrastructure: Infrastructure, seed: int, count: int) -> Bits:
    """Return what keys the draws of the first replications of a seed."""
    return streams.replication_keys(infrastructure.luck, seed, 0, count)


class LeanModel:
    """A plan on an infrastructure, laid out once.

    Parameters
    ----------
    infrastructure, plan
        As for `patchopt.simulator.Simulator`.
    """

    def __init__(self, infrastructure: Infrastructure, plan: Plan) -> None:
        self.layout = Layout(infrastructure, plan)

    def run(self, key: int) -> dict[str, int]:
        """Run one replication, of some key of its draws; return metrics by name."""
        return _Run(self.layout, key).metrics()


class _Run(AtWork):
    """One replication: what may start, and when all is over."""

    def __init__(self, layout: Layout, key: int) -> None:
        super().__init__(layout, key)
        limits = layout.of.limits
        self.crew_limit = limits.max_parallel if limits.max_parallel >= 0 else FOREVER
        self.surge_limit = limits.surge if limits.surge >= 0 else FOREVER
        self.windows = layout.of.windows if layout.of.windows.period_s else None
        self.openings: set[int] = set()
        self.over = self.env.event()
        for step in layout.steps:
            if step.after == 0:
                self.release_step(step)
        self.stir()
        self.env.run(until=self.over)

    # --- an instant ---

    def look(self, _: Any) -> None:
        self.looking = False
        self.judge()
        hope = not self.stopped and self.start_what_may()
        if self.newly_bad and not self.stopped:
            self.stir()
        if self.looking:
            return  # the instant goes on
        self.settle()
        if self.running:
            return
        if self.stopped or not (self.waiting or self.ready or self.due):
            self.over.succeed()
        elif not (hope or self.due):
            self.leave_something_out()
            self.stir()

    def start_what_may(self) -> bool:
        """Start jobs, then steps; whether a window will let something in."""
        hope = False
        for number in tuple(self.waiting):
            job = self.layout.jobs[number]
            if self.failed and self.is_blocked(job):
                self.waiting.remove(number)
                self.give_up(job)
            elif job.step.guarded and (refused := self.refuses(job.step, job.part)):
                hope = self.await_window(refused, job.part.length) or hope
            else:
                self.waiting.remove(number)
                self.start_attempt(job)
        place = 0
        while place < len(self.ready):
            step = self.layout.steps[self.ready[place]]
            jobs = step.jobs
            if self.failed:
                jobs = [job for job in jobs if not self.is_blocked(job)]
            if step.guarded and (jobs or not step.jobs):
                part = self.layout.part(jobs) if jobs else None
                if refused := self.refuses(step, part):
                    hope = self.await_window(refused, part.length if part else step.length) or hope
                    place += 1
                    continue
            self.ready.remove(step.id)
            self.start_step(step, jobs)
            place = sum(other < step.id for other in self.ready) if jobs or not step.jobs else 0
        return hope

    def leave_something_out(self) -> None:
        if self.waiting:
            self.give_up(self.layout.jobs[self.waiting.pop(0)])
            return
        step = self.layout.steps[self.ready.pop(0)]
        if step.action == "switch":
            self.surge -= sum(self.built[node] for node in step.nodes)
        self.end_step(step)

    # --- the guard ---

    def is_blocked(self, job: Job) -> bool:
        failed = self.failed
        if not job.step.build and not failed.isdisjoint(job.nodes):
            return True
        return not failed.isdisjoint(job.part.hosts)

    def refuses(self, step: Work, part: Part | None) -> str:  # noqa: PLR0911
        """Return why not, or nothing; "window" only if nothing else is in the way."""
        length = step.length
        if part is not None:
            length = part.length
            if self.crew + part.size > self.crew_limit:
                return "crew"
            if step.build and self.surge + part.size > self.surge_limit:
                return "surge"
            if part.conflict or any(self.out[host] for host in part.hosts):
                return "host"
            if any(self.working[guest] for guest in part.guests):
                return "guest"
            if any(self.needs[unit] for unit in part.units):
                return "order"
            for service, nodes, least in part.services:
                serving = self.serving[service] - sum(not self.blocked[node] for node in nodes)
                if serving < least:
                    return "service"
        if self.windows is not None:
            now = int(self.env.now)
            if self.windows.close_after(now) < now + length:
                return "window"
        return ""

    def await_window(self, refused: str, length: int) -> bool:
        if refused != "window" or self.windows is None:
            return False
        now = int(self.env.now)
        opening = self.windows.earliest_fit(now, length)
        if opening == FOREVER:
            return False
        if opening not in self.openings:
            self.openings.add(opening)
            self.at(opening - now, self.stir)
        return True
