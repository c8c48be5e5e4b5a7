"""From a configuration to cells: scenario x strategy with its parameters x block of a seed."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from glob import glob
from typing import Any, Final

from patchopt.errors import ConfigError
from patchopt.files import load_scenario
from patchopt.model.presets import with_failures
from patchopt.model.scenario import Scenario
from patchopt.stochastic.parameters import ExpectedParameters
from patchopt.strategies import make_strategy
from patchopt.sweeps.config import SweepConfig

#: Plans that `expected` simulates for each second that the nominal optimum may take.
_PLANS_A_SECOND: Final = 200


@dataclass(frozen=True)
class PlanTask:
    """One plan to be made: a strategy with its parameters on a scenario.

    Parameters
    ----------
    scenario_name : str
        Of the scenario.
    scenario_json : str
        Its content.
    strategy : str
        Name of the strategy.
    parameters : dict
        Those that it is made with; all of the others have their defaults.
    label : str
        The strategy with the parameters that the user gave.
    seeds : tuple of int
        Each has replications of its own, numbered from 0.
    """

    scenario_name: str
    scenario_json: str
    strategy: str
    parameters: dict[str, Any]
    label: str
    seeds: tuple[int, ...]

    @property
    def parameters_json(self) -> str:
        """The parameters as text, the same for the same parameters."""
        return json.dumps(self.parameters, sort_keys=True)


def plan_tasks(config: SweepConfig, scenarios: Sequence[Scenario] | None = None) -> list[PlanTask]:
    """Return every plan that a sweep needs, scenarios outside, strategies inside.

    Parameters
    ----------
    config : SweepConfig
        The study.
    scenarios : sequence of Scenario, optional
        As they are to be swept, in place of those that the configuration names.

    Returns
    -------
    list of PlanTask
        By their numbers in the dataset.

    Raises
    ------
    ScenarioError, StrategyError, ConfigError
        Before anything runs, if one of them cannot be used or is there twice.
    """
    if scenarios is None:
        names = [name for given in config.sweep.scenarios for name in _meant(given)]
        scenarios = [with_failures(load_scenario(name), config.failures) for name in names]
    _refuse_twice([scenario.name for scenario in scenarios], "sweep.scenarios")
    strategies = [entry for given in config.sweep.strategies for entry in _grid(given)]
    _refuse_twice([_label(name, chosen) for name, chosen in strategies], "sweep.strategies")
    checked = [
        (name, make_strategy(name, _parameters(config, name, chosen)).parameters, chosen)
        for name, chosen in strategies
    ]
    pairs = itertools.product(scenarios, checked)
    return [_task(config, scenario, *strategy) for scenario, strategy in pairs]


def _meant(given: str) -> list[str]:
    """Return the scenarios that a name stands for: a path with ``*`` for the files that are so."""
    if "*" not in given:
        return [given]
    found = sorted(glob(given, recursive=True))  # noqa: PTH207 - the path may be absolute
    if not found:
        raise ConfigError(
            f"no file is like '{given}'",
            place="sweep.scenarios",
            remedy="give the path of a scenario, or one with * that some files are like",
        )
    return found


def _task(
    config: SweepConfig,
    scenario: Scenario,
    name: str,
    parameters: dict[str, Any],
    chosen: dict[str, Any],
) -> PlanTask:
    given = config.sweep.seed
    seeds = given if isinstance(given, tuple) else (scenario.seed if given is None else given,)
    return PlanTask(
        scenario.name,
        scenario.model_dump_json(),
        name,
        parameters,
        _label(name, chosen),
        seeds,
    )


def _grid(given: str | Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the strategies that an entry stands for: lists of values are axes of a grid."""
    if isinstance(given, str):
        return [(given, {})]
    rest = dict(given)
    name = rest.pop("name", None)
    if not isinstance(name, str):
        raise ConfigError(
            f"{dict(given)!r} has no name of a strategy",
            place="sweep.strategies",
            remedy="write for example {name: canary, share: 0.2}",
        )
    axes = [value if isinstance(value, list) else [value] for value in rest.values()]
    for key, axis in zip(rest, axes, strict=True):
        if not axis:
            raise ConfigError(
                f"parameter '{key}' of '{name}' has no values",
                place="sweep.strategies",
                remedy="give at least one",
            )
    return [(name, dict(zip(rest, values, strict=True))) for values in itertools.product(*axes)]


def _parameters(config: SweepConfig, name: str, chosen: dict[str, Any]) -> dict[str, Any]:
    """Return those who search the limits of the group ``optimizer``; an entry's own go first."""
    limits = config.optimizer
    if name == "optimal":
        return {key: getattr(limits, key) for key in type(limits).__dataclass_fields__} | chosen
    if name == "expected":
        most = ExpectedParameters().plans
        plans = min(most, math.ceil(limits.time_limit * _PLANS_A_SECOND))
        searched = {"time_limit": limits.time_limit, "seed": limits.seed, "plans": plans}
        # Bounds are a matter of the study: they are the same for all plans.
        return {**searched, "bounds": 0, **chosen}
    return chosen


def _label(name: str, chosen: Mapping[str, Any]) -> str:
    if not chosen:
        return name
    shown = ", ".join(f"{key}={_plain(value)}" for key, value in sorted(chosen.items()))
    return f"{name}({shown})"


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _refuse_twice(names: list[str], place: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ConfigError(f"'{name}' is there twice", place=place, remedy="name it once")
        seen.add(name)
