"""Pages of single plans and runs, and what they tell of what went wrong."""

from __future__ import annotations

from typing import Any

import pytest

from patchopt.model.metrics import NUMERIC_METRICS
from patchopt.reports import plan_page, run_report
from patchopt.reports.pages.incidents import incidents
from patchopt.simulator.running import simulate
from patchopt.strategies import make_strategy
from support.building import plan_by_hand, seed_for
from support.contract import infrastructure_of, solve
from support.examples import FAILING, small

PATCH: dict[str, Any] = {"action": "patch"}


def told(scenario: dict[str, Any], *steps: dict[str, Any], seed: int = 0) -> list[tuple[int, str]]:
    infrastructure = infrastructure_of(scenario)
    plan = plan_by_hand(infrastructure, *steps)
    events = simulate(infrastructure, plan, seed=seed, events=True).events
    return [(each.time_s, each.text) for each in incidents(infrastructure, plan, events)]


def test_nothing_went_wrong() -> None:
    assert told(small({"a": {}}), PATCH | {"nodes": ["a"]}) == []


def test_a_failure_that_was_made_good_with_its_downtime() -> None:
    scenario = small(
        {"a": {"service": "s", "patch_with": FAILING | {"rollback": 3}}},
        min_up={"s": 1},
        max_retries=1,
    )
    seed = seed_for("small", {("a", 1): True, ("a", 2): False})
    # Back at 5 and tried again at once: down without a break until 7.
    assert told(scenario, PATCH | {"nodes": ["a"], "guarded": False}, seed=seed) == [
        (0, "service `s` below min_up (0 of at least 1 serving) for 7s"),
        (2, "patch of `a` failed, attempt 1"),
        (5, "`a` rolled back"),
    ]


def test_waits_mixed_edges_and_aborts() -> None:
    # a is new at 2 beside the old b; c waits for the crew until 2, fails at 4 for good.
    scenario = small(
        {"a": {}, "b": {}, "c": {"patch_with": {"failure_probability": 1}}},
        incompatible=[],
        max_parallel=1,
        abort_after_failures=1,
        horizon=10,
    )
    scenario["edges"] = [{"source": "a", "target": "b", "compatibility": "degraded"}]
    steps: list[dict[str, Any]] = [
        PATCH | {"nodes": ["a"]},
        PATCH | {"nodes": ["c"], "after": []},
        PATCH | {"nodes": ["b"], "after": [1]},
    ]
    assert told(scenario, *steps) == [
        (0, "step 1 waited 2s: not enough crew: max\\_parallel"),
        (2, "degraded edge `a` → `b` mixed until the end, 8s"),
        (4, "patch of `c` failed, attempt 1"),
        (4, "`c` FAILED"),
        (4, "plan aborted: bad nodes: 1, as many as abort\\_after\\_failures"),
        (10, "2 planned nodes left unpatched at the end"),
    ]


#: What happened to steps, attempts and the plan, and how it is told.
HAPPENED: list[tuple[list[dict[str, Any]], list[tuple[int, str]]]] = [
    (
        [
            {"time": 1, "event": "attempt_wait", "step": 0, "nodes": ["a"], "attempt": 2}
            | {"reason": "not enough crew"},
            {"time": 7, "event": "attempt_start", "step": 0, "nodes": ["a"], "attempt": 2},
        ],
        [(1, "attempt 2 of step 0 on `a` waited 6s: not enough crew")],
    ),
    (
        [
            {"time": 1, "event": "node_put_off", "step": 0, "nodes": ["a"], "attempt": 1}
            | {"reason": "a has failed"},
            {"time": 2, "event": "attempt_wait", "step": 0, "nodes": ["a"], "attempt": 1}
            | {"reason": "no window"},
            {"time": 5, "event": "node_left_out", "node": "a", "step": 0},
        ],
        [
            (1, "`a` of step 0 put off: a has failed"),
            (2, "attempt 1 of step 0 on `a` waited 3s until it was left out: no window"),
            (5, "`a` left out of step 0"),
        ],
    ),
    (
        [
            {"time": 1, "event": "step_wait", "step": 0, "reason": "not enough crew"},
            {"time": 4, "event": "abort", "reason": "1 bad node"},
            {"time": 8, "event": "release_replaced", "release": "r", "generation": 1},
            {"time": 8, "event": "plan_resumed", "reason": "respin"},
        ],
        [
            (1, "step 0 waited 3s until the plan was aborted: not enough crew"),
            (4, "plan aborted: 1 bad node"),
            (8, "`r` replaced by a new one, generation 1"),
            (8, "plan goes on after a respin"),
        ],
    ),
]


@pytest.mark.parametrize(("events", "expected"), HAPPENED)
def test_what_happens_to_steps_and_attempts_is_told(
    events: list[dict[str, Any]], expected: list[tuple[int, str]]
) -> None:
    infrastructure = infrastructure_of(small({"a": {}}))
    plan = plan_by_hand(infrastructure, PATCH | {"nodes": ["a"]})
    found = incidents(infrastructure, plan, [*events, {"time": 9, "event": "run_end"}])
    told = [(each.time_s, each.text) for each in found]
    assert told == [*expected, (9, "1 planned node left unpatched at the end")]


def test_what_stops_a_plan_and_what_follows_is_told() -> None:
    scenario = small({"a": {}}, abort_after_failures=1, abort_share=0.125, horizon=1)
    scenario["environment"] = {
        "review": {"delay": "1h"},
        "respin": {"delay": "1d", "defect_probability": 0},
    }
    infrastructure = infrastructure_of(scenario)
    plan = plan_by_hand(infrastructure, PATCH | {"nodes": ["a"]})
    page = run_report(infrastructure, plan, simulate(infrastructure, plan, seed=5, events=True))
    assert (
        "horizon 1s, a stop at 1 bad node, a stop if more than 12.5% of a release are bad, a "
        "review 1h after a stop, a new release 1d after a stop." in page
    )
    # It takes 2 seconds.
    assert "The plan ends beyond the horizon of 1s." in page
    assert "- **Time in all**: 2s, beyond the horizon of 1s" in page


def test_gates_that_count_attempts_say_so() -> None:
    infrastructure = infrastructure_of(small({"a": {}}))
    gates = [{"max_failures": 1}, {"max_failures": 2, "count": "attempts"}]
    pauses = ({"action": "pause", "duration": 60, "nodes": [], "gate": gate} for gate in gates)
    page = plan_page(
        infrastructure, plan_by_hand(infrastructure, PATCH | {"nodes": ["a"]}, *pauses)
    )
    assert "pause 1m, then stop if more than 1 node is bad |" in page
    assert "pause 1m, then stop if more than 2 attempts failed |" in page


def test_the_page_of_a_run() -> None:
    scenario = small({"a": {"replicas": 3, "service": "s"}}, min_up={"s": 2}, max_parallel=2)
    infrastructure = infrastructure_of(scenario)
    plan = make_strategy("canary", {"soak": 60}).plan(infrastructure)
    one = run_report(infrastructure, plan, simulate(infrastructure, plan, seed=5, events=True))
    many = run_report(
        infrastructure,
        plan,
        simulate(infrastructure, plan, seed=5, replications=4, events=True),
    )
    for page in (one, many):
        for metric in NUMERIC_METRICS:
            assert f"| `{metric.name}` |" in page
            assert metric.unit in page
        assert "Nothing went wrong" in page
        row = "| `a (inline)` (1.0) | `s` |  | 0s | 2s | 0s to 2s |  | guarded | canary"
        assert row in page
        assert "pause 1m, then stop if more than 0 nodes are bad" in page
    assert "seed 5" in one
    assert "seed 5, replications 0 to 3" in many
    assert "mean [95% interval]" in many


def test_the_page_of_an_optimised_plan_says_how_good_it_is() -> None:
    infrastructure, solution = solve(small({"a": {}, "b": {}}, max_parallel=1))
    page = plan_page(infrastructure, solution.plan)
    assert "Proven the nominal optimum: without failures its exposure is 6.000 weight·s" in page
    assert "| 2s | 4s | crew (step 0) | guarded |" in page


def test_reasons_do_not_break_a_page() -> None:
    infrastructure = infrastructure_of(small({"a": {}}))
    plan = plan_by_hand(infrastructure, PATCH | {"nodes": ["a"], "reason": "x | y\nz"})
    page = plan_page(infrastructure, plan)
    row = next(line for line in page.splitlines() if line.startswith("| 0 |"))
    assert row.endswith("| 0s | 2s |  | guarded | x \\| y z |")
