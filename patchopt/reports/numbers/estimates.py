"""What every plan comes to by every measure: mean, interval and tails."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from patchopt.model.base import Floats
from patchopt.model.metrics import NUMERIC_METRICS, Metric
from patchopt.reports.numbers.bootstrap import Estimate, estimate, exact, scale_of
from patchopt.reports.numbers.risk import cvar, quantiles, wilson
from patchopt.reports.numbers.stratified import stratified_mean
from patchopt.reports.numbers.study import Study

#: Quantiles of every measure, and their columns.
QUANTILES: Final = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
#: The worst 5% of all.
TAIL: Final = 0.95

_COLUMNS: Final = [
    "plan",
    "scenario",
    "strategy",
    "label",
    "metric",
    "unit",
    "replications",
    "mean",
    "low",
    "high",
    *QUANTILES,
    "cvar95",
]


def estimates(study: Study) -> pd.DataFrame:
    """Return every plan's mean, interval and tails for every measure.

    Parameters
    ----------
    study : Study
        What was measured.

    Returns
    -------
    DataFrame
        A row a plan and measure: ``plan``, ``scenario``, ``strategy``, ``label``,
        ``metric``, ``unit``, ``replications``; ``mean`` with ``low`` and ``high``, its 95%
        interval; quantiles ``p50``, ``p95``, ``p99``; ``cvar95``, the mean of the worst
        5%, the lowest where higher is better.
    """
    scale = np.array([scale_of(measure.kind) for measure in NUMERIC_METRICS])
    groups = {int(str(plan)): rows for plan, rows in study.runs.groupby("plan")}
    tables = []
    for cell in study.cells.itertuples(index=False):
        rows = groups.get(int(str(cell.plan)))
        if rows is None:
            continue
        values = np.column_stack([exact(rows, m.name, m.kind) for m in NUMERIC_METRICS])
        found, tails = _estimate(values, rows), _tails(values, rows["weight"].to_numpy(np.float64))
        table = pd.DataFrame(
            {
                "plan": cell.plan,
                "scenario": cell.scenario,
                "strategy": cell.strategy,
                "label": cell.label,
                "metric": [measure.name for measure in NUMERIC_METRICS],
                "unit": [measure.unit for measure in NUMERIC_METRICS],
                "replications": len(rows),
                # Shares are no whole numbers; their last digits are the machine's.
                "mean": np.round(found.mean / scale, 12),
                "low": np.round(found.low / scale, 12),
                "high": np.round(found.high / scale, 12),
                **{name: np.round(column / scale, 12) for name, column in tails.items()},
            }
        )
        tables.append(table)
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=_COLUMNS)


def _is_event(measure: Metric) -> bool:
    return measure.unit == "0/1"


def _estimate(values: Floats, rows: pd.DataFrame) -> Estimate:
    strata = rows["stratum"].to_numpy(np.int64)
    if (strata == strata[0]).all():
        found = estimate(values)
        for place, measure in enumerate(NUMERIC_METRICS):
            if _is_event(measure) and len(values) > 1:
                hits = float(values[:, place].sum())
                found.low[place], found.high[place] = wilson(hits, len(values))
        return found
    mean, half = stratified_mean(values, strata, rows["weight"].to_numpy(np.float64))
    low, high = mean - half, mean + half
    # No mean of what is never negative is, and no probability is above 1.
    low = np.where(values.min(axis=0) >= 0, np.maximum(low, 0), low)
    events = np.array([_is_event(measure) for measure in NUMERIC_METRICS])
    return Estimate(mean, low, np.where(events, np.minimum(high, 1), high))


def _tails(values: Floats, weights: Floats) -> dict[str, Floats]:
    shares = np.array(list(QUANTILES.values()))
    found = np.array([quantiles(column, weights, shares) for column in values.T])
    worst = [
        cvar(column, weights, TAIL, higher_is_better=measure.better == "higher")
        for column, measure in zip(values.T, NUMERIC_METRICS, strict=True)
    ]
    return {**dict(zip(QUANTILES, found.T, strict=True)), "cvar95": np.array(worst)}
