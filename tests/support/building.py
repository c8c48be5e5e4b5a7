"""Infrastructures, plans and luck for tests of the package itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from patchopt.model.build import key_of
from patchopt.model.plan import Plan, ScenarioRef, StrategyRef
from support.contract import infrastructure_of
from support.generate import scenarios
from support.plans import plans

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hypothesis import strategies as st

    from patchopt.model.infrastructure import Infrastructure

_MASK = 2**64 - 1
_GOLDEN = 0x9E3779B97F4A7C15


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


def drawn(data: st.DataObject, **kind: Any) -> tuple[dict[str, Any], Infrastructure, Plan]:
    """Draw a scenario of some kind, and any plan that fits it."""
    scenario = data.draw(scenarios(**kind))
    infrastructure = infrastructure_of(scenario)
    return scenario, infrastructure, plan_of(infrastructure, data.draw(plans(scenario)))


def _mix(value: int) -> int:
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


def slow_draw(seed: int, stream: int, key: int, attempt: int) -> int:
    """Draw as the simulator does, in whole numbers of any size (SplitMix64's finaliser)."""
    value = _mix((seed + _GOLDEN * stream) & _MASK)
    value = _mix(value ^ key)
    return _mix((value + _GOLDEN * (attempt + 1)) & _MASK) >> 11


def fails(seed: int, node: str, attempt: int, probability: float = 0.5) -> bool:
    """Say whether a node's attempt fails on a seed."""
    return slow_draw(seed, 1, key_of("node", node), attempt) < probability * 2**53


def seed_for(luck: Mapping[tuple[str, int], bool], probability: float = 0.5) -> int:
    """Return the first seed on which each of some attempts fails, or not, as wanted."""
    return next(
        seed
        for seed in range(1_000_000)
        if all(fails(seed, *attempt, probability) == bad for attempt, bad in luck.items())
    )
