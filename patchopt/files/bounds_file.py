"""Wait-and-see bounds as a Parquet file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from patchopt.files.output import unwritable
from patchopt.files.store.whole import whole_file
from patchopt.files.tables import BOUNDS_SCHEMA

if TYPE_CHECKING:
    import pandas as pd


def write_bounds(path: Path, frame: pd.DataFrame) -> None:
    """Write bounds, one row a replication, whole or not at all.

    Parameters
    ----------
    path : Path
        A file that is there is replaced.
    frame : DataFrame
        With the columns of `BOUNDS_SCHEMA`.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    table = pa.table({name: frame[name] for name in BOUNDS_SCHEMA.names}, schema=BOUNDS_SCHEMA)
    try:
        with whole_file(path) as file:
            pq.write_table(table, file)
    except OSError as error:
        raise unwritable(path, error) from None
