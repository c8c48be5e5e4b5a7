"""The configuration of a sweep: composed by Hydra, then checked, then frozen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, ValidationError

from patchopt.errors import ConfigError, nearest
from patchopt.model.metrics import NUMERIC_METRICS, TOTAL_EXPOSURE
from patchopt.model.presets import FailurePreset
from patchopt.optimizer import OptimizerParameters
from patchopt.resources import resource_folder


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def _metric(name: str) -> str:
    known = [metric.name for metric in (TOTAL_EXPOSURE, *NUMERIC_METRICS)]
    if name not in known:
        raise ValueError(f"no such metric: {nearest(name, known)}")
    return name


def _replications(value: Any) -> int | str:
    counts = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 10**9
    if not counts and value != "auto":
        raise ValueError(f"give a number from 1 to {10**9}, or auto")
    return cast("int | str", value)


class PrecisionSection(_Frozen):
    """When there are enough replications; see ``conf/sweep/default.yaml``."""

    metrics: Annotated[
        tuple[Annotated[str, AfterValidator(_metric)], ...], Field(min_length=1, strict=False)
    ]
    share: Annotated[float, Field(gt=0, lt=1)]
    cap: Annotated[int, Field(ge=1, le=1_000_000_000)]


class SweepSection(_Frozen):
    """What is swept and where it goes; see ``conf/sweep/default.yaml``."""

    scenarios: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    strategies: Annotated[tuple[str | dict[str, Any], ...], Field(min_length=1, strict=False)]
    replications: Annotated[int | Literal["auto"], PlainValidator(_replications)]
    stratify: bool
    precision: PrecisionSection
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
    failures: FailurePreset | None = None
    parallel: ParallelSection


def conf_folder() -> Path:
    """Return the folder of the configuration groups."""
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
    problems = [f"unknown key '{key}': {nearest(key, known)}" for key in values if key not in known]
    given = {key: value for key, value in values.items() if key in known}
    try:
        search = OptimizerParameters(**given.get("optimizer", {}))
    except ValidationError as error:
        problems += [_problem(problem, ("optimizer",)) for problem in error.errors()]
        search = OptimizerParameters()
    try:
        config = SweepConfig.model_validate({**given, "optimizer": search})
    except ValidationError as error:
        problems += [_problem(problem, ()) for problem in error.errors()]
    else:
        if config.parallel.n_jobs == 0:
            problems.append("parallel.n_jobs: 0 workers do nothing: give -1 for all cores")
    if problems:
        raise ConfigError("\n".join(problems))
    return config


_MESSAGES: Final[dict[str, str]] = {
    "missing": "is missing; give a value",
    "too_short": "is empty; name at least one",
}


def _problem(problem: Any, section: tuple[str, ...]) -> str:
    inner = [str(part) for part in problem["loc"] if part not in ("str", "dict[str,any]")]
    path = [*section, *inner]
    key = ".".join(path)
    if problem["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"{key}: no such key: {nearest(path[-1], keys_of(path[0]))}"
    message = _MESSAGES.get(problem["type"])
    if message is None:
        said = problem["msg"].removeprefix("Value error, ")
        message = f"{said[0].lower()}{said[1:]}, not {problem['input']!r}"
    return f"{key}: {message}"


def keys_of(section: str) -> list[str]:
    """Return the keys of a section, or the sections themselves if there is none of that name."""
    field = SweepConfig.model_fields.get(section)
    if field is None:
        return list(SweepConfig.model_fields)
    inner: Any = FailurePreset if section == "failures" else field.annotation
    return list(getattr(inner, "model_fields", None) or inner.__dataclass_fields__)
