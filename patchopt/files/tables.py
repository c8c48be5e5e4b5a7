"""The typed tables of a sweep's dataset: one schema each, and rows put into it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from patchopt.model.metrics import METRICS, Kind, Metric
from patchopt.model.quantities import from_milli

#: Version of the layout of the tables; a reader refuses every other.
SCHEMA_VERSION: Final = 4

_TEXT: Final = pa.string()
_NAME: Final = pa.dictionary(pa.int32(), pa.string())
_TYPE_OF_KIND: Final[dict[Kind, pa.DataType]] = {
    "exposure": pa.float64(),
    "integer": pa.int64(),
    "share": pa.float64(),
    "text": _NAME,
}


#: How pandas calls integer columns with gaps; left to itself it makes them floats.
_PANDAS_NAMES: Final = {pa.int32(): "Int32", pa.int64(): "Int64"}


def _always(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=False)


def _sometimes(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind)


#: One row a replication, known by seed and number; a failed cell is one row without them and
#: without metrics.
RUNS_SCHEMA: Final = pa.schema(
    [
        _always("scenario", _NAME),
        _always("strategy", _NAME),
        _always("label", _NAME),
        _always("parameters", _NAME),
        _always("plan", pa.int32()),
        _sometimes("seed", pa.int64()),
        _sometimes("replication", pa.int64()),
        _sometimes("stratum", pa.int32()),
        _sometimes("weight", pa.float64()),
        *(_sometimes(metric.name, _TYPE_OF_KIND[metric.kind]) for metric in METRICS),
        _always("status", _NAME),
        _sometimes("error", _TEXT),
    ]
)

#: One row a plan, with its certificate if it has one.
PLANS_SCHEMA: Final = pa.schema(
    [
        _always("plan", pa.int32()),
        _always("scenario", _TEXT),
        _always("strategy", _TEXT),
        _always("label", _TEXT),
        _always("parameters", _TEXT),
        _always("scenario_json", _TEXT),
        _sometimes("plan_json", _TEXT),
        _sometimes("steps", pa.int64()),
        _sometimes("nominal_exposure", pa.float64()),
        _sometimes("nominal_completion_time", pa.int64()),
        _sometimes("certificate_status", _TEXT),
        _sometimes("objective", pa.float64()),
        _sometimes("bound", pa.float64()),
        _sometimes("gap", pa.float64()),
        _sometimes("bound_is", _TEXT),
        _sometimes("solver_seed", pa.int64()),
        _sometimes("solver_parameters", _TEXT),
        _always("status", _TEXT),
        _sometimes("error", _TEXT),
    ]
)

#: The first replication of every plan, event by event.
EVENTS_SCHEMA: Final = pa.schema(
    [
        _always("plan", pa.int32()),
        _always("seed", pa.int64()),
        _always("replication", pa.int64()),
        _always("number", pa.int64()),
        _always("time", pa.int64()),
        _always("event", _NAME),
        _always("detail", _TEXT),
    ]
)

#: Measured times: the only table that differs between two runs of one study.
TIMINGS_SCHEMA: Final = pa.schema(
    [
        _always("plan", pa.int32()),
        _always("kind", _TEXT),
        _always("replications", pa.int64()),
        _always("wall_time_s", pa.float64()),
    ]
)


def pandas_metadata(schema: pa.Schema) -> dict[str, str]:
    """Return what a file tells pandas: integers that may be missing stay integers.

    Returns
    -------
    dict of str to str
        Metadata of the schema, as pyarrow itself writes and reads it.
    """
    columns = [
        {
            "name": field.name,
            "field_name": field.name,
            "pandas_type": str(field.type),
            "numpy_type": _PANDAS_NAMES[field.type],
            "metadata": None,
        }
        for field in schema
        if field.nullable and field.type in _PANDAS_NAMES
    ]
    told = {"index_columns": [], "column_indexes": [], "columns": columns}
    return {"pandas": json.dumps(told)}


def runs_table(
    *,
    plan: int,
    scenario: str,
    strategy: str,
    label: str,
    parameters: str,
    seed: int,
    replications: NDArray[np.int64],
    strata: NDArray[np.int64],
    weights: NDArray[np.float64],
    columns: Mapping[str, NDArray[np.generic]],
) -> pa.Table:
    """Return a block of replications of one plan as a typed table.

    Parameters
    ----------
    plan : int
        Number of the plan.
    scenario, strategy, label, parameters : str
        Of the plan; parameters as JSON.
    seed : int
        Of all of them.
    replications : ndarray of int64, shape (replications,)
        Number of each.
    strata, weights : ndarray, shape (replications,)
        Stratum of each, and how many replications it stands for; 0 and 1 if it is one
        like all others.
    columns : mapping of str to ndarray of shape (replications,)
        Every metric; exposures in milli-weight-seconds as the simulator gives them if they are
        integers, in weight-seconds as tables have them if they are floats.

    Returns
    -------
    pyarrow.Table
        Of `RUNS_SCHEMA`, exposures in weight-seconds.
    """
    count = len(replications)
    cells: dict[str, pa.Array] = {
        "plan": pa.repeat(pa.scalar(plan, pa.int32()), count),
        "seed": pa.repeat(pa.scalar(seed, pa.int64()), count),
        "replication": pa.array(replications, pa.int64()),
        "stratum": pa.array(strata, pa.int32()),
        "weight": pa.array(weights, pa.float64()),
        "error": pa.nulls(count, _TEXT),
    }
    names = {"scenario": scenario, "strategy": strategy, "label": label, "parameters": parameters}
    for name, text in {**names, "status": "done"}.items():
        cells[name] = _same(text, count)
    for metric in METRICS:
        cells[metric.name] = _column(columns[metric.name], metric)
    return pa.table([cells[name] for name in RUNS_SCHEMA.names], schema=RUNS_SCHEMA)


def _same(text: str, count: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([text]))


def _column(values: NDArray[Any], metric: Metric) -> pa.Array:
    if metric.kind == "text":
        return pa.array(values.tolist(), _TEXT).dictionary_encode()
    milli = metric.kind == "exposure" and values.dtype.kind == "i"
    in_units = from_milli(values) if milli else values
    return pa.array(in_units, _TYPE_OF_KIND[metric.kind])


def failed_run(
    *, plan: int, scenario: str, strategy: str, label: str, parameters: str, error: str
) -> pa.Table:
    """Return the one row that a failed cell leaves: who it was and why, no metrics."""
    row = {
        "plan": plan,
        "scenario": scenario,
        "strategy": strategy,
        "label": label,
        "parameters": parameters,
        "status": "failed",
        "error": error,
    }
    return table_of([row], RUNS_SCHEMA)


def table_of(rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Put rows into a schema; columns that a row lacks are null.

    Raises
    ------
    ValueError
        For a column that the schema lacks: it would be lost without a word.
    """
    given = [dict(row) for row in rows]
    unknown = {name for row in given for name in row} - set(schema.names)
    if unknown:
        raise ValueError(f"no such columns: {', '.join(sorted(unknown))}")
    return pa.Table.from_pylist(given, schema=schema)
