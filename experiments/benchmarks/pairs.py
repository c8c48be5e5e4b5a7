"""The simulator of this checkout against that of another one, in pairs on the same plans.

    .venv/bin/python experiments/benchmarks/pairs.py BASE

BASE is the root of the other checkout, with its own .venv (`make setup`); without one, this
checkout's packages are used with the other's sources. Plans are made here, once, on the bundled
scenarios with nothing but attempts that fail; both simulate them in turns, in changing order, a
process each. A ratio is the processor time of BASE over that of this one: above 1, this one is
faster.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

import pandas as pd
from cases import Row, scenario_of
from tables import between_marks, machine

from patchopt.files.bundled import bundled_scenarios
from patchopt.model.build import build_infrastructure
from patchopt.model.infrastructure import Infrastructure
from patchopt.strategies import make_strategy, strategy_names

ROUNDS = 7
#: Of one turn.
TURN_S = 0.05
LARGE = 100_000
PARAMETERS = {"optimal": {"time_limit": 2.0, "workers": 1, "deterministic": True}}


class Far:
    """A process with the patchopt of some checkout."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.process = subprocess.Popen(
            [*command(root), "pairs_worker.py"],
            cwd=HERE,
            env=surroundings(root),
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def ask(self, **request: Any) -> Row:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.root}: the process has ended; its message is above")
        return dict(json.loads(line))

    def load(self, **request: Any) -> None:
        used = Path(self.ask(do="load", **request)["patchopt"])
        if not used.is_relative_to(self.root):
            sys.exit(f"{self.root}: it would measure {used}")

    def seconds(self, seed: int, replications: int) -> float:
        return float(self.ask(do="run", seed=seed, replications=replications)["seconds"])

    def close(self) -> None:
        self.process.communicate()


def command(root: Path) -> list[str]:
    python = root / ".venv" / "bin" / "python"
    return [str(python) if python.exists() else sys.executable]


def surroundings(root: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(root)}


def requests(name: str, failures: str, strategies: Sequence[str]) -> dict[str, Row]:
    """Return what each strategy's plan is, in words that any checkout reads."""
    scenario = scenario_of(name, failures)
    infrastructure = build_infrastructure(scenario)
    written = scenario.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    return {
        strategy: {"scenario": {"version": 1, **written}, "steps": steps}
        for strategy in strategies
        if (steps := steps_of(infrastructure, strategy))
    }


def steps_of(infrastructure: Infrastructure, strategy: str) -> list[Row]:
    plan = make_strategy(strategy, PARAMETERS.get(strategy, {})).plan(infrastructure)
    return [
        {**step.model_dump(mode="json", exclude_defaults=True), "reason": "benchmark"}
        for step in plan.steps
    ]


def fitting_count(far: Far) -> int:
    """Return how many replications take a turn's time, about."""
    far.seconds(0, 16)  # compiled, and warm
    count = 64
    while (taken := far.seconds(0, count)) < TURN_S / 10:
        count *= 4
    return max(16, round(count * TURN_S / taken))


def compare(far: dict[str, Far], request: Row, copying: bool, rounds: int) -> list[Row]:
    """Return the seconds of both, a row a round."""
    for one in far.values():
        one.load(**request, copying=copying)
    count = max(fitting_count(one) for one in far.values())
    found = []
    for number in range(rounds):
        order = list(far) if number % 2 else list(far)[::-1]
        taken = {who: far[who].seconds(number + 1, count) for who in order}
        found.append({"round": number, "replications": count, **taken})
    return found


def ratios(rows: list[Row]) -> list[float]:
    return sorted(row["base"] / row["this"] for row in rows)


def of_least(rows: list[Row]) -> float:
    """Return the median over plans of the least times' ratio: what disturbs only adds."""
    plans: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        plans.setdefault((row["scenario"], row["strategy"]), []).append(row)
    return statistics.median(
        min(row["base"] for row in some) / min(row["this"] for row in some)
        for some in plans.values()
    )


def table(rows: list[Row], how: str) -> str:
    """Return a line a scenario and kind of failures, over all strategies and rounds."""
    lines = [
        f"{how}. Measured on {machine()}.\n",
        "| scenario | failures | this, µs | base, µs | base / this | quartiles | of least times |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["scenario"], row["failures"]), []).append(row)
    for (name, failures), some in groups.items():
        times = [
            1e6 * statistics.median(row[who] / row["replications"] for row in some)
            for who in ("this", "base")
        ]
        low, middle, high = statistics.quantiles(ratios(some), n=4)
        lines.append(
            f"| {name} | {failures} | {times[0]:,.2f} | {times[1]:,.2f} | {middle:.2f}"
            f" | {low:.2f} to {high:.2f} | {of_least(some):.2f} |"
        )
    for failures in dict.fromkeys(row["failures"] for row in rows):
        some = [row for row in rows if row["failures"] == failures]
        low, middle, high = statistics.quantiles(ratios(some), n=4)
        lines.append(
            f"| all | {failures} | | | {middle:.2f} | {low:.2f} to {high:.2f} |"
            f" {of_least(some):.2f} |"
        )
    return "\n".join(lines) + "\n"


def large(roots: dict[str, Path], rounds: int) -> str:
    """Return the table of one replication on many nodes, a process each, in turns."""
    found: dict[str, list[Row]] = {who: [] for who in roots}
    for number in range(rounds):
        for who in list(roots) if number % 2 else list(roots)[::-1]:
            done = subprocess.run(
                [*command(roots[who]), "large.py", str(LARGE)],
                cwd=HERE,
                env=surroundings(roots[who]),
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
            found[who].append(json.loads(done.stdout.splitlines()[-1]))
    lines = [
        f"| {LARGE:,} nodes, `rolling`, one replication | seconds | memory of the process, MB |",
        "| --- | ---: | ---: |",
    ]
    for who, rows in found.items():
        taken = statistics.median(row["seconds"] for row in rows)
        most = max(row["most_mb"] for row in rows)
        lines.append(f"| {who} | {taken:.3f} | {most:,.0f} |")
    pairs = zip(found["base"], found["this"], strict=True)
    shares = [base["seconds"] / this["seconds"] for base, this in pairs]
    lines.append(f"| base / this | {statistics.median(shares):.2f} | |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("base", type=Path, help="root of the other checkout")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--scenarios", nargs="+", default=bundled_scenarios())
    parser.add_argument("--strategies", nargs="+", default=strategy_names())
    parser.add_argument("--failures", nargs="+", default=["nothing", "attempts"])
    parser.add_argument("--copying", action="store_true", help="copy those without bad luck")
    parser.add_argument("--large-rounds", type=int, default=3, help="0: without the large scenario")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of pairs.parquet")
    parser.add_argument("--dry", action="store_true", help="write nothing")
    given = parser.parse_args()
    roots = {"base": given.base.resolve(), "this": ROOT}
    far = {who: Far(root) for who, root in roots.items()}
    rows = []
    for name in given.scenarios:
        for failures in given.failures:
            for strategy, request in requests(name, failures, given.strategies).items():
                about = {"scenario": name, "failures": failures, "strategy": strategy}
                some = compare(far, request, given.copying, given.rounds)
                sys.stderr.write(f"{about}: {statistics.median(ratios(some)):.2f}\n")
                rows += [{**about, **row} for row in some]
    for one in far.values():
        one.close()
    how = "those without bad luck copied" if given.copying else "every replication simulated"
    text = table(rows, f"{given.rounds} rounds, {how}")
    print(text, flush=True)
    if given.large_rounds:
        many = large(roots, given.large_rounds)
        print(many)
        text += "\n" + many
    if not given.dry:
        pd.DataFrame(rows).assign(machine=machine()).to_parquet(given.out / "pairs.parquet")
        between_marks("pairs", text)


if __name__ == "__main__":
    main()
