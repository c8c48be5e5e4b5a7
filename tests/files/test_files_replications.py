"""Replications read plan by plan and column by column are those of the whole table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchopt.errors import DatasetError
from patchopt.files import replications
from patchopt.files.replications import Failed, Replications
from patchopt.files.tables import RUNS_SCHEMA, failed_run, runs_table
from patchopt.model import METRICS

ABOUT = {"scenario": "s", "strategy": "rolling", "label": "rolling", "parameters": "{}"}

#: Pieces of a file: a plan and how many of its replications, none for a cell that failed.
PIECES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 7)), min_size=1, max_size=12)


def block(plan: int, count: int, first: int) -> pa.Table:
    if not count:
        return failed_run(**ABOUT, plan=plan, error=f"of {plan}")
    numbers = np.arange(first, first + count)
    columns: dict[str, Any] = {metric.name: 2**53 + numbers for metric in METRICS}
    columns |= {"abort_reason": np.array([""] * count, object)}
    columns |= {metric.name: numbers / 7 for metric in METRICS if metric.kind == "share"}
    return runs_table(
        **ABOUT,
        plan=plan,
        seed=1,
        replications=numbers,
        strata=np.zeros(count, np.int64),
        weights=np.ones(count),
        columns=columns,
    )


def written(path: Path, pieces: list[tuple[int, int]], group: int) -> pd.DataFrame:
    """Write a file of groups of some rows; return what it holds."""
    tables = [block(plan, count, 10 * at) for at, (plan, count) in enumerate(pieces)]
    whole = pa.concat_tables(tables).unify_dictionaries()
    with pq.ParquetWriter(path, RUNS_SCHEMA) as writer:
        for begin in range(0, len(whole), group):
            writer.write_table(whole.slice(begin, group))
    some = whole.select(["plan", "replication", "failures", "patched_share"])
    frame: pd.DataFrame = some.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    return frame


@settings(max_examples=60)
@given(pieces=PIECES, group=st.integers(1, 20), kept=st.sampled_from([0, 200, 10**9]))
def test_columns_are_those_of_the_whole_table(
    pieces: list[tuple[int, int]],
    group: int,
    kept: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("file") / "runs.parquet"
    frame = written(path, pieces, group)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replications, "_KEPT_BYTES", kept)
        rows = Replications(path)
        try:
            done = frame[frame["replication"].notna()]
            assert rows.counts == done["plan"].value_counts().to_dict()
            failed = [Failed(plan, f"of {plan}") for plan, count in pieces if not count]
            assert rows.failed == list(dict.fromkeys(failed))
            for plan in range(4):
                mine = done[done["plan"] == plan]
                for name in ("replication", "failures", "patched_share"):
                    column = rows.column(plan, name)
                    # Large integers are none of the floats.
                    assert column.dtype != object
                    assert column.tolist() == mine[name].tolist()
        finally:
            rows.close()


def test_a_damaged_file_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "runs.parquet"
    written(path, [(0, 5)], 5)
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
