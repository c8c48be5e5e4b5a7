"""How far from the best is each strategy, over many instances? See README.md.

From the root of a checkout, after `make setup`:

    .venv/bin/python experiments/distance/run.py            all, into README.md
    .venv/bin/python experiments/distance/run.py --table    the tables again, from what is there
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]

from studies import conduct, geometric, markdown, write_figure

from patchopt.files import load_preset
from patchopt.generate import factors_of, instance
from patchopt.model.presets import with_failures
from patchopt.model.scenario import Scenario
from patchopt.reports.figures.curves import profile_figure
from patchopt.reports.figures.ranks import rank_figure
from patchopt.reports.figures.style import looks, printed_style
from patchopt.reports.numbers.across import Across, across, performance
from patchopt.reports.numbers.opening import open_study
from patchopt.reports.numbers.summary import Results
from patchopt.reports.numbers.summary import results_of as results_in
from patchopt.reports.paper.venues import VENUES

#: What instances are drawn from: 7 families x 3 sizes x 3 seeds.
FAMILIES = ("plain", "identical", "no_blue_green", "windows", "hosts", "strict", "warm_up")
NODES, SEEDS, FAILURES = (12, 24, 48), (0, 1, 2), "independent"
OTHER = {"rollback": 1.0, "retries": 1, "releases": "service"}
#: Of a figure.
COLUMN_IN = VENUES["ieee"].column_in


def instances() -> Iterator[Scenario]:
    preset = load_preset(FAILURES)
    for family in FAMILIES:
        for nodes in NODES:
            for seed in SEEDS:
                yield with_failures(instance(factors_of(family, nodes, **OTHER), seed), preset)


def strategies(results: Results, found: Across) -> str:
    """Return a line a strategy: over optimum and bound, worst case, mean rank, alike ones."""
    summary = results.summary
    best = summary[summary["strategy"] == "optimal"].set_index("scenario")
    columns = ["strategy", "exposure / optimum", "worst", "total exposure / optimum", "/ bound"]
    columns += ["mean rank", "not told from"]
    rows = []
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
        rows.append(cells)
    rest = ", ".join(f"`{label}`" for label in found.left_out)
    told = (
        f"{len(found.costs)} instances, geometric means over them with 95% intervals; instances "
        f"are what is drawn. Friedman: p = {found.friedman_p:.1e}. Breaks constraints on some "
        f"instance: {rest or 'none'}.\n"
    )
    return f"{told}\n{markdown(columns, rows)}"


def proven(summary: pd.DataFrame) -> str:
    optima = summary[summary["strategy"] == "optimal"]
    gaps = optima["gap"]
    return (
        f"Nominal optimum proven on {int(optima['optimum_proven'].sum())} of {len(optima)}; "
        f"largest certified gap {100 * gaps.max():.2f}%.\n"
    )


def table(dataset: Path) -> str:
    with open_study(dataset) as study:
        results = results_in(study)
    # One plan a strategy: its name is enough.
    summary = results.summary.assign(label=results.summary["strategy"])
    results = replace(results, summary=summary)
    found = across(results)
    if isinstance(found, str):
        raise SystemExit(found)
    draw(found)
    return f"{strategies(results, found)}\n{proven(results.summary)}"


def draw(found: Across) -> None:
    """Draw mean ranks and performance profiles, each as wide as a column."""
    look_of = looks(found.labels)
    with printed_style():
        ranks = rank_figure(found.labels, found.ranks, found.cliques, look_of, COLUMN_IN)
        write_figure(ranks, "distance", "ranks")
        factors = performance(found.costs)
        write_figure(
            profile_figure(found.labels, factors, look_of, COLUMN_IN), "distance", "profile"
        )


if __name__ == "__main__":
    conduct("distance", instances, table)
