"""Nodes, services and edges of the lean SimPy model: counters kept up to date as things change."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy
from lean_layout import Layout

#: The order in which SimPy takes what is due at one time; its own are 0 and 1.
LOOK = 2

Process = Generator[simpy.Event, None, None]


class Nodes:
    """What serves, at which version, and what that amounts to."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.env = simpy.Environment()
        count, services = len(layout.service), len(layout.min_up)
        self.blocked, self.new = [0] * count, [0] * count
        self.out, self.working, self.built = [False] * count, [False] * count, [False] * count
        self.failed: set[int] = set()
        self.old_at, self.new_at = layout.old.copy(), [0] * len(layout.old)
        self.serving, self.is_below = layout.instances.copy(), [False] * services
        self.is_mixed = [False] * len(layout.edges)
        self.dirty_services: set[int] = set()
        self.dirty_groups: set[int] = set()
        self.unit_left, self.needs = layout.unit_size.copy(), layout.needs.copy()
        self.below = self.mixed = self.settled = 0
        self.exposure = self.downtime = self.mixed_time = self.mixed_edge_seconds = 0
        self.failures = self.rollbacks = self.last_end = 0
        self.looking = False

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
        raise NotImplementedError

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
