"""What an artefact says of itself: its files, what each is for, and their checksums."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError

from patchopt.errors import DatasetError
from patchopt.model.base import Frozen

MANIFEST: Final = "manifest.json"
#: Layout of artefacts; a reader refuses every other.
VERSION: Final = 1
Role = Literal["input", "result", "derived", "about"]
_AGAIN: Final = "get it again, or make it anew with `patchopt archive`"


class Entry(Frozen):
    """One file of an artefact."""

    path: Annotated[str, Field(min_length=1)]
    """Within the artefact."""
    role: Role
    """``input`` of the study, its ``result``, ``derived`` from it, or ``about`` all of it."""
    made_from: tuple[str, ...] = ()
    """What it can be made from again: paths within the artefact."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """Of its content."""
    size: Annotated[int, Field(ge=0)]
    """Bytes."""


class Manifest(Frozen):
    """All files of an artefact but this one."""

    version: Literal[1] = VERSION
    """Of the layout."""
    files: tuple[Entry, ...]
    """In the order of their paths."""


def entry(path: str, role: Role, content: bytes, made_from: Sequence[str] = ()) -> Entry:
    """Return the entry of a file."""
    return Entry(
        path=path,
        role=role,
        made_from=tuple(made_from),
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
    )


def manifest_text(manifest: Manifest) -> str:
    """Write a manifest as JSON."""
    return json.dumps(manifest.model_dump(mode="json"), indent=1) + "\n"


def unpack(archive: Path, folder: Path) -> Manifest:
    """Unpack an artefact, once all of it is what its manifest says.

    Parameters
    ----------
    archive : Path
        The file.
    folder : Path
        Where to.

    Returns
    -------
    Manifest

    Raises
    ------
    DatasetError
        If it is no artefact, or a file is missing, damaged, or not in the manifest. Nothing is
        unpacked then.
    """
    try:
        with zipfile.ZipFile(archive) as file:
            names = [name for name in file.namelist() if name != MANIFEST]
            manifest = _read(file, archive)
            _same_names({one.path for one in manifest.files}, set(names), archive)
            for one in manifest.files:
                _check(one, file.read(one.path), archive)
            for one in manifest.files:
                file.extract(one.path, folder)
    except (OSError, zipfile.BadZipFile, EOFError) as error:
        raise DatasetError(
            f"no artefact can be read: {error}", place=str(archive), remedy=_AGAIN
        ) from None
    return manifest


def _read(file: zipfile.ZipFile, archive: Path) -> Manifest:
    try:
        return Manifest.model_validate_json(file.read(MANIFEST))
    except KeyError:
        raise DatasetError(
            f"it has no {MANIFEST}, so it is no artefact of patchopt",
            place=str(archive),
            remedy="give a file that `patchopt archive` has made",
        ) from None
    except ValidationError as error:
        what = error.errors()[0]
        raise DatasetError(
            f"its {MANIFEST} is not what this version reads: {what['msg']}",
            place=str(archive),
            remedy="use the version of patchopt that it was made with",
        ) from None


def _same_names(told: set[str], there: set[str], archive: Path) -> None:
    for name in sorted(told ^ there):
        what = "is missing" if name in told else "is not in the manifest"
        raise DatasetError(f"{name} {what}", place=str(archive), remedy=_AGAIN)


def _check(one: Entry, content: bytes, archive: Path) -> None:
    if hashlib.sha256(content).hexdigest() != one.sha256:
        message = f"{one.path} is not what it was: its SHA-256 differs"
        raise DatasetError(message, place=str(archive), remedy=_AGAIN)
