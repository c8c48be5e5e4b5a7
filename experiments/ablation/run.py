"""What blue-green, retries and the order each bring or cost; see README.md.

From the root of a checkout, after `make setup`:

    .venv/bin/python experiments/ablation/run.py            all, into README.md
    .venv/bin/python experiments/ablation/run.py --table    table and figure again
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from copy import deepcopy
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]

from studies import conduct, figure, geometric, lines, markdown, means_of

from patchopt.files import load_preset
from patchopt.generate import factors_of
from patchopt.generate.instances import document
from patchopt.model.presets import with_failures
from patchopt.model.scenario import Scenario
from patchopt.reports.figures.ticks import plain_numbers

#: 3 families x 2 sizes x 3 seeds, under two kinds of failures.
FAMILIES, NODES, SEEDS = ("strict", "strict_windows", "strict_hosts"), (12, 24), (0, 1, 2)
FAILURES = ("independent", "pessimistic")
OTHER = {"rollback": 1.0, "retries": 2, "releases": "service"}
KIND = r"^(?P<instance>.+)\.(?P<failures>[^.]+)\.(?P<without>[^.]+)$"
#: What is taken away: names as tables have them.
WITHOUT = ("nothing", "blue_green", "retries", "order", "pairs")


def changed(told: dict[str, Any], without: str) -> dict[str, Any]:
    """Return an instance with one thing less."""
    made = deepcopy(told)
    if without == "blue_green":
        made["constraints"]["surge"] = 0
    elif without == "retries":
        made["constraints"]["max_retries"] = 0
    elif without == "order":
        made["constraints"]["dependency_order"] = "none"
    elif without == "pairs":
        made["edges"] = [e for e in made["edges"] if e.get("compatibility") != "incompatible"]
    return made


def instances() -> Iterator[Scenario]:
    for family, nodes, seed in product(FAMILIES, NODES, SEEDS):
        told = document(factors_of(family, nodes, **OTHER), seed)
        for failures, without in product(FAILURES, WITHOUT):
            made = changed(told, without)
            made |= {"name": f"{told['name']}.{failures}.{without}", "luck": told["name"]}
            yield with_failures(Scenario.model_validate(made).as_sound(), load_preset(failures))


def compared(dataset: Path) -> pd.DataFrame:
    """Return a row a plan: total exposure over that with nothing taken away, same strategy."""
    plans = means_of(dataset, "total_exposure")
    plans = plans.join(plans["scenario"].str.extract(KIND)).assign(label=plans["strategy"])
    key = ["instance", "failures", "label"]
    whole = plans[plans["without"] == "nothing"].set_index(key)["total_exposure"]
    plans["ratio"] = (
        plans["total_exposure"].to_numpy()
        / whole.reindex(pd.MultiIndex.from_frame(plans[key])).to_numpy()
    )
    return plans


def draw(plans: pd.DataFrame, labels: list[str]) -> None:
    with figure("ablation", "without", 7.0, 2.6) as made:
        panels = made.subplots(1, len(FAILURES), sharey=True)
        for axes, failures in zip(panels, FAILURES, strict=True):
            by = plans[plans["failures"] == failures].set_index(["label", "without"]).sort_index()
            series = {
                label: [by.loc[(label, without), "ratio"] for without in WITHOUT[1:]]
                for label in labels
            }
            axes.axhline(1, color="#888888", linewidth=0.8)
            axes.set_yscale("log")
            shown = lines(axes, range(len(WITHOUT) - 1), series, ratios=True, joined=False)
            plain_numbers(axes.yaxis, shown.min(), shown.max())
            axes.set_xticks(range(len(WITHOUT) - 1), [f"no {name}" for name in WITHOUT[1:]])
            axes.set_title(failures)
        panels[0].set_ylabel("total exposure / with it")
        handles, names = panels[0].get_legend_handles_labels()
        made.legend(handles, names, loc="outside lower center", ncols=len(labels))


def table(dataset: Path) -> str:
    plans = compared(dataset)
    labels = list(dict.fromkeys(plans["label"]))
    draw(plans, labels)
    parts = []
    for failures in FAILURES:
        own = plans[plans["failures"] == failures].set_index(["label", "without"]).sort_index()
        rows = [
            [f"`{label}`", *(geometric(own.loc[(label, w), "ratio"]) for w in WITHOUT[1:])]
            for label in labels
        ]
        parts.append(f"Preset `{failures}`:\n\n{markdown(columns(), rows)}")
    count = plans["instance"].nunique()
    return (
        f"Total exposure of a strategy without it over the same with it, geometric means over "
        f"{count} instances with 95% intervals.\n\n" + "\n".join(parts)
    )


def columns() -> list[str]:
    return ["strategy", *(f"no {name.replace('_', '-')}" for name in WITHOUT[1:])]


if __name__ == "__main__":
    conduct("ablation", instances, table)
