"""What a store holds: the ledger's word counts, and what is missing is exactly what is run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchopt.errors import DatasetError
from patchopt.files.store.contents import STORE_VERSION, Contents
from patchopt.files.store.ledger import Ledger
from patchopt.files.store.parts import PartCell, write_part
from patchopt.files.store.paths import Paths


def keep(paths: Paths, name: str, *cells: tuple[str, int, int]) -> dict[str, str]:
    """Write a part and return the record that names it."""
    paths.parts.mkdir(parents=True, exist_ok=True)
    told = [PartCell(run=run, first=at, count=count, wall_time_s=0.0) for run, at, count in cells]
    write_part(paths.parts / name, told, [{"x": np.arange(count)} for _, _, count in cells])
    return {"kind": "part", "name": name}


def covered(contents: Contents, run: str) -> list[tuple[int, int, str, int]]:
    return [(p.cell.first, p.cell.count, p.part, p.at) for p in contents.cells(run)]


def test_only_what_the_ledger_names_is_there(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    record = keep(paths, "one", ("a", 3, 2), ("a", 0, 3), ("b", 0, 1))
    keep(paths, "stray", ("a", 5, 2))
    with Ledger(paths.ledger) as ledger:
        ledger.append({"kind": "store", "version": STORE_VERSION})
        ledger.append(record)
        ledger.append({"kind": "plan", "key": "p"})
        ledger.append({"kind": "trace", "key": "p", "seed": 3})
    contents = Contents.read(tmp_path)
    assert (contents.plans, contents.traces, contents.parts) == ({"p"}, {("p", 3)}, ["one"])
    assert covered(contents, "a") == [(0, 3, "one", 1), (3, 2, "one", 0)]
    assert covered(contents, "b") == [(0, 1, "one", 2)]
    assert covered(contents, "c") == []


def test_what_is_missing_is_what_no_cell_covers(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    contents = Contents(paths, [keep(paths, "one", ("a", 4, 2)), keep(paths, "two", ("a", 8, 1))])

    def missing(run: str, total: int, *, whole: bool = False) -> list[tuple[int, int]]:
        cells = list(contents.missing(run, total, 3, whole=whole))
        assert contents.covered(run, total, 3, whole=whole) == total - sum(n for _, n in cells)
        return cells

    # 0 to 3 in blocks of three, 6 and 7, then 9 to 11.
    assert missing("a", 12) == [(0, 3), (3, 1), (6, 2), (9, 3)]
    assert missing("a", 5) == [(0, 3), (3, 1)]
    assert missing("a", 2) == [(0, 2)]
    assert missing("b", 2) == [(0, 2)]
    # In blocks as they are wanted: 4 and 5 lie across two of them.
    assert missing("a", 9, whole=True) == [(0, 3), (3, 3), (6, 3)]


def test_a_last_block_that_has_grown_takes_the_place_of_the_shorter_one(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    contents = Contents(paths, [keep(paths, "one", ("a", 0, 3), ("a", 3, 1))])
    assert list(contents.missing("a", 4, 3, whole=True)) == []
    assert list(contents.missing("a", 6, 3, whole=True)) == [(3, 3)]
    assert [contents.covered("a", total, 3, whole=True) for total in (4, 6, 3)] == [4, 3, 3]
    contents.take(keep(paths, "two", ("a", 3, 3)))
    assert covered(contents, "a") == [(0, 3, "one", 0), (3, 3, "two", 0)]


@given(
    lengths=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4)), max_size=4),
    total=st.integers(0, 20),
    block=st.integers(1, 5),
)
def test_finished_and_missing_cells_make_the_whole(
    tmp_path_factory: pytest.TempPathFactory,
    lengths: list[tuple[int, int]],
    total: int,
    block: int,
) -> None:
    paths = Paths(tmp_path_factory.mktemp("store"))
    at, cells = 0, []
    for gap, count in lengths:
        cells.append(("a", at + gap, count))
        at += gap + count
    contents = Contents(paths, [keep(paths, "one", *cells)])
    missing = list(contents.missing("a", total, block, whole=False))
    assert all(count <= block for _, count in missing)
    there = [n for _, first, count in cells for n in range(first, first + count) if n < total]
    new = [n for first, count in missing for n in range(first, first + count)]
    assert sorted(there + new) == list(range(total))
    assert contents.covered("a", total, block, whole=False) == len(there)


def test_a_store_of_another_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"version 9, not 2: finish it with"):
        Contents(Paths(tmp_path), [{"kind": "store", "version": 9}])


def test_a_part_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="damaged"):
        Contents(Paths(tmp_path), [{"kind": "part", "name": "gone"}])
