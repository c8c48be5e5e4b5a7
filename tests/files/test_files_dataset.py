"""The dataset's files: integers stay integers, and what reads as complete is complete."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from patchopt.errors import DatasetError, OutputError
from patchopt.files.arrow import table_of
from patchopt.files.dataset import open_dataset, read_dataset
from patchopt.files.dataset_writer import DatasetWriter
from patchopt.files.replications import Failed
from patchopt.files.run_groups import RunBlock
from patchopt.files.tables import (
    BOUNDS_SCHEMA,
    EVENTS_SCHEMA,
    PLANS_SCHEMA,
    RUNS_SCHEMA,
    SCHEMA_VERSION,
    TIMINGS_SCHEMA,
)
from patchopt.model import METRICS

METADATA = {"config": "{}", "config_sha256": "0", "versions": "{}", "git_commit": ""}
ABOUT = {"scenario": "s", "strategy": "rolling", "label": "rolling", "parameters": "{}"}
INTEGERS = [metric.name for metric in METRICS if metric.kind == "integer"]
SCHEMAS = {
    "runs": RUNS_SCHEMA,
    "plans": PLANS_SCHEMA,
    "events": EVENTS_SCHEMA,
    "bounds": BOUNDS_SCHEMA,
    "timings": TIMINGS_SCHEMA,
}
DRAWN = {"stratum": np.zeros(2, np.int64), "weight": np.ones(2)}
FILES = [f"{name}.parquet" for name in SCHEMAS]


def written(folder: Path, *, failed: bool, force: bool = False, complete: bool = True) -> Path:
    """Write a dataset of two replications of one plan, and of a failed one if asked for."""
    columns: dict[str, Any] = {metric.name: np.array([12, 2**53 + 1]) for metric in METRICS}
    columns |= {"abort_reason": np.array(["", ""], object), "patched_share": np.ones(2)}
    columns |= {"aborted": np.zeros(2, np.int64)}
    plan = {**ABOUT, "scenario_json": "{}", "plan_json": "{}", "steps": 3, "status": "done"}
    with DatasetWriter(folder, METADATA, force=force) as writer:
        writer.write_plans([{**plan, "plan": 0, "nominal_completion_time": 60}])
        writer.write_runs(RunBlock(names=ABOUT, plan=0, seed=7, count=2, columns=columns | DRAWN))
        if failed:
            row = {**ABOUT, "scenario_json": "{}", "status": "failed", "error": "no"}
            writer.write_plans([{**row, "plan": 1}])
            writer.write_runs(RunBlock(names=ABOUT, plan=1, error="no"))
        writer.close(complete=complete)
    return folder


@pytest.mark.parametrize("failed", [False, True])
def test_integers_stay_integers_whatever_failed(tmp_path: Path, failed: bool) -> None:
    folder = written(tmp_path / "dataset", failed=failed)
    dataset = read_dataset(folder)
    # Whoever reads the file with pandas alone gets the same.
    for runs in (dataset.runs, pd.read_parquet(folder / "runs.parquet")):
        assert {str(runs[name].dtype) for name in [*INTEGERS, "replication", "seed"]} == {"Int64"}
        # 2**53 + 1 is none of the floats.
        assert runs["failures"].tolist()[:2] == [12, 2**53 + 1]
        assert runs["failures"].isna().tolist() == [False, False, True][: len(runs)]
        lines = runs[["plan", "failures"]].to_csv(index=False).splitlines()
        assert lines == ["plan,failures", "0,12", "0,9007199254740993", "1,"][: 1 + len(runs)]
        assert json.loads(runs["failures"].to_json())["0"] == 12
    assert dataset.plans["steps"].to_csv(index=False, header=False).split() == (
        ["3", '""'] if failed else ["3"]
    )


def test_every_integer_of_the_tables_keeps_its_type(tmp_path: Path) -> None:
    dataset = read_dataset(written(tmp_path / "dataset", failed=True))
    for schema, frame in ((RUNS_SCHEMA, dataset.runs), (PLANS_SCHEMA, dataset.plans)):
        for field in schema:
            if str(field.type).startswith("int"):
                expected = str(field.type).capitalize() if field.nullable else str(field.type)
                assert str(frame[field.name].dtype) == expected, field.name


def test_replications_that_were_done_have_plain_integers(tmp_path: Path) -> None:
    with open_dataset(written(tmp_path / "dataset", failed=True)) as dataset:
        rows = dataset.replications
        assert (rows.counts, rows.failed) == ({0: 2}, [Failed(1, "no")])
        assert {str(rows.column(0, name).dtype) for name in [*INTEGERS, "seed"]} == {"int64"}
        assert rows.column(0, "failures").tolist() == [12, 2**53 + 1]
        assert rows.column(1, "failures").tolist() == []


def test_the_file_that_makes_a_dataset_comes_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let the disk fail at every renaming in turn: nothing that is left reads as a dataset."""
    real = Path.replace
    whole = sorted(path.name for path in written(tmp_path / "whole", failed=True).iterdir())
    assert whole == sorted([*FILES, "config.yaml"])
    for allowed in range(len(whole)):
        folder = tmp_path / f"broken-{allowed}"
        left = iter(range(allowed))

        def renamed(self: Path, target: Path, left: Iterator[int] = left) -> Path:
            if next(left, None) is None:
                raise OSError(28, "No space left on device")
            return real(self, target)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", renamed)
            with pytest.raises(OutputError, match="no space left"):
                written(folder, failed=False)
        assert [path.name for path in folder.iterdir() if path.name.endswith(".part")] == []
        assert "runs.parquet" not in {path.name for path in folder.iterdir()}
        with pytest.raises(DatasetError):
            read_dataset(folder)


def test_a_forced_sweep_that_fails_at_the_end_leaves_no_mixture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = written(tmp_path / "dataset", failed=True)
    real = Path.replace

    def renamed(self: Path, target: Path) -> Path:
        if target.name == "plans.parquet":
            raise OSError(28, "No space left on device")
        return real(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", renamed)
        with pytest.raises(OutputError):
            written(folder, failed=False, force=True)
    # The events are the new ones, the plans the old ones; all of the same metadata.
    with pytest.raises(DatasetError, match=r"runs\.parquet is missing"):
        read_dataset(folder)
    written(folder, failed=False, force=True)
    assert len(read_dataset(folder).runs) == 2


def test_tables_of_different_sweeps_are_no_dataset(tmp_path: Path) -> None:
    one = written(tmp_path / "one", failed=False)
    other = written(tmp_path / "other", failed=False, complete=False)
    (one / "plans.parquet").write_bytes((other / "plans.parquet").read_bytes())
    with pytest.raises(DatasetError, match=r"plans\.parquet is of another sweep"):
        read_dataset(one)


def test_a_table_with_other_columns_is_refused(tmp_path: Path) -> None:
    folder = written(tmp_path / "dataset", failed=False)
    path = folder / "events.parquet"
    known = {**pq.read_metadata(path).metadata}
    del known[b"ARROW:schema"]
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["detail"]).replace_schema_metadata(known), path)
    with pytest.raises(DatasetError, match=r"schema version \d+: detail"):
        read_dataset(folder)
    odd = table.set_column(0, "plan", table["plan"].cast("int64"))
    pq.write_table(odd.replace_schema_metadata(known), path)
    with pytest.raises(DatasetError, match=r"schema version \d+ in their types"):
        read_dataset(folder)


def test_an_unknown_column_is_a_mistake_and_not_lost() -> None:
    with pytest.raises(ValueError, match="no such columns: colour"):
        table_of([{"colour": "red"}], PLANS_SCHEMA)


def test_a_dataset_inside_the_folder_is_pointed_at(tmp_path: Path) -> None:
    written(tmp_path / "dataset", failed=False)
    with pytest.raises(DatasetError, match=r"did you mean '.*dataset'"):
        read_dataset(tmp_path)


def test_left_without_closing_nothing_is_there(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path, METADATA):
        assert len(list(tmp_path.iterdir())) == len(FILES)
    assert list(tmp_path.iterdir()) == []


def test_whether_a_sweep_came_to_its_end_is_known_of_every_file(tmp_path: Path) -> None:
    for complete in (True, False):
        folder = written(tmp_path / str(complete), failed=False, complete=complete)
        for name in FILES:
            metadata = pq.read_metadata(folder / name).metadata
            assert metadata[b"patchopt.complete"] == str(complete).lower().encode(), name
            assert metadata[b"patchopt.schema_version"] == str(SCHEMA_VERSION).encode(), name


#: What each version of the layout looks like. One place to change: see the message below.
FINGERPRINTS = {5: "6a9166fd28fbe96e5bcb105b7fbf467eca0a23c004cdb6a602c1dd1a51a7d344"}


def layout() -> str:
    """Return all columns of all tables, and all metrics, as text."""
    lines = [
        f"{table}.{field.name}: {field.type}{'' if field.nullable else ' not null'}"
        for table, schema in SCHEMAS.items()
        for field in schema
    ]
    lines += [f"metric {each.name} [{each.unit}]: {each.kind}" for each in METRICS]
    return "\n".join(lines)


def test_a_change_of_the_layout_is_a_new_version() -> None:
    found = hashlib.sha256(layout().encode()).hexdigest()
    assert FINGERPRINTS.get(SCHEMA_VERSION) == found, (
        "The tables of a dataset, or the metrics, are not those of schema version "
        f"{SCHEMA_VERSION} any more, so old datasets would be misread. Raise SCHEMA_VERSION in "
        "patchopt/files/tables.py, say so in CHANGELOG.md, and enter here\n"
        f'    FINGERPRINTS = {{{SCHEMA_VERSION + 1}: "{found}"}}\n'
        f"The layout is now:\n{layout()}"
    )
    assert list(FINGERPRINTS) == [SCHEMA_VERSION]


def test_groups_of_rows_end_where_they_end_however_the_rows_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("patchopt.files.dataset_writer.GROUP_ROWS", 10)
    about = {"plan": 0, "seed": 1, "replication": 0, "detail": "{}"}
    rows = [about | {"number": t, "time": t, "event": f"about {t // 4}"} for t in range(37)]
    files = []
    for sizes in ([37], [1] * 37, [9, 1, 1, 26], [10, 20, 7], [3, 31, 3]):
        left = iter(rows)
        folder = tmp_path / "-".join(map(str, sizes))
        with DatasetWriter(folder, METADATA) as writer:
            for size in sizes:
                writer.write_events([next(left) for _ in range(size)])
            writer.close(complete=True)
        file = pq.ParquetFile(folder / "events.parquet")
        groups = [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)]
        assert groups == [10, 10, 10, 7]
        assert file.read().select(list(rows[0])).to_pylist() == rows
        files.append((folder / "events.parquet").read_bytes())
    assert len(set(files)) == 1
