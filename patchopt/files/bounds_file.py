"""Wait-and-see bounds as a Parquet file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from patchopt.files.output import unwritable
from patchopt.files.store.whole import whole_file
from patchopt.files.tables import BOUNDS_SCHEMA
from patchopt.model.base import Ints
from patchopt.model.quantities import from_milli


def write_bounds(
    path: Path,
    *,
    scenario: str,
    seed: int,
    replications: Ints,
    bound_milli: Ints,
    incumbent_milli: Ints,
) -> None:
    """Write bounds, one row a replication, whole or not at all.

    Parameters
    ----------
    path : Path
        A file that is there is replaced.
    scenario : str
        Its name.
    seed : int
        Of all replications.
    replications : ndarray of int64, shape (n,)
        Their numbers.
    bound_milli, incumbent_milli : ndarray of int64, shape (n,)
        Milli-weight-seconds; the same where the bound is ``proven`` to be met, else it is a
        ``bound``.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    count = len(replications)
    table = pa.table(
        {
            "scenario": [scenario] * count,
            "seed": np.full(count, seed),
            "replication": replications,
            "bound": from_milli(bound_milli.astype(np.float64)),
            "incumbent": from_milli(incumbent_milli.astype(np.float64)),
            "status": np.where(bound_milli == incumbent_milli, "proven", "bound"),
        },
        schema=BOUNDS_SCHEMA,
    )
    try:
        with whole_file(path) as file:
            pq.write_table(table, file)
    except OSError as error:
        raise unwritable(path, error) from None
