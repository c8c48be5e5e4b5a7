"""Run plans: blocks of replications through the event loop."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np

from patchopt.model.base import Ints
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan
from patchopt.simulator.loop import compile as compilation
from patchopt.simulator.loop.bundles import Rows, State, blank
from patchopt.simulator.loop.program import assemble
from patchopt.simulator.loop.rows import Measures
from patchopt.simulator.loop.scratch import new_state
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
        self._state = new_state(self._fixed)
        self._drawn = np.zeros((0, len(infrastructure.releases.names)), np.int64)
        self._run = compilation.compiled() if run is None else run

    def run(self, seed: int, replications: int = 1, *, stratified: bool = False) -> Outcome:
        """Simulate replications; number i has seed ``seed + i``.

        Parameters
        ----------
        seed : int
            Of the first replication.
        replications : int
            How many.
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
        seeds = np.arange(seed, seed + replications, dtype=np.int64)
        sample = None
        if stratified:
            from patchopt.simulator.strata import stratify  # its draws are compiled

            sample = stratify(self.infrastructure, seeds)
        defects = self._drawn if sample is None else sample.defects
        measures = self._measure(seeds, defects)
        patchable = int(self.infrastructure.nodes.patched.sum())
        outcome = Outcome.of(self._teller, seeds, measures, patchable)
        if sample is None:
            return outcome
        return replace(outcome, strata=sample.strata, weights=sample.weights)

    def trace(self, seed: int) -> list[Event]:
        """Simulate one replication; return its events in order of time and cause."""
        seeds = np.array([seed], np.int64)
        room = _FIRST_CAPACITY
        while True:
            state = new_state(self._fixed, room)
            measures = self._measure(seeds, self._drawn, state)
            happened = state.counters.events
            if happened <= room:
                events = cast("Any", state.events)[:happened]
                return self._teller.events(events, seed, int(measures[0].completion_time))
            room = happened

    def _measure(self, seeds: Ints, defects: Ints, state: State | None = None) -> Rows[Measures]:
        measures = blank(Measures, len(seeds))
        used = self._state if state is None else state
        self._run(self._fixed, used, seeds, defects, measures)
        if used.counters.queue_short:
            raise MemoryError("the event queue is shorter than `new_state` reckons")
        return measures


def simulate(
    infrastructure: Infrastructure,
    plan: Plan,
    *,
    seed: int,
    replications: int = 1,
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
        Replication i has seed ``seed + i``; the same seed is the same luck for every plan.
    replications : int
        How many.
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
    outcome = simulator.run(seed, replications)
    return replace(outcome, events=simulator.trace(seed)) if events else outcome
