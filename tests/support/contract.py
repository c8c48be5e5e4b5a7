"""What every plan keeps, whichever strategy made it: checks by simulation without failures."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import yaml

from patchopt.files import scenario_from_text
from patchopt.model.build import build_infrastructure
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.items import Items, OnInfeasible, items_of
from patchopt.optimizer import OptimizerParameters, Solution, optimize
from patchopt.simulator.plan_check import check_plan
from patchopt.simulator.running import simulate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from patchopt.model.plan import Plan
    from patchopt.simulator.outcome import Outcome
    from patchopt.strategies import Strategy

#: Enough for every scenario that can be enumerated.
PROOF = OptimizerParameters(time_limit=20, workers=1, seed=0, deterministic=True)

#: Metrics that stay 0 where nothing fails and nothing is broken.
HARMLESS = ("aborted", "failures", "bad_nodes", "breach")


def infrastructure_of(scenario: Mapping[str, Any]) -> Infrastructure:
    """Build what is to be patched, from the dictionary that YAML gives, by way of YAML."""
    return build_infrastructure(scenario_from_text(yaml.safe_dump(dict(scenario)), "test"))


def solve(
    scenario: Mapping[str, Any],
    on_infeasible: OnInfeasible = "downtime",
    parameters: OptimizerParameters = PROOF,
) -> tuple[Infrastructure, Solution]:
    """Optimise a scenario."""
    infrastructure = infrastructure_of(scenario)
    return infrastructure, optimize(infrastructure, parameters, on_infeasible=on_infeasible)


def nominal(infrastructure: Infrastructure, plan: Plan) -> Outcome:
    """Simulate a plan with every probability 0, with events."""
    return simulate(infrastructure.without_failures(), plan, seed=0, events=True)


def check_harmless(plan: Plan, outcome: Outcome) -> None:
    """Assert that a fully guarded plan of whole units went through and broke nothing."""
    assert {name: outcome.exact(name) for name in HARMLESS} == dict.fromkeys(HARMLESS, 0)
    waived = {service for step in plan.steps for service in step.waives}
    below = {event["service"] for event in outcome.events if event["event"] == "service_below"}
    assert below <= waived
    assert waived or outcome.exact("downtime") == 0


def check_contract(strategy: Strategy, infrastructure: Infrastructure) -> Plan:
    """Assert what MODEL 5, 6 and 8 ask of every plan, and give the plan."""
    plan = strategy.plan(infrastructure)
    assert plan.model_dump_json() == strategy.plan(infrastructure).model_dump_json()
    check_plan(plan, infrastructure)
    items = items_of(
        infrastructure,
        respect_units=strategy.respect_units,
        on_infeasible=strategy.on_infeasible,
    )
    _check_nodes(plan, infrastructure, items)
    assert all(step.reason for step in plan.steps)
    switches_guarded = strategy.name != "blue_green"
    for step in plan.steps:
        if strategy.name != "big_bang" and (step.action != "switch" or switches_guarded):
            assert step.guarded
    outcome = nominal(infrastructure, plan)
    if strategy.name != "big_bang":
        placed = sum(item.size for item in items.placed)
        assert (outcome.exact("aborted"), outcome.exact("patched")) == (0, placed)
        if strategy.respect_units and plan.fully_guarded:
            check_harmless(plan, outcome)
    return plan


def _check_nodes(plan: Plan, infrastructure: Infrastructure, items: Items) -> None:
    """Assert that each node is worked on once, in place or built and switched."""
    worked = Counter(n for s in plan.steps if s.action in ("patch", "build") for n in s.nodes)
    built = Counter(n for s in plan.steps if s.action == "build" for n in s.nodes)
    switched = Counter(n for s in plan.steps if s.action == "switch" for n in s.nodes)
    placed = {infrastructure.nodes.ids[node] for item in items.placed for node in item.nodes}
    assert worked == Counter(placed)
    assert built == switched
