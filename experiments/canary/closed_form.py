"""The closed forms of a canary, held against the simulator: equal nodes, one after another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from studies import markdown

from patchopt import simulate
from patchopt.model.build import scenario_sha256
from patchopt.model.plan import Gate, Plan, PlanBuilder, ScenarioRef, StrategyRef
from patchopt.model.scenario import Scenario

#: Seconds, as in section 13 of docs/model.md: attempt d, rollback r, onset a, detection b, respin,
#: horizon.
ATTEMPT, ROLLBACK, ONSET, DETECTION = 300, 300, 1_200, 1_200
RESPIN, HORIZON = 86_400, 7 * 86_400
SIZES, SOAKS = (20, 50, 100, 200), (3_600, 14_400)


def checked() -> str:
    """Return a table of break-even probabilities, by formula and by simulation."""
    rows = []
    for nodes in SIZES:
        for soak in SOAKS:
            canary = [cost(nodes, soak, p, canary_first=True) for p in (0, 1)]
            gated = [cost(nodes, soak, p, canary_first=False) for p in (0, 1)]
            more, less = canary[0] - gated[0], gated[1] - canary[1]
            simulated = more / (more + less) if less > 0 else None
            spared = nodes * ATTEMPT - ONSET - DETECTION - ROLLBACK
            formula = soak / spared if spared > 0 else None
            rows.append([f"{nodes}", f"{soak // 3600}h", percent(formula), percent(simulated)])
    head = ["equal nodes", "soak", "p* by the closed form", "p* simulated"]
    return (
        "A canary of one against a gate at the end, one node after another, a defect that shows in "
        f"service for certain (section 13 of docs/model.md):\n\n{markdown(head, rows)}"
    )


def percent(p: float | None) -> str:
    return "never" if p is None or p > 1 else f"{100 * p:.4f}%"


def cost(nodes: int, soak: int, p: int, *, canary_first: bool) -> float:
    """Return the total exposure; nothing is left to chance once p is 0 or 1."""
    names = [f"node-{number}" for number in range(nodes)]
    scenario = equal(names, p)
    builder = PlanBuilder()
    last: Sequence[int] = ()
    for at, name in enumerate(names):
        last = [builder.add("patch", [name], after=last, reason="one after another")]
        if at == (0 if canary_first else nodes - 1):
            gate = Gate(max_failures=0)
            last = [builder.add("pause", after=last, duration=soak, gate=gate, reason="watch")]
    plan: Plan = builder.build(
        ScenarioRef(name=scenario.name, sha256=scenario_sha256(scenario)),
        StrategyRef(name="by_hand"),
    )
    return float(simulate(scenario, plan).frame()["total_exposure"].iloc[0])


def equal(names: list[str], p: int) -> Scenario:
    told: dict[str, Any] = {
        "version": 1,
        "name": "equal",
        "constraints": {"max_parallel": 2, "horizon": HORIZON},
        "patches": {
            "release": {
                "severity": 7.0,
                "duration": ATTEMPT,
                "rollback": ROLLBACK,
                "defect": {"probability": p, "failure_probability": 0, "latent_probability": 1},
                "latent": {"probability": 0, "delay": ONSET},
            }
        },
        "environment": {
            "detection": {"probability": 1, "delay": DETECTION},
            "respin": {"delay": RESPIN},
        },
        "services": {},
        "nodes": [
            {"id": name, "type": "database", "criticality": 1, "patch": "release"} for name in names
        ],
        "edges": [],
    }
    return Scenario.model_validate(told).as_sound()
