"""The typed tables of a sweep's dataset: one schema each."""

from __future__ import annotations

import json
from typing import Final

import pyarrow as pa

from patchopt.model.metrics import METRICS, Kind

#: Version of the layout of the tables; a reader refuses every other.
SCHEMA_VERSION: Final = 5

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

#: Wait-and-see bounds, one row a replication; exposures in weight-seconds.
BOUNDS_SCHEMA: Final = pa.schema(
    [
        _always("scenario", _TEXT),
        _always("seed", pa.int64()),
        _always("replication", pa.int64()),
        _always("bound", pa.float64()),
        _always("incumbent", pa.float64()),
        _always("status", _TEXT),
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
