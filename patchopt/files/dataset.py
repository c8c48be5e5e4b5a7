"""The dataset of a sweep: a folder of Parquet files, written whole or not at all.

Not imported by `patchopt.files` itself, since pyarrow takes its time to load.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from patchopt.errors import DatasetError
from patchopt.files.output import part_of, prepare_output, unwritable
from patchopt.files.tables import (
    EVENTS_SCHEMA,
    PLANS_SCHEMA,
    RUNS_SCHEMA,
    SCHEMA_VERSION,
    TIMINGS_SCHEMA,
    failed_run,
    pandas_metadata,
    runs_table,
    table_of,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "EVENTS_SCHEMA",
    "PLANS_SCHEMA",
    "RUNS_SCHEMA",
    "SCHEMA_VERSION",
    "TIMINGS_SCHEMA",
    "Dataset",
    "DatasetWriter",
    "failed_run",
    "read_dataset",
    "runs_table",
]

_PREFIX: Final = "patchopt."
#: What a writer is told of where a dataset comes from.
_PROVENANCE: Final = ("config", "config_sha256", "versions", "git_commit")
#: `runs` last: it is renamed last, so a folder that has it has all.
_TABLES: Final = {
    "timings": TIMINGS_SCHEMA,
    "events": EVENTS_SCHEMA,
    "plans": PLANS_SCHEMA,
    "runs": RUNS_SCHEMA,
}
#: Rows are collected into groups of about that many, or of that many bytes.
_GROUP_ROWS: Final = 131_072
_GROUP_BYTES: Final = 64 * 2**20
_AGAIN: Final = "run the sweep again with this version of patchopt"


class _Stream:
    """One Parquet file in the making, under a passing name."""

    def __init__(self, path: Path, schema: pa.Schema, metadata: Mapping[str, str]) -> None:
        self.path = path
        self.schema = schema
        self.part = part_of(path)
        self._pending: list[pa.Table] = []
        self._rows = self._bytes = 0
        # Names repeat; numbers are left to zstd, which is faster and takes less room.
        names = [field.name for field in schema if pa.types.is_dictionary(field.type)]
        self._writer = pq.ParquetWriter(
            self.part,
            schema.with_metadata({**metadata, **pandas_metadata(schema)}),
            compression="zstd",
            use_dictionary=names,
        )

    def write(self, table: pa.Table) -> None:
        self._pending.append(table)
        self._rows += len(table)
        self._bytes += table.nbytes
        if self._rows >= _GROUP_ROWS or self._bytes >= _GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._pending:
            # Blocks name only what occurs in them; a group has one dictionary a column.
            whole = pa.concat_tables(self._pending).unify_dictionaries().combine_chunks()
            self._writer.write_table(whole)
            self._pending = []
            self._rows = self._bytes = 0

    def finish(self, complete: bool) -> None:
        self._flush()
        # Known only now, hence in the footer and not in the schema.
        self._writer.add_key_value_metadata({f"{_PREFIX}complete": str(complete).lower()})
        self._writer.close()

    def abandon(self) -> None:
        try:
            self._writer.close()
        except (pa.ArrowException, OSError):
            pass  # a full disk is no reason to keep the rest of it full
        finally:
            self.part.unlink(missing_ok=True)


class DatasetWriter:
    """Writes a dataset block by block; its files appear when it is closed, together.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    metadata : mapping of str to str
        ``config`` (JSON), ``config_sha256``, ``versions`` (JSON), ``git_commit``; it goes
        into every table with the prefix ``patchopt.``, the configuration also into
        ``config.yaml``.
    force : bool
        Whether the folder may hold something already.

    Raises
    ------
    OutputError
        If the folder cannot be used, or writing fails.

    Notes
    -----
    A context manager. Left by an exception, or without `close`, it leaves no file. If files
    cannot be given their names in the end, none of those that are left reads as a dataset.
    """

    def __init__(self, folder: Path, metadata: Mapping[str, str], force: bool = False) -> None:
        self.folder = folder
        self._metadata = {key: metadata[key] for key in _PROVENANCE}
        self._force = force
        self._streams: dict[str, _Stream] = {}

    def __enter__(self) -> Self:
        """Refuse or make the folder, and begin every file."""
        prepare_output(self.folder, self._force)
        named = {f"{_PREFIX}{key}": text for key, text in self._metadata.items()}
        named[f"{_PREFIX}schema_version"] = str(SCHEMA_VERSION)
        try:
            for name, schema in _TABLES.items():
                path = self.folder / f"{name}.parquet"
                self._streams[name] = _Stream(path, schema, named)
        except OSError as error:
            self._abandon()
            raise unwritable(self.folder, error) from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Throw away what was not closed."""
        self._abandon()
        if isinstance(error, OSError):
            raise unwritable(self.folder, error) from None

    def write_runs(self, table: pa.Table) -> None:
        """Add replications: a table from `runs_table` or `failed_run`."""
        self._streams["runs"].write(table)

    def write_plans(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows of plans, by the names of `PLANS_SCHEMA`; what is left out is null."""
        self._streams["plans"].write(table_of(rows, PLANS_SCHEMA))

    def write_events(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows of events, by the names of `EVENTS_SCHEMA`."""
        self._streams["events"].write(table_of(rows, EVENTS_SCHEMA))

    def write_timings(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add measured times, by the names of `TIMINGS_SCHEMA`."""
        self._streams["timings"].write(table_of(rows, TIMINGS_SCHEMA))

    def close(self, complete: bool) -> None:
        """Finish every file and give it its name.

        Parameters
        ----------
        complete : bool
            False if the sweep was interrupted.
        """
        for stream in self._streams.values():
            stream.finish(complete)
        config = self.folder / "config.yaml"
        part = part_of(config)
        try:
            part.write_text(_as_yaml(self._metadata["config"]), encoding="utf-8")
            part.replace(config)
        finally:
            part.unlink(missing_ok=True)
        # Without the old one too, a folder of old and new files never reads as a dataset.
        self._streams["runs"].path.unlink(missing_ok=True)
        for stream in self._streams.values():
            stream.part.replace(stream.path)
        self._streams = {}

    def _abandon(self) -> None:
        for stream in self._streams.values():
            stream.abandon()
        self._streams = {}


def _as_yaml(config: str) -> str:
    text: str = yaml.safe_dump(json.loads(config), sort_keys=False, allow_unicode=True)
    return text


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
    """Read the dataset of a sweep.

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
    read = {name: _read_table(folder, name) for name in ("runs", "plans", "events")}
    metadata = read["runs"][1]
    for name, (_, other) in read.items():
        if other != metadata:
            message = f"{name}.parquet is of another sweep than runs.parquet"
            raise DatasetError(message, place=str(folder), remedy="run the sweep again")
    frames = {name: table.to_pandas() for name, (table, _) in read.items()}
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
    expected = _TABLES[name]
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
        key.decode().removeprefix(_PREFIX): value.decode()
        for key, value in raw.items()
        if key.decode().startswith(_PREFIX)
    }
    if not {"schema_version", "complete", *_PROVENANCE} <= found.keys():
        message = "the file is not a table of patchopt's"
        raise DatasetError(message, place=str(path), remedy="give the folder of a sweep")
    if found["schema_version"] != str(SCHEMA_VERSION):
        message = f"schema version {found['schema_version']}, not {SCHEMA_VERSION}"
        raise DatasetError(message, place=str(path), remedy=_AGAIN)
    return found
