"""The dataset of a sweep: its files, or as much of it as is finished.

Not imported by `patchopt.files` itself, since pyarrow takes its time to load.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from patchopt.errors import DatasetError
from patchopt.files.dataset_writer import PREFIX, PROVENANCE, TABLES
from patchopt.files.replications import AGAIN, Replications
from patchopt.files.store.assembling import Assembler
from patchopt.files.store.compacting import write_files
from patchopt.files.store.contents import Contents
from patchopt.files.store.paths import Paths
from patchopt.files.store.study import Study
from patchopt.files.store.whole import damaged
from patchopt.files.tables import SCHEMA_VERSION, pandas_metadata

if TYPE_CHECKING:
    import pandas as pd

_AGAIN: Final = "run the sweep again with this version of patchopt"


@dataclass(frozen=True, eq=False)
class Dataset:
    """What a sweep has left behind.

    Parameters
    ----------
    runs, plans, events, bounds : DataFrame
        The tables; text that repeats is categorical, integers that a failed cell lacks are of
        pandas' ``Int64``, whether any is missing or not.
    metadata : dict of str to str
        ``schema_version``, ``config`` (JSON), ``config_sha256``, ``versions`` (JSON),
        ``git_commit`` and ``complete`` (``true`` or ``false``).
    """

    runs: pd.DataFrame
    plans: pd.DataFrame
    events: pd.DataFrame
    bounds: pd.DataFrame
    metadata: dict[str, str]


@dataclass(frozen=True, eq=False)
class OpenDataset:
    """What a sweep has left behind, too large for memory.

    Parameters
    ----------
    replications : Replications
        The rows of replications, read when they are asked for.
    plans, events, bounds, metadata
        As a `Dataset` has them.
    """

    replications: Replications
    plans: pd.DataFrame
    events: pd.DataFrame
    bounds: pd.DataFrame
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
    with _files_of(folder) as files:
        metadata = _metadata_of(files)
        frames = {name: _read_table(files, name) for name in _READ}
    return Dataset(**frames, metadata=metadata)


@contextmanager
def open_dataset(folder: Path) -> Iterator[OpenDataset]:
    """Open the dataset of a sweep, or of one that is not finished what is, for a ``with``.

    Parameters
    ----------
    folder : Path
        Of the dataset.

    Yields
    ------
    OpenDataset

    Raises
    ------
    DatasetError
        As `read_dataset`; for damaged rows of replications when they are read.
    """
    with _files_of(folder) as files:
        metadata = _metadata_of(files)
        plans, events, bounds = (_read_table(files, name) for name in _READ[1:])
        with closing(Replications(files / "runs.parquet")) as replications:
            yield OpenDataset(replications, plans, events, bounds, metadata)


#: The tables that are read; times are of interest to the sweep alone.
_READ: Final = ("runs", "plans", "events", "bounds")


@contextmanager
def _files_of(folder: Path) -> Iterator[Path]:
    """Yield the folder of a dataset's files: its own, or a passing one of what is finished."""
    if (folder / "runs.parquet").is_file() or not Paths(folder).ledger.is_file():
        yield folder
        return
    contents = Contents.read(folder)
    if not contents.begun:
        message, remedy = "nothing of the sweep is finished yet", "run it again, and it goes on"
        raise DatasetError(message, place=str(folder), remedy=remedy)
    rows = Assembler(Study.read(contents.paths.study), contents)
    with TemporaryDirectory(prefix="patchopt-") as passing:
        write_files(rows, Path(passing), complete=False)
        yield Path(passing)


def _metadata_of(folder: Path) -> dict[str, str]:
    """Return what the tables say of where they come from; check that they belong together."""
    told = {name: _checked(folder, name) for name in _READ}
    for name, metadata in told.items():
        if metadata != told["runs"]:
            message = f"{name}.parquet is of another sweep than runs.parquet"
            raise DatasetError(message, place=str(folder), remedy="run the sweep again")
    return told["runs"]


def _checked(folder: Path, name: str) -> dict[str, str]:
    """Return what a table says of where it comes from; check its columns."""
    path = folder / f"{name}.parquet"
    if not path.is_file():
        raise _missing(folder, path)
    try:
        with pq.ParquetFile(path) as file:
            metadata = _metadata(path, file.metadata.metadata or {})
            schema = file.schema_arrow
    except (pa.ArrowException, OSError, ValueError) as error:
        raise damaged(path, error, AGAIN) from None
    expected = TABLES[name]
    # What pandas is told is not part of the layout: a file that lost it is read alike.
    if not schema.equals(expected, check_metadata=False):
        odd = set(schema.names) ^ set(expected.names)
        detail = f": {', '.join(sorted(odd))}" if odd else " in their types"
        message = f"the columns differ from those of schema version {SCHEMA_VERSION}{detail}"
        raise DatasetError(message, place=str(path), remedy=_AGAIN)
    return metadata


def _read_table(folder: Path, name: str) -> pd.DataFrame:
    path = folder / f"{name}.parquet"
    try:
        with pq.ParquetFile(path) as file:
            table = file.read()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise damaged(path, error, AGAIN) from None
    frame: pd.DataFrame = table.replace_schema_metadata(pandas_metadata(TABLES[name])).to_pandas()
    return frame


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
