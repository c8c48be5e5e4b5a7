"""A run can be ended while it goes on."""

from __future__ import annotations

import _thread
import threading

import pytest

from patchopt.simulator.loop.compile import compiled
from patchopt.simulator.running import Simulator
from support.building import plan_by_hand
from support.contract import infrastructure_of

#: Nodes that crash every few seconds for years: about 10^9 events.
RESTLESS = {
    "version": 1,
    "name": "restless",
    "constraints": {"horizon": "3650d"},
    "environment": {"crash": {"mtbf": 1}, "repair": 1},
    "nodes": [
        {"id": "n", "replicas": 8, "type": "database", "patch": {"severity": 5, "duration": 9}}
    ],
}


def test_ctrl_c_ends_a_run_where_it_is() -> None:
    infrastructure = infrastructure_of(RESTLESS)
    plan = plan_by_hand(infrastructure, {"action": "patch", "nodes": ["n-1"]})
    Simulator(infrastructure.without_failures(), plan, compiled()).run(1)  # it is compiled now
    simulator = Simulator(infrastructure, plan, compiled())
    threading.Timer(0.2, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        simulator.run(1)
    state = simulator._state
    assert 0 < state.counters.now < infrastructure.limits.horizon_s
    # What is run afterwards is a run of its own.
    short = infrastructure_of(RESTLESS | {"constraints": {"horizon": 600}})
    plan = plan_by_hand(short, {"action": "patch", "nodes": ["n-1"]})
    assert Simulator(short, plan, compiled()).run(1).exact("total_exposure") > 0
