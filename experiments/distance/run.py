"""How far from the best is each strategy, over many instances? See README.md.

From the root of a checkout, after `make setup`:

    .venv/bin/python experiments/distance/run.py            all, into README.md
    .venv/bin/python experiments/distance/run.py --table    the tables again, from what is there
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "benchmarks")]

from tables import between_marks, machine

from patchopt.files import load_preset
from patchopt.files.scenario_writing import scenario_text
from patchopt.generate import factors_of, instance
from patchopt.model.presets import with_failures
from patchopt.reports import write_report
from patchopt.reports.numbers.across import Across, across
from patchopt.reports.numbers.opening import open_study
from patchopt.reports.numbers.summary import Results, results_of
from patchopt.sweeps import sweep

RESULTS = HERE.parent.parent / "results" / "distance"
#: What instances are drawn from: 7 families x 3 sizes x 3 seeds.
FAMILIES = ("plain", "identical", "no_blue_green", "windows", "hosts", "strict", "warm_up")
NODES, SEEDS, FAILURES = (12, 24, 48), (0, 1, 2), "independent"
OTHER = {"rollback": 1.0, "retries": 1, "releases": "service"}
RESAMPLES = 10_000


def instances() -> None:
    """Write every instance, unless it is there."""
    folder = RESULTS / "instances"
    folder.mkdir(parents=True, exist_ok=True)
    preset = load_preset(FAILURES)
    for family in FAMILIES:
        for nodes in NODES:
            for seed in SEEDS:
                made = with_failures(instance(factors_of(family, nodes, **OTHER), seed), preset)
                path = folder / f"{made.name}.yaml"
                path.write_text(scenario_text(made, ["Made up."]), encoding="utf-8")


def geometric(ratios: NDArray[np.float64]) -> str:
    """Return a geometric mean over instances with its 95% interval (percentile bootstrap)."""
    logs = np.log(ratios[np.isfinite(ratios)])
    generator = np.random.default_rng(0)
    means = logs[generator.integers(0, len(logs), (RESAMPLES, len(logs)))].mean(axis=1)
    low, high = np.exp(np.quantile(means, (0.025, 0.975)))
    return f"{np.exp(logs.mean()):.3f} [{low:.3f}, {high:.3f}]"


def table(results: Results, found: Across) -> str:
    """Return a line a strategy: over optimum and bound, worst case, mean rank, alike ones."""
    summary = results.summary
    best = summary[summary["strategy"] == "optimal"].set_index("scenario")
    columns = ["strategy", "exposure / optimum", "worst", "total exposure / optimum", "/ bound"]
    columns += ["mean rank", "not told from"]
    lines = [f"| {' | '.join(columns)} |", "| --- |" + " ---: |" * 5 + " --- |"]
    order = np.argsort(found.ranks, kind="stable")
    for at in order:
        label = found.labels[at]
        own = summary[summary["label"] == label].set_index("scenario")
        nominal = (own["nominal_exposure"] / best["nominal_exposure"]).to_numpy(float)
        total = (own["total_exposure"] / best["total_exposure"]).to_numpy(float)
        over = 1 + own["over_wait_and_see"].to_numpy(float)
        alike = [found.labels[k] for k in order if k != at and found.p[at, k] > 0.05]
        cells = [f"`{label}`", geometric(nominal), f"{nominal.max():.2f}", geometric(total)]
        cells += [geometric(over), f"{found.ranks[at]:.2f}", ", ".join(f"`{k}`" for k in alike)]
        lines.append(f"| {' | '.join(cells)} |")
    rest = ", ".join(f"`{label}`" for label in found.left_out)
    told = (
        f"{len(found.costs)} instances, geometric means over them with 95% intervals; instances "
        f"are what is drawn. Friedman: p = {found.friedman_p:.1e}. Breaks constraints on some "
        f"instance: {rest or 'none'}. Made on {machine()}.\n"
    )
    return "\n".join([told, *lines]) + "\n"


def proven(summary: pd.DataFrame) -> str:
    optima = summary[summary["strategy"] == "optimal"]
    gaps = optima["gap"]
    return (
        f"Nominal optimum proven on {int(optima['optimum_proven'].sum())} of {len(optima)}; "
        f"largest certified gap {100 * gaps.max():.2f}%.\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--table", action="store_true", help="make the tables alone")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    dataset = RESULTS / "dataset"
    if not given.table:
        instances()
        sweep(
            ["experiment=distance", f"sweep.out={dataset}", f"parallel.n_jobs={given.workers}"],
            config_dir=HERE / "conf",
        )
        write_report(dataset, out=RESULTS / "report", paper="ieee", force=True)
    with open_study(dataset) as study:
        results = results_of(study)
    found = across(results)
    if isinstance(found, str):
        raise SystemExit(found)
    text = f"{table(results, found)}\n{proven(results.summary)}"
    sys.stdout.write(text)
    between_marks("distance", text, HERE)


if __name__ == "__main__":
    main()
