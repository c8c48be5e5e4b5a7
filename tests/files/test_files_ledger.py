"""The ledger: lines are whole or not there, whatever happened while they were written."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchopt.errors import DatasetError, OutputError
from patchopt.files.store.ledger import Ledger, read_ledger

RECORDS: list[dict[str, Any]] = [{"part": "a", "rows": 3}, {"part": "ü", "rows": 4}, {"done": True}]


def test_what_is_added_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    assert read_ledger(path) == []
    with Ledger(path) as mine:
        for record in RECORDS[:2]:
            mine.append(record)
    with Ledger(path) as mine:
        assert mine.records == RECORDS[:2]
        mine.append(RECORDS[2])
        assert mine.records == read_ledger(path) == RECORDS


def test_closing_twice_does_no_harm(tmp_path: Path) -> None:
    mine = Ledger(tmp_path / "ledger")
    mine.close()
    mine.close()


@given(cut=st.integers(0, 60), data=st.data())
def test_cut_anywhere_it_has_the_records_before_and_goes_on(
    tmp_path_factory: pytest.TempPathFactory, cut: int, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("cut") / "ledger"
    with Ledger(path) as mine:
        for record in RECORDS:
            mine.append(record)
    whole = path.read_bytes()
    kept = whole[: min(cut, len(whole))]
    # After a crash of the machine the rest of a block may hold anything, zeros for example.
    path.write_bytes(kept + data.draw(st.sampled_from([b"", b"\0" * 9, b'{"part', b"\xff"])))
    before = RECORDS[: kept.count(b"\n")]
    assert read_ledger(path) == before
    with Ledger(path) as mine:
        assert mine.records == before
        mine.append({"next": 1})
    assert read_ledger(path) == [*before, {"next": 1}]


def test_a_damaged_line_in_the_middle_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    path.write_bytes(b'{"a":1}\nnonsense\n{"b":2}\n')
    with pytest.raises(DatasetError, match=r"line 2 is damaged: .*force=true"):
        read_ledger(path)
    path.write_bytes(b'{"a":1}\n[1]\n{"b":2}\n')
    with pytest.raises(DatasetError, match="line 2"):
        Ledger(path)


class Sparing:
    """A file that takes a few bytes at a time, and in the end no more."""

    def __init__(self, path: Path, *, at_a_time: int, room: int) -> None:
        self.file = path.open("r+b", buffering=0)
        self.at_a_time, self.room = at_a_time, room

    def write(self, data: bytes) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = min(self.at_a_time, self.room, len(data))
        self.room -= taken
        return self.file.write(data[:taken])

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


def test_what_does_not_fit_leaves_it_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    with Ledger(path) as mine:
        mine.append(RECORDS[0])
        whole, mine._file = mine._file, cast("Any", Sparing(path, at_a_time=5, room=8))
        with pytest.raises(OutputError, match="no space left on device: give a place"):
            mine.append(RECORDS[1])
        assert read_ledger(path) == mine.records == RECORDS[:1]
        mine.close()
        mine._file = whole  # there is room again
        mine.append(RECORDS[2])
    assert read_ledger(path) == [RECORDS[0], RECORDS[2]]


def test_a_system_that_writes_a_byte_at_a_time_writes_it_all(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    with Ledger(path) as mine:
        mine.close()
        mine._file = cast("Any", Sparing(path, at_a_time=1, room=99))
        mine.append(RECORDS[1])
    assert read_ledger(path) == [RECORDS[1]]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no such file or directory"):
        Ledger(tmp_path / "nowhere" / "ledger")
