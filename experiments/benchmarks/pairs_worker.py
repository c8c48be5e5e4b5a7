"""The far end of `pairs.py`: runs plans with the patchopt of its checkout, as often as told.

Reads a request a line, JSON, answers each with a line. It keeps to what every checkout has:
`Simulator(infrastructure, plan).run(seed, replications)`.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import yaml

import patchopt
from patchopt.files import scenario_from_text
from patchopt.model.build import build_infrastructure
from patchopt.model.plan import Plan
from patchopt.simulator import Simulator

Row = dict[str, Any]


class Worker:
    """One plan at a time."""

    def load(self, scenario: Row, steps: list[Row], copying: bool) -> Row:
        infrastructure = build_infrastructure(
            scenario_from_text(yaml.safe_dump(scenario), "benchmark")
        )
        about = {"name": infrastructure.scenario.name, "sha256": infrastructure.sha256}
        document = {"scenario": about, "strategy": {"name": "benchmark"}, "steps": steps}
        self.simulator = Simulator(infrastructure, Plan.model_validate(document))
        if not copying:  # as if durations varied, by nothing: no replication copies another
            self.simulator._fixed.limits.variable = 1
        return {"patchopt": patchopt.__file__}

    def run(self, seed: int, replications: int) -> Row:
        begun = time.process_time()
        outcome = self.simulator.run(seed, replications)
        taken = time.process_time() - begun
        times = outcome.columns["completion_time"].astype(float)
        return {"seconds": taken, "completion_time": float(times.mean())}


def main() -> None:
    worker = Worker()
    for line in sys.stdin:
        request = json.loads(line)
        answer = getattr(worker, request.pop("do"))(**request)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
