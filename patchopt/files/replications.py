"""The replications of a dataset, read plan by plan and column by column, when they are wanted.

A study of ten million replications does not fit into memory; a column of one of its plans does.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from patchopt.files.store.whole import damaged

#: What would do where a file of a dataset is damaged.
AGAIN: Final = "run the sweep again"

#: Bytes of columns that are kept, since neighbouring plans share a group of rows.
_KEPT_BYTES: Final = 128 * 2**20


@dataclass(frozen=True)
class Failed:
    """A cell that failed.

    Parameters
    ----------
    plan : int
        Number of its plan.
    error : str
        Why.
    """

    plan: int
    error: str


class Replications:
    """Rows of a file of replications.

    Parameters
    ----------
    path : Path
        Of a Parquet file of `RUNS_SCHEMA`; kept open.

    Attributes
    ----------
    counts : dict of int to int
        Of each plan that has any, how many replications were done.

    Raises
    ------
    DatasetError
        If the file is damaged; also later, when more of it is read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: OrderedDict[tuple[int, str], pa.Array] = OrderedDict()
        self._kept_bytes = 0
        try:
            self._file = pq.ParquetFile(path)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise damaged(path, error, AGAIN) from None
        groups = self._file.metadata
        sizes = [groups.row_group(at).num_rows for at in range(groups.num_row_groups)]
        self._begins = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
        self._spans: dict[int, list[tuple[int, int]]] = {}
        self._failed: dict[Failed, None] = {}
        for group in range(len(sizes)):
            self._look_at(group)
        self.counts = {
            plan: sum(end - begin for begin, end in spans) for plan, spans in self._spans.items()
        }

    @property
    def failed(self) -> list[Failed]:
        """Cells that failed, each plan and error once."""
        return list(self._failed)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _look_at(self, group: int) -> None:
        """Take in whose the rows of a group are."""
        plans = self._column(group, "plan").to_numpy()
        if not len(plans):
            return
        status = self._column(group, "status")
        done = status.indices.to_numpy() == status.dictionary.index("done").as_py()
        changes = (plans[1:] != plans[:-1]) | (done[1:] != done[:-1])
        edges = [0, *(np.flatnonzero(changes) + 1).tolist(), len(plans)]
        first = int(self._begins[group])
        for begin, end in itertools.pairwise(edges):
            plan = int(plans[begin])
            if done[begin]:
                self._spans.setdefault(plan, []).append((first + begin, first + end))
                continue
            for error in self._column(group, "error")[begin:end].to_pylist():
                self._failed[Failed(plan, error)] = None

    def column(self, plan: int, name: str) -> NDArray[Any]:
        """Return a column of the replications of a plan that were done, in their order.

        Parameters
        ----------
        plan : int
            Its number.
        name : str
            Of a numeric column.

        Returns
        -------
        ndarray of int64 or float64, shape (replications,)
        """
        pieces = []
        for begin, end in self._spans.get(plan, ()):
            # A span lies within one group: each group was looked at by itself.
            group = int(np.searchsorted(self._begins, begin, side="right")) - 1
            first = int(self._begins[group])
            piece = self._column(group, name)[begin - first : end - first]
            pieces.append(piece.to_numpy(zero_copy_only=False))
        return np.concatenate(pieces) if pieces else np.zeros(0)

    def _column(self, group: int, name: str) -> pa.Array:
        """Read a column of a group of rows, or take it from those that are kept."""
        key = (group, name)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        try:
            read = self._file.read_row_group(group, columns=[name]).column(0)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise damaged(self._path, error, AGAIN) from None
        found = read.chunk(0) if read.num_chunks == 1 else read.combine_chunks()
        self._kept[key] = found
        self._kept_bytes += found.nbytes
        while self._kept_bytes > _KEPT_BYTES and len(self._kept) > 1:
            self._kept_bytes -= self._kept.popitem(last=False)[1].nbytes
        return found
