"""From the dataset of a sweep to an artefact: a file that holds the whole study."""

from __future__ import annotations

import json
import stat
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from patchopt import __version__
from patchopt.archive.claims import claims_of
from patchopt.archive.crate import CRATE, crate_text
from patchopt.archive.environment import environment
from patchopt.archive.manifest import MANIFEST, Entry, Manifest, Role, entry, manifest_text
from patchopt.archive.telling import read_me, reproduce_script
from patchopt.errors import DatasetError, OutputError
from patchopt.files.dataset import OpenDataset, open_dataset
from patchopt.files.dataset_writer import TABLES
from patchopt.files.output import file_names, part_of, unwritable
from patchopt.files.scenario_writing import scenario_text
from patchopt.model.scenario import Scenario
from patchopt.reports import write_report

DATASET: Final = "dataset"
SCENARIOS: Final = "scenarios"
CONFIG: Final = "config.json"
REPORT: Final = "report"
CLAIMS: Final = "claims.csv"
SCRIPT: Final = "reproduce.sh"
#: All files in it bear this time: the same study gives the same bytes.
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def make_archive(dataset: Path, out: Path, *, force: bool = False) -> Manifest:
    """Put a study into one file: inputs, results, report, environment, claims, checksums.

    Parameters
    ----------
    dataset : Path
        Folder of a complete dataset.
    out : Path
        The file to be made, such as ``artifact.zip``.
    force : bool
        Whether a file that is there may be replaced.

    Returns
    -------
    Manifest
        Of all that is in it.

    Raises
    ------
    DatasetError
        If the dataset is damaged or not complete.
    OutputError
        If the file is there already, or cannot be written. It is written whole or not at all.
    """
    if out.exists() and not force:
        raise OutputError("there is a file of that name", place=str(out), remedy="give --force")
    with open_dataset(dataset) as found:
        if found.metadata["complete"] != "true":
            message = "the sweep is not finished, so nobody could compare what it comes to"
            raise DatasetError(message, place=str(dataset), remedy="finish it first: run it again")
        part = part_of(out)
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".archive-", dir=out.parent) as passing:
                manifest = _write(part, _files(dataset, found, Path(passing)), dataset.name)
            part.replace(out)
        except OSError as error:
            raise unwritable(out, error) from None
        finally:
            part.unlink(missing_ok=True)
    return manifest


def _files(
    dataset: Path, found: OpenDataset, passing: Path
) -> Iterator[tuple[str, Role, bytes, Sequence[str]]]:
    """Yield every file that is no list of files: path, role, content, what it is made from."""
    results = [f"{DATASET}/{name}.parquet" for name in TABLES]
    inputs = [CONFIG]
    yield CONFIG, "input", _json(json.loads(found.metadata["config"])), ()
    scenarios = found.plans.drop_duplicates("scenario")
    names = file_names(scenarios["scenario"].tolist())
    for name, text in zip(names, scenarios["scenario_json"], strict=True):
        scenario = Scenario.model_validate_json(text)
        path = f"{SCENARIOS}/{name}.yaml"
        inputs.append(path)
        yield path, "input", scenario_text(scenario).encode(), ()
    for path in results:
        yield path, "result", (dataset / Path(path).name).read_bytes(), inputs
    report = write_report(dataset, out=passing / REPORT, paper="ieee")
    for file in report.files:
        path = f"{REPORT}/{file.relative_to(report.out).as_posix()}"
        yield path, "derived", file.read_bytes(), results
    claims = claims_of(report.out / "paper")
    tables = [f"{REPORT}/paper/{name}.csv" for name in dict.fromkeys(claims["table"])]
    yield CLAIMS, "derived", claims.to_csv(index=False, lineterminator="\n").encode(), tables
    yield "environment.json", "about", _json(environment()), ()
    yield SCRIPT, "about", reproduce_script(__version__).encode(), ()
    yield "README.md", "about", read_me(found, __version__).encode(), ()


def _write(
    path: Path, files: Iterator[tuple[str, Role, bytes, Sequence[str]]], title: str
) -> Manifest:
    entries: list[Entry] = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, role, content, made_from in files:
            entries.append(entry(name, role, content, made_from))
            _add(archive, name, content)
        crate = crate_text(title, __version__, entries).encode()
        entries.append(entry(CRATE, "about", crate))
        _add(archive, CRATE, crate)
        manifest = Manifest(files=tuple(sorted(entries, key=lambda one: one.path)))
        _add(archive, MANIFEST, manifest_text(manifest).encode())
    return manifest


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    told = zipfile.ZipInfo(name, _EPOCH)
    told.compress_type = zipfile.ZIP_DEFLATED
    mode = 0o755 if name.endswith(".sh") else 0o644
    told.external_attr = (stat.S_IFREG | mode) << 16
    archive.writestr(told, content)


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
