"""The simulator against probability theory.

Seeds are fixed, so a run of these tests is no gamble; but had they been drawn anew, a correct
simulator would fail a check with a probability of at most `ALARM`, about fifteen checks in all.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import stats

from patchopt.simulator.running import simulate
from patchopt.strategies import make_strategy
from support.building import plan_by_hand
from support.contract import infrastructure_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ALARM = 1e-6
#: So many standard errors is a mean off with probability ALARM.
ERRORS = float(stats.norm.isf(ALARM / 2))


def scenario_of(*patches: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a scenario of nodes n1, n2, ... of a service each, with these patches."""
    nodes = [
        {"id": f"n{k}", "type": "service_instance", "service": f"s{k}", "patch": patch}
        for k, patch in enumerate(patches, 1)
    ]
    services: dict[str, Any] = {f"s{k}": {} for k in range(1, len(patches) + 1)}
    base = {"version": 1, "name": "theory", "services": services, "nodes": nodes}
    return base | more


def columns(
    scenario: dict[str, Any], *steps: dict[str, Any], replications: int, seed: int = 1
) -> dict[str, NDArray[Any]]:
    infrastructure = infrastructure_of(scenario)
    plan = plan_by_hand(infrastructure, *steps)
    return dict(simulate(infrastructure, plan, seed=seed, replications=replications).columns)


def assert_mean(values: NDArray[Any], expected: float) -> None:
    """Assert that the mean of independent values is as expected."""
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    assert error > 0
    assert abs(float(np.mean(values)) - expected) < ERRORS * error


def assert_distribution(counts: NDArray[Any], probabilities: Sequence[float]) -> None:
    """Assert that values 0, 1, 2 ... come with these probabilities, by chi square."""
    expected = np.array(probabilities) * len(counts)
    found = np.bincount(counts.astype(np.int64), minlength=len(expected)).astype(float)
    found[len(expected) - 1] = found[len(expected) - 1 :].sum()
    found = found[: len(expected)]
    assert expected.min() > 5
    statistic = float(((found - expected) ** 2 / expected).sum())
    assert statistic < stats.chi2.isf(ALARM, len(expected) - 1)


def pooled(probabilities: Sequence[float], replications: int) -> list[float]:
    """Cut a distribution off where it gets rare; the last entry stands for all that comes after."""
    kept: list[float] = []
    for probability in probabilities:
        rest = 1 - sum(kept) - probability
        if min(probability, rest) * replications < 10 and kept:
            break
        kept.append(probability)
    return [*kept, 1 - sum(kept)]


def test_failures_are_binomial() -> None:
    n, p, replications = 12, 0.3, 100_000
    patch = {"severity": 5.0, "duration": 60, "failure_probability": p}
    nodes = [f"n{k}" for k in range(1, n + 1)]
    found = columns(
        scenario_of(*[patch] * n), {"action": "patch", "nodes": nodes}, replications=replications
    )
    law = [float(stats.binom.pmf(k, n, p)) for k in range(n + 1)]
    assert_distribution(found["failures"], pooled(law, replications))
    assert (found["patched"] == n - found["failures"]).all()


def test_retries_are_geometric_and_cut_off() -> None:
    p, most, replications = 0.4, 6, 200_000
    patch = {"severity": 5.0, "duration": 60, "rollback": 30, "failure_probability": p}
    found = columns(
        scenario_of(patch, constraints={"max_retries": most}),
        {"action": "patch", "nodes": ["n1"]},
        replications=replications,
    )
    # k retries: k failures, then a success; after the last retry anything goes.
    law = [p**k * (1 - p) for k in range(most)] + [p**most]
    assert_distribution(found["retries"], law)
    assert_mean(found["patched"], 1 - p ** (most + 1))


def test_defects_are_a_common_cause() -> None:
    """Failures of one release: a mixture of two binomials, far from any single one."""
    n, q, f, p, replications = 8, 0.2, 0.6, 0.05, 100_000
    release = {
        "severity": 5.0,
        "duration": 60,
        "failure_probability": p,
        "defect": {"probability": q, "failure_probability": f},
    }
    scenario = scenario_of(*[release] * n)
    for node in scenario["nodes"]:
        node["patch"] = "CVE-1"
    scenario["patches"] = {"CVE-1": release}
    nodes = [f"n{k}" for k in range(1, n + 1)]
    found = columns(scenario, {"action": "patch", "nodes": nodes}, replications=replications)
    law = [
        float(q * stats.binom.pmf(k, n, f) + (1 - q) * stats.binom.pmf(k, n, p))
        for k in range(n + 1)
    ]
    assert_distribution(found["failures"], pooled(law, replications))


@pytest.mark.parametrize("shape", [0.7, 1.0, 2.0])
def test_a_node_that_crashes_and_is_repaired_is_available_by_renewal_theory(shape: float) -> None:
    """Ross, Stochastic Processes, theorem 3.4.4: up to down as the mean life to the mean repair.

    On one seed a pause of 2 T goes on where one of T ends; the time down in between is free of
    how it all began.
    """
    life, repair, sigma, span, nodes = 20_000, 1_000, 0.8, 1_000_000, 5
    patch = {"severity": 5.0, "duration": 60}
    scenario = scenario_of(
        *[patch] * nodes,
        environment={
            "repair": {"nominal": repair, "sigma": sigma},
            "crash": {"mtbf": life, "shape": shape},
        },
    )
    first, both = (
        columns(scenario, {"action": "pause", "duration": length}, replications=4_000)
        for length in (span, 2 * span)
    )
    down = both["lost_capacity"] - first["lost_capacity"]
    mean_repair = repair * math.exp(sigma**2 / 2)
    # Whole seconds change the mean life and repair by less than a thousandth of a percent.
    assert_mean(down / (nodes * span), mean_repair / (life + mean_repair))
    crashes = both["crashes"] - first["crashes"]
    assert_mean(crashes / (nodes * span), 1 / (life + mean_repair))


def rolling_exposure(
    nodes: Sequence[tuple[float, int, int, float]], retries: int
) -> tuple[float, float]:
    """Return mean exposure and completion time of nodes patched one after another.

    Each is (weight, duration, rollback, failure probability). With q = p^(R + 1) the chance that
    all R + 1 attempts fail, and F failed attempts, E[F] = p (1 - q) / (1 - p): a node takes
    F (d + r), and d more if it succeeds. One that fails for good stays exposed to the end, which
    the nodes after it, independent of it, put off.
    """
    takes = [
        (p * (1 - p ** (retries + 1)) / (1 - p)) * (d + r) + (1 - p ** (retries + 1)) * d
        for _, d, r, p in nodes
    ]
    total = sum(takes)
    exposure = 0.0
    for place, (weight, _, _, p) in enumerate(nodes):
        until_done = sum(takes[: place + 1])
        exposure += weight * (until_done + p ** (retries + 1) * (total - until_done))
    return exposure, total


def test_exposure_of_a_rolling_plan_with_retries_in_closed_form() -> None:
    nodes = [(9.8, 120, 60, 0.3), (5.0, 600, 300, 0.1), (2.5, 30, 10, 0.6), (7.0, 240, 240, 0.45)]
    scenario = scenario_of(
        *[
            {"severity": w, "duration": d, "rollback": r, "failure_probability": p}
            for w, d, r, p in nodes
        ],
        constraints={"max_retries": 2},
    )
    infrastructure = infrastructure_of(scenario)
    plan = make_strategy("rolling", {}).plan(infrastructure)
    order = [int(name[1:]) - 1 for step in plan.steps for name in step.nodes]
    mean_exposure, takes_s = rolling_exposure([nodes[k] for k in order], 2)
    found = simulate(infrastructure, plan, seed=1, replications=200_000).columns
    assert_mean(found["exposure"], 1000 * mean_exposure)
    assert_mean(found["completion_time"], takes_s)


@pytest.mark.parametrize(("canaries", "allowed"), [(1, 0), (2, 0), (4, 0), (4, 1)])
def test_a_canary_stops_a_defective_release_as_often_as_it_should(
    canaries: int, allowed: int
) -> None:
    n, q, f, p, replications = 10, 0.3, 0.4, 0.02, 100_000
    release = {
        "severity": 9.0,
        "duration": 60,
        "rollback": 30,
        "failure_probability": p,
        "defect": {"probability": q, "failure_probability": f},
    }
    scenario = {
        "version": 1,
        "name": "canary",
        "services": {"web": {}},
        "patches": {"CVE-1": release},
        "nodes": [
            {
                "id": "web",
                "replicas": n,
                "type": "service_instance",
                "service": "web",
                "patch": "CVE-1",
            }
        ],
    }
    infrastructure = infrastructure_of(scenario)
    canary = make_strategy("canary", {"share": canaries / n, "max_failures": allowed})
    plan = canary.plan(infrastructure)
    gate = next(step.id for step in plan.steps if step.gate is not None)
    assert sum(len(step.nodes) for step in plan.steps[:gate]) == canaries
    found = simulate(infrastructure, plan, seed=1, replications=replications).columns
    chance = float(
        q * stats.binom.sf(allowed, canaries, f) + (1 - q) * stats.binom.sf(allowed, canaries, p)
    )
    assert_mean(found["aborted"], chance)
    # A plan that was stopped has patched canaries and no more.
    assert found["patched"][found["aborted"] == 1].max() <= canaries


def test_durations_are_lognormal_around_their_median() -> None:
    replications, median, sigma = 100_000, 10_000, 0.5
    patch = {"severity": 5.0, "duration": {"nominal": median, "sigma": sigma}}
    found = columns(
        scenario_of(patch), {"action": "patch", "nodes": ["n1"]}, replications=replications
    )
    u = stats.norm.cdf(np.log(found["completion_time"] / median) / sigma)
    # Whole seconds move a value by less than 0.0001 of the distribution.
    assert_distribution((u * 20).astype(np.int64), [0.05] * 20)


def test_latent_failures_are_detected_as_often_as_they_should() -> None:
    n, latent, seen, replications = 6, 0.25, 0.7, 100_000
    patch = {
        "severity": 5.0,
        "duration": 60,
        "rollback": 30,
        "latent": {"probability": latent, "delay": 600},
    }
    scenario = scenario_of(
        *[patch] * n,
        environment={"detection": {"probability": seen, "delay": 60}},
        constraints={"horizon": 1060},
    )
    nodes = [f"n{k}" for k in range(1, n + 1)]
    work = {"action": "patch", "nodes": nodes}
    found = columns(scenario, work, replications=replications)
    law = [float(stats.binom.pmf(k, n, latent)) for k in range(n + 1)]
    assert_distribution(found["latent_failures"], pooled(law, replications))
    law = [float(stats.binom.pmf(k, n, latent * seen)) for k in range(n + 1)]
    assert_distribution(found["detections"], pooled(law, replications))
    # Commit at 60, IMPAIRED from 660 until rolled back at 720, or to the end at 1,060.
    assert_mean(found["impaired_time"], n * latent * (seen * 60 + (1 - seen) * 400))
    assert (found["patched"] == n - found["detections"]).all()


def test_false_alarms_are_poisson() -> None:
    per_day, days, replications = 0.5, 4, 100_000
    scenario = scenario_of(
        {"severity": 5.0, "duration": 60},
        environment={"detection": {"probability": 1, "delay": 60, "false_alarms_per_day": per_day}},
    )
    found = columns(
        scenario, {"action": "pause", "duration": days * 86_400}, replications=replications
    )
    law = [float(stats.poisson.pmf(k, per_day * days)) for k in range(20)]
    assert_distribution(found["false_alarms"], pooled(law, replications))
