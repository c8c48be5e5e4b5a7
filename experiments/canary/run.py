"""When a canary pays; see README.md.

From the root of a checkout, after `make setup`:

    .venv/bin/python experiments/canary/run.py            all, into README.md
    .venv/bin/python experiments/canary/run.py --table    tables and figures again
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]

from closed_form import checked
from studies import conduct, figure, limits, markdown, means_of

from patchopt.generate import factors_of
from patchopt.generate.instances import document
from patchopt.model.scenario import Scenario
from patchopt.reports.figures.style import COLOURS

NODES, SEEDS = (24, 96), (0, 1, 2, 3, 4, 5)
#: Seconds from what is bad in service until it is found, nominal.
DETECTION = {"10m": 600, "1h": 3600, "4h": 14_400}
DAY = 86_400
KIND = r"^n(?P<nodes>\d+)\.seen(?P<seen>[^.]+)\.p(?P<p>[01])\.(?P<seed>\d+)$"
SOAKS = (300, 900, 3600, 14_400, 43_200)
SHARES = (0.02, 0.1, 0.25)
#: How plans are told apart: never stopped, gated at the end, a canary of a share.
NEVER, END = "never stopped", "gate at the end"
KINDS = (NEVER, END, *(f"canary {100 * share:.0f}%" for share in SHARES))
#: Defect probabilities of the map, logarithmic.
MAP_P = np.geomspace(0.001, 1, 61)


def instances() -> Iterator[Scenario]:
    """Draw instances whose nodes share one release: sound in one of each pair, bad in the other."""
    for nodes, (seen, delay), p, seed in product(NODES, DETECTION.items(), (0, 1), SEEDS):
        told = document(factors_of("no_blue_green", nodes, paired=0.0, slack=0.5), seed)
        told |= {"name": f"n{nodes}.seen{seen}.p{p}.{seed}", "luck": f"n{nodes}.{seed}"}
        told["constraints"]["horizon"] = 7 * DAY
        told["patches"] = {"release": release(p)}
        for node in told["nodes"]:
            node["patch"] = "release"
        told["environment"] = {
            "detection": {"probability": 0.9, "delay": {"nominal": delay, "sigma": 0.5}},
            "review": {"delay": {"nominal": "1h", "sigma": 0.5}},
            "respin": {"delay": {"nominal": "24h", "sigma": 0.5}, "defect_probability": 0.0},
        }
        yield Scenario.model_validate(told).as_sound()


def release(p: int) -> dict[str, Any]:
    """Return the one release: figures of the preset `shared_defect`."""
    return {
        "severity": 7.0,
        "duration": {"nominal": "10m", "sigma": 0.3},
        "rollback": {"duration": {"nominal": "10m", "sigma": 0.3}, "failure_probability": 0.01},
        "failure_probability": 0.01,
        "defect": {"probability": p, "failure_probability": 0.3, "latent_probability": 0.5},
        "latent": {"probability": 0.0, "delay": {"nominal": "20m", "sigma": 1.0}},
    }


def costs(dataset: Path) -> pd.DataFrame:
    """Return total exposures with a sound and a bad release, a row a plan and instance."""
    plans = means_of(dataset, "total_exposure", "impaired_time")
    plans = plans.join(plans["scenario"].str.extract(KIND))
    told = [json.loads(text) for text in plans["parameters"]]
    plans["kind"] = [kind(name, one) for name, one in zip(plans["strategy"], told, strict=True)]
    plans["soak"] = [seconds(one.get("soak", one.get("pause", 0))) for one in told]
    key = ["nodes", "seen", "seed", "kind", "soak"]
    wide = plans.pivot(index=key, columns="p", values=["total_exposure", "impaired_time"])
    made = pd.DataFrame(
        {
            "sound": wide["total_exposure", "0"],
            "bad": wide["total_exposure", "1"],
            "impaired": wide["impaired_time", "1"],
        }
    ).reset_index()
    made["nodes"] = made["nodes"].astype(int)
    return made


def kind(strategy: str, parameters: dict[str, Any]) -> str:
    if strategy == "canary":
        return f"canary {100 * parameters['share']:.0f}%"
    if strategy == "optimal":
        return "optimal"
    return END if parameters.get("max_failures", 0) == 0 else NEVER


def seconds(value: Any) -> int:
    unit = {"s": 1, "m": 60, "h": 3600}
    return value if isinstance(value, int) else int(value[:-1]) * unit[value[-1]]


def break_even(canary: pd.Series[Any], other: pd.Series[Any]) -> float:
    """Return the defect probability from which on a canary costs less; infinite: never.

    With one release, and a next one that is sound, each mean is linear in it.
    """
    more = canary["sound"] - other["sound"]
    less = other["bad"] - canary["bad"]
    if more <= 0:
        return 0.0
    return float(more / (more + less)) if less > 0 else np.inf


def crossings(found: pd.DataFrame, against: str) -> pd.DataFrame:
    """Return the break-even probability of each canary on each instance."""
    rows = []
    for (nodes, seen, seed), own in found.groupby(["nodes", "seen", "seed"]):
        at = own.set_index(["kind", "soak"])
        for name, soak in product(KINDS[2:], SOAKS):
            rival = at.loc[(against, soak if against == END else 0)]
            p = break_even(at.loc[(name, soak)], rival)
            rows.append((nodes, seen, seed, name, soak, p))
    return pd.DataFrame(rows, columns=["nodes", "seen", "seed", "kind", "soak", "p"])


def told(p: pd.Series[float]) -> str:
    """Say a break-even probability: geometric mean with limits, or on how many there is none."""
    never = int((p >= 1).sum())
    if never:
        return "never" if never == len(p) else f"never on {never} of {len(p)}"
    middle, low, high = np.exp(limits(np.log(np.maximum(p, 1e-6)))) * 100
    return f"{middle:.2g}% [{low:.2g}, {high:.2g}]"


def best_kind(found: pd.DataFrame, nodes: int, seen: str) -> np.ndarray[Any, Any]:
    """Return which kind costs least at each defect probability and soak: numbers of `KINDS`.

    Means over instances of the total exposure over the best on the instance.
    """
    own = found[(found["nodes"] == nodes) & (found["seen"] == seen)]
    best = np.zeros((len(MAP_P), len(SOAKS)), int)
    for column, soak in enumerate(SOAKS):
        sound, bad = (
            np.array([side(own, name, soak, which) for name in KINDS]) for which in ("sound", "bad")
        )
        mixed = (1 - MAP_P)[:, None, None] * sound + MAP_P[:, None, None] * bad
        best[:, column] = np.log(mixed).mean(axis=2).argmin(axis=1)
    return best


def side(own: pd.DataFrame, name: str, soak: int, which: str) -> list[float]:
    at = own[(own["kind"] == name) & (own["soak"] == (0 if name == NEVER else soak))]
    return list(at.sort_values("seed")[which])


def draw(found: pd.DataFrame) -> None:
    """Draw the best kind over (soak, defect probability), and the canary's break-even line."""
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    colours = ["#f0f0f0", "#c8c8c8", COLOURS[5], COLOURS[0], COLOURS[2]]
    at = crossings(found, END)
    with figure("canary", "best", 7.0, 3.9) as made:
        panels = made.subplots(len(NODES), len(DETECTION), sharex=True, sharey=True)
        for (row, nodes), (column, seen) in product(enumerate(NODES), enumerate(DETECTION)):
            axes = panels[row, column]
            axes.pcolormesh(
                np.arange(len(SOAKS) + 1) - 0.5,
                edges(MAP_P),
                best_kind(found, nodes, seen),
                cmap=ListedColormap(colours),
                vmin=-0.5,
                vmax=len(KINDS) - 0.5,
            )
            own = at[(at["nodes"] == nodes) & (at["seen"] == seen) & (at["kind"] == KINDS[3])]
            p = [np.exp(np.log(own.loc[own["soak"] == s, "p"].clip(1e-4, 9)).mean()) for s in SOAKS]
            axes.plot(range(len(SOAKS)), p, "o-", color="black", markersize=3)
            axes.set_yscale("log")
            axes.set_ylim(MAP_P[0], 1)
            axes.set_xticks(range(len(SOAKS)), ["5m", "15m", "1h", "4h", "12h"])
            axes.set_yticks([0.001, 0.01, 0.1, 1], ["0.1%", "1%", "10%", "100%"])
            axes.grid(visible=False)
            axes.set_title(f"{nodes} nodes, found after {seen}")
        for axes in panels[-1]:
            axes.set_xlabel("soak")
        for axes in panels[:, 0]:
            axes.set_ylabel("defect probability")
        handles = [
            Patch(facecolor=c, edgecolor="black", linewidth=0.4, label=name)
            for c, name in zip(colours, KINDS, strict=True)
        ]
        line = panels[0, 0].plot([], [], "o-", color="black", markersize=3)
        line[0].set_label("canary 10% / gate at the end, equal")
        made.legend(handles=[*handles, *line], loc="outside lower center", ncols=3)


def edges(points: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    logs = np.log(points)
    middle = (logs[1:] + logs[:-1]) / 2
    return np.exp(np.concatenate([[logs[0]], middle, [logs[-1]]]))


def table(dataset: Path) -> str:
    found = costs(dataset)
    draw(found)
    parts = []
    for against in (END, NEVER, "optimal"):
        at = crossings(found, against)
        rows = [
            [
                f"{nodes} nodes, {seen}, {name}",
                *(told(own.loc[own["soak"] == soak, "p"]) for soak in SOAKS),
            ]
            for (nodes, seen, name), own in at.groupby(["nodes", "seen", "kind"])
        ]
        head = ["nodes, found after, canary", "5m", "15m", "1h", "4h", "12h"]
        parts.append(f"Against **{against}**:\n\n{markdown(head, rows)}")
    count = len(SEEDS)
    return (
        f"{checked()}\nDefect probability from which on a canary has less total exposure, by its "
        f"soak: geometric means over {count} instances with 95% intervals.\n\n" + "\n".join(parts)
    )


if __name__ == "__main__":
    conduct("canary", instances, table)
