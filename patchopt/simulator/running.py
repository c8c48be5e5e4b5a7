"""Run plans: blocks of replications through the event loop."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np

from patchopt.model.base import Bits, Ints
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan
from patchopt.simulator.loop import compile as compilation
from patchopt.simulator.loop.bundles import Rows, State, blank
from patchopt.simulator.loop.codes import Reason
from patchopt.simulator.loop.infrastructure_tables import PATIENCE, longest_s
from patchopt.simulator.loop.program import assemble
from patchopt.simulator.loop.scratch import new_state
from patchopt.simulator.loop.state_rows import Measures
from patchopt.simulator.loop.streams import replication_keys
from patchopt.simulator.outcome import Outcome
from patchopt.simulator.plan_check import check_plan
from patchopt.simulator.wording import Event, Teller

_FIRST_CAPACITY = 4096


class Simulator:
    """One plan on one infrastructure, laid out once and run as often as wanted.

    Parameters
    ----------
    infrastructure : Infrastructure
        Where the plan runs.
    plan : Plan
        Checked here.
    run : callable, optional
        The event loop; the compiled one by default.

    Raises
    ------
    PlanError
        If the plan does not fit the infrastructure.
    """

    def __init__(
        self, infrastructure: Infrastructure, plan: Plan, run: compilation.Run | None = None
    ) -> None:
        check_plan(plan, infrastructure)
        self.infrastructure = infrastructure
        self.plan = plan
        self._teller = Teller(infrastructure, plan)
        self._fixed = assemble(infrastructure, plan)
        self._patient = False  # whether the plan's own length is known
        self._state = new_state(self._fixed)
        self._drawn = np.zeros((0, len(infrastructure.releases.names)), np.int64)
        self._run = compilation.compiled() if run is None else run

    def run(
        self, seed: int, replications: int = 1, *, first: int = 0, stratified: bool = False
    ) -> Outcome:
        """Simulate replications of a seed.

        Parameters
        ----------
        seed : int
            Of all of them.
        replications : int
            How many.
        first : int
            Number of the first; each number is a replication of its own.
        stratified : bool
            Whether defects of releases are not drawn but dealt out, a share of the
            replications to each stratum; means are weighted ones then.

        Returns
        -------
        Outcome
            Without events.

        Raises
        ------
        PatchoptError
            If there are too few replications for the strata.
        """
        keys = self._keys(seed, first, replications)
        sample = None
        if stratified:
            from patchopt.simulator.strata import stratify  # its draws are compiled

            sample = stratify(self.infrastructure, keys)
        defects = self._drawn if sample is None else sample.defects
        measures = self._measure(keys, defects)
        patchable = int(self.infrastructure.nodes.patched.sum())
        numbers = np.arange(first, first + replications, dtype=np.int64)
        outcome = Outcome.of(self._teller, seed, numbers, measures, patchable)
        if sample is None:
            return outcome
        return replace(outcome, strata=sample.strata, weights=sample.weights)

    def trace(self, seed: int, replication: int = 0) -> list[Event]:
        """Simulate one replication; return its events in order of time and cause."""
        keys = self._keys(seed, replication, 1)
        room = _FIRST_CAPACITY
        while True:
            state = new_state(self._fixed, room)
            measures = self._measure(keys, self._drawn, state)
            happened = state.counters.events
            if happened <= room:
                events = cast("Any", state.events)[:happened]
                completion_s = int(measures[0].completion_time)
                end_s = int(state.counters.now)
                return self._teller.events(events, seed, replication, completion_s, end_s)
            room = happened

    def _keys(self, seed: int, first: int, count: int) -> Bits:
        return replication_keys(self.infrastructure.luck, seed, first, count)

    def _measure(self, keys: Bits, defects: Ints, state: State | None = None) -> Rows[Measures]:
        used = self._state if state is None else state
        measures = self._block(keys, defects, used)
        if not self._patient and (cast("Any", measures)["abort_code"] == Reason.ENDLESS).any():
            before_s = int(self._fixed.limits.end_s)
            self._be_patient()
            if self._fixed.limits.end_s > before_s:
                return self._block(keys, defects, used)
        return measures

    def _block(self, keys: Bits, defects: Ints, state: State) -> Rows[Measures]:
        measures = blank(Measures, len(keys))
        self._run(self._fixed, state, keys, defects, measures)
        if state.counters.queue_short:
            raise MemoryError("the event queue is shorter than `new_state` reckons")
        return measures

    def _be_patient(self) -> None:
        """Let a run be cut only where the plan itself, by its nominal length, has long ended."""
        self._patient = True
        nominal = Simulator(self.infrastructure.without_failures(), self.plan, self._run)
        nominal._patient = True
        exact_s = longest_s(self.infrastructure, len(self.plan.steps))
        nominal._fixed.limits.end_s = exact_s
        ends_s = nominal.run(0).exact("completion_time")
        limit_s = max(int(self._fixed.limits.end_s), PATIENCE * ends_s)
        self._fixed.limits.end_s = min(exact_s, limit_s)


def simulate(
    infrastructure: Infrastructure,
    plan: Plan,
    *,
    seed: int,
    replications: int = 1,
    first: int = 0,
    events: bool = False,
) -> Outcome:
    """Simulate a plan with failure injection (MODEL 4 to 7).

    Parameters
    ----------
    infrastructure : Infrastructure
        Where the plan runs.
    plan : Plan
        What is done.
    seed : int
        The same seed is the same luck for every plan.
    replications : int
        How many.
    first : int
        Number of the first: more of them later are others.
    events : bool
        Whether to keep the events of the first replication.

    Returns
    -------
    Outcome

    Raises
    ------
    PlanError
        If the plan does not fit the infrastructure.
    """
    loop = compilation.fitting(infrastructure, replications)
    simulator = Simulator(infrastructure, plan, loop)
    outcome = simulator.run(seed, replications, first=first)
    return replace(outcome, events=simulator.trace(seed, first)) if events else outcome
