"""The far end of `loading.py`: takes one scenario file all the way to arrays, once.

    .venv/bin/python experiments/benchmarks/loading_worker.py SCENARIO

It prints a line of JSON: processor seconds of each stage, and the most memory of the process.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import patchopt
from patchopt.files import load_scenario
from patchopt.model.build import build_infrastructure
from patchopt.model.items import items_of
from patchopt.optimizer.decoding.arrays import arrays_of
from patchopt.optimizer.problem import problem_of

taken: dict[str, float] = {}


def timed(stage: str, work: Callable[[], Any]) -> Any:
    begun = time.process_time()
    made = work()
    taken[stage] = time.process_time() - begun
    return made


def most_mb() -> float:
    """Return the most memory of this program: what began it may have had more."""
    status = Path("/proc/self/status")
    if status.exists():
        told = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(told["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    scenario = timed("load", lambda: load_scenario(Path(sys.argv[1])))
    infrastructure = timed("build", lambda: build_infrastructure(scenario))
    warnings = timed("warnings", lambda: infrastructure.warnings)
    items = timed("items", lambda: items_of(infrastructure))
    problem = timed("problem", lambda: problem_of(infrastructure, items))
    arrays = timed("arrays", lambda: arrays_of(problem))
    found = {
        "patchopt": patchopt.__file__,
        "seconds": taken,
        "most_mb": most_mb(),
        # That both have done the same work.
        "made": [infrastructure.sha256, len(warnings), len(problem.tasks), len(arrays.resource)],
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
