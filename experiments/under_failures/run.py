"""How far from the best is each plan, when things fail? See README.md.

From the root of a checkout, after `make setup`:

    .venv/bin/python experiments/under_failures/run.py                        done, and left
    .venv/bin/python experiments/under_failures/run.py risky_patch pessimistic
    .venv/bin/python experiments/under_failures/run.py --all --table          all, into README.md

What a scenario under a preset has come to is a line of `results.jsonl`; it is not run again.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "benchmarks")]

from by_scenario import rows, run
from result_lines import Line, Lines
from tables import machine

from patchopt.reports import summarise
from patchopt.sweeps import sweep

LINES = Lines(HERE / "results.jsonl", ("scenario", "failures", "replications", "bounded"))
PRESETS = ("as_written", "shared_defect", "pessimistic")
#: Of every plan, and how many of them have a bound.
SEED, REPLICATIONS, BOUNDED = 42, 20_000, 200
#: What is told of a plan.
TOLD = (
    "total_exposure",
    "total_exposure_low",
    "total_exposure_high",
    "total_exposure_where_bounded",
    "over_wait_and_see",
    "over_wait_and_see_upper",
    "relative_to_nominal_optimum",
    "relative_to_nominal_optimum_low",
    "relative_to_nominal_optimum_high",
)
#: What is told of all.
SHARED = ("wait_and_see_bound", "wait_and_see_incumbent", "bounds_proven", "value_of_information")


def compared(scenario: str, failures: str, workers: int) -> Line:
    """Compare every plan with the bound on a scenario under a preset."""
    with tempfile.TemporaryDirectory() as folder:
        sweep(
            [
                f"sweep.scenarios=[{scenario}]",
                f"failures={failures}",
                "bound=default",
                f"bound.replications={BOUNDED}",
                f"sweep.replications={REPLICATIONS}",
                f"sweep.seed={SEED}",
                f"sweep.out={folder}",
                f"parallel.n_jobs={workers}",
            ]
        )
        summary = summarise(Path(folder))
    kept = summary[(summary["breaks"] == "") & (summary["bounded_replications"] > 0)]
    plans = {row["label"]: {name: row[name] for name in TOLD} for row in kept.to_dict("records")}
    heuristics = [name for name in plans if name not in ("optimal", "expected")]
    best = min(heuristics, key=lambda name: plans[name]["total_exposure"])
    first = kept.iloc[0]
    return {
        "scenario": scenario,
        "failures": failures,
        "replications": REPLICATIONS,
        "bounded": BOUNDED,
        **{name: float(first[name]) for name in SHARED},
        "best": best,
        "plans": plans,
        "machine": machine(),
    }


def table(lines: list[Line]) -> str:
    """Return what all came to, a scenario under a preset a line."""
    columns = ["scenario", "failures", "wait-and-see bound", "proven", "nominal optimum"]
    columns += ["its gap", "expected", "its gap", "best heuristic", "its gap"]
    head = [f"| {' | '.join(columns)} |", "| --- | --- |" + " ---: |" * 6 + " --- | ---: |"]
    by_key = {(line["scenario"], line["failures"]): line for line in lines}
    texts = [row(by_key[key]) for key in rows(PRESETS) if key in by_key]
    machines = "; ".join(sorted({line["machine"] for line in lines}))
    told = (
        f"Mean total exposures in weight·s on {REPLICATIONS:,} replications of seed {SEED}, beside "
        "them the difference from the nominal optimum, paired, with its 95% interval; the bound "
        f"and the gap on the first {BOUNDED} of them. Gap: mean total exposure / bound - 1, and a "
        f"limit that is high enough 95 times in a hundred. Made on {machines}.\n"
    )
    return "\n".join([told, *head, *texts]) + "\n"


def row(line: Line) -> str:
    plans, best = line["plans"], line["best"]
    cells = [
        line["scenario"],
        line["failures"],
        f"{line['wait_and_see_bound']:,.0f}",
        f"{line['bounds_proven']:.0f}",
        f"{plans['optimal']['total_exposure']:,.0f}",
        gap(plans["optimal"]),
        beside_optimum(plans["expected"]),
        gap(plans["expected"]),
        f"`{best}` {beside_optimum(plans[best])}",
        gap(plans[best]),
    ]
    return f"| {' | '.join(cells)} |"


def gap(plan: Line) -> str:
    value, upper = (100 * plan[f"over_wait_and_see{end}"] for end in ("", "_upper"))
    return f"{value:.1f}%, at most {upper:.1f}%"


def beside_optimum(plan: Line) -> str:
    ends = ("", "_low", "_high")
    value, low, high = (100 * plan[f"relative_to_nominal_optimum{end}"] for end in ends)
    return f"{plan['total_exposure']:,.0f} ({value:+.1f}% [{low:+.1f}, {high:+.1f}])"


if __name__ == "__main__":
    run(__doc__ or "", PRESETS, LINES, (REPLICATIONS, BOUNDED), compared, table, HERE)
