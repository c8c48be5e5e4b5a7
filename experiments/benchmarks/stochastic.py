"""How long bounds and plans under failures take; see README.md.

    .venv/bin/python experiments/benchmarks/stochastic.py

Whole commands, one after the other, on all cores: `patchopt bound` with 200 replications, and
`patchopt plan --strategy expected` with its 50, of every bundled scenario under a preset.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tables import HERE, Row, keep, row

from patchopt.files import bundled_scenarios

PATCHOPT = (sys.executable, "-c", "from patchopt.cli import main; main()")
REPLICATIONS = 200


def command(*words: str) -> tuple[float, str]:
    """Run a command; return its seconds and what it has printed."""
    begun = time.perf_counter()
    done = subprocess.run(
        [*PATCHOPT, *words],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    return time.perf_counter() - begun, done.stdout


def of_scenario(scenario: str, preset: str, folder: Path) -> list[Row]:
    count = str(REPLICATIONS)
    taken, said = command("bound", scenario, "-f", preset, "-r", count, "--json")
    told: dict[str, Any] = json.loads(said)
    out = folder / f"{scenario}-{preset}"
    of_plan, _ = command("plan", scenario, "-s", "expected", "-f", preset, "--out", str(out))
    name = f"{scenario}, {preset}"
    return [
        row(f"{name}: bound of {REPLICATIONS} replications", taken, "s", "< 120"),
        row(f"{name}: outcomes that differ", told["outcomes"], ""),
        row(f"{name}: replications proven", told["proven"] / REPLICATIONS, "", ">= 0.5"),
        row(f"{name}: expected", of_plan, "s", "< 120"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--scenarios", nargs="+", default=bundled_scenarios())
    parser.add_argument("--presets", nargs="+", default=["pessimistic"])
    parser.add_argument("--out", type=Path, default=HERE, help="folder of stochastic.parquet")
    given = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for scenario in given.scenarios:
            for preset in given.presets:
                rows += of_scenario(scenario, preset, Path(folder))
    keep(rows, given.out, "stochastic")


if __name__ == "__main__":
    main()
