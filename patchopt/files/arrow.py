"""Arrow arrays from numpy arrays and text, without pandas.

Whatever goes through `pyarrow.array` loads pandas first, half a second of every process; nothing
that writes has use for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def numbers(values: NDArray[Any], kind: pa.DataType, given: NDArray[np.bool_] | None = None) -> Any:
    """Return numbers as an array, without a copy where the type is theirs already.

    Parameters
    ----------
    values : ndarray, shape (rows,)
        Not changed as long as the array lives.
    kind : pyarrow.DataType
        An integer or a float.
    given : ndarray of bool, shape (rows,), optional
        False where a value is missing.

    Returns
    -------
    pyarrow.Array

    Examples
    --------
    >>> numbers(np.array([1, 2]), pa.int32(), np.array([True, False])).to_pylist()
    [1, None]
    """
    plain = np.ascontiguousarray(values, kind.to_pandas_dtype())
    return pa.Array.from_buffers(kind, len(plain), [_validity(given), pa.py_buffer(plain)])


def texts(values: Sequence[str | None]) -> Any:
    """Return text as an array; None where it is missing.

    Examples
    --------
    >>> texts(["a", None, "äö"]).to_pylist()
    ['a', None, 'äö']
    """
    encoded = [b"" if value is None else value.encode() for value in values]
    ends = np.concatenate([[0], np.cumsum([len(each) for each in encoded])])
    given = np.array([value is not None for value in values], np.bool_)
    data = [pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(values), [_validity(given), *data])


def names(values: Sequence[str | None]) -> Any:
    """Return names that repeat as an array; None where one is missing.

    Returns
    -------
    pyarrow.DictionaryArray
        Its dictionary has each name once, in the order in which they come.

    Examples
    --------
    >>> names(["b", "a", None, "b"]).to_pylist()
    ['b', 'a', None, 'b']
    """
    given = np.array([value is not None for value in values], np.bool_)
    known = list(dict.fromkeys(value for value in values if value is not None))
    places: dict[str | None, int] = {name: at for at, name in enumerate(known)}
    codes = np.array([places.get(value, 0) for value in values], np.int32)
    return pa.DictionaryArray.from_arrays(numbers(codes, pa.int32(), given), texts(known))


def values_of(array: Any) -> NDArray[Any]:
    """Return an array that lacks nothing as numpy has it: numbers without a copy, text as objects.

    Parameters
    ----------
    array : pyarrow.Array or pyarrow.ChunkedArray
        Of numbers, or of names that repeat.

    Examples
    --------
    >>> values_of(numbers(np.array([1, 2]), pa.int8()).slice(1)).tolist()
    [2]
    >>> values_of(names(["b", "a", "b"])).tolist()
    ['b', 'a', 'b']
    """
    if isinstance(array, pa.ChunkedArray):
        chunks = [values_of(chunk) for chunk in array.chunks]
        if len(chunks) == 1:
            return chunks[0]
        return np.concatenate(chunks) if chunks else np.zeros(0)
    if pa.types.is_dictionary(array.type):
        known = np.array(array.dictionary.to_pylist(), object)
        return np.asarray(known[values_of(array.indices)])
    plain = np.frombuffer(array.buffers()[1], array.type.to_pandas_dtype())
    return np.asarray(plain[array.offset : array.offset + len(array)])


def table_of(rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Put rows into a schema; columns that a row lacks are null.

    Raises
    ------
    ValueError
        For a column that the schema lacks: it would be lost without a word.
    """
    given = list(rows)
    unknown = {name for row in given for name in row} - set(schema.names)
    if unknown:
        raise ValueError(f"no such columns: {', '.join(sorted(unknown))}")
    columns = [_column([row.get(field.name) for row in given], field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def _column(values: Sequence[Any], kind: pa.DataType) -> Any:
    if pa.types.is_string(kind):
        return texts(values)
    if pa.types.is_dictionary(kind):
        return names(values)
    given = np.array([value is not None for value in values], np.bool_)
    filled = [0 if value is None else value for value in values]
    return numbers(np.array(filled, kind.to_pandas_dtype()), kind, given)


def _validity(given: NDArray[np.bool_] | None) -> Any:
    """Return which values there are, a bit each; None: all."""
    if given is None or given.all():
        return None
    return pa.py_buffer(np.packbits(given, bitorder="little"))
