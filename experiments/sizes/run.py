"""How gaps grow with size; see README.md.

From the root of a checkout, after `make setup`:

    .venv/bin/python experiments/sizes/run.py            all, into README.md
    .venv/bin/python experiments/sizes/run.py --table    table and figure again
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]

from studies import conduct, figure, lines, markdown, mean, means_of

from patchopt.generate import FAMILIES, factors_of, instance
from patchopt.model.scenario import Scenario
from patchopt.reports.figures.ticks import plain_numbers

#: 9 families x 6 sizes.
NODES = (12, 25, 50, 100, 200, 400)
#: From the least work to the most.
LABELS = ("exposure_greedy", "optimal")


def instances() -> Iterator[Scenario]:
    for family in FAMILIES:
        for nodes in NODES:
            yield instance(factors_of(family, nodes), seed=0)


def gaps(dataset: Path) -> pd.DataFrame:
    """Return a row a plan: its exposure over the best bound of its instance, less 1, in %."""
    plans = means_of(dataset, "exposure")
    plans["label"] = plans["strategy"]
    named = plans["scenario"].str.extract(r"^(?P<family>.+)-(?P<nodes>\d+)-\d+$")
    plans["family"], plans["nodes"] = named["family"], named["nodes"].astype(int)
    best = plans.groupby("scenario")["bound"].max()
    plans["gap_percent"] = 100 * (plans["exposure"] / plans["scenario"].map(best) - 1)
    return plans


def draw(plans: pd.DataFrame) -> None:
    with figure("sizes", "gaps", 3.5, 2.6) as made:
        axes = made.subplots()
        axes.set_xscale("log")
        axes.set_yscale("log")
        by = plans.set_index(["label", "nodes"])["gap_percent"]
        series = {label: [by[label, nodes] for nodes in NODES] for label in LABELS}
        shown = lines(axes, NODES, series, least=1e-3)
        axes.set_xticks(NODES, [str(n) for n in NODES])
        axes.set_xticks([], minor=True)
        plain_numbers(axes.yaxis, shown.min(), shown.max())
        axes.set_xlabel("nodes")
        axes.set_ylabel("exposure above the bound [%]")
        axes.legend()


def table(dataset: Path) -> str:
    plans = gaps(dataset)
    draw(plans)
    columns = [*(f"`{label}`" for label in LABELS), "proven"]
    sizes = [[nodes, *cells(own), proven(own)] for nodes, own in plans.groupby("nodes")]
    families = [
        [str(family).replace("-", "_"), *cells(own[own["nodes"] >= NODES[-2]]), proven(own)]
        for family, own in plans.groupby("family")
    ]
    by_size = markdown(["nodes", *columns], sizes)
    by_family = markdown(["family", *columns], families)
    return (
        "Exposure above the best lower bound in %, means over an instance of each of the nine "
        f"families with 95% intervals; proven: by the search, of all.\n\n{by_size}\n"
        f"The same at {NODES[-2]} and {NODES[-1]} nodes, by family (proven: of all sizes).\n\n"
        f"{by_family}"
    )


def cells(own: pd.DataFrame) -> list[str]:
    return [mean(own.loc[own["label"] == label, "gap_percent"], 3) for label in LABELS]


def proven(own: pd.DataFrame) -> str:
    status = own.loc[own["label"] == LABELS[-1], "certificate_status"]
    return f"{int((status == 'optimal').sum())} of {len(status)}"


if __name__ == "__main__":
    conduct("sizes", instances, table)
