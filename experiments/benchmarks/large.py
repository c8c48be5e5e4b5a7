"""One replication of a rolling plan on a large scenario: prints seconds and megabytes as JSON.

    python experiments/benchmarks/large.py NODES

For `simulator.py` and `pairs.py`, which run it in a process of its own; it measures the patchopt
that PYTHONPATH or the environment gives it.
"""

from __future__ import annotations

import json
import resource
import sys

from cases import seconds, shop

from patchopt.model.build import build_infrastructure
from patchopt.model.scenario import Scenario
from patchopt.simulator import Simulator
from patchopt.strategies import make_strategy


def most_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(nodes: int) -> None:
    scenario = Scenario.model_validate(shop(nodes // 8, 8, 3 * nodes))
    infrastructure = build_infrastructure(scenario)
    built_mb = most_mb()
    plan = make_strategy("rolling", {}).plan(infrastructure)
    simulator = Simulator(infrastructure, plan)
    simulator.run(0)  # loads the compiled loop
    taken, done = seconds(lambda: simulator.run(1), 3.0)
    found = {"seconds": taken / done, "built_mb": built_mb, "most_mb": most_mb()}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
