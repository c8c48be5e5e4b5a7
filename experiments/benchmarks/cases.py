"""What the benchmarks run: scenarios, bundled and made up, and kinds of failures."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from numpy.random import default_rng

import patchopt
from patchopt.files import load_preset
from patchopt.model.failures import Defect
from patchopt.model.presets import FailurePreset, with_failures
from patchopt.model.scenario import Scenario

Row = dict[str, Any]

#: Beside the bundled presets: nothing at all, and nothing but attempts.
OWN = {
    "nothing": FailurePreset(name="nothing", failure_probability=0.0),
    "attempts": FailurePreset(
        name="attempts",
        failure_probability=0.05,
        defect=Defect(probability=0.05, failure_probability=0.3),
    ),
}


def scenario_of(name: str, failures: str) -> Scenario:
    """Return a bundled scenario, or a shop of so many services, with some kind of failures."""
    if name.startswith("shop_"):
        services = int(name.removeprefix("shop_"))
        scenario = Scenario.model_validate(shop(services, 5, 15 * services))
    else:
        scenario = patchopt.load_scenario(name)
    return with_failures(scenario, OWN.get(failures) or load_preset(failures))


def shop(services: int, replicas: int, edges: int, seed: int = 1) -> Row:
    """Return a scenario of services that depend on earlier ones, edges between instances."""
    generator = default_rng(seed)
    nodes = [
        {
            "id": f"s{k}",
            "replicas": replicas,
            "type": "service_instance",
            "service": f"service-{k}",
            "criticality": int(generator.integers(1, 10)),
            "patch": f"CVE-{int(generator.integers(1, 6))}",
        }
        for k in range(services)
    ]
    pairs: set[tuple[str, str]] = set()
    while len(pairs) < edges:
        one, other = sorted(generator.integers(0, services, 2).tolist())
        ends = generator.integers(1, replicas + 1, 2).tolist()
        if one != other:
            pairs.add((f"s{other}-{ends[0]}", f"s{one}-{ends[1]}"))
    kinds = ["compatible", "degraded"]
    return {
        "version": 1,
        "name": f"shop-{services * replicas}",
        "constraints": {"max_parallel": max(4, services // 100), "max_retries": 1},
        "services": {f"service-{k}": {"min_up": replicas - 1} for k in range(services)},
        "patches": {
            f"CVE-{k}": {
                "severity": 5 + k / 2,
                "duration": 60 * k,
                "rollback": 60,
                "failure_probability": 0.02,
            }
            for k in range(1, 6)
        },
        "nodes": nodes,
        "edges": [
            {"source": a, "target": b, "compatibility": kinds[k % 2]}
            for k, (a, b) in enumerate(sorted(pairs))
        ],
    }


def seconds(work: Callable[[], object], least: float) -> tuple[float, int]:
    """Repeat something for some time; return the seconds it took, and how often it was done."""
    done, begun = 0, time.perf_counter()
    while (taken := time.perf_counter() - begun) < least or not done:
        work()
        done += 1
    return taken, done
