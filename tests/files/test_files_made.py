"""Plans and traces of a store: read back as they were, or refused."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from patchopt.errors import DatasetError
from patchopt.files.store.made import MadePlan, read_trace, write_trace
from patchopt.files.store.whole import whole_file


def test_plans_are_read_back(tmp_path: Path) -> None:
    path = tmp_path / "plan"
    for made in (
        MadePlan(plan_json="{}", exposure_milli=2**60, completion_time_s=7, wall_time_s=0.25),
        MadePlan(error="Größe"),
    ):
        made.write(path)
        assert MadePlan.read(path) == made


def test_traces_are_read_back(tmp_path: Path) -> None:
    events = [{"time": 0, "event": "run_start"}, {"time": 3, "event": "run_end", "nodes": ["a"]}]
    write_trace(tmp_path / "trace", events)
    assert read_trace(tmp_path / "trace") == events


def test_what_is_missing_or_damaged_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan"
    with pytest.raises(DatasetError, match="damaged"):
        read_trace(path)
    for text in ("", "nonsense", "[]", '{"plan": 3}'):
        path.write_text(text)
        with pytest.raises(DatasetError, match=r"damaged .*sweep\.force=true"):
            MadePlan.read(path)


def begin_and_fail(path: Path) -> None:
    with whole_file(path) as file:
        file.write(b"ne")
        raise OSError(errno.ENOSPC, "full")


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with whole_file(path) as file:
        file.write(b"old")
    with pytest.raises(OSError, match="full"):
        begin_and_fail(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
