"""Whole event logs and all metrics of small plans, written down by hand."""

from __future__ import annotations

from typing import Any

import pytest

from patchopt.simulator.running import simulate
from support import examples
from support.building import plan_by_hand, seed_for
from support.contract import infrastructure_of

PATCH = {"action": "patch"}
FREE: dict[str, Any] = {"guarded": False}

#: Scenario, steps, luck of its draws, log, metrics, and how the simulator puts its reasons.
CASES: list[tuple[dict[str, Any], list[dict[str, Any]], dict[tuple[str, int], bool], Any, Any, Any]]
CASES = [
    (
        examples.ROLLING,
        [PATCH | FREE | {"nodes": [name]} for name in ("web-1", "web-2", "db-1")],
        {("web-1", 1): True, ("web-1", 2): False, ("web-2", 1): False},
        examples.ROLLING_LOG,
        examples.ROLLING_METRICS,
        {},
    ),
    (
        examples.BUILT,
        [
            {"action": "build", "nodes": ["a", "b"]},
            {"action": "switch", "nodes": ["a", "b"]},
            {"action": "build", "nodes": ["c"], "after": []},
            {"action": "switch", "nodes": ["c"]},
        ],
        {
            ("a", 1): True,
            ("b", 1): False,
            ("a", 2): False,
            ("b", 2): False,
            ("c", 1): False,
        },
        examples.BUILT_LOG,
        examples.BUILT_METRICS,
        {"surge": "not enough surge slots"},
    ),
    (
        examples.ABORTED,
        [
            PATCH | FREE | {"nodes": ["live", "host"]},
            PATCH | {"nodes": ["last"], "after": []},
        ],
        {},
        examples.ABORTED_LOG,
        examples.ABORTED_METRICS,
        {
            "crew": "not enough crew: max_parallel",
            "1 bad node": "bad nodes: 1, as many as abort_after_failures",
        },
    ),
    (
        examples.TORN,
        [
            PATCH | {"nodes": ["c", "d"]},
            PATCH | {"nodes": ["a"]},
            {"action": "pause", "duration": 2},
            PATCH | {"nodes": ["b"]},
        ],
        {
            ("c", 1): True,
            ("d", 1): False,
            ("a", 1): False,
            ("b", 1): True,
        },
        examples.TORN_LOG,
        examples.TORN_METRICS,
        {},
    ),
]


@pytest.mark.parametrize(
    ("scenario", "steps", "luck", "log", "metrics", "reasons"),
    CASES,
    ids=[case[0]["name"] for case in CASES],
)
def test_a_run_is_the_one_written_by_hand(
    scenario: dict[str, Any],
    steps: list[dict[str, Any]],
    luck: dict[tuple[str, int], bool],
    log: list[dict[str, Any]],
    metrics: dict[str, Any],
    reasons: dict[str, str],
) -> None:
    infrastructure = infrastructure_of(scenario)
    seed = seed_for(scenario["name"], luck)
    outcome = simulate(infrastructure, plan_by_hand(infrastructure, *steps), seed=seed, events=True)
    expected = [dict(line) for line in log]
    for line in expected:
        if "seed" in line:
            line["seed"] = seed
        if "reason" in line:
            line["reason"] = reasons[line["reason"]]
    assert outcome.events == expected
    found = {name: column[0] for name, column in outcome.columns.items()}
    for name, value in metrics.items():
        wanted = reasons[value] if name == "abort_reason" and value else value
        assert found[name.removesuffix("_milli")] == wanted, name
