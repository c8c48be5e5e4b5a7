"""The configuration of a sweep: composed by Hydra, then checked, then frozen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    PlainValidator,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from patchopt import wording
from patchopt.errors import ConfigError, Problem, nearest
from patchopt.model.base import Frozen
from patchopt.model.metrics import NUMERIC_METRICS
from patchopt.model.presets import FailurePreset
from patchopt.model.quantities import Duration
from patchopt.optimizer import OptimizerParameters
from patchopt.optimizer.parameters import Seconds
from patchopt.resources import resource_folder
from patchopt.stochastic.parameters import OUTCOME_S
from patchopt.wording import problems_of, shown

#: More worker processes than that are a slip of the keyboard.
MOST_WORKERS: Final = 512


def _metric(name: str) -> str:
    known = [metric.name for metric in NUMERIC_METRICS]
    if name not in known:
        raise ValueError(f"there is no metric '{name}'; {nearest(name, known)}")
    return name


def _replications(value: Any) -> int | str:
    counts = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 10**9
    if not counts and value != "auto":
        raise ValueError(f"{shown(value)} is no number of replications; give 1 to {10**9}, or auto")
    return cast("int | str", value)


def _seeds(value: Any) -> int | tuple[int, ...] | None:
    """Check a seed, or a list of them."""
    given = value if isinstance(value, list | tuple) else [] if value is None else [value]
    for seed in given:
        if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**53:
            raise ValueError(f"{shown(seed)} is no seed; give 0 to {2**53 - 1}, or a list of such")
    if isinstance(value, list | tuple):
        if not value or len(set(value)) < len(value):
            raise ValueError(f"{shown(value)} names no seed, or one twice; name each once")
        return tuple(value)
    return cast("int | None", value)


def _workers(count: int) -> int:
    if count == 0 or abs(count) > MOST_WORKERS:
        raise ValueError(
            f"{shown(count)} workers do not do; give -1 for all cores, or from 1 to {MOST_WORKERS}"
        )
    return count


def _address(value: str) -> str:
    if not value.strip():
        raise ValueError(
            "there is no address in it; give one such as tcp://scheduler:8786, or null"
        )
    return value


def _folder(value: str) -> str:
    if not value.strip() or "\0" in value:
        raise ValueError(
            f"{shown(value)} is no folder; give the name of one, or null for the usual one"
        )
    return value


class PrecisionSection(Frozen):
    """When there are enough replications; see ``conf/sweep/default.yaml``."""

    metrics: Annotated[
        tuple[Annotated[str, AfterValidator(_metric)], ...], Field(min_length=1, strict=False)
    ]
    share: Annotated[float, Field(gt=0, lt=1)]
    cap: Annotated[int, Field(ge=1, le=1_000_000_000)]


def _strategy(value: Any) -> Any:
    if not isinstance(value, str | dict):
        raise ValueError(f"{shown(value)} is no strategy; give a name, or {{name: parameters}}")
    return value


class SweepSection(Frozen):
    """What is swept and where it goes; see ``conf/sweep/default.yaml``."""

    scenarios: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    strategies: Annotated[
        tuple[Annotated[str | dict[str, Any], BeforeValidator(_strategy)], ...],
        Field(min_length=1, strict=False),
    ]
    replications: Annotated[int | Literal["auto"], PlainValidator(_replications)]
    stratify: bool
    precision: PrecisionSection
    seed: Annotated[int | tuple[int, ...] | None, BeforeValidator(_seeds)]
    out: Annotated[str, AfterValidator(_folder)] | None
    force: bool
    retry: bool = False
    wait: Duration = 0
    only: Annotated[tuple[str, ...], Field(strict=False)] = ()
    dry_run: bool = False


class BoundSection(Frozen):
    """Wait-and-see bounds; see ``conf/bound/none.yaml``."""

    replications: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    time_limit: Seconds = OUTCOME_S


class SimulatorSection(Frozen):
    """How replications are run; see ``conf/simulator/default.yaml``."""

    block: Annotated[int, Field(ge=1)]
    trace: bool


class ParallelSection(Frozen):
    """Workers; see ``conf/parallel/local.yaml`` and ``conf/parallel/dask.yaml``."""

    backend: Literal["local", "dask", "ray"] = "local"
    n_jobs: Annotated[int, AfterValidator(_workers)]
    address: Annotated[str, AfterValidator(_address)] | None = None
    wait: Duration = 60

    @field_validator("address")
    @classmethod
    def _of_a_scheduler(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("backend") == "local":
            raise ValueError(
                f"{shown(value)} is no use to workers on this machine; "
                "add parallel=dask or parallel=ray, or leave it out"
            )
        return value


class SweepConfig(Frozen):
    """A whole configuration, checked."""

    sweep: SweepSection
    optimizer: OptimizerParameters
    bound: BoundSection = BoundSection()
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
    given = dict(values)
    problems = _not_sections(given)
    if problems:
        # Nothing inside them can be named, so nothing else is looked at.
        raise ConfigError("\n".join(problem.render("") for problem in problems))
    search: Any = given.get("optimizer", {})
    try:
        # Its parameters are those of a call, whose defaults hold for what is not given.
        given["optimizer"] = OptimizerParameters(**{str(k): v for k, v in search.items()})
    except ValidationError as error:
        problems += problems_of(error, OptimizerParameters, search, ("optimizer",))
        given["optimizer"] = OptimizerParameters()
    try:
        config = SweepConfig.model_validate(given)
    except ValidationError as error:
        problems += problems_of(error, SweepConfig, given)
    if problems:
        raise ConfigError("\n".join(problem.render("") for problem in problems))
    return config


def _not_sections(given: Mapping[str, Any]) -> list[Problem]:
    """Return a problem for each section that is no mapping."""
    return [
        Problem((key,), f"{shown(value)} is not a mapping", f"give a mapping of {_listed(key)}")
        for key, value in given.items()
        if key in SweepConfig.model_fields
        and not isinstance(value, Mapping | BaseModel)
        and not (key == "failures" and value is None)
    ]


def _listed(section: str) -> str:
    return ", ".join(keys_of(section))


def keys_of(section: str) -> list[str]:
    """Return the keys of a section, or the sections themselves if there is none of that name."""
    return wording.keys_of(SweepConfig, (section,)) or list(SweepConfig.model_fields)
