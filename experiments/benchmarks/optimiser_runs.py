"""One run of the optimiser on one made-up instance: what it finds, and whether that holds."""

from __future__ import annotations

import platform
import resource
import time
from collections.abc import Collection
from functools import cache
from typing import Any

from tables import machine

import patchopt
from patchopt.generate import factors_of, instance
from patchopt.model.build import build_infrastructure
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.items import Items
from patchopt.model.plan import Plan
from patchopt.model.proof import Claim
from patchopt.optimizer import OptimizerParameters, Progress, Solution, optimize
from patchopt.optimizer.bounds.claims import proven
from patchopt.optimizer.problem import problem_of
from patchopt.simulator import simulate
from patchopt.verify import verify

Line = dict[str, Any]

WORKERS = 2
#: Plans of so many nodes are simulated too.
SIMULATED = 1_000
#: Nodes of the instances that load all compiled code: one that CP-SAT proves, one that it does not.
WARM = (24, 80)


class Interrupted(Exception):  # noqa: N818 - no error
    """Ctrl-C came: nothing has been measured."""


@cache
def warm_up(family: str) -> None:
    """Have all code loaded that a family needs; counted in moves, so that no part is left out."""
    given = OptimizerParameters(time_limit=0.5, workers=WORKERS, deterministic=True)
    for nodes in WARM:
        optimize(build_infrastructure(instance(factors_of(family, nodes), 1)), given)


def measured(family: str, nodes: int, seed: int, time_s: float) -> Line:
    """Optimise one instance, check the plan and its certificate, and tell everything.

    Exposures are in milli-weight-seconds. Time counts from before the building of the
    infrastructure to the plan; checking is not in it.

    Raises
    ------
    Interrupted
        If Ctrl-C came.
    """
    warm_up(family)
    scenario = instance(factors_of(family, nodes), seed)
    told: list[Progress] = []
    begun, begun_cpu = time.monotonic(), time.process_time()
    infrastructure = build_infrastructure(scenario)
    given = OptimizerParameters(time_limit=time_s, workers=WORKERS)
    solution = optimize(infrastructure, given, watch=told.append, begun=begun)
    taken, cpu = time.monotonic() - begun, time.process_time() - begun_cpu
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if solution.interrupted:
        raise Interrupted
    certificate = solution.certificate
    return {
        "family": family,
        "nodes": nodes,
        "seed": seed,
        "time_s": time_s,
        "units": len(solution.schedule.problem.tasks),
        "first": told[0].objective_milli if told else certificate.objective,
        "objective": certificate.objective,
        "bound": certificate.bound,
        "gap": certificate.gap,
        "status": certificate.status,
        "proof": certificate.proof.kind if certificate.proof else None,
        "seconds": round(taken, 3),
        "cpu_s": round(cpu, 3),
        "memory_mb": round(memory_mb),
        **checked(infrastructure, solution),
        "version": patchopt.__version__,
        "machine": machine(),
        "system": platform.platform(terse=True),
    }


def checked(infrastructure: Infrastructure, solution: Solution) -> Line:
    """Check a plan: by itself, with its claims proven anew, and simulated if it is small enough."""
    begun = time.process_time()
    verdict = verify(solution.plan, infrastructure)
    verify_s = time.process_time() - begun
    proof = solution.certificate.proof
    claims = len(proof.claims) if proof else 0
    shown = {"shown": verdict.shown_milli, "claims": claims}
    if claims:
        verdict = verify(solution.plan, infrastructure, proven_again)
    return {
        "valid": verdict.valid,
        "wrong": [f"{it.place}: {it.text}" for it in verdict.findings if it.wrong],
        "stands": verdict.bound,
        **shown,
        "reproven": len(verdict.claims),
        "verify_s": round(verify_s, 3),
        "simulated": simulates(infrastructure, solution.plan),
    }


def proven_again(
    infrastructure: Infrastructure, items: Items, claims: Collection[Claim]
) -> Collection[Claim]:
    """Return the claims that CP-SAT proves once more, as `patchopt verify --reprove` does."""
    return proven(problem_of(infrastructure, items), claims)


def simulates(infrastructure: Infrastructure, plan: Plan) -> bool | None:
    """Whether a plan, nothing failing, has the exposure that it promises; None if it is large."""
    if len(infrastructure.nodes) > SIMULATED:
        return None
    outcome = simulate(infrastructure, plan, seed=1, replications=1)
    assert plan.certificate is not None
    return outcome.exact("exposure") == plan.certificate.objective
