"""Writing the files of a dataset: all of them, whole, or none.

Not imported by `patchopt.files` itself, since pyarrow takes its time to load.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from patchopt.files.output import part_of, prepare_output, unwritable
from patchopt.files.tables import (
    EVENTS_SCHEMA,
    PLANS_SCHEMA,
    RUNS_SCHEMA,
    SCHEMA_VERSION,
    TIMINGS_SCHEMA,
    pandas_metadata,
    table_of,
)

#: Before every key of ours in a file's metadata.
PREFIX: Final = "patchopt."
#: What a writer is told of where a dataset comes from.
PROVENANCE: Final = ("config", "config_sha256", "versions", "git_commit")
#: `runs` last: it is renamed last, so a folder that has it has all.
TABLES: Final = {
    "timings": TIMINGS_SCHEMA,
    "events": EVENTS_SCHEMA,
    "plans": PLANS_SCHEMA,
    "runs": RUNS_SCHEMA,
}
#: Rows are collected into groups of about that many, or of that many bytes.
_GROUP_ROWS: Final = 131_072
_GROUP_BYTES: Final = 64 * 2**20


class _Stream:
    """One Parquet file in the making, under a passing name.

    Rows of long text come one at a time, so that also what ends a group by its bytes is the same.
    """

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
        """Add rows; groups end after the same rows, however they come."""
        while self._rows + len(table) >= _GROUP_ROWS:
            room = _GROUP_ROWS - self._rows
            self._add(_cut(table, 0, room))
            self._flush()
            table = _cut(table, room, len(table))
        self._add(table)
        if self._bytes >= _GROUP_BYTES:
            self._flush()

    def _add(self, table: pa.Table) -> None:
        self._pending.append(table)
        self._rows += len(table)
        self._bytes += table.nbytes

    def _flush(self) -> None:
        if self._rows:
            # Blocks name only what occurs in them; a group has one dictionary a column.
            whole = pa.concat_tables(self._pending).unify_dictionaries().combine_chunks()
            self._writer.write_table(whole)
        self._pending = []
        self._rows = self._bytes = 0

    def finish(self, complete: bool) -> None:
        self._flush()
        # Known only now, hence in the footer and not in the schema.
        self._writer.add_key_value_metadata({f"{PREFIX}complete": str(complete).lower()})
        self._writer.close()

    def abandon(self) -> None:
        try:
            self._writer.close()
        except (pa.ArrowException, OSError):
            pass  # a full disk is no reason to keep the rest of it full
        finally:
            self.part.unlink(missing_ok=True)


def _cut(table: pa.Table, begin: int, end: int) -> pa.Table:
    """Return some rows, whose names are only those that occur in them."""
    found = table.slice(begin, end - begin)
    for at, field in enumerate(found.schema):
        if pa.types.is_dictionary(field.type):
            names = found.column(at).cast(field.type.value_type).dictionary_encode()
            found = found.set_column(at, field, names)
    return found


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
        self._metadata = {key: metadata[key] for key in PROVENANCE}
        self._force = force
        self._streams: dict[str, _Stream] = {}

    def __enter__(self) -> Self:
        """Refuse or make the folder, and begin every file."""
        prepare_output(self.folder, self._force)
        named = {f"{PREFIX}{key}": text for key, text in self._metadata.items()}
        named[f"{PREFIX}schema_version"] = str(SCHEMA_VERSION)
        try:
            for name, schema in TABLES.items():
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
