"""From the datasets of a study to an artefact: a file that holds the whole study."""

from __future__ import annotations

import json
import stat
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
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
from patchopt.reports import dataset_folders, write_report

DATASET: Final = "dataset"
SCENARIOS: Final = "scenarios"
CONFIG: Final = "config.json"
REPORT: Final = "report"
CLAIMS: Final = "claims.csv"
SCRIPT: Final = "reproduce.sh"
#: Where the sweeps of a study lie that are several, each in a folder of its number.
SWEEPS: Final = "sweeps"
#: Path, role, content, what it can be made from.
File = tuple[str, Role, bytes, Sequence[str]]
#: All files in it bear this time: the same study gives the same bytes.
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def make_archive(*datasets: Path, out: Path, force: bool = False) -> Manifest:
    """Put a study into one file: inputs, results, report, environment, claims, checksums.

    Parameters
    ----------
    *datasets : Path
        Folders of complete datasets, or of multiruns: one study together.
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
        If a dataset is damaged or not complete.
    OutputError
        If the file is there already, or cannot be written. It is written whole or not at all.
    """
    if out.exists() and not force:
        raise OutputError("there is a file of that name", place=str(out), remedy="give --force")
    folders = list(dict.fromkeys(path for given in datasets for path in dataset_folders(given)))
    with ExitStack() as stack:
        opened = [stack.enter_context(open_dataset(folder)) for folder in folders]
        for folder, found in zip(folders, opened, strict=True):
            if found.metadata["complete"] != "true":
                message = "the sweep is not finished, so nobody could compare what it comes to"
                remedy = "finish it first: run it again"
                raise DatasetError(message, place=str(folder), remedy=remedy)
        part = part_of(out)
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".archive-", dir=out.parent) as passing:
                files = _files(folders, opened, Path(passing))
                manifest = _write(part, files, datasets[0].name)
            part.replace(out)
        except OSError as error:
            raise unwritable(out, error) from None
        finally:
            part.unlink(missing_ok=True)
    return manifest


def prefix_of(number: int, count: int) -> str:
    """Return where a sweep lies in an artefact: at its top if there is no other."""
    return "" if count == 1 else f"{SWEEPS}/{number}/"


def _files(folders: Sequence[Path], opened: Sequence[OpenDataset], passing: Path) -> Iterator[File]:
    """Yield every file that is no list of files: path, role, content, what it is made from."""
    results: list[str] = []
    for number, (folder, found) in enumerate(zip(folders, opened, strict=True)):
        prefix = prefix_of(number, len(folders))
        results += [f"{prefix}{DATASET}/{name}.parquet" for name in TABLES]
        yield from _sweep(folder, found, prefix)
    report = write_report(*folders, out=passing / REPORT, paper="ieee")
    for file in report.files:
        path = f"{REPORT}/{file.relative_to(report.out).as_posix()}"
        yield path, "derived", file.read_bytes(), results
    claims = claims_of(report.out / "paper")
    tables = [f"{REPORT}/paper/{name}.csv" for name in dict.fromkeys(claims["table"])]
    yield CLAIMS, "derived", claims.to_csv(index=False, lineterminator="\n").encode(), tables
    yield "environment.json", "about", _json(environment()), ()
    yield SCRIPT, "about", reproduce_script(__version__).encode(), ()
    yield "README.md", "about", read_me(opened, __version__).encode(), ()


def _sweep(folder: Path, found: OpenDataset, prefix: str) -> Iterator[File]:
    """Yield what went into a sweep, and what it came to."""
    inputs = [f"{prefix}{CONFIG}"]
    yield inputs[0], "input", _json(json.loads(found.metadata["config"])), ()
    scenarios = found.plans.drop_duplicates("scenario")
    names = file_names(scenarios["scenario"].tolist())
    for name, text in zip(names, scenarios["scenario_json"], strict=True):
        scenario = Scenario.model_validate_json(text)
        inputs.append(f"{prefix}{SCENARIOS}/{name}.yaml")
        yield inputs[-1], "input", scenario_text(scenario).encode(), ()
    for name in TABLES:
        file = f"{name}.parquet"
        yield f"{prefix}{DATASET}/{file}", "result", (folder / file).read_bytes(), inputs


def _write(path: Path, files: Iterator[File], title: str) -> Manifest:
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
