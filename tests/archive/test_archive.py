"""Artefacts: what is in them, what is refused, and studies run again."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from patchopt.archive import make_archive, reproduce
from patchopt.archive.comparing import compare_datasets
from patchopt.archive.manifest import MANIFEST, unpack
from patchopt.cli import main
from patchopt.errors import DatasetError, OutputError
from patchopt.files.scenario_yaml import scenario_from_text
from patchopt.model.scenario import Scenario
from patchopt.sweeps import sweep

pytestmark = pytest.mark.slow

SMALL = ["sweep.strategies=[rolling,{name: canary, share: [0.1, 0.5]},optimal]", "optimizer=quick"]


def study(out: Path, *more: str) -> Path:
    sweep([*SMALL, f"sweep.out={out}", "parallel.n_jobs=1", *more])
    return out


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return study(
        tmp_path_factory.mktemp("sweep") / "dataset",
        "sweep.scenarios=[risky_patch,ha_microservices]",
        "failures=shared_defect",
        "bound=quick",
        "bound.replications=3",
        "sweep.replications=40",
        "sweep.seed=[3,9]",
    )


@pytest.fixture(scope="module")
def artefact(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made") / "deep" / "artefact.zip"
    make_archive(dataset, out=out)
    return out


def changed(archive: Path, out: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """Write an artefact again, with its files changed."""
    with zipfile.ZipFile(archive) as file:
        files = {name: file.read(name) for name in file.namelist()}
    change(files)
    with zipfile.ZipFile(out, "w") as file:
        for name, content in files.items():
            file.writestr(name, content)
    return out


def test_everything_is_there_and_told(artefact: Path) -> None:
    with zipfile.ZipFile(artefact) as file:
        names = set(file.namelist())
        manifest = json.loads(file.read(MANIFEST))
        told = {one["path"]: one for one in manifest["files"]}
        assert set(told) == names - {MANIFEST}
        for name, one in told.items():
            content = file.read(name)
            assert one["sha256"] == hashlib.sha256(content).hexdigest()
            assert one["size"] == len(content)
            assert set(one["made_from"]) <= names
    assert {one["role"] for one in told.values()} == {"input", "result", "derived", "about"}
    assert told["dataset/runs.parquet"]["made_from"] == [
        "config.json",
        "scenarios/risky_patch.yaml",
        "scenarios/ha_microservices.yaml",
    ]
    for name in ("report/report.md", "report/paper/T3_outcome.tex", "claims.csv", "reproduce.sh"):
        assert name in names


def test_scenarios_are_those_of_the_study(artefact: Path, dataset: Path) -> None:
    plans = pd.read_parquet(dataset / "plans.parquet").drop_duplicates("scenario")
    with zipfile.ZipFile(artefact) as file:
        for name, text in zip(plans["scenario"], plans["scenario_json"], strict=True):
            written = scenario_from_text(file.read(f"scenarios/{name}.yaml"))
            assert written.model_dump_json() == text
            assert written == Scenario.model_validate_json(text)


def test_claims_are_numbers_of_the_tables(artefact: Path) -> None:
    with zipfile.ZipFile(artefact) as file:
        claims = list(csv.DictReader(io.StringIO(file.read("claims.csv").decode())))
        table = pd.read_csv(io.BytesIO(file.read("report/paper/T3_outcome.csv")))
    cell = table[(table["scenario"] == "risky_patch") & (table["plan"] == "rolling")].iloc[0]
    one = next(
        row
        for row in claims
        if (row["table"], row["scenario"], row["plan"], row["quantity"])
        == ("T3_outcome", "risky_patch", "rolling", "total_exposure")
    )
    assert float(one["value"]) == cell["total_exposure"]
    assert float(one["low"]) == cell["total_exposure_low"]


def test_repositories_read_it_by_machine(artefact: Path) -> None:
    with zipfile.ZipFile(artefact) as file:
        crate = json.loads(file.read("ro-crate-metadata.json"))
        names = set(file.namelist())
    graph = {one["@id"]: one for one in crate["@graph"]}
    assert graph["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    parts = {one["@id"] for one in graph["./"]["hasPart"]}
    assert parts == names - {MANIFEST, "ro-crate-metadata.json"}
    assert all(graph[part]["@type"] == "File" for part in parts)


def test_the_environment_is_told(artefact: Path) -> None:
    with zipfile.ZipFile(artefact) as file:
        told = json.loads(file.read("environment.json"))
    assert set(told) == {"python", "packages", "cpu", "cores", "os", "commit", "dirty"}
    assert "numpy" in {name.lower() for name in told["packages"]}


def test_run_again_it_comes_to_the_same_bytes(artefact: Path) -> None:
    said: list[str] = []
    found = reproduce(artefact, workers=1, tell=said.append)
    assert found.same
    assert found.other == {}
    assert {one.table: one.verdict for one in found.compared} == dict.fromkeys(
        ("plans", "runs", "bounds", "events"), "same bytes"
    )
    assert "all as the manifest says" in said[0]


def test_a_quick_look_runs_the_smallest_scenario(artefact: Path) -> None:
    found = reproduce(artefact, quick=True, workers=1)
    assert found.scenarios == ("risky_patch",)
    assert {one.table: (one.rows, one.verdict) for one in found.compared} == {
        "plans": (4, "same rows"),
        "runs": (4 * 2 * 40, "same rows"),
        "bounds": (2 * 3, "same rows"),
    }


def test_what_differs_is_told_row_by_row(tmp_path: Path) -> None:
    def cheap(name: str, *more: str) -> Path:
        strategies = "sweep.strategies=[rolling,{name: canary, share: [0.1, 0.5]}]"
        return study(
            tmp_path / name, strategies, "failures=shared_defect", "sweep.replications=40", *more
        )

    both = "sweep.scenarios=[risky_patch,ha_microservices]"
    one = cheap("one", both)
    other = cheap("other", both, "failures.failure_probability=0.5")
    by_table = {each.table: each for each in compare_datasets(one, other)}
    assert by_table["runs"].verdict == "differs"
    assert by_table["runs"].detail.startswith("scenario ha_microservices, label canary(share=0.1)")
    assert "scenario_json was" in by_table["plans"].detail
    fewer = cheap("fewer", "sweep.scenarios=[ha_microservices]")
    by_table = {each.table: each for each in compare_datasets(one, fewer)}
    assert by_table["runs"].detail.endswith(("is missing", "is not in the artefact"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda files: files.update({"config.json": b"{}"}), "config.json is not what it was"),
        (lambda files: files.pop("claims.csv"), "claims.csv is missing"),
        (lambda files: files.update({"more.txt": b""}), "more.txt is not in the manifest"),
        (lambda files: files.pop(MANIFEST), "no manifest.json"),
        (lambda files: files.update({MANIFEST: b"{}"}), "not what this version reads"),
    ],
)
def test_what_is_damaged_is_not_unpacked(
    artefact: Path, tmp_path: Path, change: Callable[[dict[str, bytes]], None], told: str
) -> None:
    damaged = changed(artefact, tmp_path / "damaged.zip", change)
    with pytest.raises(DatasetError, match=told):
        unpack(damaged, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_no_artefact_at_all(tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("no", encoding="utf-8")
    for name in ("text.zip", "nothing.zip"):
        with pytest.raises(DatasetError, match="no artefact can be read"):
            reproduce(tmp_path / name)


def test_nothing_is_overwritten_unasked(dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "there.zip"
    out.write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="--force"):
        make_archive(dataset, out=out)
    assert out.read_text(encoding="utf-8") == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["there.zip"]


def test_an_unfinished_study_is_refused(tmp_path: Path) -> None:
    out = study(
        tmp_path / "half",
        "sweep.scenarios=[ha_microservices]",
        "sweep.replications=20",
        "sweep.only=['strategy=rolling']",
    )
    with pytest.raises(DatasetError, match="not finished"):
        make_archive(out, out=tmp_path / "half.zip")
    assert not (tmp_path / "half.zip").exists()


def test_several_sweeps_are_one_study(tmp_path: Path) -> None:
    jobs = tmp_path / "jobs"
    for number, probability in enumerate((0.05, 0.2)):
        study(
            jobs / str(number),
            "sweep.scenarios=[risky_patch]",
            "sweep.strategies=[rolling]",
            "failures=independent",
            f"failures.failure_probability={probability}",
            "sweep.replications=20",
        )
    make_archive(jobs, out=tmp_path / "jobs.zip")
    with zipfile.ZipFile(tmp_path / "jobs.zip") as file:
        names = set(file.namelist())
        told = {one["path"]: one for one in json.loads(file.read(MANIFEST))["files"]}
        read_me = file.read("README.md").decode()
    for number in range(2):
        top = f"sweeps/{number}"
        made_from = [f"{top}/config.json", f"{top}/scenarios/risky_patch.yaml"]
        assert told[f"{top}/dataset/runs.parquet"]["made_from"] == made_from
    assert "config.json" not in names
    # The report is of both: the probability is varied, so there is a table of sensitivity.
    assert "report/paper/T6_sensitivity.csv" in names
    assert "of 2 sweeps" in read_me
    whole = reproduce(tmp_path / "jobs.zip", workers=1)
    assert [one.table for one in whole.compared][:4] == [
        f"sweeps/0/{table}" for table in ("plans", "runs", "bounds", "events")
    ]
    assert {one.verdict for one in whole.compared} == {"same bytes"}
    assert len(whole.compared) == 8
    assert whole.scenarios == ("risky_patch",)
    part = reproduce(tmp_path / "jobs.zip", quick=True, workers=1)
    first = [f"sweeps/0/{table}" for table in ("plans", "runs", "bounds")]
    assert [one.table for one in part.compared] == first
    assert part.same


def test_at_the_command_line(
    artefact: Path, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def call(*words: str) -> tuple[int, str]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["patchopt", *words])
            with pytest.raises(SystemExit) as exit_:
                main()
        assert isinstance(exit_.value.code, int)
        return exit_.value.code, capsys.readouterr().out

    out = tmp_path / "mine.zip"
    out.write_text("older", encoding="utf-8")
    code, said = call("archive", str(dataset), "--out", str(out), "--force")
    assert code == 0
    # The same study, the same bytes.
    assert out.read_bytes() == artefact.read_bytes()
    assert f"patchopt reproduce {out} --quick" in said

    def another_seed(files: dict[str, bytes]) -> None:
        config = json.loads(files["config.json"])
        config["sweep"]["seed"] = [3, 10]
        files["config.json"] = json.dumps(config).encode()
        manifest = json.loads(files[MANIFEST])
        for one in manifest["files"]:
            if one["path"] == "config.json":
                one["sha256"] = hashlib.sha256(files["config.json"]).hexdigest()
        files[MANIFEST] = json.dumps(manifest).encode()

    other = changed(artefact, tmp_path / "other.zip", another_seed)
    code, said = call("reproduce", str(other), "--quick", "--workers", "1", "--json")
    told = json.loads(said)
    assert (code, told["same"]) == (1, False)
    assert told["compared"][1]["detail"].endswith("seed 10, replication 0 is not in the artefact")
    code, said = call("reproduce", str(out), "--quick", "--workers", "1")
    assert code == 0
    assert said.endswith("reproduced\n")
