"""What a sweep costs beside the loop that it runs, and what a report on ten million rows takes.

    .venv/bin/python experiments/benchmarks/sweep.py

Pairs within one run, in changing order, each in a process of its own; medians of ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tables import HERE, Row, keep, row

BLOCK = 1000
#: Replications of a measurement: some twenty seconds of the bare loop.
SIZES = {"cloud_foundry": 1_000_000, "ha_microservices": 10_000_000}
CELLS = 10_000
OF_A_CELL = 100
PATCHOPT = (sys.executable, "-c", "from patchopt.cli import main; main()")

#: Ten million replications of ten plans.
LARGE = (
    "sweep.scenarios=[ha_microservices,online_boutique]",
    "sweep.strategies=[rolling,canary,big_bang,blue_green,dependency_aware]",
    "failures=pessimistic",
    "sweep.replications=1000000",
    "simulator.block=50000",
)


def seconds(what: str, case: str, replications: int, block: int, workers: int) -> float:
    words = [what, case, *map(str, (replications, block, workers))]
    done = subprocess.run(
        [sys.executable, "sweep_worker.py", *words],
        cwd=HERE,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return float(json.loads(done.stdout.splitlines()[-1])["seconds"])


def pairs(
    case: str, replications: int, block: int, workers: int, rounds: int
) -> list[dict[str, float]]:
    """Measure the bare loop and the engine in turns."""
    found = []
    for number in range(rounds):
        order = ["bare", "engine"] if number % 2 else ["engine", "bare"]
        found.append({who: seconds(who, case, replications, block, workers) for who in order})
    return found


def of_engine(case: str, rounds: int) -> list[Row]:
    """Return the engine beside the bare loop with one worker, and what a second brings."""
    size = SIZES[case]
    one, two = (pairs(case, size, BLOCK, workers, rounds) for workers in (1, 2))
    ratio = statistics.median(each["engine"] / each["bare"] for each in one)
    gained = {
        who: statistics.median(alone[who] / both[who] for alone, both in zip(one, two, strict=True))
        for who in ("bare", "engine")
    }
    of_one = statistics.median(each["bare"] for each in one) / size * 1e6
    limit = {"cloud_foundry": "< 1.10", "ha_microservices": "< 1.5"}[case]
    name = f"{case}, {of_one:.2f} µs a replication"
    return [
        row(f"{name}: engine / bare loop, one worker", ratio, "", limit),
        row(f"{name}: two workers / one, bare loops", gained["bare"], ""),
        row(f"{name}: two workers / one, engine", gained["engine"], ""),
        row(f"{name}: the one of the other", gained["engine"] / gained["bare"], "", ">= 0.9"),
    ]


def of_cells(rounds: int) -> list[Row]:
    """Return what each of many small cells costs beside its loop."""
    found = pairs("ha_microservices", CELLS * OF_A_CELL, OF_A_CELL, 1, rounds)
    cost = statistics.median(each["engine"] - each["bare"] for each in found) / CELLS * 1000
    return [row(f"{CELLS:,} cells of {OF_A_CELL} replications: engine a cell", cost, "ms", "< 1")]


def of_start(rounds: int, folder: Path) -> list[Row]:
    """Return how long a command takes until its first rows are finished."""
    found = []
    for workers, name in ((1, "one worker"), (2, "two workers")):
        taken = [first_row(folder / f"start-{workers}-{at}", workers) for at in range(rounds)]
        found.append(row(f"start to first row, {name}", statistics.median(taken), "s", "< 1.0"))
    return found


def first_row(out: Path, workers: int) -> float:
    ledger = out / ".sweep" / "ledger"
    study = ("experiment=smoke", "sweep.strategies=[rolling]", "sweep.replications=100000000")
    begun = time.perf_counter()
    with subprocess.Popen(
        [*PATCHOPT, "sweep", *study, f"sweep.out={out}", f"parallel.n_jobs={workers}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while not (ledger.exists() and b'"part"' in ledger.read_bytes()):
            if process.poll() is not None:
                sys.exit("the sweep has ended early")
            time.sleep(0.002)
        taken = time.perf_counter() - begun
        process.kill()
    return taken


def of_report(folder: Path) -> list[Row]:
    """Return what a report on ten million replications takes."""
    dataset = folder / "large"
    made, _ = command("sweep", *LARGE, f"sweep.out={dataset}")
    taken, most_mb = command("report", str(dataset), "--out", str(folder / "report"))
    # A file under two names takes its room once.
    sizes = {path.stat().st_ino: path.stat().st_size for path in dataset.rglob("*.*")}
    stored = (dataset / "runs.parquet").stat().st_size
    return [
        row("a sweep of 10,000,000 replications, two workers", made, "s"),
        row("its rows on disk", stored / 1e6, "MB"),
        row("all else in its folder", (sum(sizes.values()) - stored) / 1e6, "MB"),
        row("report on it", taken, "s", "< 120"),
        row("report on it, memory", most_mb, "MB", "< 2000"),
    ]


def command(*words: str) -> tuple[float, float]:
    """Run a command; return its seconds, and the most memory of its process in MB."""
    begun = time.perf_counter()
    with subprocess.Popen([*PATCHOPT, *words], stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"patchopt {' '.join(words)} has failed")
    return time.perf_counter() - begun, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=["engine", "cells", "start", "report"])
    parser.add_argument("--out", type=Path, default=HERE, help="folder of sweep.parquet")
    given = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        parts = {
            "engine": lambda: [each for case in SIZES for each in of_engine(case, given.rounds)],
            "cells": lambda: of_cells(given.rounds),
            "start": lambda: of_start(given.rounds, Path(folder)),
            "report": lambda: of_report(Path(folder)),
        }
        for name in given.only or parts:
            rows += parts[name]()
    if not given.only:
        keep(rows, given.out, "sweep")


if __name__ == "__main__":
    main()
