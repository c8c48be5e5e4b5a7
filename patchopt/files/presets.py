"""Presets of failures: bundled ones by name, others by file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from patchopt.errors import ConfigError, nearest
from patchopt.model.presets import FailurePreset
from patchopt.resources import resource_folder

#: What leaves a scenario's own failures as they are.
AS_WRITTEN: Final = "as_written"


def bundled_presets() -> tuple[str, ...]:
    """Return the names of the bundled presets.

    Examples
    --------
    >>> bundled_presets()
    ('as_written', 'critical_infrastructure', 'independent', 'none', 'shared_defect')
    """
    return tuple(sorted(path.stem for path in _folder().glob("*.yaml")))


def about_preset(name: str) -> str:
    """Return what a bundled preset stands for: the first line of its file that says so."""
    lines = (_folder() / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if "@package" not in line).removeprefix("# ")


def _folder() -> Path:
    return resource_folder("conf") / "failures"


def load_preset(name: str) -> FailurePreset | None:
    """Read a preset.

    Parameters
    ----------
    name : str
        Of a bundled preset, or the path of a YAML file.

    Returns
    -------
    FailurePreset or None
        None for ``as_written``: a scenario's own failures.

    Raises
    ------
    ConfigError
        If there is none of that name, or the file is no preset, with every place that is
        wrong.
    """
    if name == AS_WRITTEN:
        return None
    path = _folder() / f"{name}.yaml" if name in bundled_presets() else Path(name)
    try:
        values: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        remedy = f"{nearest(name, bundled_presets())}, or give the path of a file"
        raise ConfigError(f"there is no preset of failures '{name}'", remedy=remedy) from None
    except yaml.YAMLError as error:
        raise ConfigError(f"the file is no YAML: {error}", place=str(path)) from None
    try:
        return FailurePreset.model_validate(values)
    except ValidationError as error:
        raise ConfigError("\n".join(_line(path, problem) for problem in error.errors())) from None


def _line(path: Path, problem: Any) -> str:
    inner = [str(part) for part in problem["loc"]]
    if problem["type"] == "extra_forbidden" and len(inner) == 1:
        return f"{path}: {inner[0]}: no such key: {nearest(inner[0], FailurePreset.model_fields)}"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{path}: {'.'.join(inner) or 'preset'}: {message[:1].lower()}{message[1:]}"
