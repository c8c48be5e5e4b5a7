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
from patchopt.model.quantities import parse_duration
from patchopt.model.scenario import Scenario
from patchopt.reports.figures.style import COLOURS

NODES, SEEDS, DAY = 48, (0, 1, 2, 3, 4, 5), 86_400
#: What a rollout takes: share of the nodes worked on at once, an attempt.
ROLLOUTS = {"2h": (0.1, "10m"), "24h": (0.02, "30m")}
#: Seconds from what is bad in service until it is found, nominal.
DETECTION = {"10m": 600, "1h": 3600, "4h": 14_400}
KIND = r"^rollout(?P<rollout>[^.]+)\.seen(?P<seen>[^.]+)\.p(?P<p>[01])\.(?P<seed>\d+)$"
SOAKS = {"5m": 300, "15m": 900, "1h": 3600, "4h": 14_400, "12h": 43_200}
#: How plans are told apart: by what goes first and is watched.
NEVER, END, FIRST = "never stopped", "gate at the end", ("1 node first", "10% first", "25% first")
KINDS = (NEVER, END, *FIRST)
#: What a second in which a node is bad in service costs, in terms of one in which it is old.
KAPPAS = (0, 1, 10)
#: Defect probabilities of the map, logarithmic.
MAP_P = np.geomspace(0.001, 1, 61)


def instances() -> Iterator[Scenario]:
    """Draw instances whose nodes share one release: sound in one of each pair, bad in the other."""
    for rollout, (seen, delay), p, seed in product(ROLLOUTS, DETECTION.items(), (0, 1), SEEDS):
        crew, attempt = ROLLOUTS[rollout]
        factors = factors_of("no_blue_green", NODES, paired=0.0, slack=0.5, crew_per_node=crew)
        told = document(factors, seed)
        told |= {"name": f"rollout{rollout}.seen{seen}.p{p}.{seed}", "luck": f"luck-{seed}"}
        told["constraints"]["horizon"] = 7 * DAY
        told["patches"] = {"release": release(p, attempt)}
        for node in told["nodes"]:
            node["patch"] = "release"
        told["environment"] = {
            "detection": {"probability": 0.9, "delay": {"nominal": delay, "sigma": 0.5}},
            "review": {"delay": {"nominal": "1h", "sigma": 0.5}},
            "respin": {"delay": {"nominal": "24h", "sigma": 0.5}, "defect_probability": 0.0},
        }
        yield Scenario.model_validate(told).as_sound()


def release(p: int, attempt: str) -> dict[str, Any]:
    """Return the one release: figures of the preset `shared_defect`."""
    return {
        "severity": 7.0,
        "duration": {"nominal": attempt, "sigma": 0.3},
        "rollback": {"duration": {"nominal": "10m", "sigma": 0.3}, "failure_probability": 0.01},
        "failure_probability": 0.01,
        "defect": {"probability": p, "failure_probability": 0.3, "latent_probability": 0.5},
        "latent": {"probability": 0.0, "delay": {"nominal": "20m", "sigma": 1.0}},
    }


def costs(dataset: Path) -> pd.DataFrame:
    """Return costs with a sound and a bad release, a row a kappa, plan and instance.

    A cost is the total exposure, and the time in which nodes were bad in service, times the mean
    weight of a node and kappa.
    """
    plans = means_of(dataset, "total_exposure", "impaired_time")
    plans = plans.join(plans["scenario"].str.extract(KIND))
    told = [json.loads(text) for text in plans["parameters"]]
    plans["kind"] = [kind(name, one) for name, one in zip(plans["strategy"], told, strict=True)]
    plans["soak"] = [soak_of(one) for one in told]
    plans["weight"] = [mean_weight(text) for text in plans["scenario_json"]]
    parts = []
    for kappa in KAPPAS:
        cost = plans["total_exposure"] + kappa * plans["weight"] * plans["impaired_time"]
        parts.append(plans.assign(kappa=kappa, cost=cost))
    key = ["kappa", "rollout", "seen", "seed", "kind", "soak"]
    wide = pd.concat(parts).pivot(index=key, columns="p", values="cost")
    return wide.rename(columns={"0": "sound", "1": "bad"}).reset_index()


def mean_weight(scenario: str) -> float:
    told = Scenario.model_validate_json(scenario)
    severity = told.patches["release"].severity
    return float(np.mean([float(node.criticality * severity) for node in told.nodes]))


def kind(strategy: str, parameters: dict[str, Any]) -> str:
    if strategy != "waves":
        return strategy
    if parameters["max_failures"]:
        return NEVER
    first = str(parameters["sizes"][0])
    return END if first == "rest" else {"1": "1 node"}.get(first, first) + " first"


def soak_of(parameters: dict[str, Any]) -> str:
    given = parse_duration(parameters.get("soak", parameters.get("pause", 0)))
    return {value: name for name, value in SOAKS.items()}.get(given, "none")


def break_even(canary: pd.Series[Any], other: pd.Series[Any]) -> float:
    """Return the defect probability from which on a canary costs less; infinite: never.

    With one release, and a next one that is sound, each mean is linear in it.
    """
    more = canary["sound"] - other["sound"]
    less = other["bad"] - canary["bad"]
    if more <= 0:
        return 0.0
    return float(more / (more + less)) if less > 0 else np.inf


def crossings(found: pd.DataFrame, names: tuple[str, ...], against: str) -> pd.DataFrame:
    """Return the break-even probability of each canary on each instance."""
    key = ["kappa", "rollout", "seen", "seed"]
    rows = []
    for values, own in found.groupby(key):
        at = own.set_index(["kind", "soak"])
        for name, soak in product(names, SOAKS):
            rival = at.loc[(against, soak if against == END else "none")]
            rows.append((*values, name, soak, break_even(at.loc[(name, soak)], rival)))
    return pd.DataFrame(rows, columns=[*key, "kind", "soak", "p"])


def told(p: pd.Series[float]) -> str:
    """Say a break-even probability: geometric mean with limits, or where there is none."""
    never, always = int((p > 1).sum()), int((p <= 0).sum())
    if never or always:
        counts = [f"{name} {n}/{len(p)}" for name, n in (("always", always), ("never", never)) if n]
        every = {len(p): "always"} if always else {len(p): "never"}
        return every.get(always or never, ", ".join(counts))
    middle, low, high = np.exp(limits(np.log(p))) * 100
    return f"{middle:.2g}% [{low:.2g}, {high:.2g}]"


def best_kind(own: pd.DataFrame) -> np.ndarray[Any, Any]:
    """Return which kind costs least at each defect probability and soak: numbers of `KINDS`.

    Geometric means over instances.
    """
    best = np.zeros((len(MAP_P), len(SOAKS)), int)
    for column, soak in enumerate(SOAKS):
        sides = []
        for which in ("sound", "bad"):
            by = own.set_index(["kind", "soak"]).sort_values("seed")[which]
            sides.append([by[name, "none" if name == NEVER else soak] for name in KINDS])
        sound, bad = np.array(sides)
        mixed = (1 - MAP_P)[:, None, None] * sound + MAP_P[:, None, None] * bad
        best[:, column] = np.log(mixed).mean(axis=2).argmin(axis=1)
    return best


def draw(found: pd.DataFrame, seen: str = "1h") -> None:
    """Draw the best kind over (soak, defect probability), and the first wave's break-even line."""
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    colours = ["#ffffff", "#c8c8c8", COLOURS[5], COLOURS[0], COLOURS[2]]
    own = found[found["seen"] == seen]
    at = crossings(own, FIRST, END)
    with figure("canary", "best", 7.0, 3.9) as made:
        panels = made.subplots(len(ROLLOUTS), len(KAPPAS), sharex=True, sharey=True)
        for (row, rollout), (column, kappa) in product(enumerate(ROLLOUTS), enumerate(KAPPAS)):
            axes = panels[row, column]
            here = own[(own["rollout"] == rollout) & (own["kappa"] == kappa)]
            axes.pcolormesh(
                np.arange(len(SOAKS) + 1) - 0.5,
                edges(MAP_P),
                best_kind(here),
                cmap=ListedColormap(colours),
                vmin=-0.5,
                vmax=len(KINDS) - 0.5,
            )
            line = at[
                (at["rollout"] == rollout) & (at["kappa"] == kappa) & (at["kind"] == FIRST[0])
            ]
            p = [np.median(line.loc[line["soak"] == soak, "p"]) for soak in SOAKS]
            axes.plot(range(len(SOAKS)), np.minimum(p, 9), "o-", color="black", markersize=3)
            axes.set_yscale("log")
            axes.set_ylim(MAP_P[0], 1)
            axes.set_xticks(range(len(SOAKS)), list(SOAKS))
            axes.set_yticks([0.001, 0.01, 0.1, 1], ["0.1%", "1%", "10%", "100%"])
            axes.set_yticks([], minor=True)
            axes.grid(visible=False)
            axes.set_title(f"rollout {rollout}, κ = {kappa}")
        for axes in panels[-1]:
            axes.set_xlabel("soak")
        for axes in panels[:, 0]:
            axes.set_ylabel("defect probability")
        handles = [
            Patch(facecolor=c, edgecolor="black", linewidth=0.4, label=name)
            for c, name in zip(colours, KINDS, strict=True)
        ]
        line = panels[0, 0].plot([], [], "o-", color="black", markersize=3)
        line[0].set_label("1 node first / gate at the end, equal")
        made.legend(handles=[*handles, *line], loc="outside lower center", ncols=3)


def edges(points: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    logs = np.log(points)
    middle = (logs[1:] + logs[:-1]) / 2
    return np.exp(np.concatenate([[logs[0]], middle, [logs[-1]]]))


def table(dataset: Path) -> str:
    found = costs(dataset)
    draw(found)
    head = ["κ, rollout, found after", *SOAKS]
    parts = [
        ("One node first against the gate at the end alone, with the same soak", FIRST[:1], END),
        ("A tenth first against the same", FIRST[1:2], END),
        ("A canary of each service (`canary`, a tenth) against the same", ("canary",), END),
        ("One node first against the nominal optimum, which nothing stops", FIRST[:1], "optimal"),
    ]
    text = []
    for title, names, against in parts:
        at = crossings(found, names, against)
        rows = [
            [
                f"{kappa}, {rollout}, {seen}",
                *(told(own.loc[own["soak"] == soak, "p"]) for soak in SOAKS),
            ]
            for (kappa, rollout, seen), own in at.groupby(["kappa", "rollout", "seen"], sort=False)
        ]
        text.append(f"**{title}:**\n\n{markdown(head, rows)}")
    return (
        f"{checked()}\nDefect probability from which on what goes first pays, by its soak: "
        f"geometric means over {len(SEEDS)} instances of {NODES} nodes with 95% intervals.\n\n"
        + "\n".join(text)
    )


if __name__ == "__main__":
    conduct("canary", instances, table)
