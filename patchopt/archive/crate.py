"""RO-Crate metadata: what an artefact is, for repositories that read it by machine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from patchopt.archive.manifest import Entry

CRATE: Final = "ro-crate-metadata.json"
_FORMATS: Final = {
    "parquet": "application/vnd.apache.parquet",
    "yaml": "application/yaml",
    "json": "application/json",
    "csv": "text/csv",
    "md": "text/markdown",
    "tex": "application/x-tex",
    "pdf": "application/pdf",
    "svg": "image/svg+xml",
    "png": "image/png",
    "sh": "application/x-sh",
}
_ROLES: Final = {
    "input": "what the study was run on",
    "result": "what the study came to",
    "derived": "made from its results",
    "about": "about the artefact",
}


def crate_text(title: str, version: str, files: Sequence[Entry]) -> str:
    """Write RO-Crate 1.1 metadata as JSON-LD.

    Parameters
    ----------
    title : str
        Of the study.
    version : str
        Of patchopt.
    files : sequence of Entry
        All but this one.

    References
    ----------
    S. Soiland-Reyes and others, Packaging research artefacts with RO-Crate, Data Science 5 (2022)
    97-138; RO-Crate Metadata Specification 1.1.
    """
    program = "#patchopt"
    graph: list[dict[str, Any]] = [
        {
            "@id": CRATE,
            "@type": "CreativeWork",
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            "about": {"@id": "./"},
        },
        {
            "@id": "./",
            "@type": "Dataset",
            "name": title,
            "description": "A study of security-patch deployment, with all that it takes to run "
            "it again.",
            "hasPart": [{"@id": one.path} for one in files],
        },
        {
            "@id": program,
            "@type": "SoftwareApplication",
            "name": "patchopt",
            "softwareVersion": version,
        },
        *(_file(one) for one in files),
        {
            "@id": "#run",
            "@type": "CreateAction",
            "name": "the sweep",
            "instrument": {"@id": program},
            "object": [{"@id": one.path} for one in files if one.role == "input"],
            "result": [{"@id": one.path} for one in files if one.role == "result"],
        },
    ]
    crate = {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}
    return json.dumps(crate, indent=1, ensure_ascii=False) + "\n"


def _file(one: Entry) -> dict[str, Any]:
    told: dict[str, Any] = {
        "@id": one.path,
        "@type": "File",
        "contentSize": str(one.size),
        "sha256": one.sha256,
        "description": _ROLES[one.role],
    }
    ending = one.path.rpartition(".")[2]
    if ending in _FORMATS:
        told["encodingFormat"] = _FORMATS[ending]
    return told
