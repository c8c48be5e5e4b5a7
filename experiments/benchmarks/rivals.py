"""The event loop, compiled and not, beside SimPy models of the same plan: one table.

    .venv/bin/python experiments/benchmarks/rivals.py

All are measured in turns within one run, several rounds in changing order, so that whatever else
the machine does befalls them alike; ratios are medians over rounds. Writes its table into
README.md, and the rounds to rivals.parquet.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "tests"))

import pandas as pd
from cases import Row, scenario_of
from lean_simpy import LeanModel, keys_of
from tables import between_marks, machine

from patchopt.model.build import build_infrastructure
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan
from patchopt.simulator import Simulator
from patchopt.simulator.loop.compile import uncompiled
from patchopt.strategies import make_strategy
from support.simpy_twin import Twin

CASES = (
    ("ha_microservices", "nothing"),
    ("ha_microservices", "attempts"),
    ("online_boutique", "attempts"),
    ("shop_10", "attempts"),
    ("shop_20", "attempts"),
)
ROUNDS = 7
#: Of one turn.
TURN_S = 0.3

HEAD = (
    "scenario",
    "nodes",
    "failures",
    "compiled, µs",
    "compiled, copying, µs",
    "uncompiled, µs",
    "lean SimPy, µs",
    "lean / compiled",
    "lean / uncompiled",
    "uncompiled / compiled",
    "(twin / compiled)",
)

#: Runs so many replications of some seed.
Turn = Callable[[int, int], object]


def every_one(simulator: Simulator) -> Simulator:
    """Let no replication be copied from one that went the same way: as if durations varied."""
    simulator._fixed.limits.variable = 1
    return simulator


def turns_of(infrastructure: Infrastructure, plan: Plan) -> dict[str, Turn]:
    """Return who competes."""
    compiled = every_one(Simulator(infrastructure, plan))
    plain = every_one(Simulator(infrastructure, plan, uncompiled()))
    lean = LeanModel(infrastructure, plan)
    written = infrastructure.scenario.model_dump(mode="json", exclude_none=True)
    twin = Twin(written, plan.model_dump(mode="json")["steps"])
    return {
        "compiled": compiled.run,
        "compiled, copying": Simulator(infrastructure, plan).run,
        "uncompiled": plain.run,
        "lean": lambda seed, count: [lean.run(k) for k in keys_of(infrastructure, seed, count)],
        "twin": lambda seed, count: [twin.run(1_000 * seed + k) for k in range(count)],
    }


def timed(turn: Turn, seed: int, count: int) -> float:
    begun = time.process_time()
    turn(seed, count)
    return time.process_time() - begun


def fitting_count(turn: Turn) -> int:
    """Return how many replications take a turn's time, about; at least two."""
    turn(0, 2)  # compiled, and warm
    count = 2
    while (taken := timed(turn, 0, count)) < TURN_S / 10:
        count *= 4
    return max(2, round(count * TURN_S / taken))


def measure(name: str, failures: str, rounds: int) -> list[Row]:
    """Return seconds per replication, a row a round."""
    infrastructure = build_infrastructure(scenario_of(name, failures))
    plan = make_strategy("rolling", {}).plan(infrastructure)
    turns = turns_of(infrastructure, plan)
    counts = {who: fitting_count(turn) for who, turn in turns.items()}
    order = list(turns)
    found = []
    for number in range(rounds):
        order = [*order[1:], order[0]]
        taken = {who: timed(turns[who], number + 1, counts[who]) / counts[who] for who in order}
        about = {"scenario": name, "nodes": len(infrastructure.nodes), "failures": failures}
        found.append({**about, "round": number, **{who: taken[who] for who in turns}})
    sys.stderr.write(f"{name}, {failures}: {found[-1]}\n")
    return found


def middle(rows: list[Row], over: str, under: str | None = None) -> float:
    return statistics.median(row[over] / (row[under] if under else 1e-6) for row in rows)


def table(rows: list[Row], rounds: int) -> str:
    """Return medians over the rounds of each case."""
    lines = [
        f"Medians of {rounds} rounds, `rolling`. Measured on {machine()}.\n",
        f"| {' | '.join(HEAD)} |",
        "| --- | ---: | --- " + "| ---: " * (len(HEAD) - 3) + "|",
    ]
    for at in range(0, len(rows), rounds):
        case = rows[at : at + rounds]
        times = [
            middle(case, who) for who in ("compiled", "compiled, copying", "uncompiled", "lean")
        ]
        ratios = [
            middle(case, "lean", "compiled"),
            middle(case, "lean", "uncompiled"),
            middle(case, "uncompiled", "compiled"),
            middle(case, "twin", "compiled"),
        ]
        first = case[0]
        cells = [first["scenario"], f"{first['nodes']}", first["failures"]]
        cells += [f"{value:,.2f}" if value < 100 else f"{value:,.0f}" for value in times]
        cells += [f"{value:,.1f}" if value < 100 else f"{value:,.0f}" for value in ratios]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--out", type=Path, default=HERE, help="folder of rivals.parquet")
    parser.add_argument("--dry", action="store_true", help="write nothing")
    given = parser.parse_args()
    rows = [row for case in CASES for row in measure(*case, given.rounds)]
    text = table(rows, given.rounds)
    sys.stdout.write(text)
    if not given.dry:
        pd.DataFrame(rows).assign(machine=machine()).to_parquet(given.out / "rivals.parquet")
        between_marks("rivals", text)


if __name__ == "__main__":
    main()
