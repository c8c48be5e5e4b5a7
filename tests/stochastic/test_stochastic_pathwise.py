"""The pathwise law of MODEL 12: on its own draws no guarded run of whole units beats the bound."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patchopt.optimizer import OptimizerParameters
from patchopt.simulator import simulate
from patchopt.simulator.loop.streams import replication_keys
from patchopt.stochastic.outcomes import Oracle
from patchopt.stochastic.wait_and_see import WaitAndSee
from patchopt.strategies import make_strategy
from support.contract import infrastructure_of
from support.generate import scenarios

# A tracer would take most of the time.
pytestmark = pytest.mark.no_cover

#: Scenarios that are tried; many more by hand, before a release.
EXAMPLES = int(os.environ.get("PATCHOPT_PATHWISE_EXAMPLES", "200"))
#: Every strategy whose steps are guarded.
GUARDED = (
    "rolling",
    "batch_rolling",
    "canary",
    "dependency_aware",
    "hybrid",
    "exposure_greedy",
    "waves",
    "optimal",
)
QUICK = OptimizerParameters(time_limit=0.05, workers=1, deterministic=True)
REPLICATIONS = 3


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scenarios(trouble=True, max_patched=6), st.integers(0, 5))
def test_nobody_beats_the_bound(scenario: dict[str, Any], seed: int) -> None:
    infrastructure = infrastructure_of(scenario)
    keys = replication_keys(infrastructure.luck, seed, 0, REPLICATIONS)
    oracle, bounds = Oracle(infrastructure), WaitAndSee(infrastructure, QUICK)
    solved = [bounds.solve(bounds.hindsight(oracle.outcome(key))) for key in keys]
    for name in GUARDED:
        parameters = {"time_limit": 0.05, "deterministic": True} if name == "optimal" else {}
        plan = make_strategy(name, parameters).plan(infrastructure)
        outcome = simulate(infrastructure, plan, seed=seed, replications=REPLICATIONS)
        for replication, own in enumerate(solved):
            exposure = outcome.exact("total_exposure", replication)
            assert own.bound_milli <= exposure, (name, replication)
            assert own.bound_milli <= own.incumbent_milli
