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
from patchopt.reports.numbers.study import Study

#: Quantiles of every measure, and their columns.
QUANTILES: Final = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
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
    tables = [
        table for cell in study.cells.itertuples(index=False) for table in _of_plan(study, cell)
    ]
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
        tails = _tails(values, measures, weights)
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


def _tails(values: Floats, measures: Sequence[Metric], weights: Floats) -> dict[str, Floats]:
    found = [
        _tails_of(column, weights, higher_is_better=measure.better == "higher")
        for column, measure in zip(values.T, measures, strict=True)
    ]
    return dict(zip([*QUANTILES, "cvar95"], np.array(found).T, strict=True))


def _tails_of(values: Floats, weights: Floats, *, higher_is_better: bool) -> list[float]:
    """Return quantiles and the mean of the worst 5%."""
    if values.min() == values.max():
        return [float(values[0])] * (len(QUANTILES) + 1)
    # Both want the values in order, and have little to do where they are.
    order = np.argsort(values, kind="stable")
    ordered, their_weights = values[order], weights[order]
    shares = np.array(list(QUANTILES.values()))
    worst = cvar(ordered, their_weights, TAIL, higher_is_better=higher_is_better)
    return [*quantiles(ordered, their_weights, shares).tolist(), worst]
