"""Fingerprints of what the simulator gives: a line a scenario and preset, and one of all.

For a change that is to change no outcome: run it before and after, and compare. Every
strategy is planned with its defaults and run with each preset of failures; metrics of
all replications, and whole event logs of some, go into the fingerprints.

    python experiments/benchmarks/outcomes.py [REPLICATIONS [LOGS]]
"""

from __future__ import annotations

import hashlib
import json
import sys

import numpy as np

import patchopt
from patchopt.errors import PatchoptError
from patchopt.files.bundled import bundled_scenarios
from patchopt.files.presets import bundled_presets, load_preset
from patchopt.model.build import build_infrastructure
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.presets import with_failures
from patchopt.model.scenario import Scenario
from patchopt.simulator import Simulator
from patchopt.strategies import strategy_names

#: The optimum of one worker and a short search that counts the solver's own time.
PARAMETERS = {"optimal": {"time_limit": 2.0, "workers": 1, "deterministic": True}}


def plans_of(scenario: Scenario) -> dict[str, patchopt.Plan | str]:
    """Plan a scenario with every strategy; a refusal is its message."""
    found: dict[str, patchopt.Plan | str] = {}
    for strategy in strategy_names():
        try:
            found[strategy] = patchopt.plan(scenario, strategy, **PARAMETERS.get(strategy, {}))
        except PatchoptError as error:
            found[strategy] = str(error)
    return found


def fingerprint(
    infrastructure: Infrastructure, plan: patchopt.Plan | str, replications: int, logs: int
) -> str:
    """Hash the metrics of some replications and the events of the first few."""
    found = hashlib.sha256()
    if isinstance(plan, str):
        found.update(plan.encode())
        return found.hexdigest()
    found.update(json.dumps([step.model_dump(mode="json") for step in plan.steps]).encode())
    simulator = Simulator(infrastructure, plan)
    for name, values in simulator.run(1, replications).columns.items():
        found.update(name.encode())
        whole = values.tolist() if values.dtype == object else None
        found.update(json.dumps(whole).encode() if whole else np.ascontiguousarray(values).data)
    for replication in range(logs):
        found.update(json.dumps(simulator.trace(1, replication)).encode())
    return found.hexdigest()


def main(replications: int = 2000, logs: int = 20) -> None:
    """Print the fingerprints."""
    everything = hashlib.sha256()
    for name in bundled_scenarios():
        scenario = patchopt.load_scenario(name)
        plans = plans_of(scenario)
        for preset in bundled_presets():
            infrastructure = build_infrastructure(with_failures(scenario, load_preset(preset)))
            together = hashlib.sha256()
            for strategy, plan in plans.items():
                together.update(strategy.encode())
                if isinstance(plan, str):
                    fitted: patchopt.Plan | str = plan
                else:
                    sha256 = infrastructure.sha256
                    of = plan.scenario.model_copy(update={"sha256": sha256})
                    fitted = plan.model_copy(update={"scenario": of})
                together.update(fingerprint(infrastructure, fitted, replications, logs).encode())
            print(f"{name:18} {preset:24} {together.hexdigest()[:16]}", flush=True)
            everything.update(together.digest())
    print(f"{'all':43} {everything.hexdigest()[:16]}")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:3]))
