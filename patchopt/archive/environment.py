"""Where a study was run: packages, interpreter, processor, system, commit."""

from __future__ import annotations

import os
import platform
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Final

from patchopt.sweeps.provenance import git

_CPU_FILE: Final = Path("/proc/cpuinfo")


def environment() -> dict[str, Any]:
    """Return what this machine and interpreter are, as plain values.

    Returns
    -------
    dict
        ``python``, ``packages`` (every one that is installed, with its version), ``cpu``,
        ``cores``, ``os``; ``commit`` of the checkout that patchopt runs from and whether it was
        ``dirty``, None outside of a repository.
    """
    packages = {one.metadata["Name"]: one.version for one in distributions() if one.metadata}
    commit = git("rev-parse", "HEAD")
    return {
        "python": platform.python_version(),
        "packages": dict(sorted(packages.items(), key=lambda item: item[0].lower())),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "os": platform.platform(),
        "commit": commit or None,
        "dirty": bool(git("status", "--porcelain")) if commit else None,
    }


def _cpu() -> str:
    """Return the name of the processor, as far as the system tells."""
    try:
        lines = _CPU_FILE.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()
