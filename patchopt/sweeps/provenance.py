"""Where a dataset comes from: configuration, versions, commit."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from patchopt.sweeps.config import SweepConfig

_PACKAGES: Final = (
    "patchopt",
    "ortools",
    "numba",
    "numpy",
    "networkx",
    "pandas",
    "pyarrow",
    "pydantic",
    "hydra-core",
    "joblib",
)


def resolved(config: SweepConfig) -> dict[str, Any]:
    """Return a configuration as plain values.

    What cannot change a result (workers, output, force and the like) is left out, so that the
    same study has the same text wherever and however it is run.
    """
    values = config.model_dump(mode="json", exclude={"parallel"})
    values["optimizer"] = asdict(config.optimizer)
    for key in ("out", "force", "retry", "wait", "only", "dry_run"):
        del values["sweep"][key]
    return values


def provenance(config: SweepConfig) -> dict[str, str]:
    """Return the metadata of a dataset's files.

    Parameters
    ----------
    config : SweepConfig
        Of the sweep.

    Returns
    -------
    dict of str to str
        ``config`` and its ``config_sha256``, ``versions``, ``git_commit`` (empty outside
        of a repository).
    """
    text = json.dumps(resolved(config), sort_keys=True)
    return {
        "config": text,
        "config_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "versions": json.dumps(_versions(), sort_keys=True),
        "git_commit": git("rev-parse", "HEAD"),
    }


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed as a package"
    return found


def git(*words: str) -> str:
    """Return what git says of the checkout that patchopt runs from; empty outside of one.

    Parameters
    ----------
    *words : str
        Of a command that only reads, such as ``rev-parse HEAD``.
    """
    here = Path(__file__).resolve().parent
    if not (here.parent.parent / ".git").exists():
        return ""
    command = ["git", "-C", str(here), *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)  # noqa: S603 - fixed words
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
