"""What surge is worth; see README.md.

From the root of a checkout, after `make setup`:

    .venv/bin/python experiments/surge/run.py            all, into README.md
    .venv/bin/python experiments/surge/run.py --table    table and figure again
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]

from studies import conduct, figure, geometric, lines, markdown, mean, means_of

from patchopt.generate import factors_of
from patchopt.generate.instances import document
from patchopt.model.scenario import Scenario
from patchopt.reports.figures.ticks import plain_numbers

NODES, SEEDS = 48, (0, 1, 2, 3, 4, 5)
SURGE = (0, 1, 2, 4, 8, 16)
#: How scarce what else is: share of a service that may be down, share of the nodes worked on.
SLACK = {"tight": 0.01, "half": 0.5}
CREW = {"5": 0.1, "14": 0.3}
KIND = r"^(?P<slack>[^.]+)\.crew(?P<crew>\d+)\.surge(?P<surge>\d+)\.(?P<seed>\d+)$"
OTHER = {"rollback": 1.0, "retries": 1, "releases": "service"}


def instances() -> Iterator[Scenario]:
    for (slack, share), (crew, per_node), seed in product(SLACK.items(), CREW.items(), SEEDS):
        factors = factors_of("plain", NODES, slack=share, crew_per_node=per_node, **OTHER)
        told = document(factors, seed)
        for surge in SURGE:
            told |= {"name": f"{slack}.crew{crew}.surge{surge}.{seed}", "luck": f"luck-{seed}"}
            told["constraints"]["surge"] = surge
            yield Scenario.model_validate(told).as_sound()


def worth(dataset: Path) -> pd.DataFrame:
    """Return a row a plan: metrics over those of the optimum without surge, same instance."""
    plans = means_of(dataset, "total_exposure", "surge_node_seconds", "lost_capacity")
    plans = plans.join(plans["scenario"].str.extract(KIND))
    plans["surge"] = plans["surge"].astype(int)
    key = ["slack", "crew", "seed"]
    without = plans[(plans["surge"] == 0) & (plans["label"] == "optimal")].set_index(key)
    at = pd.MultiIndex.from_frame(plans[key])
    sources = {"exposure": "nominal_exposure", "total": "total_exposure", "lost": "lost_capacity"}
    for name, source in sources.items():
        plans[f"{name}_ratio"] = plans[source] / without[source].reindex(at).to_numpy()
    slot_hours = plans["surge_node_seconds"] / 3600
    plans["saved_per_slot_hour"] = 100 * (1 - plans["total_ratio"]) / slot_hours
    return plans


def draw(plans: pd.DataFrame) -> None:
    with figure("surge", "worth", 7.0, 2.6) as made:
        panels = made.subplots(1, 4, sharey=True)
        lowest, highest = np.inf, 0.0
        for axes, (slack, crew) in zip(panels, product(SLACK, CREW), strict=True):
            own = plans[(plans["slack"] == slack) & (plans["crew"] == crew)]
            by = own.set_index(["label", "surge"]).sort_index()["total_ratio"]
            series = {
                label: [by[label, surge] for surge in SURGE]
                for label in ("optimal", "exposure_greedy", "blue_green")
            }
            axes.set_yscale("log")
            shown = lines(axes, range(len(SURGE)), series, ratios=True)
            lowest, highest = min(lowest, shown.min()), max(highest, shown.max())
            axes.set_xticks(range(len(SURGE)), [str(n) for n in SURGE])
            axes.set_title(f"slack {slack}, crew {crew}")
            axes.set_xlabel("surge [slots]")
        plain_numbers(panels[0].yaxis, lowest, highest)
        panels[0].set_ylabel("total exposure / optimum without")
        handles, labels = panels[0].get_legend_handles_labels()
        made.legend(handles, labels, loc="outside lower center", ncols=3)


def table(dataset: Path) -> str:
    plans = worth(dataset)
    draw(plans)
    optima = plans[plans["label"] == "optimal"]
    rows = []
    for (slack, crew), surge in product(product(SLACK, CREW), SURGE[1:]):
        own = optima[
            (optima["slack"] == slack) & (optima["crew"] == crew) & (optima["surge"] == surge)
        ]
        used = own["surge_node_seconds"].mean() / 3600
        rows.append(
            [
                f"{slack}, {crew}",
                surge,
                geometric(own["exposure_ratio"]),
                geometric(own["total_ratio"]),
                mean(own["lost_ratio"], 3),
                f"{used:.1f}",
                f"{own['saved_per_slot_hour'].median():.2f}",
            ]
        )
    columns = ["slack, crew", "surge", "exposure", "total exposure", "lost capacity"]
    columns += ["slot-hours", "% saved a slot-hour"]
    return (
        f"The nominal optimum under so much surge, over the one without any: geometric means over "
        f"{len(SEEDS)} instances of {NODES} nodes with 95% intervals (of lost capacity plain "
        "means); total exposure and lost capacity with independent failures. The last column is "
        "a median.\n\n"
        f"{markdown(columns, rows)}"
    )


if __name__ == "__main__":
    conduct("surge", instances, table)
