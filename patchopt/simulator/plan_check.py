"""Whether a plan fits its scenario: checked once, before it is run."""

from __future__ import annotations

from collections.abc import Iterator

from patchopt.errors import PlanError, Suggestions
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan, Step

_SHOWN = 20


def check_plan(plan: Plan, infrastructure: Infrastructure, source: str = "plan") -> None:
    """Refuse a plan that cannot be run on an infrastructure.

    Parameters
    ----------
    plan : Plan
        Well-formed by itself.
    infrastructure : Infrastructure
        What it is to be run on.
    source : str
        Name of the plan's file, for messages.

    Raises
    ------
    PlanError
        With all that is wrong: another scenario, ids out of order, unknown or doubled
        nodes, cycles, builds and switches that do not match. Linear in the steps.
    """
    if plan.scenario.sha256 != infrastructure.sha256:
        message = (
            f"the plan is for another scenario: '{plan.scenario.name}' "
            f"({plan.scenario.sha256[:12]}), not '{infrastructure.scenario.name}' "
            f"({infrastructure.sha256[:12]})"
        )
        raise PlanError(message, place=source, remedy="plan the scenario anew")
    problems = [*_ids(plan)]
    if not problems:  # the rest goes by ids
        problems = [
            *_steps(plan, infrastructure),
            *_doubled(plan),
            *_cycles(plan),
            *_switches(plan),
            *_instants(plan, infrastructure),
        ]
    if problems:
        shown = problems[:_SHOWN]
        if len(problems) > _SHOWN:
            shown.append(f"and {len(problems) - _SHOWN} more problems")
        raise PlanError("\n".join(f"{source}: {problem}" for problem in shown))


def _ids(plan: Plan) -> Iterator[str]:
    for place, step in enumerate(plan.steps):
        if step.id != place:
            yield f"steps.{place}: id is {step.id}; number the steps 0, 1, 2 ... in order"
        for before in step.after:
            if not 0 <= before < len(plan.steps):
                yield f"steps.{place}: after names step {before}; there is none of that id"


def _steps(plan: Plan, infrastructure: Infrastructure) -> Iterator[str]:
    nodes = Suggestions(infrastructure.nodes.index)
    services = Suggestions(infrastructure.services.names)
    for step in plan.steps:
        yield from _step(step, infrastructure, nodes, services)


def _step(
    step: Step, infrastructure: Infrastructure, near_nodes: Suggestions, near_services: Suggestions
) -> Iterator[str]:
    nodes, where = infrastructure.nodes, f"steps.{step.id}"
    if step.action == "pause" and step.nodes:
        yield f"{where}: a pause has nodes; leave them out"
    if step.action != "pause" and not step.nodes:
        yield f"{where}: a {step.action} step without nodes; name some or remove it"
    if step.action != "pause" and (step.duration or step.gate):
        yield f"{where}: a {step.action} step with a duration or a gate; only a pause has these"
    for name in step.nodes:
        if name not in nodes.index:
            yield f"{where}: unknown node '{name}'; {near_nodes.remedy(name)}"
        elif not nodes.patched[nodes.index[name]]:
            yield f"{where}: node '{name}' has nothing to patch; leave it out"
        elif step.action == "build" and not nodes.blue_green[nodes.index[name]]:
            yield f"{where}: node '{name}' cannot be built blue-green; patch it in place"
    for service in step.waives:
        if service not in infrastructure.services.names:
            yield f"{where}: unknown service '{service}' in waives; {near_services.remedy(service)}"


def _doubled(plan: Plan) -> Iterator[str]:
    for kinds in (("patch", "build"), ("switch",)):
        seen: dict[str, int] = {}
        for step in plan.steps:
            for name in step.nodes if step.action in kinds else ():
                if name in seen:
                    yield (
                        f"steps.{step.id}: node '{name}' is in step {seen[name]} already; "
                        f"{' or '.join(kinds)} it once"
                    )
                seen[name] = step.id


def _cycles(plan: Plan) -> Iterator[str]:
    if all(before < step.id for step in plan.steps for before in step.after):
        return
    import networkx as nx

    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(step.id for step in plan.steps)
    graph.add_edges_from((before, step.id) for step in plan.steps for before in step.after)
    if not nx.is_directed_acyclic_graph(graph):
        cycle = [edge[0] for edge in nx.find_cycle(graph)]
        shown = " -> ".join(map(str, [*cycle, cycle[0]]))
        yield f"steps {shown} wait for each other; break the cycle"


def _switches(plan: Plan) -> Iterator[str]:
    built = {n: s.id for s in plan.steps if s.action == "build" for n in s.nodes}
    switched = {n: s.id for s in plan.steps if s.action == "switch" for n in s.nodes}
    for name, step in switched.items():
        if name not in built:
            yield f"steps.{step}: switches '{name}', which no step builds; add a build step"
        elif built[name] not in plan.steps[step].after:
            yield f"steps.{step}: switches '{name}' but is not after its build step {built[name]}"
    for name, step in built.items():
        if name not in switched:
            yield f"steps.{step}: builds '{name}', which no step switches; add a switch step"


def _instants(plan: Plan, infrastructure: Infrastructure) -> Iterator[str]:
    pauses = max((step.not_before for step in plan.steps), default=0)
    pauses += sum(step.duration for step in plan.steps)
    total = int(infrastructure.nodes.weight_milli.sum()) + len(infrastructure.nodes)
    if total * (pauses + infrastructure.longest_run_s) >= 2**62:
        yield "pauses and not_before are too long for exact 64-bit exposures; shorten them"
