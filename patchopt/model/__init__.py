"""The problem, pure: scenarios, infrastructure, units, plans; no files, no solver, no clock."""

from patchopt.model.build import build_infrastructure
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.metrics import METRICS, Metric
from patchopt.model.plan import Certificate, Plan, Step
from patchopt.model.scenario import Scenario

__all__ = [
    "METRICS",
    "Certificate",
    "Infrastructure",
    "Metric",
    "Plan",
    "Scenario",
    "Step",
    "build_infrastructure",
]
