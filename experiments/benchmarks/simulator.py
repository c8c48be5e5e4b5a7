"""How fast the simulator is: a table, a Parquet file, and the table in README.md.

From the root of a checkout, after `make setup`:

    .venv/bin/python experiments/benchmarks/simulator.py

Everything is measured in one run, in this order, on a machine that has nothing else to do. What
SimPy takes for the same plans is in `rivals.py`, another checkout in `pairs.py`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent

from cases import Row, scenario_of, seconds
from tables import keep, row

from patchopt.model.build import build_infrastructure
from patchopt.simulator import Simulator
from patchopt.strategies import make_strategy

#: Turns in which one worker is held against two.
PAIRS = 5
#: Replications of a block.
BLOCK = 20_000


def rates(name: str, failures: str) -> list[Row]:
    """Replications a second on one core: simulated each, and as it is."""
    infrastructure = build_infrastructure(scenario_of(name, failures))
    plan = make_strategy("rolling", {}).plan(infrastructure)
    each = Simulator(infrastructure, plan)
    # As if durations varied, by nothing: no replication is a copy of another then.
    each._fixed.limits.variable = 1
    about = f"{name}, {len(infrastructure.nodes)} nodes, failures {failures}"
    reach = ">= 200000" if (name, failures) == ("ha_microservices", "attempts") else ""
    return [
        row(f"{about}, every replication simulated", rate(each), "/s", reach),
        row(
            f"{about}, as it is (those without bad luck copied)",
            rate(Simulator(infrastructure, plan)),
            "/s",
        ),
    ]


def rate(simulator: Simulator) -> float:
    simulator.run(0, BLOCK)  # compiled, and warm
    taken, done = seconds(lambda: simulator.run(0, BLOCK), 2.0)
    return done * BLOCK / taken


def large(nodes: int) -> Row:
    """One replication of a rolling plan, in a process of its own: seconds and megabytes."""
    done = subprocess.run(
        [sys.executable, "large.py", str(nodes)],
        cwd=HERE,
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


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
    infrastructure = build_infrastructure(scenario_of(scenario, preset))
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
    rows = [
        *rates("ha_microservices", "attempts"),
        *rates("ha_microservices", "as_written"),
        *rates("ha_microservices", "pessimistic"),
        *rates("shop_10", "attempts"),
        *rates("shop_20", "attempts"),
        *rates("shop_20", "pessimistic"),
        *growth(),
        *cold_start(),
        *workers("cloud_foundry", "pessimistic"),
        *workers("ha_microservices", "as_written"),
    ]
    keep(rows, out, "simulator")


if __name__ == "__main__":
    main()
