"""Does the ranking of strategies hang on what is assumed? See README.md.

From the root of a checkout, after `make setup`:

    .venv/bin/python experiments/sensitivity/run.py            all, into README.md
    .venv/bin/python experiments/sensitivity/run.py --table    table and figure again
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]

from changes import FACTORS, FAILURES, SCENARIO, changed_preset, changed_scenario
from studies import conduct, figure, markdown, means_of

from patchopt import load_scenario
from patchopt.errors import ScenarioError
from patchopt.files import load_preset
from patchopt.files.scenario_writing import scenario_text
from patchopt.files.scenario_yaml import scenario_from_text
from patchopt.model.presets import with_failures
from patchopt.model.scenario import Scenario

SCENARIOS = (
    "cloud_foundry",
    "compatibility",
    "ha_microservices",
    "online_boutique",
    "otel_demo",
    "risky_patch",
)
PRESET = "pessimistic"
KIND = r"^(?P<base>[^:]+):(?P<number>[^:]+):(?P<factor>.+)$"


def instances() -> Iterator[Scenario]:
    preset = load_preset(PRESET)
    for name in SCENARIOS:
        base = load_scenario(name)

        def named(made: Scenario, number: str, factor: float, base: str = name) -> Scenario:
            update = {"name": f"{base}:{number}:{factor}", "luck": base}
            return made.model_copy(update=update).as_sound()

        yield named(with_failures(base, preset), "nothing", 1)
        for factor in FACTORS:
            for number in FAILURES:
                other = changed_preset(preset, number, factor)
                yield named(with_failures(base, other), number, factor)
            for number in SCENARIO:
                made = named(
                    with_failures(changed_scenario(base, number, factor), preset), number, factor
                )
                if can_be_done(made):
                    yield made


def can_be_done(made: Scenario) -> bool:
    """Return whether a scenario is sound: half a crew may be too few for a unit."""
    try:
        scenario_from_text(scenario_text(made))
    except ScenarioError:
        return False
    return True


def changes(dataset: Path) -> pd.DataFrame:
    """Return a row a scenario, number and factor: how the ranking and the exposures change."""
    from scipy.stats import kendalltau

    plans = means_of(dataset, "total_exposure")
    plans = plans.join(plans["scenario"].str.extract(KIND))
    costs = plans.pivot(
        index=["base", "number", "factor"], columns="label", values="total_exposure"
    )
    rows = []
    for (name, number, factor), row in costs.iterrows():
        if number == "nothing":
            continue
        usual = costs.loc[(name, "nothing", "1")]
        best, now = usual.idxmin(), row.idxmin()
        rows.append(
            {
                "scenario": name,
                "number": number,
                "factor": float(factor),
                "tau": float(kendalltau(usual, row).statistic),
                "best_was": best,
                "best_is": now,
                # What is lost by staying with what was best.
                "regret_percent": 100 * (row[best] / row[now] - 1),
                "log_change": float(np.log(row / usual).mean()),
            }
        )
    return pd.DataFrame(rows)


def elasticity(own: pd.DataFrame) -> float:
    """Return percent of exposure for a percent of the number, from least to most."""
    low, high = min(FACTORS), max(FACTORS)
    each = own.groupby("factor")["log_change"].mean()
    return float((each[high] - each[low]) / np.log(high / low))


def draw(found: pd.DataFrame, order: list[str]) -> None:
    with figure("sensitivity", "tau", 7.0, 4.2) as made:
        axes = made.subplots()
        least = found.pivot_table(index="number", columns="scenario", values="tau", aggfunc="min")
        least = least.loc[order]
        image = axes.imshow(least, cmap="cividis", vmin=0, vmax=1, aspect="auto")
        for (row, column), tau in np.ndenumerate(least.to_numpy()):
            ink = "white" if tau < 0.5 else "black"
            axes.text(column, row, f"{tau:.2f}", ha="center", va="center", color=ink, fontsize=6.5)
        axes.set_xticks(
            range(least.shape[1]), [c.replace("_", "\n") for c in least.columns], fontsize=6.5
        )
        axes.set_yticks(range(len(order)), order)
        axes.grid(visible=False)
        made.colorbar(image, label="Kendall's τ")


def table(dataset: Path) -> str:
    found = changes(dataset)
    by = found.groupby("number")
    order = list(by["tau"].mean().sort_values().index)
    draw(found, order)
    rows = []
    for number in order:
        own = found[found["number"] == number]
        switched = own[own["best_is"] != own["best_was"]]
        rows.append(
            [
                f"`{number}`",
                f"{elasticity(own):+.2f}",
                f"{own['tau'].min():.2f}",
                f"{own['tau'].mean():.2f}",
                f"{len(switched)} of {len(own)}",
                f"{own['regret_percent'].max():.1f}%",
            ]
        )
    columns = ["number", "elasticity", "least τ", "mean τ", "best changes", "regret at most"]
    best = found.groupby("scenario")["best_was"].first()
    said = ", ".join(f"{name}: `{label}`" for name, label in best.items())
    return (
        f"{len(SCENARIOS)} bundled scenarios under `{PRESET}`, each number halved and half as much "
        f"again, alone. Best with none changed: {said}.\n\n{markdown(columns, rows)}"
    )


if __name__ == "__main__":
    conduct("sensitivity", instances, table)
