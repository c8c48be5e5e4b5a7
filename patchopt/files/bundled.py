"""The scenarios that come with patchopt."""

from __future__ import annotations

from pathlib import Path

from patchopt.resources import resource_folder


def bundled_scenarios() -> tuple[str, ...]:
    """Return the names of the bundled scenarios."""
    return tuple(sorted(path.stem for path in resource_folder("scenarios").glob("*.yaml")))


def bundled_path(name: str) -> Path:
    """Return the file of a bundled scenario."""
    return resource_folder("scenarios") / f"{name}.yaml"


def about_bundled(name: str) -> str:
    """Return what a bundled scenario shows: the first line of its file."""
    return bundled_path(name).read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
