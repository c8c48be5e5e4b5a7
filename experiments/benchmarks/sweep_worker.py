"""The far end of `sweep.py`: one measurement in a process of its own, a line of JSON.

    sweep_worker.py bare|engine CASE REPLICATIONS BLOCK WORKERS

Code is compiled and warm before the clock starts; everything else that a sweep does is in it.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
import tempfile
import time
from itertools import pairwise
from typing import Any, NamedTuple

from patchopt.files import load_preset, load_scenario
from patchopt.model.build import build_infrastructure
from patchopt.model.presets import with_failures
from patchopt.simulator import Simulator
from patchopt.strategies import make_strategy
from patchopt.sweeps import compose, run_sweep

SEED = 1


class Case(NamedTuple):
    """A plan and its failures."""

    scenario: str
    failures: str
    strategy: str = "rolling"


CASES = {
    "cloud_foundry": Case("cloud_foundry", "pessimistic"),
    "ha_microservices": Case("ha_microservices", "as_written"),
}


def simulator_of(case: Case) -> Simulator:
    scenario = with_failures(load_scenario(case.scenario), load_preset(case.failures))
    infrastructure = build_infrastructure(scenario)
    simulator = Simulator(infrastructure, make_strategy(case.strategy).plan(infrastructure))
    simulator.run(SEED, 10)
    return simulator


def loop(case: Case, first: int, last: int, block: int, start: Any = None) -> float:
    """Simulate and throw away; return the seconds."""
    simulator = simulator_of(case)
    if start is not None:
        start.wait()
    begun = time.perf_counter()
    for at in range(first, last, block):
        simulator.run(SEED, min(block, last - at), first=at)
    return time.perf_counter() - begun


def bare(case: Case, replications: int, block: int, workers: int) -> float:
    """Return how long bare loops take, side by side."""
    if workers == 1:
        return loop(case, 0, replications, block)
    edges = [replications * at // workers for at in range(workers + 1)]
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, context.Pool(workers) as pool:
        start = manager.Barrier(workers)
        shares = [(case, *share, block, start) for share in pairwise(edges)]
        return max(pool.starmap(loop, shares, chunksize=1))


def engine(case: Case, replications: int, block: int, workers: int) -> float:
    """Return how long a sweep takes, from its configuration to its dataset."""
    simulator_of(case)
    with tempfile.TemporaryDirectory() as folder:
        config = compose(
            [
                f"sweep.scenarios=[{case.scenario}]",
                f"sweep.strategies=[{case.strategy}]",
                f"failures={case.failures}",
                f"sweep.replications={replications}",
                f"sweep.seed={SEED}",
                f"simulator.block={block}",
                f"parallel.n_jobs={workers}",
                f"sweep.out={folder}/out",
            ]
        )
        begun = time.perf_counter()
        result = run_sweep(config)
        taken = time.perf_counter() - begun
    if result.rows != replications or result.failures:
        sys.exit(f"not all is there: {result}")
    return taken


def main() -> None:
    what, case, *numbers = sys.argv[1:]
    replications, block, workers = map(int, numbers)
    measure = {"bare": bare, "engine": engine}[what]
    print(json.dumps({"seconds": measure(CASES[case], replications, block, workers)}))


if __name__ == "__main__":
    main()
