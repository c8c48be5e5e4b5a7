"""Whether a plan is one of its scenario at all: what executing it takes for granted (MODEL 5)."""

from __future__ import annotations

from collections.abc import Iterator

from patchopt.errors import PlanError, nearest
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan, Step
from patchopt.verify.execution import in_order


def need_fit(plan: Plan, infrastructure: Infrastructure, source: str = "plan") -> None:
    """Refuse a plan that is not one of a scenario.

    Parameters
    ----------
    plan : Plan
        Well-formed by itself.
    infrastructure : Infrastructure
        What it should be for.
    source : str
        Name of its file, for messages.

    Raises
    ------
    PlanError
        With the first thing that is wrong: another scenario, ids, nodes, services, copies
        without a switch, steps that wait for each other.
    """
    if plan.scenario.sha256 != infrastructure.sha256:
        message = (
            f"the plan is for another scenario: '{plan.scenario.name}' "
            f"({plan.scenario.sha256[:12]}), not '{infrastructure.scenario.name}' "
            f"({infrastructure.sha256[:12]})"
        )
        raise PlanError(message, place=source, remedy="give the one that it was made for")
    for check in (_numbered, _named, _worked_on_once, _switched, _acyclic):
        for number, message, remedy in check(plan, infrastructure):
            raise PlanError(message, place=f"{source}: steps.{number}", remedy=remedy)


Wrong = tuple[int, str, str]


def _numbered(plan: Plan, _: Infrastructure) -> Iterator[Wrong]:
    for place, step in enumerate(plan.steps):
        if step.id != place:
            yield place, f"its id is {step.id}", "number the steps 0, 1, 2 ... in order"
        for before in step.after:
            if before >= len(plan.steps):
                yield place, f"it comes after step {before}", "there is none of that id"


def _named(plan: Plan, infrastructure: Infrastructure) -> Iterator[Wrong]:
    nodes, services = infrastructure.nodes, set(infrastructure.services.names)
    for step in plan.steps:
        if bool(step.nodes) == (step.action == "pause"):
            few = "has nodes" if step.nodes else "has none"
            yield step.id, f"a {step.action} step that {few}", "only a pause is without"
        if step.action != "pause" and (step.duration or step.gate):
            yield step.id, "only a pause has a duration or a gate", "remove it"
        for name in step.nodes:
            if name not in nodes.index:
                yield step.id, f"unknown node '{name}'", nearest(name, nodes.index)
            elif not nodes.patched[nodes.index[name]]:
                yield step.id, f"node '{name}' has nothing to patch", "leave it out"
            elif step.action == "build" and not nodes.blue_green[nodes.index[name]]:
                yield step.id, f"node '{name}' cannot be built beside", "patch it in place"
        for service in step.waives:
            if service not in services:
                yield step.id, f"unknown service '{service}'", nearest(service, services)


def _worked_on_once(plan: Plan, _: Infrastructure) -> Iterator[Wrong]:
    for kinds in (("patch", "build"), ("switch",)):
        seen: dict[str, int] = {}
        for step in plan.steps:
            for name in step.nodes if step.action in kinds else ():
                if name in seen:
                    message = f"node '{name}' is in step {seen[name]} already"
                    yield step.id, message, f"{' or '.join(kinds)} it once"
                seen[name] = step.id


def _switched(plan: Plan, _: Infrastructure) -> Iterator[Wrong]:
    built, switched = _by_name(plan.steps, "build"), _by_name(plan.steps, "switch")
    for name, number in built.items():
        if name not in switched:
            yield number, f"it builds '{name}', which no step switches", "add a switch step"
    for name, number in switched.items():
        if name not in built:
            yield number, f"it switches '{name}', which no step builds", "add a build step"
        elif built[name] not in plan.steps[number].after:
            message = f"it switches '{name}' but does not come after step {built[name]}"
            yield number, message, "add that to its after"


def _by_name(steps: tuple[Step, ...], action: str) -> dict[str, int]:
    return {name: step.id for step in steps if step.action == action for name in step.nodes}


def _acyclic(plan: Plan, _: Infrastructure) -> Iterator[Wrong]:
    free = set(in_order(plan))
    for step in plan.steps:
        if step.id not in free:
            yield step.id, "it waits for itself through others", "break the circle"
