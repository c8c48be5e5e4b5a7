"""Room for what a replication changes."""

from __future__ import annotations

import numpy as np

from patchopt.model.base import Ints
from patchopt.simulator.loop import state_rows
from patchopt.simulator.loop.bundles import Fixed, State, blank
from patchopt.simulator.loop.codes import Happening


def new_state(fixed: Fixed, event_capacity: int = 0, queue_capacity: int | None = None) -> State:
    """Return the bundle ``state`` of a run, with room for some events.

    Parameters
    ----------
    fixed : Fixed
        What is to be run.
    event_capacity : int
        Events beyond it are counted and not kept.
    queue_capacity : int, optional
        Room of the queue; as much as is ever needed by default.
    """
    nodes, jobs, steps = len(fixed.nodes), len(fixed.jobs), len(fixed.steps)
    troubled = nodes if fixed.limits.background else 0
    # Beside jobs and steps that are due, each node has one of each thing that may happen to it
    # and one end of a rollback in service; then there are a false alarm and a resumption.
    due = jobs + steps + 1 + ((len(Happening) + 1) * nodes + 2 if troubled else 0)

    def numbers(count: int) -> Ints:
        return np.zeros(count, np.int64)

    return State(
        measures=blank(state_rows.Measures, 1)[0],
        counters=blank(state_rows.Counters, 1)[0],
        nodes=blank(state_rows.NodeState, nodes),
        troubles=blank(state_rows.TroubleState, troubled),
        steps=blank(state_rows.StepState, steps),
        jobs=blank(state_rows.JobState, jobs),
        services=blank(state_rows.ServiceState, len(fixed.services)),
        edges=np.zeros(len(fixed.edges), np.int8),
        groups=blank(state_rows.GroupState, len(fixed.groups)),
        dirty=np.zeros(len(fixed.groups), np.int8),
        units=numbers(len(fixed.units)),
        components=blank(state_rows.ComponentState, len(fixed.components)),
        releases=blank(state_rows.ReleaseState, len(fixed.releases)),
        defective=numbers(len(fixed.releases)),
        queue=blank(state_rows.Due, due if queue_capacity is None else queue_capacity),
        # Each step, service, group and component is in its list once, a node once detected.
        ready=numbers(steps),
        pending=numbers(jobs),
        gates=numbers(steps),
        dirty_services=numbers(len(fixed.services)),
        dirty_groups=numbers(len(fixed.groups)),
        stack=numbers(len(fixed.components)),
        rollbacks=numbers(troubled),
        events=blank(state_rows.EventRow, event_capacity),
        interrupt=numbers(1),
    )
