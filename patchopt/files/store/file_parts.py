"""The file of a finished dataset, kept as one more part: a study that grows goes on from it.

A second name of the same file costs no room, and keeps its rows when a longer file takes the place
of the first. Beside it lies an index of the cells that the rows are of.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from patchopt.files.arrow import values_of
from patchopt.files.store.parts import PartCell
from patchopt.files.store.whole import damaged, parsed, write_json
from patchopt.model.metrics import METRICS

#: How the names of such parts end.
SUFFIX: Final = ".parquet"

_COLUMNS: Final = ["stratum", "weight", *(metric.name for metric in METRICS)]


def keep_file(runs: Path, path: Path, cells: list[tuple[PartCell, int]]) -> bool:
    """Keep the rows of a dataset as a part.

    Parameters
    ----------
    runs : Path
        The file of its rows.
    path : Path
        Of the part.
    cells : list of (PartCell, int)
        Its cells, and the row that each begins at.

    Returns
    -------
    bool
        False if the file system gives no file a second name; nothing is kept then.

    Raises
    ------
    OSError
        If the index cannot be written.
    """
    try:
        os.link(runs, path)
    except OSError:
        return False
    write_json(index_of(path), [{**vars(cell), "row": row} for cell, row in cells])
    return True


def index_of(path: Path) -> Path:
    """Return the file of a part's index."""
    return path.with_suffix(".json")


class FilePart:
    """The rows of a dataset as a part; see `Part`, whose methods it has.

    Exposures are floats of weight-seconds here, as tables have them.

    Parameters
    ----------
    path : Path
        Of the part.

    Raises
    ------
    DatasetError
        If it, or its index, is missing or damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.cells: list[PartCell] = []
        self._begins: list[int] = []
        try:
            for told in parsed(index_of(path)):
                self._begins.append(told.pop("row"))
                self.cells.append(PartCell(**told))
            self._file = pq.ParquetFile(path, memory_map=True)
        except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
            raise damaged(path, error) from None
        metadata = self._file.metadata
        sizes = [metadata.row_group(at).num_rows for at in range(metadata.num_row_groups)]
        self._groups = [0, *np.cumsum(sizes).tolist()]
        self._group = lru_cache(maxsize=2)(self._read)

    def _read(self, at: int) -> pa.Table:
        try:
            return self._file.read_row_group(at, columns=_COLUMNS)
        except (pa.ArrowException, OSError) as error:
            raise damaged(self._path, error) from None

    def columns(self, at: int, cells: int = 1) -> dict[str, NDArray[Any]]:
        """Return the columns of some cells from one on, each of shape (rows,)."""
        begin = self._begins[at]
        end = self._begins[at + cells - 1] + self.cells[at + cells - 1].rows
        # Cut first: rows of failures, which lack their integers, would make them floats.
        pieces = [
            self._group(group).slice(max(begin - first, 0), min(end, last) - max(begin, first))
            for group, (first, last) in enumerate(
                zip(self._groups[:-1], self._groups[1:], strict=True)
            )
            if first < end and begin < last
        ]
        table = pa.concat_tables(pieces) if pieces else self._group(0).slice(0, 0)
        return {name: values_of(table[name]) for name in table.column_names}
