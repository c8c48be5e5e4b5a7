"""The contract of a strategy and the registry: Infrastructure in, Plan out.

A strategy is a frozen, validated dataclass whose fields are its parameters, with one
method, `steps`. The decorator `register` makes it known under its name; a package of
its own names it in the entry-point group ``patchopt.strategies`` instead.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from importlib.metadata import entry_points
from typing import Any, ClassVar, Final, TypeVar

from pydantic import ValidationError
from pydantic.dataclasses import dataclass as validated

from patchopt.errors import Problem, StrategyError, nearest
from patchopt.model import base
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.items import OnInfeasible
from patchopt.model.plan import Plan, PlanBuilder, ScenarioRef, StrategyRef
from patchopt.wording import problems_of

#: What every strategy's dataclass is declared with.
STRICT: Final = base.STRICT

ENTRY_POINTS: Final = "patchopt.strategies"

_BUILT_IN: Final = {
    "big_bang": "big_bang",
    "rolling": "rolling",
    "batch_rolling": "batch_rolling",
    "canary": "canary",
    "blue_green": "blue_green",
    "dependency_aware": "dependency_aware",
    "hybrid": "hybrid",
    "exposure_greedy": "exposure_greedy",
    "waves": "waves",
    "optimal": "optimal",
    "expected": "expected",
}

_REGISTERED: dict[str, type[Strategy]] = {}


@validated(frozen=True, config=STRICT)
class Strategy(ABC):
    """A way to turn an infrastructure into a plan.

    Parameters
    ----------
    respect_units : bool
        False: nodes are planned for themselves, whatever their incompatible edges say.
    on_infeasible : str
        What becomes of a unit that cannot be done within the constraints: done in place
        with the ``downtime`` counted, ``skip``, or ``error``.
    """

    name: ClassVar[str] = ""
    summary: ClassVar[str] = ""

    respect_units: bool = True
    on_infeasible: OnInfeasible = "downtime"

    @abstractmethod
    def steps(self, infrastructure: Infrastructure, builder: PlanBuilder) -> None:
        """Add the steps of the plan, in order, to a builder.

        Parameters
        ----------
        infrastructure : Infrastructure
            What is to be patched.
        builder : PlanBuilder
            Receives the steps; `patchopt.strategies.placing` helps to make them.
        """

    def plan(self, infrastructure: Infrastructure) -> Plan:
        """Plan an infrastructure.

        Parameters
        ----------
        infrastructure : Infrastructure
            What is to be patched.

        Returns
        -------
        Plan
            The same bytes for the same inputs.
        """
        builder = PlanBuilder()
        self.steps(infrastructure, builder)
        scenario = ScenarioRef(name=infrastructure.scenario.name, sha256=infrastructure.sha256)
        return builder.build(scenario, StrategyRef(name=self.name, parameters=self.parameters))

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters, as they go into the plan and come back out of its file."""
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in asdict(self).items()
        }


def add_again(builder: PlanBuilder, plan: Plan) -> None:
    """Add the steps of a plan to a builder."""
    for step in plan.steps:
        keys: dict[str, Any] = step.model_dump(exclude={"id", "action", "nodes"})
        builder.add(step.action, step.nodes, **keys | {"gate": step.gate})


# Not bound by Strategy: to type checkers, pydantic's decorator gives a class of its own.
S = TypeVar("S", bound=type[Any])


def register(name: str) -> Callable[[S], S]:
    """Make a strategy known under a name.

    Parameters
    ----------
    name : str
        As users write it.

    Raises
    ------
    StrategyError
        If another class has the name already.
    """

    def decorate(cls: S) -> S:
        known = _REGISTERED.get(name)
        if known is not None and known.__qualname__ != cls.__qualname__:
            raise StrategyError(
                f"two strategies are called '{name}': {known.__module__} and {cls.__module__}",
                remedy="rename one of them",
            )
        cls.name = name
        cls.summary = (cls.__doc__ or "").strip().partition("\n")[0]
        _REGISTERED[name] = cls
        return cls

    return decorate


def strategy_names() -> tuple[str, ...]:
    """Return the names of all strategies: built in, registered, and of other packages."""
    others = {point.name for point in entry_points(group=ENTRY_POINTS)}
    rest = (others | set(_REGISTERED)) - set(_BUILT_IN)
    return (*_BUILT_IN, *sorted(rest))


def strategy_class(name: str) -> type[Strategy]:
    """Return the class of a strategy.

    Raises
    ------
    StrategyError
        If there is none of that name, with the nearest that there is; if another
        package's cannot be loaded.
    """
    if name not in _REGISTERED and name in _BUILT_IN:
        importlib.import_module(f"patchopt.strategies.{_BUILT_IN[name]}")
    if name not in _REGISTERED:
        _load_from_others(name)
    if name not in _REGISTERED:
        raise StrategyError(f"unknown strategy '{name}'", remedy=nearest(name, strategy_names()))
    return _REGISTERED[name]


def _load_from_others(name: str) -> None:
    for point in entry_points(group=ENTRY_POINTS, name=name):
        try:
            loaded = point.load()
        except Exception as error:
            raise StrategyError(
                f"strategy '{name}' of {point.value} cannot be loaded: {error}",
                remedy="mend or uninstall the package that offers it",
            ) from error
        if not (isinstance(loaded, type) and issubclass(loaded, Strategy)):
            raise StrategyError(
                f"strategy '{name}' of {point.value} is not a patchopt.strategies.Strategy",
                remedy="derive it from that class",
            )
        register(name)(loaded)


def make_strategy(name: str, parameters: Mapping[str, Any] | None = None) -> Strategy:
    """Make a strategy from its name and parameters, checked.

    Parameters
    ----------
    name : str
        Of the strategy.
    parameters : mapping, optional
        Those that differ from the defaults.

    Returns
    -------
    Strategy

    Raises
    ------
    StrategyError
        For an unknown name or parameter, with the nearest right one, and for a value
        that a parameter does not take.

    Examples
    --------
    >>> make_strategy("canary", {"share": 0.2}).parameters["share"]
    0.2
    """
    cls = strategy_class(name)
    known = [field.name for field in fields(cls)]
    given = dict(parameters or {})
    for key in given:
        if key not in known:
            message = f"strategy '{name}' has no parameter '{key}'"
            raise StrategyError(message, remedy=nearest(key, known))
    try:
        return cls(**given)
    except ValidationError as error:
        raise _refusal(name, problems_of(error, cls, given)) from None


def _refusal(name: str, problems: Sequence[Problem]) -> StrategyError:
    """Return all complaints about the parameters of a strategy as one error."""
    place = f"strategy '{name}', parameter "
    told = [
        StrategyError(
            problem.message,
            place=f"{place}'{'.'.join(map(str, problem.path))}'",
            remedy=problem.remedy,
        )
        for problem in problems
    ]
    return told[0] if len(told) == 1 else StrategyError("\n".join(map(str, told)))
