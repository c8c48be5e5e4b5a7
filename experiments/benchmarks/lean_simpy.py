"""A plan as a SimPy model, as one would write it who wants few numbers fast.

A process for every attempt, switch and pause, one look at the end of an instant for what may
start, counters kept up to date as things change. It measures seven of the metrics of the model's
page and nothing else: no log, no picture of the whole state. It knows steps, units, retries, the
guard, windows, defects, gates and budgets; not what happens to nodes by itself (section 11), nor
what follows a stop (section 13), and so no run needs to be cut. Tests hold it against the simulator.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Generator
from typing import Any

import simpy
from lean_layout import Job, Layout, Part, Work

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan
from patchopt.model.windows import FOREVER
from patchopt.simulator.loop.draws import draw
from patchopt.simulator.loop.streams import STREAM_DEFECT, STREAM_FAILURE

#: The order in which SimPy takes what is due at one time; its own are 0 and 1.
LOOK = 2

Process = Generator[simpy.Event, None, None]


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


class _Run:
    def __init__(self, layout: Layout, key: int) -> None:
        self.layout, self.seed = layout, key
        self.env = simpy.Environment()
        limits = layout.of.limits
        self.crew_limit = limits.max_parallel if limits.max_parallel >= 0 else FOREVER
        self.surge_limit = limits.surge if limits.surge >= 0 else FOREVER
        self.windows = layout.of.windows if layout.of.windows.period_s else None
        count, services = len(layout.service), len(layout.min_up)
        self.blocked, self.new = [0] * count, [0] * count
        self.out, self.working, self.built = [False] * count, [False] * count, [False] * count
        self.failed: set[int] = set()
        self.bad: set[int] = set()
        self.old_at, self.new_at = layout.old.copy(), [0] * len(layout.old)
        self.serving, self.is_below = layout.instances.copy(), [False] * services
        self.is_mixed = [False] * len(layout.edges)
        self.dirty_services: set[int] = set()
        self.dirty_groups: set[int] = set()
        self.unit_left, self.needs = layout.unit_size.copy(), layout.needs.copy()
        self.steps_after = [step.after for step in layout.steps]
        self.jobs_left = [0] * len(layout.steps)
        self.attempts, self.unlucky = [0] * len(layout.jobs), [set[int]() for _ in layout.jobs]
        self.crew = self.surge = self.running = self.due = self.pausing = 0
        self.ready: list[int] = []
        self.waiting: list[int] = []  # jobs, for a retry
        self.gates: list[int] = []
        self.openings: set[int] = set()
        self.looking = self.stopped = self.newly_bad = False
        self.below = self.mixed = self.settled = 0
        self.exposure = self.downtime = self.mixed_time = self.mixed_edge_seconds = 0
        self.failures = self.rollbacks = self.last_end = 0
        self.defective = {
            release
            for release, luck, name in layout.defects
            if draw(key, STREAM_DEFECT, name, 0) < luck
        }
        self.over = self.env.event()
        for step in layout.steps:
            if step.after == 0:
                self.release_step(step)
        self.stir()
        self.env.run(until=self.over)

    def metrics(self) -> dict[str, int]:
        end = self.last_end
        observed = max(self.layout.of.limits.horizon_s, self.env.now)
        self.integrate(int(observed))
        for node, weight in enumerate(self.layout.weight):
            if not self.new[node]:
                self.exposure += weight * end
        return {
            "exposure": self.exposure,
            "completion_time": end,
            "downtime": self.downtime,
            "mixed_time": self.mixed_time,
            "mixed_edge_seconds": self.mixed_edge_seconds,
            "failures": self.failures,
            "rollbacks": self.rollbacks,
        }

    # --- an instant ---

    def stir(self, _: Any = None) -> None:
        """Have a look once all that ends at this instant has ended."""
        if not self.looking:
            self.looking = True
            event = self.env.event()
            event._ok, event._value = True, None
            event.callbacks = [self.look]
            self.env.schedule(event, LOOK)

    def at(self, delay: int, callback: Any) -> None:
        timeout = self.env.timeout(delay)
        assert timeout.callbacks is not None
        timeout.callbacks.append(callback)

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

    def settle(self) -> None:
        """Judge services and edges that this instant has touched."""
        self.integrate(int(self.env.now))
        for service in self.dirty_services:
            below = self.serving[service] < self.layout.min_up[service]
            if below != self.is_below[service]:
                self.is_below[service] = below
                self.below += 1 if below else -1
        self.dirty_services.clear()
        old, new = self.old_at, self.new_at
        for group in self.dirty_groups:
            for edge in self.layout.edges_at[group]:
                one, other = self.layout.edges[edge]
                mixed = bool((old[one] and new[other]) or (new[one] and old[other]))
                if mixed != self.is_mixed[edge]:
                    self.is_mixed[edge] = mixed
                    self.mixed += 1 if mixed else -1
        self.dirty_groups.clear()

    def integrate(self, now: int) -> None:
        elapsed = now - self.settled
        self.settled = now
        self.downtime += self.below * elapsed
        self.mixed_edge_seconds += self.mixed * elapsed
        if self.mixed:
            self.mixed_time += elapsed

    # --- the guard ---

    def is_blocked(self, job: Job) -> bool:
        failed = self.failed
        if not job.step.build and not failed.isdisjoint(job.nodes):
            return True
        return not failed.isdisjoint(job.part.hosts)

    def refuses(self, step: Work, part: Part | None) -> str:
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
            if luck and draw(self.seed, STREAM_FAILURE, layout.key[node], attempt) < luck:
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

    @property
    def retries(self) -> int:
        return self.layout.of.limits.max_retries

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

    def leave_something_out(self) -> None:
        if self.waiting:
            self.give_up(self.layout.jobs[self.waiting.pop(0)])
            return
        step = self.layout.steps[self.ready.pop(0)]
        if step.action == "switch":
            self.surge -= sum(self.built[node] for node in step.nodes)
        self.end_step(step)

    # --- nodes ---

    def take_out(self, node: int) -> None:
        if not self.out[node]:
            self.out[node] = True
            for which in (node, *self.layout.guests[node]):
                self.blocked[which] += 1
                if self.blocked[which] == 1:
                    self.serving_changes(which, -1)

    def bring_back(self, node: int) -> None:
        if self.out[node]:
            self.out[node] = False
            for which in (node, *self.layout.guests[node]):
                self.blocked[which] -= 1
                if self.blocked[which] == 0:
                    self.serving_changes(which, 1)

    def commit(self, node: int) -> None:
        serves = not self.blocked[node]
        if serves:
            self.count_version(node, -1)
        self.new[node] = 1
        if serves:
            self.count_version(node, 1)
        self.exposure += self.layout.weight[node] * int(self.env.now)

    def finish(self, node: int) -> None:
        unit = self.layout.unit[node]
        self.unit_left[unit] -= 1
        if self.unit_left[unit] == 0:
            for user in self.layout.users[unit]:
                self.needs[user] -= 1

    def serving_changes(self, node: int, change: int) -> None:
        service = self.layout.service[node]
        if service >= 0:
            self.serving[service] += change
            self.dirty_services.add(service)
        if self.layout.patched[node]:
            self.count_version(node, change)

    def count_version(self, node: int, change: int) -> None:
        counts = self.new_at if self.new[node] else self.old_at
        group = len(self.layout.min_up) + node
        counts[group] += change
        if self.layout.edges_at[group]:
            self.dirty_groups.add(group)
        service = self.layout.service[node]
        if service >= 0:
            counts[service] += change
            if self.layout.edges_at[service]:
                self.dirty_groups.add(service)
