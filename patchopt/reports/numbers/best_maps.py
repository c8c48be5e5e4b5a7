"""Which plan is best under each value of what is assumed and of what is chosen."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from patchopt.model.base import Flags, Floats, Ints
from patchopt.reports.numbers.gaps import under_same_luck
from patchopt.reports.numbers.sensitivity import designs
from patchopt.reports.numbers.study import Study
from patchopt.reports.numbers.summary import Results

#: Strategies that search for what is best, and whose parameters say how long; all others are
#: heuristics.
SEARCHING: Final = ("optimal", "expected")

_Kind = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, eq=False, kw_only=True)
class BestMap:
    """The plan of least mean total exposure over a parameter of the scenario and one of a plan.

    Parameters
    ----------
    scenario : str
        Which; settings in which other datasets differ are part of its name.
    parameter : str
        What is assumed: the key of a configuration, such as ``failures.defect.probability``.
    values : tuple of float
        Of the parameter, ascending, at least two; durations in seconds.
    option : str
        What is chosen: a parameter of some strategies, such as ``soak``.
    settings : tuple of float
        Of the option, ascending, at least two; durations in seconds.
    kinds : tuple of str
        Strategies, told apart by their other parameters where they need be: those that have the
        option first.
    labels : tuple of str
        A label of each kind, whose look it has.
    with_option : int
        How many have it.
    costs : ndarray of float64, shape (kinds, values, settings)
        Mean total exposure, weight·s; infinite where there is no plan that keeps the constraints.
        Of those without the option the same under every setting.
    best : ndarray of int64, shape (values, settings)
        The kind of least cost; -1 where no plan keeps the constraints.
    ratio : ndarray of float64, shape (values, settings)
        Least cost with the option over least cost without; NaN where one of them is missing.
    sure : ndarray of bool, shape (values, settings)
        Whether the 95% interval of that difference, under the same luck, leaves out 0.
    break_even : ndarray of float64, shape (settings,)
        Value at which some plan with the option comes to cost less than all without: between two
        values by a straight line, which is exact for the probability that one release is bad if
        the next one is sound; infinite if none does, the least value if one does from there on.
        NaN where all plans have the option.
    """

    scenario: str
    parameter: str
    values: tuple[float, ...]
    option: str
    settings: tuple[float, ...]
    kinds: tuple[str, ...]
    labels: tuple[str, ...]
    with_option: int
    costs: Floats
    best: Ints
    ratio: Floats
    sure: Flags
    break_even: Floats


def best_maps(study: Study, results: Results) -> list[BestMap]:
    """Find the parameters and options of which a study has several values each.

    Parameters
    ----------
    study : Study
        Of several datasets, such as the jobs of a multirun
        (``patchopt sweep -m failures.defect.probability=0.01,0.1``), with strategies that are
        given lists (``{name: canary, soak: [5m, 1h]}``).
    results : Results
        Its numbers.

    Returns
    -------
    list of BestMap
        One a scenario, parameter and option.
    """
    rows = results.summary
    kept = rows[(rows["breaks"] == "") & (rows["replications"] > 0)]
    found = []
    for (scenario, parameter), names in designs(results).items():
        values = tuple(sorted(names))
        plans = [
            _plan(study, row)
            for row in kept[kept["scenario"].isin(names.values())].to_dict("records")
        ]
        for option in _options(plans):
            grid = _grid(plans, option, [names[value] for value in values])
            found.append(_map(study, grid, scenario, parameter, values, option))
    return found


class _Plan(NamedTuple):
    scenario: str
    number: int
    label: str
    cost: float
    strategy: str
    parameters: Mapping[str, Any]

    def setting(self, option: str) -> float | None:
        """Return a number that it was made with, if that says what is done."""
        value: Any = None if self.strategy in SEARCHING else self.parameters.get(option)
        numeric = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if numeric else None

    def kind(self, option: str) -> _Kind:
        """Return what it shares with those that differ in the option alone."""
        rest = sorted(name for name in self.parameters if name != option)
        return self.strategy, tuple((name, json.dumps(self.parameters[name])) for name in rest)


def _plan(study: Study, row: Mapping[Hashable, Any]) -> _Plan:
    return _Plan(
        scenario=row["scenario"],
        number=row["plan"],
        label=row["label"],
        cost=row["total_exposure"],
        strategy=row["strategy"],
        parameters=json.loads(str(study.plans.loc[row["plan"], "parameters"])),
    )


def _several(plans: Iterable[_Plan], option: str) -> dict[_Kind, list[float]]:
    """Return the settings of the kinds that have more than one, ascending."""
    settings: dict[_Kind, set[float]] = {}
    for plan in plans:
        value = plan.setting(option)
        if value is not None:
            settings.setdefault(plan.kind(option), set()).add(value)
    return {kind: sorted(values) for kind, values in settings.items() if len(values) > 1}


def _options(plans: Sequence[_Plan]) -> list[str]:
    names = {name for plan in plans for name in plan.parameters}
    return sorted(name for name in names if _several(plans, name))


class _Grid(NamedTuple):
    """Costs and numbers of plans, of shape (kinds, values, settings); -1: none."""

    kinds: list[_Kind]
    labels: list[str]
    with_option: int
    settings: list[float]
    costs: Floats
    plans: Ints


def _grid(plans: Sequence[_Plan], option: str, scenarios: Sequence[str]) -> _Grid:
    several = _several(plans, option)
    every = {plan.kind(option): plan.label for plan in reversed(plans)}
    kinds = sorted(every, key=lambda kind: (kind not in several, kind))
    settings = sorted({value for values in several.values() for value in values})
    shape = (len(kinds), len(scenarios), len(settings))
    costs, numbers = np.full(shape, np.inf), np.full(shape, -1, np.int64)
    for plan in plans:
        kind = plan.kind(option)
        # One setting is no choice: such a plan stands beside all settings of others.
        at = settings.index(plan.setting(option) or 0.0) if kind in several else slice(None)
        place = kinds.index(kind), scenarios.index(plan.scenario), at
        costs[place], numbers[place] = plan.cost, plan.number
    return _Grid(kinds, [every[kind] for kind in kinds], len(several), settings, costs, numbers)


def _map(
    study: Study,
    grid: _Grid,
    scenario: str,
    parameter: str,
    values: tuple[float, ...],
    option: str,
) -> BestMap:
    ratio, sure = _beside(study, grid)
    return BestMap(
        scenario=scenario,
        parameter=parameter,
        values=values,
        option=option,
        settings=tuple(grid.settings),
        kinds=tuple(_names(grid.kinds)),
        labels=tuple(grid.labels),
        with_option=grid.with_option,
        costs=grid.costs,
        best=np.where(np.isfinite(grid.costs).any(axis=0), grid.costs.argmin(axis=0), -1),
        ratio=ratio,
        sure=sure,
        break_even=_break_even(grid, values),
    )


def _names(kinds: Sequence[_Kind]) -> Iterator[str]:
    """Yield names: the strategy, and what tells it from others of its name."""
    for strategy, parameters in kinds:
        alike = [set(others) for name, others in kinds if name == strategy]
        own = [f"{k}={json.loads(v)}" for k, v in parameters if any((k, v) not in o for o in alike)]
        yield f"{strategy}({', '.join(own)})" if own else strategy


def _beside(study: Study, grid: _Grid) -> tuple[Floats, Flags]:
    """Return ratios of the best plan with the option to the best without; see `BestMap`."""
    shape = grid.costs.shape[1:]
    ratio, sure = np.full(shape, np.nan), np.zeros(shape, np.bool_)
    if grid.with_option == len(grid.kinds):
        return ratio, sure
    known: dict[tuple[int, int], bool] = {}
    for at in np.ndindex(shape):
        costs, plans = grid.costs[(..., *at)], grid.plans[(..., *at)]
        own = int(costs[: grid.with_option].argmin())
        other = grid.with_option + int(costs[grid.with_option :].argmin())
        pair = int(plans[own]), int(plans[other])
        if min(pair) < 0:
            continue
        ratio[at] = costs[own] / costs[other] if costs[other] > 0 else np.nan
        if pair not in known:
            found = under_same_luck(study, *pair)
            known[pair] = (
                found is not None and not found.difference_low <= 0 <= found.difference_high
            )
        sure[at] = known[pair]
    return ratio, sure


def _break_even(grid: _Grid, values: Sequence[float]) -> Floats:
    """Return from which value on plans with the option cost less; see `BestMap`."""
    found = np.full(len(grid.settings), np.nan)
    if grid.with_option == len(grid.kinds):
        return found
    own = grid.costs[: grid.with_option].min(axis=0)
    others = grid.costs[grid.with_option :].min(axis=0)
    with np.errstate(invalid="ignore"):  # none on either side: not less
        difference = own - others
    for column, more in enumerate(difference.T):
        pays = np.flatnonzero(more < 0)
        if not len(pays):
            found[column] = np.inf
        elif (row := int(pays[0])) == 0 or not np.isfinite(more[row - 1]):
            found[column] = values[row]
        else:
            share = more[row - 1] / (more[row - 1] - more[row])
            found[column] = values[row - 1] + share * (values[row] - values[row - 1])
    return found
