"""From a scenario file to what is searched: processor seconds a stage, beside another checkout.

    .venv/bin/python experiments/benchmarks/loading.py BASE

BASE is the root of the other checkout, with its own .venv (`make setup`); without one, this
checkout's packages are used with the other's sources. Instances of the stated families are
written as YAML, once; both checkouts read them in turns, in changing order, a process each.
A ratio is the processor time of BASE over that of this one: above 1, this one is faster.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

import pandas as pd
import yaml
from pairs import command, surroundings
from tables import Row, between_marks, machine

from patchopt.generate import factors_of, instance

NODES = 100_000
#: Under windows so many nodes are refused: exposures might not fit 64 bits.
FAMILIES = ("plain", "hosts", "strict", "strict_hosts")
ROUNDS = 3
#: Of the whole, in seconds and in MB.
REACH_S = 10
REACH_MB = 4096


def written(family: str, nodes: int, folder: Path) -> Path:
    """Write an instance as a person would have it: nothing that is said by a default."""
    scenario = instance(factors_of(family, nodes), seed=1)
    told = scenario.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    path = folder / f"{scenario.name}.yaml"
    path.write_text(yaml.dump({"version": 1, **told}, Dumper=dumper, sort_keys=False))
    return path


def measured(root: Path, scenario: Path) -> Row:
    done = subprocess.run(
        [*command(root), "loading_worker.py", str(scenario)],
        cwd=HERE,
        env=surroundings(root),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: Row = json.loads(done.stdout.splitlines()[-1])
    if not Path(found["patchopt"]).is_relative_to(root):
        sys.exit(f"{root}: it would measure {found['patchopt']}")
    return found


def compare(roots: dict[str, Path], scenario: Path, rounds: int) -> list[Row]:
    """Return a row a round and checkout; all have made the same of the scenario."""
    rows = []
    for number in range(rounds):
        for who in list(roots) if number % 2 else list(roots)[::-1]:
            found = measured(roots[who], scenario)
            total = sum(found["seconds"].values())
            rows.append({"who": who, "round": number, **found, "total": total})
    if len({str(row["made"]) for row in rows}) > 1:
        sys.exit(f"{scenario.name}: not all have made the same of it")
    return rows


def line(family: str, rows: list[Row]) -> str:
    own = [row for row in rows if row["who"] == "this"]
    others = [row for row in rows if row["who"] == "base"]
    middle = {
        stage: statistics.median(row["seconds"][stage] for row in own)
        for stage in own[0]["seconds"]
    }
    total, most = statistics.median(row["total"] for row in own), max(r["most_mb"] for r in own)
    met = "yes" if total < REACH_S and most < REACH_MB else "no"
    cells = [family, *(f"{value:.2f}" for value in middle.values()), f"{total:.2f}", met]
    base, ratio, base_mb = "", "", ""
    if others:
        base = f"{statistics.median(row['total'] for row in others):.2f}"
        by_round = {row["round"]: row["total"] for row in others}
        ratio = f"{statistics.median(by_round[r['round']] / r['total'] for r in own):.2f}"
        base_mb = f"{max(row['most_mb'] for row in others):,.0f}"
    return "| " + " | ".join([*cells, base, ratio, f"{most:,.0f}", base_mb]) + " |"


def table(found: dict[str, list[Row]], nodes: int, rounds: int) -> str:
    stages = next(iter(found.values()))[0]["seconds"]
    met = f"all < {REACH_S} s, memory < {REACH_MB} MB"
    names = ["family", *stages, "all", met, "base, all", "base / this", "MB", "base, MB"]
    lines = [
        f"{nodes:,} nodes, medians of {rounds} rounds, s. Measured on {machine()}.\n",
        "| " + " | ".join(names) + " |",
        "| --- |" + " ---: |" * (len(stages) + 1) + " --- |" + " ---: |" * 4,
        *(line(family, rows) for family, rows in found.items()),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("base", type=Path, nargs="?", help="root of the other checkout")
    parser.add_argument("--nodes", type=int, default=NODES)
    parser.add_argument("--families", nargs="+", default=FAMILIES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--out", type=Path, default=HERE, help="folder of loading.parquet")
    parser.add_argument("--dry", action="store_true", help="write nothing")
    given = parser.parse_args()
    roots = {"this": ROOT} | ({"base": given.base.resolve()} if given.base else {})
    found: dict[str, list[Row]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for family in given.families:
            scenario = written(family, given.nodes, Path(folder))
            found[family] = compare(roots, scenario, given.rounds)
            sys.stderr.write(line(family, found[family]) + "\n")
            scenario.unlink()
    text = table(found, given.nodes, given.rounds)
    print(text)
    if not given.dry:
        rows = [
            {"family": family, **row.pop("seconds"), **row, "made": str(row["made"])}
            for family, some in found.items()
            for row in some
        ]
        pd.DataFrame(rows).assign(machine=machine()).to_parquet(given.out / "loading.parquet")
        between_marks("loading", text)


if __name__ == "__main__":
    main()
