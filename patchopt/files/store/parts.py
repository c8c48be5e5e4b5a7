"""Parts of a dataset in the making: what one worker has finished, one file, whole or not there.

A part is an Arrow file that is read where it lies. It holds only what differs: columns that have
one value throughout are told once, integers take as few bytes as they need, and whose rows they
are (scenario, strategy, seed) is told by the key of each cell's run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from patchopt.files.arrow import names, numbers, values_of
from patchopt.files.store.whole import damaged, whole_file

#: Columns of a block by name, all of one length.
Columns = Mapping[str, NDArray[Any]]

_CELLS: Final = "patchopt.cells"
_CONSTANT: Final = "patchopt.constant"
_INTEGERS: Final = (np.int8, np.int16, np.int32)


@dataclass(frozen=True, kw_only=True)
class PartCell:
    """A finished cell: consecutive replications of one run, or why there are none.

    Parameters
    ----------
    run : str
        Key of the run that they belong to.
    first, count : int
        The first replication, and how many.
    wall_time_s : float
        What they took.
    error : str, optional
        Of a cell that failed; the part then has no rows of it.
    """

    run: str
    first: int
    count: int
    wall_time_s: float
    error: str | None = None

    @property
    def rows(self) -> int:
        """How many rows of the part are the cell's."""
        return self.count if self.error is None else 0


def write_part(path: Path, cells: Sequence[PartCell], blocks: Sequence[Columns]) -> None:
    """Write a part; it appears whole, on disk, under its name.

    Parameters
    ----------
    path : Path
        A name that no other writer uses.
    cells : sequence of PartCell
        What is finished.
    blocks : sequence of mapping of str to ndarray
        Of every cell that has rows, in their order, its columns: integers, floats or text
        (dtype object). All have the same ones.

    Raises
    ------
    OSError
        If it cannot be written; nothing is left then.
    """
    arrays: dict[str, pa.Array] = {}
    constant: dict[str, Any] = {}
    for name in blocks[0] if blocks else ():
        values = np.concatenate([block[name] for block in blocks])
        if not len(values):
            continue
        if (values == values[0]).all():
            constant[name] = values[:1].tolist()[0]
        else:
            arrays[name] = _stored(values)
    told = {
        _CELLS: json.dumps([vars(cell) for cell in cells]),
        _CONSTANT: json.dumps(constant),
    }
    table = pa.Table.from_arrays(list(arrays.values()), list(arrays), metadata=told)
    with whole_file(path) as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)


def _stored(values: NDArray[Any]) -> pa.Array:
    if values.dtype.kind == "O":
        return names(values.tolist())
    if values.dtype.kind == "i":
        least, most = values.min(), values.max()
        for kind in _INTEGERS:
            if np.iinfo(kind).min <= least and most <= np.iinfo(kind).max:
                return numbers(values, pa.from_numpy_dtype(kind))
    return numbers(values, pa.from_numpy_dtype(values.dtype))


class Part:
    """A part, read where it lies: columns of a cell are views of the file.

    Parameters
    ----------
    path : Path
        Of the part.

    Attributes
    ----------
    cells : list of PartCell
        What it holds.

    Raises
    ------
    DatasetError
        If it is missing or damaged.
    """

    def __init__(self, path: Path) -> None:
        try:
            with pa.memory_map(str(path)) as file:
                self._table = pa.ipc.open_file(file).read_all()
            told = self._table.schema.metadata
            self.cells = [PartCell(**cell) for cell in json.loads(told[_CELLS.encode()])]
            self._constant: dict[str, Any] = json.loads(told[_CONSTANT.encode()])
        except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
            raise damaged(path, error) from None

    @cached_property
    def _columns(self) -> dict[str, NDArray[Any]]:
        return {name: values_of(self._table[name]) for name in self._table.column_names}

    @cached_property
    def _begins(self) -> list[int]:
        return [0, *np.cumsum([cell.rows for cell in self.cells]).tolist()]

    def columns(self, at: int, cells: int = 1) -> dict[str, NDArray[Any]]:
        """Return the columns of some cells.

        Parameters
        ----------
        at : int
            The place of the first among `cells`.
        cells : int
            How many.

        Returns
        -------
        dict of str to ndarray, each of shape (rows,)
            Of a failed cell empty ones; integers of any width.
        """
        begin, end = self._begins[at], self._begins[at + cells]
        found: dict[str, NDArray[Any]] = {
            name: np.broadcast_to(np.array(value, _dtype(value)), (end - begin,))
            for name, value in self._constant.items()
        }
        return found | {name: values[begin:end] for name, values in self._columns.items()}


def _dtype(value: object) -> type:
    return object if isinstance(value, str) else float if isinstance(value, float) else np.int64
