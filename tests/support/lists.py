"""Problems of scenarios, and lists of their tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from patchopt.generate import factors_of, instance
from patchopt.model.build import build_infrastructure
from patchopt.model.items import items_of
from patchopt.optimizer.problem import problem_of
from support.contract import infrastructure_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from patchopt.model.base import Ints
    from patchopt.model.items import OnInfeasible
    from patchopt.model.windows import Numbers
    from patchopt.optimizer.problem import Problem


def problem_from(scenario: Mapping[str, Any], on_infeasible: OnInfeasible = "downtime") -> Problem:
    infrastructure = infrastructure_of(scenario)
    items = items_of(infrastructure, respect_units=True, on_infeasible=on_infeasible)
    return problem_of(infrastructure, items)


def of(weight: int, duration: int = 1, **more: Any) -> dict[str, Any]:
    """Return a node for `support.examples.small`, worked on in place."""
    node = {"blue_green": False, "criticality": weight, "patch_with": {"duration": duration}}
    return node | more


def made(family: str, nodes: int = 20, seed: int = 5) -> Problem:
    """Return the problem of a made-up instance."""
    infrastructure = build_infrastructure(instance(factors_of(family, nodes), seed))
    return problem_of(infrastructure, items_of(infrastructure))


def all_below(problem: Problem, component: int) -> set[int]:
    """Return the components that one depends on, however far below."""
    found: set[int] = set()
    stack = list(problem.dependencies.get(component, ()))
    while stack:
        lower = stack.pop()
        if lower not in found:
            found.add(lower)
            stack += problem.dependencies.get(lower, ())
    return found


def some_list(problem: Problem, luck: Random) -> list[int]:
    """Return the tasks in any order in which each comes after all that it depends on."""
    left = [task.component for task in problem.tasks]
    under = {component: all_below(problem, component) for component in left}
    order: list[int] = []
    waiting = list(range(len(left)))
    while waiting:
        open_components = {left[number] for number in waiting}
        free = [one for one in waiting if not under[left[one]] & open_components]
        order.append(luck.choice(free))
        waiting.remove(order[-1])
    return order


def ints(numbers: Numbers) -> Ints:
    return cast("Ints", numbers)


def some_modes(problem: Problem, luck: Random) -> list[int]:
    actions = [[mode.action == "build" for mode in task.modes] for task in problem.tasks]
    return [luck.choice([-1, *map(int, own)]) for own in actions]


def check_list(problem: Problem, order: Numbers) -> None:
    """Assert that every task is there once, after all that it depends on."""
    place = {int(task): at for at, task in enumerate(ints(order))}
    assert sorted(place) == list(range(len(problem.tasks)))
    assert len(place) == len(order)
    for one, other in below(problem):
        assert place[other] < place[one]


def below(problem: Problem) -> list[tuple[int, int]]:
    """Return the pairs of a task and one that it depends on, however far below."""
    found = []
    for one, task in enumerate(problem.tasks):
        under = all_below(problem, task.component)
        found += [(one, at) for at, other in enumerate(problem.tasks) if other.component in under]
    return found
