"""Writing the files of a dataset: all of them, whole, or none.

Not imported by `patchopt.files` itself, since pyarrow takes its time to load.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from patchopt.files.arrow import table_of
from patchopt.files.output import part_of, prepare_output, unwritable
from patchopt.files.run_groups import GROUP_ROWS, RunBlock, RunGroup
from patchopt.files.tables import (
    BOUNDS_SCHEMA,
    EVENTS_SCHEMA,
    PLANS_SCHEMA,
    RUNS_SCHEMA,
    SCHEMA_VERSION,
    TIMINGS_SCHEMA,
    pandas_metadata,
)

#: Before every key of ours in a file's metadata.
PREFIX: Final = "patchopt."
#: What a writer is told of where a dataset comes from.
PROVENANCE: Final = ("config", "config_sha256", "versions", "git_commit")
#: `runs` last: it is renamed last, so a folder that has it has all.
TABLES: Final = {
    "timings": TIMINGS_SCHEMA,
    "bounds": BOUNDS_SCHEMA,
    "events": EVENTS_SCHEMA,
    "plans": PLANS_SCHEMA,
    "runs": RUNS_SCHEMA,
}
#: Rows are collected into groups of about that many bytes.
_GROUP_BYTES: Final = 64 * 2**20
#: Of a row, what is not text, about.
_ROW_BYTES: Final = 64


class _File:
    """One Parquet file in the making, under a passing name."""

    def __init__(self, path: Path, schema: pa.Schema, metadata: Mapping[str, str]) -> None:
        self.path = path
        self.part = part_of(path)
        # Names repeat; numbers are left to zstd, which is faster and takes less room.
        names = [field.name for field in schema if pa.types.is_dictionary(field.type)]
        self.writer = pq.ParquetWriter(
            self.part,
            schema.with_metadata({**metadata, **pandas_metadata(schema)}),
            compression="zstd",
            use_dictionary=names,
        )

    def flush(self) -> None:
        """Write what waits."""

    def finish(self, complete: bool) -> None:
        self.flush()
        # Known only now, hence in the footer and not in the schema.
        self.writer.add_key_value_metadata({f"{PREFIX}complete": str(complete).lower()})
        self.writer.close()

    def abandon(self) -> None:
        try:
            self.writer.close()
        except (pa.ArrowException, OSError):
            pass  # a full disk is no reason to keep the rest of it full
        finally:
            self.part.unlink(missing_ok=True)


class _Rows(_File):
    """A file of rows that are given one after another: groups end after the same rows."""

    def __init__(self, path: Path, schema: pa.Schema, metadata: Mapping[str, str]) -> None:
        super().__init__(path, schema, metadata)
        self._schema = schema
        self._waiting: list[Mapping[str, Any]] = []
        self._bytes = 0

    def write(self, rows: Iterable[Mapping[str, Any]]) -> None:
        for row in rows:
            self._waiting.append(row)
            self._bytes += _ROW_BYTES + sum(len(v) for v in row.values() if isinstance(v, str))
            if len(self._waiting) == GROUP_ROWS or self._bytes >= _GROUP_BYTES:
                self.flush()

    def flush(self) -> None:
        if self._waiting:
            self.writer.write_table(table_of(self._waiting, self._schema))
        self._waiting, self._bytes = [], 0


class _Runs(_File):
    """The file of replications: while a group is written, the next one is gathered."""

    def __init__(self, path: Path, schema: pa.Schema, metadata: Mapping[str, str]) -> None:
        super().__init__(path, schema, metadata)
        self._groups = [RunGroup(), RunGroup()]
        self._thread = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None

    def write(self, block: RunBlock) -> None:
        at = 0
        while at < len(block):
            group = self._groups[0]
            end = min(len(block), at + GROUP_ROWS - group.rows)
            group.add(block, at, end)
            at = end
            if group.rows == GROUP_ROWS:
                self._write_group()

    def _write_group(self) -> None:
        """Have the group written, and go on with the other one, which is written by then."""
        self._wait()
        group = self._groups[0]
        self._groups.reverse()
        self._writing = self._thread.submit(lambda: self.writer.write_table(group.finish()))

    def _wait(self) -> None:
        if self._writing is not None:
            self._writing.result()
        self._writing = None

    def flush(self) -> None:
        if self._groups[0].rows:
            self._write_group()
        self._wait()
        self._thread.shutdown()

    def abandon(self) -> None:
        self._thread.shutdown()
        super().abandon()


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
        self._files: dict[str, _File] = {}
        self._rows: dict[str, _Rows] = {}
        self._runs: _Runs

    def __enter__(self) -> Self:
        """Refuse or make the folder, and begin every file."""
        prepare_output(self.folder, self._force)
        named = {f"{PREFIX}{key}": text for key, text in self._metadata.items()}
        named[f"{PREFIX}schema_version"] = str(SCHEMA_VERSION)
        try:
            for name, schema in TABLES.items():
                path = self.folder / f"{name}.parquet"
                if name == "runs":
                    self._files[name] = self._runs = _Runs(path, schema, named)
                else:
                    self._files[name] = self._rows[name] = _Rows(path, schema, named)
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

    def write_runs(self, block: RunBlock) -> None:
        """Add replications."""
        self._runs.write(block)

    def write_plans(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows of plans, by the names of `PLANS_SCHEMA`; what is left out is null."""
        self._rows["plans"].write(rows)

    def write_events(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows of events, by the names of `EVENTS_SCHEMA`."""
        self._rows["events"].write(rows)

    def write_bounds(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add wait-and-see bounds, by the names of `BOUNDS_SCHEMA`."""
        self._rows["bounds"].write(rows)

    def write_timings(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add measured times, by the names of `TIMINGS_SCHEMA`."""
        self._rows["timings"].write(rows)

    def close(self, complete: bool) -> None:
        """Finish every file and give it its name.

        Parameters
        ----------
        complete : bool
            False if the sweep was interrupted.
        """
        for file in self._files.values():
            file.finish(complete)
        config = self.folder / "config.yaml"
        part = part_of(config)
        try:
            part.write_text(_as_yaml(self._metadata["config"]), encoding="utf-8")
            part.replace(config)
        finally:
            part.unlink(missing_ok=True)
        # Without the old one too, a folder of old and new files never reads as a dataset.
        self._files["runs"].path.unlink(missing_ok=True)
        for file in self._files.values():
            file.part.replace(file.path)
        self._files = {}

    def _abandon(self) -> None:
        for file in self._files.values():
            file.abandon()
        self._files = {}


def _as_yaml(config: str) -> str:
    text: str = yaml.safe_dump(json.loads(config), sort_keys=False, allow_unicode=True)
    return text
