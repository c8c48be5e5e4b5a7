"""From a finished store to the files of its dataset."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from patchopt.files.dataset_writer import TABLES, DatasetWriter
from patchopt.files.store.assembling import Assembler, Row
from patchopt.files.store.file_parts import SUFFIX, keep_file
from patchopt.files.store.parts import PartCell
from patchopt.files.store.store import Store

#: Rows that are put into a table at a time.
_PIECE: Final = 10_000

_FILES: Final = ("config.yaml", *(f"{name}.parquet" for name in TABLES))


def compact(store: Store) -> None:
    """Write the files of a dataset, all of whose cells are finished.

    They depend on the study and what came of it alone, and take the place of older ones when
    they are whole. The store then keeps the new file instead of all its parts. Whatever ends
    this before its end, the next time it begins again from the same parts.

    Raises
    ------
    OutputError
        If they cannot be written; the store is then as it was.
    DatasetError
        If a file of the store is damaged.
    """
    folder = store.paths.folder
    config = store.study.metadata["config_sha256"]
    if store.contents.complete == config and all((folder / name).is_file() for name in _FILES):
        return
    cells = write_files(Assembler(store.study, store.contents), folder)
    name = f"{uuid.uuid4().hex}{SUFFIX}"
    if keep_file(folder / "runs.parquet", store.paths.parts / name, cells):
        store.replace_parts(name)
    store.note({"kind": "complete", "config_sha256": config})


def write_files(
    rows: Assembler, folder: Path, *, complete: bool = True
) -> list[tuple[PartCell, int]]:
    """Write the files of a dataset from what a store has of it.

    Parameters
    ----------
    rows : Assembler
        What it has.
    folder : Path
        Where to; what is there is replaced when all is written.
    complete : bool
        Whether that is all of the study.

    Returns
    -------
    list of (PartCell, int)
        The cells and the row that each begins at.

    Raises
    ------
    OutputError
        If they cannot be written.
    DatasetError
        If a file of the store is damaged.
    """
    cells: list[tuple[PartCell, int]] = []
    begin = 0
    with DatasetWriter(folder, rows.study.metadata, force=True) as writer:
        for row in rows.plans():
            writer.write_plans([row])
        for events in _pieces(rows.events()):
            writer.write_events(events)
        for bounds in _pieces(rows.bounds()):
            writer.write_bounds(bounds)
        for timings in _pieces(rows.timings()):
            writer.write_timings(timings)
        for block, its_cells in rows.runs():
            writer.write_runs(block)
            for cell in its_cells:
                cells.append((cell, begin))
                begin += cell.rows
            # A cell that failed, or a plan, is a row that is none of its replications.
            begin += block.error is not None
        writer.close(complete=complete)
    return cells


def _pieces(rows: Iterator[Row]) -> Iterator[list[Row]]:
    """Yield rows in pieces that memory does not feel."""
    while some := list(islice(rows, _PIECE)):
        yield some
