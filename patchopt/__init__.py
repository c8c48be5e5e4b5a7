"""patchopt: plan, optimise, simulate and compare security-patch deployments.

This is the whole public interface; everything else may change.

Examples
--------
>>> import patchopt
>>> scenario = patchopt.load_scenario("ha_microservices")
>>> plan = patchopt.plan(scenario, "rolling")
>>> outcome = patchopt.simulate(scenario, plan, seed=1, replications=100)
>>> bool((outcome.frame()["downtime"] >= 0).all())
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchopt.interface.plans import (
    load_plan,
    load_scenario,
    metric_names,
    optimize,
    plan,
    save_plan,
    simulate,
    strategy_names,
)
from patchopt.interface.scenarios import make_scenario, save_scenario
from patchopt.interface.showing import draw_convergence, draw_gantt, draw_pareto
from patchopt.interface.studies import bound, compare, report, sweep
from patchopt.lazily import lazily

if TYPE_CHECKING:
    from patchopt.model.expectation import Expectation
    from patchopt.model.plan import Certificate, Plan, Step
    from patchopt.model.scenario import Scenario
    from patchopt.optimizer import Progress
    from patchopt.reports import ReportResult
    from patchopt.simulator import Outcome
    from patchopt.stochastic import Bounds
    from patchopt.sweeps import SweepResult

__version__ = "0.2.0"

__all__ = [
    "Bounds",
    "Certificate",
    "Expectation",
    "Outcome",
    "Plan",
    "Progress",
    "ReportResult",
    "Scenario",
    "Step",
    "SweepResult",
    "bound",
    "compare",
    "draw_convergence",
    "draw_gantt",
    "draw_pareto",
    "load_plan",
    "load_scenario",
    "make_scenario",
    "metric_names",
    "optimize",
    "plan",
    "report",
    "save_plan",
    "save_scenario",
    "simulate",
    "strategy_names",
    "sweep",
]

#: `import patchopt` alone costs nothing.
__getattr__ = lazily(
    __name__,
    {
        "Bounds": "stochastic",
        "Certificate": "model.plan",
        "Expectation": "model.expectation",
        "Outcome": "simulator",
        "Plan": "model.plan",
        "Progress": "optimizer",
        "ReportResult": "reports",
        "Scenario": "model.scenario",
        "Step": "model.plan",
        "SweepResult": "sweeps",
    },
)


def __dir__() -> list[str]:
    """Name the public interface, not the machinery."""
    return sorted(__all__)
