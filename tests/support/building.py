"""Infrastructures, plans and luck for tests of the package itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from patchopt.model.plan import Plan, ScenarioRef, StrategyRef
from support.contract import infrastructure_of
from support.generate import scenarios
from support.luck import FAILURE, Luck
from support.plans import plans
from support.trouble import stopping

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hypothesis import strategies as st

    from patchopt.model.infrastructure import Infrastructure


def plan_by_hand(infrastructure: Infrastructure, *steps: dict[str, Any]) -> Plan:
    """Make a plan of steps without ids; each comes after the one before unless told otherwise."""
    numbered = []
    for number, step in enumerate(steps):
        after = [number - 1] if number else []
        numbered.append({"id": number, "after": after, "reason": "by hand"} | step)
    return plan_of(infrastructure, numbered)


def plan_of(infrastructure: Infrastructure, steps: Sequence[Mapping[str, Any]]) -> Plan:
    """Make a plan of whole steps, as ``plan.json`` has them."""
    about = ScenarioRef(name=infrastructure.scenario.name, sha256=infrastructure.sha256)
    document = {"scenario": about, "strategy": StrategyRef(name="by hand"), "steps": steps}
    return Plan.model_validate(document)


def drawn(
    data: st.DataObject, *, stops: bool = False, **kind: Any
) -> tuple[dict[str, Any], Infrastructure, Plan]:
    """Draw a scenario of some kind, perhaps one of many stops, and any plan that fits it."""
    scenario = data.draw(scenarios(**kind))
    if stops:
        scenario = data.draw(stopping(scenario))
    infrastructure = infrastructure_of(scenario)
    return scenario, infrastructure, plan_of(infrastructure, data.draw(plans(scenario)))


def fails(
    luck: str, seed: int, node: str, attempt: int, probability: float = 0.5, replication: int = 0
) -> bool:
    """Say whether a node's attempt fails in a replication of a family of draws."""
    return Luck(luck, seed, replication).happens(probability, FAILURE, node, attempt)


def seed_for(luck: str, wanted: Mapping[tuple[str, int], bool], probability: float = 0.5) -> int:
    """Return the first seed whose first replication lets attempts fail, or not, as wanted."""
    return next(
        seed
        for seed in range(1_000_000)
        if all(fails(luck, seed, *attempt, probability) == bad for attempt, bad in wanted.items())
    )
