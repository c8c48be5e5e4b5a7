"""Presets of failures: bundled ones by name, others by file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import ValidationError

from patchopt.errors import ConfigError, Problem, ScenarioError, nearest
from patchopt.files.reading import exists, read_regular
from patchopt.files.yaml_tree import read_yaml
from patchopt.model.presets import FailurePreset
from patchopt.resources import resource_folder
from patchopt.wording import problems_of

#: What leaves a scenario's own failures as they are.
AS_WRITTEN: Final = "as_written"

#: Most bytes of a preset that is read.
_MAX_BYTES: Final = 1 << 20


def bundled_presets() -> tuple[str, ...]:
    """Return the names of the bundled presets.

    Examples
    --------
    >>> bundled_presets()
    ('as_written', 'independent', 'none', 'pessimistic', 'shared_defect')
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
    known = f"{nearest(name, bundled_presets())}, or give the path of a file"
    if not exists(path):
        raise ConfigError(f"there is no preset of failures '{name}'", remedy=known)

    def refuse(problem: Problem) -> ConfigError:
        return ConfigError(problem.message, place=name, remedy=problem.remedy)

    return _preset_of(read_regular(path, _MAX_BYTES, refuse), str(path))


def _preset_of(raw: bytes, source: str) -> FailurePreset:
    try:
        tree = read_yaml(raw, source)
    except ScenarioError as error:  # as presets are read like scenarios
        raise ConfigError(str(error)) from None
    try:
        return FailurePreset.model_validate(tree.value)
    except ValidationError as error:
        problems = problems_of(error, FailurePreset, tree.value)
        raise ConfigError("\n".join(p.render(source) for p in tree.placed(problems))) from None
