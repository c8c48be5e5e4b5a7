"""How fast the simulator is: a table, a Parquet file, and the table in README.md.

From the root of a checkout, after `make setup`:

    .venv/bin/python experiments/benchmarks/simulator.py

Everything is measured in one run, in this order, on a machine that has nothing else to do. The
slow twin is the SimPy model of tests/support, which the tests hold against the simulator.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml
from numpy.random import default_rng

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from tables import Row, keep, row

from patchopt.files import load_preset, scenario_from_text
from patchopt.model.build import build_infrastructure
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.presets import with_failures
from patchopt.simulator import Simulator
from patchopt.strategies import make_strategy
from support.simpy_twin import Twin

#: Turns in which one worker is held against two.
PAIRS = 5


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


def built(written: Row, preset: str) -> tuple[Infrastructure, Row]:
    read = scenario_from_text(yaml.safe_dump(written), "benchmark")
    scenario = with_failures(read, load_preset(preset))
    return build_infrastructure(scenario), scenario.model_dump(mode="json", exclude_none=True)


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
    each._fixed.limits.variable = 1
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
    infrastructure = build_infrastructure(Scenario.model_validate(written))
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
    """Whole commands: what the plain loop does, and what loads the compiled one."""
    rows = []
    for options in ("--strategy rolling", "--strategy rolling --replications 10000"):
        command = f"patchopt simulate ha_microservices {options}"
        program, *rest = command.split()
        times = []
        for _ in range(9):
            begun = time.perf_counter()
            path = str(Path(sys.executable).with_name(program))
            subprocess.run([path, *rest], check=True, capture_output=True)
            times.append(time.perf_counter() - begun)
        what = f"cold start of `{command}`, median of 9"
        rows.append(row(what, statistics.median(times), "s", "< 2"))
    return rows


def workers(scenario: str, preset: str) -> list[Row]:
    """A million replications and their Parquet files, on one worker and on two, in turns.

    Beside it in every turn, what this machine gives at best: the bare loop in one process, and
    in two that share nothing.
    """
    from patchopt.sweeps import compose, run_sweep

    times: dict[int, list[float]] = {1: [], 2: []}
    bare: dict[int, list[float]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(PAIRS):
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
            for count in (1, 2):
                bare[count].append(side_by_side(count, scenario, preset))
    ratios = [a / b for a, b in zip(times[1], times[2], strict=True)]
    ceilings = [2 * a / b for a, b in zip(bare[1], bare[2], strict=True)]
    about = f"10⁶ replications of {scenario}, failures {preset}"
    median = statistics.median
    return [
        row(f"{about}, one worker, median of {PAIRS}", median(times[1]), "s"),
        row(f"{about}, two workers, median of {PAIRS}", median(times[2]), "s"),
        row(f"{about}: two workers against one, median", median(ratios), "times", ">= 1.8"),
        row(f"{about}: the same, least", min(ratios), "times"),
        row(f"{about}: the same, most", max(ratios), "times"),
        row(f"{about}: two bare loops that share nothing, median", median(ceilings), "times"),
        row(f"{about}: the same, least", min(ceilings), "times"),
    ]


def side_by_side(count: int, scenario: str, preset: str) -> float:
    """Run the bare loop in some processes at once; return the seconds of the slowest."""
    script = f"import simulator; simulator.bare_loop({scenario!r}, {preset!r})"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script],
            cwd=HERE,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(count)
    ]
    for one in running:
        assert one.stdout is not None
        one.stdout.readline()  # it is warm, and waits
    for one in running:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    found = [one.communicate()[0] for one in running]
    return max(float(text.split()[-1]) for text in found)


def bare_loop(scenario: str, preset: str) -> None:
    written = yaml.safe_load((ROOT / "scenarios" / f"{scenario}.yaml").read_text())
    infrastructure, _ = built(written, preset)
    simulator = Simulator(infrastructure, make_strategy("rolling", {}).plan(infrastructure))
    simulator.run(0, 100)
    print("warm", flush=True)
    sys.stdin.readline()
    begun = time.perf_counter()
    for block in range(20):
        simulator.run(10_000 * block, 10_000)
    print(time.perf_counter() - begun)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=HERE, help="folder of simulator.parquet")
    out = parser.parse_args().out
    small = yaml.safe_load((ROOT / "scenarios" / "ha_microservices.yaml").read_text())
    rows = [
        *against_simpy("ha_microservices", small, "as_written"),
        *against_simpy("ha_microservices", small, "pessimistic"),
        *against_simpy("shop", shop(10, 5, 150), "as_written"),
        *against_simpy("shop", shop(20, 5, 300), "as_written"),
        *against_simpy("shop", shop(20, 5, 300), "pessimistic"),
        *growth(),
        *cold_start(),
        *workers("cloud_foundry", "pessimistic"),
        *workers("ha_microservices", "as_written"),
    ]
    keep(rows, out, "simulator")


if __name__ == "__main__":
    main()
