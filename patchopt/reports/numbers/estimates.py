"""What every plan comes to by every measure: mean, interval and tails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from patchopt.model.base import Floats
from patchopt.model.metrics import NUMERIC_METRICS, Metric
from patchopt.model.risk import cvar, quantiles, wilson
from patchopt.reports.numbers.bootstrap import Estimate, estimate, exact, scale_of
from patchopt.reports.numbers.stratified import stratified_mean
from patchopt.reports.numbers.study import Study, Watcher
from patchopt.reports.numbers.tail_limits import (
    cvar_limits,
    quantile_limits,
    stratified_cvar_limits,
    stratified_quantile_limits,
)

#: Quantiles of every measure, and their columns.
QUANTILES: Final = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
#: Measures whose mean of the worst 5% comes with limits.
WITH_TAILS: Final = ("total_exposure", "downtime")
#: Quantiles, the mean of the worst 5%, and where their 95% intervals end.
TAIL_COLUMNS: Final = tuple(
    f"{name}{end}" for name in (*QUANTILES, "cvar95") for end in ("", "_low", "_high")
)
#: Values that are looked at together.
_ELEMENTS: Final = 8_000_000
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
    *TAIL_COLUMNS,
]


def estimates(study: Study, watch: Watcher | None = None) -> pd.DataFrame:
    """Return every plan's mean, interval and tails for every measure.

    Parameters
    ----------
    study : Study
        What was measured.
    watch : callable, optional
        Told of the progress: ``numbers``, how many plans are done, and of how many.

    Returns
    -------
    DataFrame
        A row a plan and measure: ``plan``, ``scenario``, ``strategy``, ``label``,
        ``metric``, ``unit``, ``replications``; ``mean`` with ``low`` and ``high``, its 95%
        interval; quantiles ``p50``, ``p95``, ``p99``; ``cvar95``, the mean of the worst
        5%, the lowest where higher is better. Quantiles have limits too (``p95_low``...),
        ``cvar95`` of total exposure and downtime; NaN where there are too few replications.
    """
    tables: list[pd.DataFrame] = []
    for done, cell in enumerate(study.cells.itertuples(index=False), start=1):
        tables += _of_plan(study, cell)
        if watch is not None:
            watch("numbers", done, len(study.cells))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=_COLUMNS)


def _of_plan(study: Study, cell: Any) -> Iterator[pd.DataFrame]:
    """Yield the rows of a plan, some measures at a time, so that memory does not feel them."""
    plan = int(cell.plan)
    count = study.counts.get(plan, 0)
    if not count:
        return
    strata = study.column(plan, "stratum").astype(np.int64)
    weights = study.column(plan, "weight")
    some = max(1, _ELEMENTS // count)
    for begin in range(0, len(NUMERIC_METRICS), some):
        measures = NUMERIC_METRICS[begin : begin + some]
        values = np.column_stack([exact(study.column(plan, m.name), m.kind) for m in measures])
        found = _estimate(values, measures, strata, weights)
        tails = _tails(values, measures, strata, weights)
        scale = np.array([scale_of(measure.kind) for measure in measures])
        yield pd.DataFrame(
            {
                "plan": plan,
                "scenario": cell.scenario,
                "strategy": cell.strategy,
                "label": cell.label,
                "metric": [measure.name for measure in measures],
                "unit": [measure.unit for measure in measures],
                "replications": count,
                # Shares are no whole numbers; their last digits are the machine's.
                "mean": np.round(found.mean / scale, 12),
                "low": np.round(found.low / scale, 12),
                "high": np.round(found.high / scale, 12),
                **{name: np.round(column / scale, 12) for name, column in tails.items()},
            }
        )


def _is_event(measure: Metric) -> bool:
    return measure.unit == "0/1"


def _estimate(
    values: Floats, measures: Sequence[Metric], strata: NDArray[np.int64], weights: Floats
) -> Estimate:
    events = np.array([_is_event(measure) for measure in measures])
    if (strata == strata[0]).all():
        found = estimate(values)
        for place in np.flatnonzero(events) if len(values) > 1 else ():
            hits = float(values[:, place].sum())
            found.low[place], found.high[place] = wilson(hits, len(values))
        return found
    mean, half = stratified_mean(values, strata, weights)
    low, high = mean - half, mean + half
    # No mean of what is never negative is, and no probability is above 1.
    low = np.where(values.min(axis=0) >= 0, np.maximum(low, 0), low)
    return Estimate(mean, low, np.where(events, np.minimum(high, 1), high))


def _tails(
    values: Floats, measures: Sequence[Metric], strata: NDArray[np.int64], weights: Floats
) -> dict[str, Floats]:
    found = [
        _tails_of(column, measure, strata, weights)
        for column, measure in zip(values.T, measures, strict=True)
    ]
    return {name: np.array([tails[name] for tails in found]) for name in TAIL_COLUMNS}


def _tails_of(
    values: Floats, measure: Metric, strata: NDArray[np.int64], weights: Floats
) -> dict[str, float]:
    """Return quantiles, the mean of the worst 5%, and the limits of each."""
    if values.min() == values.max():
        return dict.fromkeys(TAIL_COLUMNS, float(values[0]))
    # All want the values in order, and have little to do where they are.
    order = np.argsort(values, kind="stable")
    values, strata, weights = values[order], strata[order], weights[order]
    dealt = bool((strata != strata[0]).any())
    higher = measure.better == "higher"
    found = dict.fromkeys(TAIL_COLUMNS, np.nan)
    every = quantiles(values, weights, np.array(list(QUANTILES.values()))).tolist()
    for (name, share), value in zip(QUANTILES.items(), every, strict=True):
        limits = (
            stratified_quantile_limits(values, strata, weights, value, share)
            if dealt
            else quantile_limits(values, share)
        )
        found |= {name: value, f"{name}_low": limits[0], f"{name}_high": limits[1]}
    found["cvar95"] = worst = cvar(values, weights, TAIL, higher_is_better=higher)
    if measure.name in WITH_TAILS:
        # Of these less is better.
        limits = (
            stratified_cvar_limits(values, strata, weights, found["p95"], worst, TAIL)
            if dealt
            else cvar_limits(values, TAIL)
        )
        found |= {"cvar95_low": limits[0], "cvar95_high": limits[1]}
    return found
