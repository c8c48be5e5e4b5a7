"""Short plans for the SimPy twin, and what comes of them."""

from __future__ import annotations

from typing import Any

from support.examples import small
from support.simpy_twin import Twin
from support.tiny import DAY, Document


def pause(duration: int, max_failures: int | None = None, **more: Any) -> Document:
    gate = None if max_failures is None else {"max_failures": max_failures}
    return {"action": "pause", "nodes": [], "duration": duration, "gate": gate} | more


def run(scenario: Document, *steps: Document, replication: int = 0) -> Document:
    """Run steps that come one after the other unless told otherwise; return what is not 0."""
    plan = [{"id": k, "after": [k - 1] if k else []} | step for k, step in enumerate(steps)]
    found = Twin(scenario, plan).run(1, replication)
    return {name: value for name, value in found.items() if value}


def alike(names: str, *, of: Document | None = None, **more: Any) -> Document:
    """Return a scenario of equal nodes of service s, of one release."""
    scenario = small(
        {name: {"service": "s", "patch": "p"} for name in names},
        min_up={"s": more.pop("min_up", 0)},
        **{"horizon": DAY} | more.pop("constraints", {}),
    )
    return scenario | {"patches": {"p": {"severity": 1, "duration": 10} | (of or {})}} | more


def expect(found: Document, **wanted: Any) -> None:
    assert {name: found.get(name, 0) for name in wanted} == wanted
