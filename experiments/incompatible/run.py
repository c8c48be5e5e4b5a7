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
from patchopt.reports.figures.style import looks

NODES, SEEDS = 48, tuple(range(10))
#: Share of the nodes that an incompatible edge joins, two by two.
PAIRED = (0.0, 0.1, 0.2, 0.4, 0.8)
OTHER = {"rollback": 1.0, "retries": 1, "releases": "service"}
SHOWN = ("incompatibility_violations", "violation_time", "unplanned_downtime")


def instances() -> Iterator[Scenario]:
    for paired, seed in product(PAIRED, SEEDS):
        told = document(factors_of("plain", NODES, paired=paired, **OTHER), seed)
        told["name"] = f"paired{100 * paired:.0f}.{seed}"
        yield Scenario.model_validate(told).as_sound()


def measured(dataset: Path) -> pd.DataFrame:
    plans = means_of(dataset, "total_exposure", *SHOWN)
    plans["paired"] = plans["scenario"].str.extract(r"^paired(\d+)")[0].astype(int)
    plans["total_ratio"] = beside(plans, "total_exposure")
    plans["violated_h"] = plans["violation_time"] / 3600
    return plans


def name_of(label: str) -> str:
    """Say it in words: which strategy, and whether it knows of units."""
    strategy = label.partition("(")[0]
    return f"{strategy}, naive" if "respect_units=false" in label else strategy


def draw(plans: pd.DataFrame) -> None:
    by = plans.set_index(["name", "paired"]).sort_index()
    percents = [round(100 * paired) for paired in PAIRED]
    names = [name for name in dict.fromkeys(plans["name"]) if name != "big_bang"]
    # Pairs of one strategy side by side; the same look on both sides.
    look_of = looks(names)
    with figure("incompatible", "naive", 7.0, 2.7) as made:
        left, right = made.subplots(1, 2)
        naive = [name for name in names if "naive" in name]
        shares = {n: [by.loc[(n, p), "violated_h"] for p in percents] for n in naive}
        lines(left, percents, shares, look_of=look_of)
        ratios = {n: [by.loc[(n, p), "total_ratio"] for p in percents] for n in names}
        lines(right, percents, ratios, ratios=True, look_of=look_of)
        left.set_ylabel("time in violation [h]")
        right.set_ylabel("total exposure / optimum")
        for axes in (left, right):
            axes.set_xlabel("nodes in an incompatible pair [%]")
        handles, labels = right.get_legend_handles_labels()
        made.legend(handles, labels, loc="outside lower center", ncols=5)


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
                    "`{}`{}{}".format(*name.partition(", ")),
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
