"""How fast the simulator is: a table, a Parquet file, and the table in README.md.

From the root of a checkout, after `make setup`:

    .venv/bin/python experiments/benchmarks/simulator.py

Everything is measured in one run, in this order, on a machine that has nothing else to do. The
slow twin is the SimPy model of tests/support, which the tests hold against the simulator.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from numpy.random import default_rng

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from patchopt.files import load_preset, scenario_from_text
from patchopt.model.infrastructure import Infrastructure
from patchopt.simulator import Simulator
from patchopt.simulator import layout as at
from patchopt.strategies import make_strategy
from support.simpy_twin import Twin

Row = dict[str, Any]
MARKS = ("<!-- table -->\n", "<!-- end of table -->\n")


def shop(services: int, replicas: int, edges: int, seed: int = 1) -> Row:
    """Give a scenario of services that depend on earlier ones, edges from instance to instance."""
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
    """Repeat something for some time; give the seconds that it took, and how often it was done."""
    done, begun = 0, time.perf_counter()
    while (taken := time.perf_counter() - begun) < least or not done:
        work()
        done += 1
    return taken, done


def built(written: Row, preset: str) -> tuple[Infrastructure, Row]:
    scenario = scenario_from_text(yaml.safe_dump(written), "benchmark")
    chosen = load_preset(preset)
    if chosen is not None:
        scenario = chosen.apply(scenario)
    return Infrastructure.build(scenario), scenario.model_dump(mode="json", exclude_none=True)


def against_simpy(name: str, written: Row, preset: str) -> list[Row]:
    infrastructure, plain = built(written, preset)
    plan = make_strategy("rolling", {}).plan(infrastructure)
    twin = Twin(plain, plan.model_dump(mode="json")["steps"])
    seeds = iter(range(10**9))
    taken, done = seconds(lambda: twin.run(next(seeds)), 5.0)
    slow = done / taken
    block = 20_000

    def rate(simulator: Simulator) -> float:
        simulator.run(0, block)  # compiled, and warm
        taken, done = seconds(lambda: simulator.run(0, block), 2.0)
        return done * block / taken

    each = Simulator(infrastructure, plan)
    # As if durations varied, by nothing: no replication is a copy of another then.
    each._fixed.limits[at.L_VARIABLE] = 1
    rates = {
        "every replication simulated": rate(each),
        "as it is (those without bad luck copied)": rate(Simulator(infrastructure, plan)),
    }
    about = f"{name}, {len(infrastructure.nodes)} nodes, failures {preset}"
    rows = [row(f"SimPy twin: {about}", slow, "replications/s")]
    for how, fast in rates.items():
        rows.append(row(f"patchopt: {about}, {how}", fast, "replications/s"))
        rows.append(row(f"ratio: {about}, {how}", fast / slow, "times", ">= 200"))
    if len(infrastructure.nodes) == 13 and preset == "as_written":
        fast = rates["every replication simulated"]
        rows.append(row("13 nodes, one core, every replication simulated", fast, "/s", ">= 200000"))
    return rows


def row(what: str, value: float, unit: str, reach: str = "") -> Row:
    met = ""
    if reach:
        relation, limit = reach.split()
        holds = value >= float(limit) if relation == ">=" else value < float(limit)
        met = "yes" if holds else "no"
    sys.stderr.write(f"{what}: {value:,.3g} {unit} {reach} {met}\n")
    return {"what": what, "value": value, "unit": unit, "reach": reach, "met": met}


def large(nodes: int) -> Row:
    """One replication of a rolling plan, in a process of its own: seconds and megabytes."""
    script = f"import simulator; simulator.one_large({nodes})"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=HERE, check=True, capture_output=True, text=True
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def one_large(nodes: int) -> None:
    from patchopt.model.scenario import Scenario

    written = shop(nodes // 8, 8, 3 * nodes)
    infrastructure = Infrastructure.build(Scenario.model_validate(written))
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    plan = make_strategy("rolling", {}).plan(infrastructure)
    simulator = Simulator(infrastructure, plan)
    simulator.run(0)  # loads the compiled loop
    taken, done = seconds(lambda: simulator.run(1), 3.0)
    most_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = {"seconds": taken / done, "built_mb": before_mb, "most_mb": most_mb}
    sys.stdout.write(json.dumps(found) + "\n")


def growth() -> list[Row]:
    found = {nodes: large(nodes) for nodes in (1_000, 10_000, 100_000)}
    rows = [
        row(f"one replication, {nodes} nodes: per node", 1e6 * one["seconds"] / nodes, "µs")
        for nodes, one in found.items()
    ]
    most = found[100_000]
    size = "100000 nodes, 12500 services, 300000 edges"
    per_node = [one["seconds"] / nodes for nodes, one in found.items()]
    return [
        *rows,
        row("growth per node, worst to best", max(per_node) / min(per_node), "times", "< 2"),
        row(f"one replication, {size}", most["seconds"], "s", "< 1"),
        row("the same: memory of the whole process", most["most_mb"], "MB", "< 1000"),
        row("of that, before the plan was made", most["built_mb"], "MB"),
    ]


def cold_start() -> list[Row]:
    command = [str(Path(sys.executable).with_name("patchopt")), "simulate", "ha_microservices"]
    times = []
    for _ in range(7):
        begun = time.perf_counter()
        subprocess.run([*command, "--strategy", "rolling"], check=True, capture_output=True)
        times.append(time.perf_counter() - begun)
    what = "cold start of `patchopt simulate ha_microservices`, median of 7"
    return [row(what, statistics.median(times), "s", "< 2")]


def workers(scenario: str, preset: str) -> list[Row]:
    """A million replications and their Parquet files, on one worker and on two, in turns."""
    from patchopt.sweep import compose, run_sweep

    times: dict[int, list[float]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(3):
            for count in (1, 2):
                config = compose(
                    [
                        f"sweep.scenarios=[{scenario}]",
                        "sweep.strategies=[rolling,hybrid,dependency_aware,batch_rolling]",
                        "sweep.replications=250000",
                        "simulator.block=10000",
                        f"failures={preset}",
                        f"sweep.out={folder}/{turn}-{count}",
                        f"parallel.n_jobs={count}",
                    ]
                )
                begun = time.perf_counter()
                assert run_sweep(config).rows == 1_000_000
                times[count].append(time.perf_counter() - begun)
    ratio = statistics.median(a / b for a, b in zip(times[1], times[2], strict=True))
    about = f"10⁶ replications of {scenario}, failures {preset}"
    return [
        row(f"{about}, one worker, median of 3", statistics.median(times[1]), "s"),
        row(f"{about}, two workers, median of 3", statistics.median(times[2]), "s"),
        row(f"{about}: two workers against one, in pairs", ratio, "times", ">= 1.8"),
    ]


def machine() -> str:
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(": ")[2] if names else model
    return f"{platform.node()}: {model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def table(rows: list[Row]) -> str:
    head = ["| what | measured | reach | met |", "| --- | ---: | --- | --- |"]
    lines = [f"Measured on {machine()}.\n", *head]
    for one in rows:
        digits = 0 if one["value"] >= 1000 else 2
        value = f"{one['value']:,.{digits}f} {one['unit']}"
        lines.append(f"| {one['what']} | {value} | {one['reach']} | {one['met']} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=HERE, help="folder of simulator.parquet")
    out = parser.parse_args().out
    small = yaml.safe_load((ROOT / "scenarios" / "ha_microservices.yaml").read_text())
    rows = [
        *against_simpy("ha_microservices", small, "as_written"),
        *against_simpy("ha_microservices", small, "critical_infrastructure"),
        *against_simpy("shop", shop(10, 5, 150), "as_written"),
        *against_simpy("shop", shop(20, 5, 300), "as_written"),
        *against_simpy("shop", shop(20, 5, 300), "critical_infrastructure"),
        *growth(),
        *cold_start(),
        *workers("cloud_foundry", "critical_infrastructure"),
        *workers("ha_microservices", "as_written"),
    ]
    pd.DataFrame(rows).assign(machine=machine()).to_parquet(out / "simulator.parquet")
    sys.stdout.write(table(rows))
    readme = HERE / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, _, rest = text.partition(MARKS[0])
    readme.write_text(before + MARKS[0] + table(rows) + MARKS[1] + rest.partition(MARKS[1])[2])


if __name__ == "__main__":
    main()
