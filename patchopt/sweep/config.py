"""The configuration of a sweep: composed by Hydra, then checked, then frozen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from patchopt.errors import ConfigError, nearest
from patchopt.optimizer import OptimizerParameters
from patchopt.resources import resource_folder


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class SweepSection(_Frozen):
    """What is swept and where it goes; see ``conf/sweep/default.yaml``."""

    scenarios: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    strategies: Annotated[tuple[str | dict[str, Any], ...], Field(min_length=1, strict=False)]
    replications: Annotated[int, Field(ge=1, le=1_000_000_000)]
    seed: Annotated[int, Field(ge=0, lt=2**53)] | None
    out: str | None
    force: bool


class SimulatorSection(_Frozen):
    """How replications are run; see ``conf/simulator/default.yaml``."""

    block: Annotated[int, Field(ge=1)]
    trace: bool


class ParallelSection(_Frozen):
    """Workers; see ``conf/parallel/local.yaml``."""

    n_jobs: int


class SweepConfig(_Frozen):
    """A whole configuration, checked."""

    sweep: SweepSection
    optimizer: OptimizerParameters
    simulator: SimulatorSection
    parallel: ParallelSection


SECTIONS: Final = ("scenario", "strategy", "optimizer", "simulator", "sweep", "parallel")

Overrides = Sequence[str]


def conf_folder() -> Path:
    """Give the folder of the configuration groups."""
    return resource_folder("conf")


def check_config(values: Mapping[str, Any]) -> SweepConfig:
    """Check a composed configuration.

    Parameters
    ----------
    values : mapping
        As Hydra composed it, resolved.

    Returns
    -------
    SweepConfig

    Raises
    ------
    ConfigError
        With every problem: the key, what is wrong, what would do.
    """
    known = SweepConfig.model_fields
    given = {key: value for key, value in values.items() if key in known}
    unknown = [key for key in values if key not in known]
    problems = [f"unknown key '{key}': {nearest(key, known)}" for key in unknown]
    try:
        config = SweepConfig.model_validate(given)
    except ValidationError as error:
        problems += [_problem(problem) for problem in error.errors()]
    else:
        if config.parallel.n_jobs == 0:
            problems.append("parallel.n_jobs: 0 workers do nothing: give -1 for all cores")
    if problems:
        raise ConfigError("\n".join(problems))
    return config


_MESSAGES: Final[dict[str, str]] = {
    "missing": "is missing; give a value",
    "extra_forbidden": "is no such key",
    "too_short": "is empty; name at least one",
}


def _problem(problem: Any) -> str:
    path = [str(part) for part in problem["loc"] if part not in ("str", "dict[str,any]")]
    key = ".".join(path)
    if problem["type"] == "extra_forbidden" and len(path) > 1:
        section = SweepConfig.model_fields[path[0]].annotation
        fields = getattr(section, "model_fields", None) or getattr(
            section, "__dataclass_fields__", {}
        )
        return f"{key}: no such key: {nearest(path[-1], fields)}"
    message = _MESSAGES.get(problem["type"])
    if message is None:
        message = f"{problem['msg'][0].lower()}{problem['msg'][1:]}, not {problem['input']!r}"
    return f"{key}: {message}"
