"""How far from the best is each plan, when things fail? See README.md.

From the root of a checkout, after `make setup`:

    .venv/bin/python experiments/under_failures/run.py                        done, and left
    .venv/bin/python experiments/under_failures/run.py risky_patch pessimistic
    .venv/bin/python experiments/under_failures/run.py --all --table          all, into README.md

What a scenario under a preset has come to is a line of `results.jsonl`; it is not run again.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "benchmarks")]

from result_lines import Lines
from tables import between_marks, machine

from patchopt.files import bundled_scenarios, load_preset, load_scenario
from patchopt.model.build import build_infrastructure
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.metrics import TOTAL_EXPOSURE
from patchopt.model.presets import with_failures
from patchopt.optimizer import OptimizerParameters, optimize
from patchopt.simulator import simulate
from patchopt.stochastic import bounds, gap_over
from patchopt.stochastic.expecting import ExpectedParameters, expect
from patchopt.strategies import make_strategy, strategy_names

LINES = Lines(HERE / "results.jsonl", ("scenario", "failures", "replications"))
PRESETS = ("as_written", "shared_defect", "pessimistic")
#: On which all plans and the bound are compared, and how many replications of it.
SEED, REPLICATIONS = 42, 200
#: Of each outcome, and of the nominal optimum, in deterministic seconds.
OUTCOME = OptimizerParameters(time_limit=0.5, workers=1, deterministic=True)
NOMINAL = OptimizerParameters(time_limit=30, workers=1, deterministic=True)
#: Neither compared as heuristics: one breaks constraints, one is the nominal optimum itself.
APART = ("big_bang", "optimal")

Line = dict[str, Any]


def compared(scenario: str, failures: str, workers: int) -> Line:
    """Bound a scenario under a preset, and compare plans with the bound."""
    infrastructure = build_infrastructure(
        with_failures(load_scenario(scenario), load_preset(failures))
    )
    begun = time.monotonic()
    found = bounds(infrastructure, SEED, REPLICATIONS, OUTCOME, workers=workers)
    bound_s, begun = time.monotonic() - begun, time.monotonic()
    expected = expect(infrastructure, ExpectedParameters())
    expected_s = time.monotonic() - begun
    plans = {
        "nominal": optimize(infrastructure, NOMINAL).plan,
        "expected": expected.plan,
        **{
            name: make_strategy(name).plan(infrastructure)
            for name in strategy_names()
            if name not in APART
        },
    }
    costs = {name: total_exposure(infrastructure, plan) for name, plan in plans.items()}
    heuristics = {name: cost for name, cost in costs.items() if name not in ("nominal", "expected")}
    best = min(heuristics, key=lambda name: heuristics[name].mean())
    bound = found.bound_milli / 1000
    gaps = {name: gap_over(bound, costs[name]) for name in ("nominal", "expected", best)}
    return {
        "scenario": scenario,
        "failures": failures,
        "replications": REPLICATIONS,
        "bound": float(bound.mean()),
        "incumbent": float(found.incumbent_milli.mean()) / 1000,
        "proven": int(found.proven.sum()),
        "outcomes": found.outcomes,
        "bound_s": round(bound_s, 1),
        "expected_s": round(expected_s, 1),
        "expected_is_nominal": expected.is_nominal,
        "best": best,
        "costs": {name: float(cost.mean()) for name, cost in costs.items()},
        "gaps": {name: [gap.gap, gap.upper] for name, gap in gaps.items()},
        "machine": machine(),
    }


def total_exposure(infrastructure: Infrastructure, plan: Any) -> Any:
    """Return a plan's total exposure in each replication, weight-seconds."""
    outcome = simulate(infrastructure, plan, seed=SEED, replications=REPLICATIONS)
    return outcome.values(TOTAL_EXPOSURE)


def rows() -> list[tuple[str, str]]:
    """Return every scenario under every preset."""
    return [(scenario, preset) for scenario in bundled_scenarios() for preset in PRESETS]


def table(lines: list[Line]) -> str:
    """Return what all came to, a scenario under a preset a line."""
    columns = ["scenario", "failures", "bound", "proven", "outcomes", "nominal optimum"]
    columns += ["expected", "best heuristic", "bound, s", "expected, s"]
    head = [f"| {' | '.join(columns)} |", "| --- | --- |" + " ---: |" * 5 + " --- | ---: | ---: |"]
    by_key = {(line["scenario"], line["failures"]): line for line in lines}
    texts = [row(by_key[key]) for key in rows() if key in by_key]
    machines = "; ".join(sorted({line["machine"] for line in lines}))
    told = (
        f"{REPLICATIONS} replications of seed {SEED}; total exposures in weight·s, and how far the "
        f"mean is above the bound with a limit that is high enough 95 times in a hundred. Measured "
        f"on {machines}.\n"
    )
    return "\n".join([told, *head, *texts]) + "\n"


def row(line: Line) -> str:
    costs, best = line["costs"], line["best"]

    def cell(name: str) -> str:
        gap, upper = line["gaps"][name]
        return f"{costs[name]:,.0f} ({100 * gap:.1f}%, at most {100 * upper:.1f}%)"

    cells = [
        line["scenario"],
        line["failures"],
        f"{line['bound']:,.0f}",
        f"{line['proven']} of {line['replications']}",
        str(line["outcomes"]),
        cell("nominal"),
        "the same" if line["expected_is_nominal"] else cell("expected"),
        f"{best} {cell(best)}",
        f"{line['bound_s']:.0f}",
        f"{line['expected_s']:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("scenario", nargs="?", choices=bundled_scenarios())
    parser.add_argument("failures", nargs="?", choices=PRESETS)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--all", action="store_true", help="run all that is left")
    parser.add_argument("--table", action="store_true", help="write the table into README.md")
    given = parser.parse_args()
    if given.scenario and not given.failures:
        parser.error("give a preset beside the scenario")
    wanted = [(given.scenario, given.failures)] if given.scenario else rows() if given.all else []
    for scenario, failures in wanted:
        if (scenario, failures, REPLICATIONS) not in LINES.done():
            line = compared(scenario, failures, given.workers)
            LINES.put(line)
            sys.stderr.write(f"{row(line)}\n")
    if given.table:
        text = table(LINES.all())
        sys.stdout.write(text)
        between_marks("under_failures", text, HERE)
    elif not wanted:
        done = LINES.done()
        for scenario, failures in rows():
            state = "done" if (scenario, failures, REPLICATIONS) in done else "left"
            sys.stdout.write(f"{scenario:<20}{failures:<16}{state}\n")


if __name__ == "__main__":
    main()
