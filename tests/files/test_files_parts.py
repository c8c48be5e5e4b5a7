"""Parts: what is put in comes out, and a part that is not whole is not there."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from patchopt.errors import DatasetError
from patchopt.files.store.parts import Part, PartCell, write_part


def cell(run: str, first: int, count: int, error: str | None = None) -> PartCell:
    return PartCell(run=run, first=first, count=count, wall_time_s=0.5, error=error)


def block(count: int, **columns: Any) -> dict[str, Any]:
    return {"exposure": np.arange(count), "why": np.array(["x", ""] * count, object)[:count]} | {
        name: np.asarray(values) for name, values in columns.items()
    }


def test_cells_have_their_own_rows(tmp_path: Path) -> None:
    cells = [cell("a", 0, 3), cell("b", 5, 2, error="no such luck"), cell("a", 3, 2)]
    write_part(tmp_path / "p", cells, [block(3, one=[7, 7, 7]), block(2, one=[7, 7])])
    part = Part(tmp_path / "p")
    assert part.cells == cells
    assert [part.columns(at)["exposure"].tolist() for at in range(3)] == [[0, 1, 2], [], [0, 1]]
    assert [part.columns(at)["why"].tolist() for at in range(3)] == [["x", "", "x"], [], ["x", ""]]
    assert [part.columns(at)["one"].tolist() for at in range(3)] == [[7, 7, 7], [], [7, 7]]
    assert list(tmp_path.iterdir()) == [tmp_path / "p"]


VALUES = {
    "whole": st.integers(-(2**63), 2**63 - 1),
    "small": st.integers(-130, 130),
    "float": st.floats(allow_nan=False),
    "text": st.text(max_size=3),
}
KINDS = {"whole": np.int64, "small": np.int64, "float": np.float64, "text": object}


@given(
    counts=st.lists(st.integers(0, 5), max_size=4),
    data=st.data(),
)
def test_what_is_put_in_comes_out(
    tmp_path_factory: pytest.TempPathFactory, counts: list[int], data: st.DataObject
) -> None:
    blocks = [
        {
            name: data.draw(arrays.arrays(KINDS[name], count, elements=elements))
            for name, elements in VALUES.items()
        }
        for count in counts
    ]
    path = tmp_path_factory.mktemp("part") / "p"
    cells = [cell(f"run{at}", at, count) for at, count in enumerate(counts)]
    write_part(path, cells, blocks)
    part = Part(path)
    assert part.cells == cells
    for at, given_ in enumerate(blocks):
        for name, values in given_.items():
            if counts[at]:
                assert part.columns(at)[name].tolist() == values.tolist()


def test_what_has_one_value_takes_no_room(tmp_path: Path) -> None:
    count = 10_000
    write_part(tmp_path / "p", [cell("a", 0, count)], [{"x": np.full(count, 2**40)}])
    assert (tmp_path / "p").stat().st_size < 2_000
    varied = {"x": np.arange(count) % 100}
    write_part(tmp_path / "q", [cell("a", 0, count)], [varied])
    assert (tmp_path / "q").stat().st_size < count + 2_000  # a byte a row


def test_a_part_of_failures_alone(tmp_path: Path) -> None:
    cells = [cell("a", 0, 3, error="broken")]
    write_part(tmp_path / "p", cells, [])
    assert Part(tmp_path / "p").cells == cells


def test_what_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_part(tmp_path / "p", [cell("a", 0, 3)], [block(3)])
    assert list(tmp_path.iterdir()) == []


def test_a_part_that_is_damaged_or_missing_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p"
    with pytest.raises(DatasetError, match=r"damaged .*force=true"):
        Part(path)
    write_part(path, [cell("a", 0, 300)], [block(300)])
    whole = path.read_bytes()
    for length in (0, 5, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(DatasetError, match="damaged"):
            Part(path)
    table = pa.table({"x": [1]})
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(DatasetError, match="damaged"):
        Part(path)
