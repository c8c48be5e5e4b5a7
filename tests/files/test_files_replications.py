"""Rows of replications: written in groups of any size, read plan by plan and column by column."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchopt.errors import DatasetError
from patchopt.files import dataset_writer, replications
from patchopt.files.dataset_writer import DatasetWriter
from patchopt.files.replications import Failed, Replications
from patchopt.files.run_groups import RunBlock
from patchopt.files.tables import RUNS_SCHEMA
from patchopt.model import METRICS

METADATA = {"config": "{}", "config_sha256": "0", "versions": "{}", "git_commit": ""}
ABOUT = {"scenario": "s", "strategy": "rolling", "label": "rolling", "parameters": "{}"}

#: A block: its plan, how many replications (none: a cell that failed), and whether its columns
#: are one value each, in either way that there is to say so.
BLOCKS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 7), st.sampled_from(["one", "ones", "many"])),
    min_size=1,
    max_size=12,
)
Shape = tuple[int, int, str]


def column(name: str, kind: str, shape: Shape, at: int) -> Any:
    """Return a column of a block: whole numbers beyond the floats, thousandths, text."""
    _, count, how = shape
    numbers = 2**53 + 1 + at + (np.arange(count) if how == "many" else np.zeros(count, np.int64))
    found: Any = {
        "integer": numbers,
        "exposure": numbers - 2**53,
        "share": (numbers - 2**53) / 7,
        "text": np.array([f"{name}{number % 3}" for number in numbers], object),
    }[kind]
    return np.broadcast_to(found[:1], (count,)) if how == "one" else found


def block(shape: Shape, at: int) -> RunBlock:
    plan, count, _ = shape
    if not count:
        return RunBlock(names=ABOUT, plan=plan, error=f"of {plan}")
    columns = {metric.name: column(metric.name, metric.kind, shape, at) for metric in METRICS}
    drawn = {"stratum": np.zeros(count, np.int64), "weight": np.ones(count)}
    return RunBlock(
        names=ABOUT, plan=plan, seed=at % 2, first=10 * at, count=count, columns=columns | drawn
    )


def written(folder: Path, blocks: list[RunBlock], group: int) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dataset_writer, "GROUP_ROWS", group)
        with DatasetWriter(folder, METADATA) as writer:
            for each in blocks:
                writer.write_runs(each)
            writer.close(complete=True)
    return folder / "runs.parquet"


def rows_of(blocks: list[RunBlock]) -> list[dict[str, Any]]:
    """Return what the file is to hold, row by row."""
    found = []
    for each in blocks:
        row = dict.fromkeys(RUNS_SCHEMA.names) | dict(each.names) | {"plan": each.plan}
        if each.error is not None:
            found.append(row | {"status": "failed", "error": each.error})
            continue
        for at in range(each.count):
            values = {name: values[at] for name, values in each.columns.items()}
            for metric in METRICS:
                if metric.kind == "exposure":
                    values[metric.name] = values[metric.name] / 1000
            row |= {"seed": each.seed, "replication": each.first + at, "status": "done"}
            found.append(row | values)
    return found


@settings(max_examples=80)
@given(shapes=BLOCKS, group=st.integers(1, 20), kept=st.sampled_from([0, 200, 10**9]))
def test_what_is_written_is_read(
    shapes: list[Shape], group: int, kept: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    blocks = [block(shape, at) for at, shape in enumerate(shapes)]
    path = written(tmp_path_factory.mktemp("dataset"), blocks, group)
    rows = rows_of(blocks)
    with pq.ParquetFile(path) as file:
        sizes = [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)]
        assert file.read().to_pylist() == rows
    assert set(sizes[:-1]) <= {group}
    assert 0 < sizes[-1] <= group
    done = [row for row in rows if row["status"] == "done"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replications, "_KEPT_BYTES", kept)
        found = Replications(path)
        try:
            assert found.counts == Counter(row["plan"] for row in done)
            failed = [Failed(each.plan, each.error) for each in blocks if each.error is not None]
            assert found.failed == list(dict.fromkeys(failed))
            for plan in range(4):
                mine = [row for row in done if row["plan"] == plan]
                for name in ("replication", "failures", "patched_share", "exposure"):
                    values = found.column(plan, name)
                    # Large integers are none of the floats.
                    assert values.dtype != object
                    assert values.tolist() == [row[name] for row in mine]
        finally:
            found.close()


@given(shapes=BLOCKS, group=st.integers(1, 20))
def test_bytes_do_not_depend_on_how_rows_come(
    shapes: list[Shape], group: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    blocks = [block(shape, at) for at, shape in enumerate(shapes)]
    single = [
        RunBlock(
            names=each.names,
            plan=each.plan,
            seed=each.seed,
            first=each.first + at,
            count=1,
            columns={name: values[at : at + 1] for name, values in each.columns.items()},
            error=each.error,
        )
        for each in blocks
        for at in range(len(each))
    ]
    files = [
        written(tmp_path_factory.mktemp("dataset"), some, group).read_bytes()
        for some in (blocks, single)
    ]
    assert files[0] == files[1]


def test_a_damaged_file_is_told_of(tmp_path: Path) -> None:
    path = written(tmp_path, [block((0, 5, "many"), 0)], 5)
    whole = path.read_bytes()
    path.write_bytes(b"nonsense")
    with pytest.raises(DatasetError, match="the file is damaged"):
        Replications(path)
    # The footer is whole, the pages before it are not.
    path.write_bytes(whole[:4] + bytes(len(whole) // 2 - 4) + whole[len(whole) // 2 :])
    with pytest.raises(DatasetError, match="the file is damaged"):
        read_all(path)


def read_all(path: Path) -> None:
    rows = Replications(path)
    for metric in METRICS:
        rows.column(0, metric.name)
