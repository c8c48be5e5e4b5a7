"""The dataset of a sweep: its files, or as much of it as is finished.

Not imported by `patchopt.files` itself, since pyarrow takes its time to load.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from patchopt.errors import DatasetError
from patchopt.files.dataset_writer import PREFIX, PROVENANCE, TABLES
from patchopt.files.store.assembling import Assembler
from patchopt.files.store.contents import Contents, Paths
from patchopt.files.store.study import Study
from patchopt.files.tables import SCHEMA_VERSION, pandas_metadata, table_of

if TYPE_CHECKING:
    import pandas as pd

_AGAIN: Final = "run the sweep again with this version of patchopt"


@dataclass(frozen=True, eq=False)
class Dataset:
    """What a sweep has left behind.

    Parameters
    ----------
    runs, plans, events : DataFrame
        The tables; text that repeats is categorical, integers that a failed cell lacks are of
        pandas' ``Int64``, whether any is missing or not.
    metadata : dict of str to str
        ``schema_version``, ``config`` (JSON), ``config_sha256``, ``versions`` (JSON),
        ``git_commit`` and ``complete`` (``true`` or ``false``).
    """

    runs: pd.DataFrame
    plans: pd.DataFrame
    events: pd.DataFrame
    metadata: dict[str, str]


def read_dataset(folder: Path) -> Dataset:
    """Read the dataset of a sweep, or of one that is not finished what is.

    Parameters
    ----------
    folder : Path
        Of the dataset.

    Returns
    -------
    Dataset

    Raises
    ------
    DatasetError
        If it is missing, damaged, put together from different sweeps, or of another
        schema version.
    """
    if not (folder / "runs.parquet").is_file() and Paths(folder).ledger.is_file():
        return _unfinished(folder)
    read = {name: _read_table(folder, name) for name in ("runs", "plans", "events")}
    metadata = read["runs"][1]
    for name, (_, other) in read.items():
        if other != metadata:
            message = f"{name}.parquet is of another sweep than runs.parquet"
            raise DatasetError(message, place=str(folder), remedy="run the sweep again")
    frames = {name: table.to_pandas() for name, (table, _) in read.items()}
    return Dataset(**frames, metadata=metadata)


def _unfinished(folder: Path) -> Dataset:
    """Read what is finished of a dataset whose files are not written yet."""
    contents = Contents.read(folder)
    if not contents.begun:
        message, remedy = "nothing of the sweep is finished yet", "run it again, and it goes on"
        raise DatasetError(message, place=str(folder), remedy=remedy)
    study = Study.read(contents.paths.study)
    rows = Assembler(study, contents)
    tables = [TABLES["runs"].empty_table(), *(found.table for found in rows.runs())]
    found = {
        "runs": pa.concat_tables(tables).unify_dictionaries(),
        "plans": table_of(rows.plans(), TABLES["plans"]),
        "events": table_of(rows.events(), TABLES["events"]),
    }
    metadata = study.metadata | {"schema_version": str(SCHEMA_VERSION), "complete": "false"}
    frames = {
        name: table.replace_schema_metadata(pandas_metadata(table.schema)).to_pandas()
        for name, table in found.items()
    }
    return Dataset(**frames, metadata=metadata)


def _read_table(folder: Path, name: str) -> tuple[pa.Table, dict[str, str]]:
    path = folder / f"{name}.parquet"
    if not path.is_file():
        raise _missing(folder, path)
    try:
        with pq.ParquetFile(path) as file:
            metadata = _metadata(path, file.metadata.metadata or {})
            table = file.read()
    except (pa.ArrowException, OSError, ValueError) as error:
        message = f"the file is damaged ({str(error).splitlines()[0]})"
        raise DatasetError(message, place=str(path), remedy="run the sweep again") from None
    expected = TABLES[name]
    # What pandas is told is not part of the layout: a file that lost it is read alike.
    table = table.replace_schema_metadata(pandas_metadata(expected))
    if not table.schema.equals(expected):
        odd = set(table.schema.names) ^ set(expected.names)
        detail = f": {', '.join(sorted(odd))}" if odd else " in their types"
        message = f"the columns differ from those of schema version {SCHEMA_VERSION}{detail}"
        raise DatasetError(message, place=str(path), remedy=_AGAIN)
    return table, metadata


def _missing(folder: Path, path: Path) -> DatasetError:
    if not folder.exists():
        return DatasetError(
            "there is no such folder", place=str(folder), remedy="give the folder of a sweep"
        )
    inner = folder / "dataset"
    remedy = "give the folder that a sweep has written (sweep.out)"
    if (inner / path.name).is_file():
        remedy = f"did you mean '{inner}'?"
    return DatasetError(f"no dataset: {path.name} is missing", place=str(folder), remedy=remedy)


def _metadata(path: Path, raw: Mapping[bytes, bytes]) -> dict[str, str]:
    found = {
        key.decode().removeprefix(PREFIX): value.decode()
        for key, value in raw.items()
        if key.decode().startswith(PREFIX)
    }
    if not {"schema_version", "complete", *PROVENANCE} <= found.keys():
        message = "the file is not a table of patchopt's"
        raise DatasetError(message, place=str(path), remedy="give the folder of a sweep")
    if found["schema_version"] != str(SCHEMA_VERSION):
        message = f"schema version {found['schema_version']}, not {SCHEMA_VERSION}"
        raise DatasetError(message, place=str(path), remedy=_AGAIN)
    return found
