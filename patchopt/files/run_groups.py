"""Rows of replications, gathered into groups of exactly so many.

A column is one value as long as it can be: most metrics of most studies never vary. Others are
filled into room that is used again and again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from patchopt.files.arrow import numbers, texts
from patchopt.files.tables import RUNS_SCHEMA
from patchopt.model.metrics import METRICS
from patchopt.model.quantities import from_milli

#: Rows of a group.
GROUP_ROWS: Final = 131_072

_EXPOSURES: Final = frozenset(metric.name for metric in METRICS if metric.kind == "exposure")


@dataclass(frozen=True, eq=False, kw_only=True)
class RunBlock:
    """Consecutive replications of one plan and seed, or a cell that failed.

    Parameters
    ----------
    names : mapping of str to str
        ``scenario``, ``strategy``, ``label`` and ``parameters`` (JSON) of the plan.
    plan : int
        Its number.
    seed, first, count : int
        Which replications: from the first on so many; of a failed cell none.
    columns : mapping of str to ndarray, each of shape (count,)
        ``stratum``, ``weight`` and every metric; exposures in milli-weight-seconds as the
        simulator gives them if they are integers, in weight-seconds as tables have them if they
        are floats. One value throughout is best given as an array of stride 0.
    error : str, optional
        Why the cell failed.
    """

    names: Mapping[str, str]
    plan: int
    seed: int = 0
    first: int = 0
    count: int = 0
    columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    error: str | None = None

    def __len__(self) -> int:
        """Return how many rows it is."""
        return self.count if self.error is None else 1


class _Numbers:
    """A column of numbers in the making."""

    def __init__(self, kind: pa.DataType) -> None:
        self._kind = kind
        self._values: NDArray[Any] | None = None
        self._one: Any = None

    def add(self, piece: Any, begin: int, end: int) -> None:
        """Take values for some rows, or one for all of them."""
        if isinstance(piece, np.ndarray):
            if piece.strides[0]:
                self._filled(begin)[begin:end] = piece
                return
            piece = piece[0]
        if self._varies(piece, begin):
            self._filled(begin)[begin:end] = piece
        else:
            self._one = piece

    def _varies(self, value: Any, begin: int) -> bool:
        return begin > 0 and (self._one is None or self._one != value)

    def _filled(self, begin: int) -> NDArray[Any]:
        """Return room for values, with what was one value until now."""
        if self._values is None:
            self._values = np.empty(GROUP_ROWS, self._kind.to_pandas_dtype())
        if begin and self._one is not None:
            self._values[:begin] = self._one
        self._one = None
        return self._values

    def finish(self, rows: int, given: NDArray[np.bool_] | None) -> Any:
        """Return the array of some rows, which lasts until the next group is filled."""
        if self._one is not None and given is None:
            return _repeated(self._one, rows, self._kind)
        found = self._filled(rows)[:rows]
        return numbers(found, self._kind, given)


class _Names:
    """A column of names in the making."""

    def __init__(self) -> None:
        self._codes = _Numbers(pa.int32())
        self._known: dict[str, int] = {}

    def add(self, piece: Any, begin: int, end: int) -> None:
        """Take names for some rows, or one for all of them."""
        if begin == 0:
            self._known = {}
        known = self._known
        if isinstance(piece, np.ndarray):
            if piece.strides[0]:
                codes = [known.setdefault(name, len(known)) for name in piece.tolist()]
                self._codes.add(np.array(codes, np.int32), begin, end)
                return
            piece = piece[0]
        self._codes.add(known.setdefault(str(piece), len(known)), begin, end)

    def finish(self, rows: int, given: NDArray[np.bool_] | None) -> Any:
        """Return the array of some rows."""
        codes = self._codes.finish(rows, given)
        return pa.DictionaryArray.from_arrays(codes, texts(list(self._known)))


class RunGroup:
    """One group of rows in the making."""

    def __init__(self) -> None:
        self._columns: dict[str, _Numbers | _Names] = {
            field.name: _Names() if pa.types.is_dictionary(field.type) else _Numbers(field.type)
            for field in RUNS_SCHEMA
            if field.name != "error"
        }
        self._errors: dict[int, str] = {}
        self.rows = 0

    def add(self, block: RunBlock, begin: int, end: int) -> None:
        """Take some rows of a block; there is room for them."""
        at, upto = self.rows, self.rows + end - begin
        self.rows = upto
        pieces = {**block.names, "plan": block.plan}
        if block.error is not None:
            self._errors[at] = block.error
            pieces |= {"status": "failed"}
        else:
            replications = np.arange(block.first + begin, block.first + end)
            pieces |= {"status": "done", "seed": block.seed, "replication": replications}
            pieces |= {name: _in_units(name, c[begin:end]) for name, c in block.columns.items()}
        for name, column in self._columns.items():
            # What a failed cell lacks is nothing, whatever stands there.
            column.add(pieces.get(name, "" if isinstance(column, _Names) else 0), at, upto)

    def finish(self) -> pa.Table:
        """Return the table, which lasts until a row is added, and begin anew."""
        rows, errors = self.rows, self._errors
        given = None
        if errors:
            given = np.ones(rows, np.bool_)
            given[list(errors)] = False
        arrays = [
            _errors(rows, errors)
            if field.name == "error"
            else self._columns[field.name].finish(rows, given if field.nullable else None)
            for field in RUNS_SCHEMA
        ]
        self.rows, self._errors = 0, {}
        return pa.Table.from_arrays(arrays, schema=RUNS_SCHEMA)


def _in_units(name: str, values: NDArray[Any]) -> NDArray[Any]:
    """Return exposures in weight-seconds, and everything else as it is."""
    if name not in _EXPOSURES or values.dtype.kind != "i":
        return values
    if values.strides[0]:
        return np.asarray(from_milli(values))
    return np.broadcast_to(np.asarray(from_milli(values[:1])), values.shape)


@lru_cache(maxsize=64)
def _repeated(value: Any, rows: int, kind: pa.DataType) -> Any:
    return numbers(np.full(rows, value, kind.to_pandas_dtype()), kind)


def _errors(rows: int, errors: Mapping[int, str]) -> Any:
    if not errors:
        return _no_text(rows)
    return texts([errors.get(at) for at in range(rows)])


@lru_cache(maxsize=4)
def _no_text(rows: int) -> Any:
    return texts([None] * rows)
