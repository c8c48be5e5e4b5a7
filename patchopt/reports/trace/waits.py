"""What each step of a plan waits for, as its nominal run shows.

A step that starts at t could not start just before t. So the state just before t is looked
at: whatever would have kept the step from starting there has been released at t, and is
what the step was waiting for.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from patchopt.reports.trace.bars import Bar, Kind
from patchopt.reports.trace.nominal import NominalRun

if TYPE_CHECKING:
    from patchopt.model.plan import Action, Step

What = Literal["step", "time", "crew", "surge", "order", "host", "min_up", "window"]


@dataclass(frozen=True)
class Cause:
    """What a step waits for.

    Parameters
    ----------
    what : str
        ``crew``, ``surge`` slots, a dependency in ``order``, a ``host`` or its guests,
        ``min_up`` of a service, a ``window``, the end of a ``step``, or its own ``time``.
    name : str
        Of the service, of the node that is depended on, of the host or guest; else empty.
    steps : tuple of int
        Steps that release it at the instant at which the step starts.
    """

    what: What
    name: str = ""
    steps: tuple[int, ...] = ()


def causes(run: NominalRun) -> dict[int, list[Cause]]:
    """Tell for each step what it waits for.

    Parameters
    ----------
    run : NominalRun
        Of the plan.

    Returns
    -------
    dict of int to list of Cause
        Empty for steps that wait for nothing, and for those that never start.
    """
    before = _Before(run)
    return {
        step.id: list(before.causes(step, run.started[step.id])) if step.id in run.started else []
        for step in run.plan.steps
    }


class _Before:
    """The state of a run just before any instant, and what is released there."""

    def __init__(self, run: NominalRun) -> None:
        self.run = run
        self.infrastructure = run.infrastructure
        self.crew = self._in_use("patch", "live", "warmup", "build")
        self.surge = self._in_use("build", "built")
        self.down = self._in_use("patch", "warmup")
        self.in_place = self._in_use("patch", "live", "warmup")
        self.step_of = self._doing("patch", "build")
        self.switch_of = self._doing("switch")

    def _in_use(self, *kinds: Kind) -> _InUse:
        index = self.infrastructure.nodes.index
        return _InUse((index[bar.node], bar) for bar in self.run.bars if bar.kind in kinds)

    def _doing(self, *actions: Action) -> dict[int, int]:
        """Return the step that does one of some actions on each node."""
        index = self.infrastructure.nodes.index
        steps = [step for step in self.run.plan.steps if step.action in actions]
        return {index[name]: step.id for step in steps for name in step.nodes}

    def causes(self, step: Step, at: int) -> Iterator[Cause]:
        """Tell what a step that starts at an instant waits for."""
        if at == 0:
            return
        found = list(self._resources(step, at)) if step.guarded else []
        yield from found
        told = {other for cause in found for other in cause.steps}
        ended = [other for other in step.after if self.run.over.get(other) == at]
        if not told.intersection(ended):
            if ended:
                yield Cause("step", steps=tuple(ended))
            elif not found and step.not_before == at:
                yield Cause("time")

    def _resources(self, step: Step, at: int) -> Iterator[Cause]:
        if step.action == "pause":
            return
        if step.action != "switch":
            nodes = [self.infrastructure.nodes.index[name] for name in step.nodes]
            yield from self._crew(step, len(nodes), at)
            yield from self._order(nodes, at)
            yield from self._hosts(step, nodes, at)
            if step.action == "patch":
                yield from self._services(step, nodes, at)
        windows = self.infrastructure.windows
        length = self.run.ended.get(step.id, at) - at
        if windows.period_s and windows.close_after(at - 1) < at - 1 + length:
            yield Cause("window")

    def _crew(self, step: Step, needed: int, at: int) -> Iterator[Cause]:
        limits = self.infrastructure.limits
        if 0 <= limits.max_parallel < self.crew.before(at) + needed:
            yield Cause("crew", steps=self._steps(self.crew.ending(at)))
        if step.action == "build" and 0 <= limits.surge < self.surge.before(at) + needed:
            yield Cause("surge", steps=self._steps(self.surge.ending(at), self.switch_of))

    def _order(self, nodes: Iterable[int], at: int) -> Iterator[Cause]:
        if not self.infrastructure.limits.strict:
            return
        order, units = self.infrastructure.order, self.infrastructure.units
        own = {order.component_of(int(units.of_node[node])) for node in nodes}
        late: list[int] = []
        for component in sorted({below for c in own for below in order.below[c]} - own):
            when, node = self._finished[component]
            if when >= at:
                late.append(node)
        if late:
            name = self.infrastructure.nodes.ids[late[0]]
            yield Cause("order", name, self._steps(late, self.step_of | self.switch_of))

    @cached_property
    def _finished(self) -> dict[int, tuple[int, int]]:
        """Return when each component of the order has finished, with its last node."""
        order, units = self.infrastructure.order, self.infrastructure.units
        index = self.infrastructure.nodes.index
        last: dict[int, tuple[int, int]] = {}
        for bar in self.run.bars:
            node = index[bar.node]
            component = order.component_of(int(units.of_node[node]))
            last[component] = max(last.get(component, (0, node)), (bar.end_s, node))
        return self._with_those_below(last)

    def _with_those_below(self, last: dict[int, tuple[int, int]]) -> dict[int, tuple[int, int]]:
        """Return the same, with components of no unit finished when those below them are."""
        below = self.infrastructure.order.below
        stack = list(below)
        while stack:
            component = stack[-1]
            missing = [other for other in below[component] if other not in last]
            if component in last:
                stack.pop()
            elif missing:
                stack += missing
            else:
                last[component] = max((last[c] for c in below[component]), default=(0, -1))
        return last

    def _hosts(self, step: Step, nodes: list[int], at: int) -> Iterator[Cause]:
        """Hosts above that are at work, or guests at work on a host that is to go down."""
        of = self.infrastructure.nodes
        for node in nodes:
            others = set(of.hosts_above(node))
            if step.action == "patch" and of.restart[node]:
                others |= set(of.guests(node).tolist())
            for other in sorted(others - set(nodes)):
                if self.in_place.of(other, at):
                    yield Cause("host", of.ids[other], self._steps([other]))
                    return

    def _services(self, step: Step, nodes: list[int], at: int) -> Iterator[Cause]:
        of, services = self.infrastructure.nodes, self.infrastructure.services
        leaving = {node for node in nodes if of.restart[node]}
        leaving |= {int(guest) for node in list(leaving) for guest in of.guests(node)}
        touched = Counter(int(of.service[node]) for node in leaving)
        idle = Counter(int(of.service[node]) for node in leaving if self.down.of(node, at))
        place = int(np.searchsorted(self.run.serving.times_s, at)) - 1
        serving = self.run.serving.values[max(place, 0)]
        for service in sorted(touched.keys() - {-1}):
            least, name = int(services.min_up[service]), services.names[service]
            if name in step.waives:
                least = min(least, int(services.instances[service]) - touched[service])
            if serving[service] - (touched[service] - idle[service]) < least:
                yield Cause("min_up", name, self._steps(self._back(service, at)))

    def _back(self, service: int, at: int) -> list[int]:
        """Return the nodes whose return brings instances of a service back at an instant."""
        of = self.infrastructure.nodes
        ending = self.down.ending(at)
        return [node for node in ending if service in of.service[[node, *of.guests(node)]]]

    def _steps(self, nodes: Iterable[int], of: Mapping[int, int] | None = None) -> tuple[int, ...]:
        steps = self.step_of if of is None else of
        return tuple(sorted({steps[node] for node in nodes if node in steps}))


class _InUse:
    """Bars of some kinds: how many lie over an instant, and which end there."""

    def __init__(self, bars: Iterable[tuple[int, Bar]]) -> None:
        self._of: defaultdict[int, list[Bar]] = defaultdict(list)
        self._ending: defaultdict[int, list[int]] = defaultdict(list)
        for node, bar in bars:
            self._of[node].append(bar)
            self._ending[bar.end_s].append(node)
        every = [bar for of_node in self._of.values() for bar in of_node]
        self._starts = sorted(bar.start_s for bar in every)
        self._ends = sorted(bar.end_s for bar in every)

    def before(self, at: int) -> int:
        """Return how many there are just before an instant."""
        return bisect_left(self._starts, at) - bisect_left(self._ends, at)

    def ending(self, at: int) -> list[int]:
        """Return the nodes of those that end at an instant and are not followed by another."""
        return [node for node in self._ending.get(at, ()) if not self._goes_on(node, at)]

    def of(self, node: int, at: int) -> bool:
        """Say whether there is one on a node just before an instant."""
        return any(bar.start_s < at <= bar.end_s for bar in self._of.get(node, ()))

    def _goes_on(self, node: int, at: int) -> bool:
        return any(bar.start_s <= at < bar.end_s for bar in self._of[node])
