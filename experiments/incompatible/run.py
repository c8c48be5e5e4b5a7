"""What naive rolling costs where versions are incompatible; see README.md.

From the root of a checkout, after `make setup`:

    .venv/bin/python experiments/incompatible/run.py            all, into README.md
    .venv/bin/python experiments/incompatible/run.py --table    table and figure again
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]

from studies import beside, conduct, figure, geometric, lines, markdown, mean, means_of

from patchopt.generate import factors_of
from patchopt.generate.instances import document
from patchopt.model.scenario import Scenario

NODES, SEEDS = 48, tuple(range(10))
#: Share of the nodes that an incompatible edge joins, two by two.
PAIRED = (0.0, 0.1, 0.2, 0.4, 0.8)
OTHER = {"rollback": 1.0, "retries": 1, "releases": "service"}
SHOWN = ("mixed_edge_seconds", "violation_time", "unplanned_downtime", "completion_time")


def instances() -> Iterator[Scenario]:
    for paired, seed in product(PAIRED, SEEDS):
        told = document(factors_of("plain", NODES, paired=paired, **OTHER), seed)
        told["name"] = f"paired{100 * paired:.0f}.{seed}"
        yield Scenario.model_validate(told).as_sound()


def measured(dataset: Path) -> pd.DataFrame:
    plans = means_of(dataset, "total_exposure", "incompatibility_violations", *SHOWN)
    plans["paired"] = plans["scenario"].str.extract(r"^paired(\d+)")[0].astype(int)
    plans["total_ratio"] = beside(plans, "total_exposure")
    plans["violated_h"] = plans["violation_time"] / 3600
    plans["violated_share"] = 100 * plans["violation_time"] / plans["completion_time"]
    return plans


def name_of(label: str) -> str:
    """Say it in words: which strategy, and whether it knows of units."""
    strategy, _, told = label.partition(" ")
    return f"{strategy}, naive" if "respect_units=false" in told.lower() else strategy


def draw(plans: pd.DataFrame) -> None:
    with figure("incompatible", "naive", 7.0, 2.7) as made:
        left, right = made.subplots(1, 2)
        percents = [round(100 * paired) for paired in PAIRED]
        naive = [name for name in dict.fromkeys(plans["name"]) if "naive" in name]
        by = plans.set_index(["name", "paired"]).sort_index()
        lines(
            left,
            percents,
            {n: [by.loc[(n, p), "violated_share"] for p in percents] for n in naive},
        )
        known = [name for name in dict.fromkeys(plans["name"]) if name != "big_bang"]
        lines(
            right,
            percents,
            {n: [by.loc[(n, p), "total_ratio"] for p in percents] for n in known},
            ratios=True,
        )
        left.set_ylabel("time in violation, of the rollout [%]")
        right.set_ylabel("total exposure / optimum")
        for axes in (left, right):
            axes.set_xlabel("nodes in an incompatible pair [%]")
            axes.legend(fontsize=6.5)


def table(dataset: Path) -> str:
    plans = measured(dataset)
    plans["name"] = [name_of(label) for label in plans["label"]]
    draw(plans)
    rows = []
    for name, own in plans.groupby("name", sort=False):
        for paired in (10, 40, 80):
            at = own[own["paired"] == paired]
            rows.append(
                [
                    f"`{name}`" if "," not in name else f"`{name.partition(',')[0]}`, naive",
                    f"{paired}%",
                    mean(at["incompatibility_violations"]),
                    mean(at["violated_h"]),
                    mean(at["unplanned_downtime"] / 3600),
                    geometric(at["total_ratio"]),
                ]
            )
    columns = ["strategy", "paired", "violations", "violated, h", "unplanned downtime, service·h"]
    columns += ["total exposure / optimum"]
    return (
        f"Means over {len(SEEDS)} instances of {NODES} nodes with 95% intervals, independent "
        f"failures; the last column geometric.\n\n{markdown(columns, rows)}"
    )


if __name__ == "__main__":
    conduct("incompatible", instances, table)
