"""The tables of README.md, from what the default study has come to.

From the root of a checkout, after `make sweep`:

    .venv/bin/python experiments/default_study/tables.py
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "benchmarks")]

from tables import between_marks

RESULTS = HERE.parent.parent / "results" / "default"
Row = dict[str, Any]


def wide(summary: pd.DataFrame, cell: Callable[[Row, Row], str], labels: list[str]) -> str:
    """Return a table with a line a strategy and a column a scenario, beside the optimum's row."""
    scenarios = list(dict.fromkeys(summary["scenario"]))
    by_place = {(row["scenario"], row["label"]): row for row in summary.to_dict("records")}
    text = [f"| strategy | {' | '.join(scenarios)} |", "|---|" + "---:|" * len(scenarios)]
    for label in labels:
        cells = [cell(by_place[s, label], by_place[s, "optimal"]) for s in scenarios]
        breaks = any(by_place[s, label]["breaks"] for s in scenarios)
        text.append(f"| {'*breaks:* ' if breaks else ''}`{label}` | {' | '.join(cells)} |")
    return "\n".join(text) + "\n"


def ratio(name: str) -> Callable[[Row, Row], str]:
    """Return what writes a measure as a multiple of the optimum's."""
    return lambda row, best: f"{row[name] / best[name]:.2f}"


def mean_first(summary: pd.DataFrame, name: str) -> list[str]:
    """Return the strategies by the mean of a measure's ratios, those that break any last."""
    best = summary[summary["label"] == "optimal"].set_index("scenario")[name]
    ratios = summary[name] / summary["scenario"].map(best)
    broken = summary.groupby("label")["breaks"].agg(any)
    means = ratios.groupby(summary["label"]).mean()
    return sorted(means.index, key=lambda label: (broken[label], means[label]))


def over_bound(row: Row, _: Row) -> str:
    if not row["bounded_replications"]:
        return "–"
    return f"{row['over_wait_and_see']:.2f} ({row['over_wait_and_see_upper']:.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the study is")
    given = parser.parse_args()
    tables = given.results / "report" / "tables"
    summary = pd.read_parquet(tables / "summary.parquet")
    metrics = pd.read_parquet(tables / "metrics.parquet").set_index(["scenario", "label", "metric"])
    bad = metrics["mean"].xs("bad_nodes", level="metric")
    summary["bad_nodes"] = [
        bad[place] for place in zip(summary["scenario"], summary["label"], strict=True)
    ]
    calm = mean_first(summary, "nominal_exposure")
    failing = mean_first(summary, "total_exposure")
    texts = {
        "without failures": wide(summary, ratio("nominal_exposure"), calm),
        "with failures": wide(summary, ratio("total_exposure"), failing),
        "worst": wide(summary, ratio("total_exposure_cvar95"), failing),
        "bad nodes": wide(summary, lambda row, _: f"{row['bad_nodes']:.3f}", failing),
        "over the bound": wide(summary, over_bound, failing),
    }
    for name, text in texts.items():
        sys.stdout.write(f"{name}\n{text}\n")
        between_marks(name, text, HERE)


if __name__ == "__main__":
    main()
