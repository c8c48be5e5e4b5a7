"""Stratified defects: exact weights, honest conditional draws, rare events against brute force."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchopt.errors import PatchoptError
from patchopt.model.infrastructure import Infrastructure
from patchopt.reports.numbers.stratified import stratified_mean
from patchopt.simulator.running import Simulator
from patchopt.simulator.strata import LEAST, allocate, stratify, stratum_probabilities
from support.building import plan_by_hand
from support.contract import infrastructure_of

CHANCES = st.lists(st.floats(1e-9, 1 - 1e-9), max_size=6).map(np.array)


def releases_with(*chances: float) -> Infrastructure:
    """Return a node for each chance that its release is defective, and then fails for sure."""
    defect = {"failure_probability": 1}
    nodes = [
        {
            "id": f"n{k}",
            "type": "database",
            "patch": {"severity": 5, "duration": 60, "defect": defect | {"probability": chance}},
        }
        for k, chance in enumerate(chances)
    ]
    return infrastructure_of({"version": 1, "name": "strata", "nodes": nodes})


@given(CHANCES)
def test_probabilities_of_strata_are_those_of_all_outcomes(chances: Any) -> None:
    found = stratum_probabilities(np.asarray(chances, float))
    expected = np.zeros(len(chances) + 2)
    for outcome in itertools.product([0, 1], repeat=len(chances)):
        chance = math.prod(p if bad else 1 - p for p, bad in zip(chances, outcome, strict=True))
        place = {0: 0, 1: 1 + outcome.index(1) if 1 in outcome else 0}.get(sum(outcome), -1)
        expected[place] += chance
    assert found == pytest.approx(expected, rel=1e-9)
    assert found.sum() == pytest.approx(1)


@given(CHANCES, st.integers(20, 2000))
def test_every_stratum_gets_its_share(chances: Any, replications: int) -> None:
    probabilities = stratum_probabilities(np.asarray(chances, float))
    counts = allocate(probabilities, replications)
    assert counts.sum() == replications
    live = probabilities > 0
    assert (counts[live] >= LEAST).all()
    assert (counts[~live] == 0).all()
    least = (replications - LEAST * live.sum()) * probabilities / 2
    assert (counts >= np.floor(least)).all()


def test_strata_are_what_they_say() -> None:
    infrastructure = releases_with(0.1, 1.0, 0.02, 0.0, 0.3)
    sample = stratify(infrastructure, np.arange(600, dtype=np.uint64))
    assert (sample.defects[:, 1] == 1).all()  # certain
    assert (sample.defects[:, 3] == 0).all()  # impossible
    uncertain = sample.defects[:, [0, 2, 4]]
    for stratum, row in zip(sample.strata.tolist(), uncertain.tolist(), strict=True):
        if stratum < 4:
            assert row == [int(stratum == k) for k in (1, 2, 3)]
        else:
            assert sum(row) >= 2
    assert sample.weights.sum() == pytest.approx(600)
    of_first = sample.weights[sample.strata == 1].sum() / 600
    assert of_first == pytest.approx(0.1 * 0.98 * 0.7)


def test_several_defects_are_drawn_as_they_come_together() -> None:
    """Weighted shares of every combination against its probability, four standard errors off."""
    chances = (0.2, 0.1, 0.3)
    infrastructure = releases_with(*chances)
    sample = stratify(infrastructure, np.arange(40_000, dtype=np.uint64))
    for outcome in itertools.product([0, 1], repeat=3):
        chance = math.prod(p if bad else 1 - p for p, bad in zip(chances, outcome, strict=True))
        hits = (sample.defects == outcome).all(axis=1).astype(float)[:, None]
        mean, half = stratified_mean(hits, sample.strata, sample.weights)
        assert abs(mean[0] - chance) <= max(1e-12, 4 / 1.96 * half[0])


def test_two_blocks_are_one_sample() -> None:
    """Weights of each block add up to its size, so blocks can be put together."""
    infrastructure = releases_with(0.2, 0.001)
    for size in (10, 37, 1000):
        assert stratify(
            infrastructure, np.arange(size, dtype=np.uint64)
        ).weights.sum() == pytest.approx(size)


def test_too_few_replications_are_refused_with_what_would_do() -> None:
    with pytest.raises(PatchoptError, match="at least 10 at a time"):
        stratify(releases_with(0.1, 0.1, 0.1), np.arange(9, dtype=np.uint64))


def test_without_an_uncertain_defect_there_is_one_stratum() -> None:
    sample = stratify(releases_with(0.0, 1.0), np.arange(3, dtype=np.uint64))
    assert sample.strata.tolist() == [0, 0, 0]
    assert sample.weights.tolist() == [1, 1, 1]
    assert sample.defects.tolist() == [[0, 1]] * 3


@pytest.mark.slow
def test_a_rare_event_at_ten_thousand_replications_is_that_of_ten_million() -> None:
    """Both canaries of a defective release do well, and then both instances of a service fail.

    P = 0.002 x 0.6^2 x 0.4^2 + what an ordinary release does: about 1.2 in 10,000.
    """
    release = {
        "severity": 9,
        "duration": 60,
        "failure_probability": 0.001,
        "defect": {"probability": 0.002, "failure_probability": 0.4},
    }
    scenario = {
        "version": 1,
        "name": "rare",
        "services": {"canary": {}, "web": {"min_up": 1}},
        "patches": {"CVE-1": release},
        "nodes": [
            {
                "id": name,
                "replicas": 2,
                "type": "service_instance",
                "service": name,
                "patch": "CVE-1",
            }
            for name in ("canary", "web")
        ],
    }
    infrastructure = infrastructure_of(scenario)
    plan = plan_by_hand(
        infrastructure,
        {"action": "patch", "nodes": ["canary-1", "canary-2"]},
        {"action": "pause", "duration": 60, "gate": {"max_failures": 0}},
        {"action": "patch", "nodes": ["web-1"], "guarded": False},
        {"action": "patch", "nodes": ["web-2"], "guarded": False},
    )
    simulator = Simulator(infrastructure, plan)

    def happened(columns: Any) -> Any:
        return (columns["failed_nodes"] == 2) & (columns["aborted"] == 0)

    exact = (
        0.002 * 0.6**2 * 0.4**2 + 0.998 * 0.999**2 * 0.001**2  # no failed canary, both of web fail
    )
    size, blocks = 1_000_000, 10
    hits = sum(
        int(happened(simulator.run(seed * size, size).columns).sum()) for seed in range(blocks)
    )
    brute = hits / (size * blocks)
    error = math.sqrt(brute * (1 - brute) / (size * blocks))
    assert abs(brute - exact) < 5 * error  # one correct simulator in 1.7 million is further off

    few = simulator.run(1, 10_000, stratified=True)
    event = happened(few.columns).astype(float)[:, None]
    mean, half = stratified_mean(event, few.strata, few.weights)
    assert abs(mean[0] - brute) < 5 * math.hypot(half[0] / 1.96, error)
    # Usable: where drawn defects show the event about once, the interval is 17% wide, not 180%.
    assert half[0] < 0.2 * brute
    assert half[0] < 0.1 * 1.96 * math.sqrt(brute / 10_000)
