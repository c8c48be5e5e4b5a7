"""One hand-solved instance for each constraint of the model; the arithmetic is in the comments."""

from __future__ import annotations

from typing import Any

import pytest

from patchopt.optimizer import Solution
from support.contract import nominal, solve
from support.examples import small

Scenario = dict[str, Any]
FIXED: dict[str, Any] = {"blue_green": False}
WINDOW = "no window is open long enough"


def optimum(scenario: Scenario, **options: Any) -> tuple[int, Solution]:
    """Return the proven optimum, once the simulation of its plan has confirmed it."""
    infrastructure, solution = solve(scenario, **options)
    certificate = solution.certificate
    assert (certificate.status, certificate.gap) == ("optimal", 0.0)
    outcome = nominal(infrastructure, solution.plan)
    assert outcome.exact("exposure") == certificate.objective == certificate.bound
    # Plans have no clock: only for a window do their steps wait.
    waits = {event["reason"] for event in outcome.events if event["event"] == "step_wait"}
    assert waits <= ({WINDOW} if "windows" in scenario["constraints"] else set())
    assert certificate.objective is not None
    return certificate.objective, solution


def actions(solution: Solution) -> dict[str, str]:
    return {step.nodes[0]: step.action for step in solution.plan.steps if step.action != "switch"}


def test_smiths_rule_on_one_machine() -> None:
    # Crew of one, W and L: a 4000, 2; b 9000, 9; c 5000, 1. By W / L: c, a, b end at 1, 3, 12.
    nodes = {
        "a": FIXED | {"criticality": 4},
        "b": FIXED | {"criticality": 9, "patch_with": {"duration": 9}},
        "c": FIXED | {"criticality": 5, "patch_with": {"duration": 1}},
    }
    assert optimum(small(nodes, max_parallel=1))[0] == 5000 * 1 + 4000 * 3 + 9000 * 12


def test_crew_of_two_where_list_scheduling_by_weight_is_not_best() -> None:
    # a and b alike (W 3000, L 2), c W 5000, L 5. By W / L, a and b go first: 6000 + 6000 + 35000.
    # c beside a, then b: 25000 + 6000 + 12000 = 43000 is less.
    nodes = {
        "a": FIXED | {"criticality": 3},
        "b": FIXED | {"criticality": 3},
        "c": FIXED | {"criticality": 5, "patch_with": {"duration": 5}},
    }
    assert optimum(small(nodes, max_parallel=2))[0] == 43_000


def test_crew_counts_nodes_of_a_unit() -> None:
    # The unit {a, b} needs both places; c has to wait, or goes first: 2 x 2000 + 4 x 1000 is best.
    scenario = small(
        {"a": FIXED, "b": FIXED, "c": FIXED}, incompatible=[("a", "b")], max_parallel=2
    )
    assert optimum(scenario)[0] == 2 * 2000 + 4 * 1000


def test_min_up_of_a_service() -> None:
    # Two of three must serve and none can be built: one after another, 2 + 4 + 6.
    node = FIXED | {"service": "s"}
    scenario = small({"a": node, "b": node, "c": node}, min_up={"s": 2})
    assert optimum(scenario)[0] == 12_000


def test_building_beside_takes_no_instance_away() -> None:
    # As before, but one slot of surge: one in place, one built, both by 2; the third by 4.
    node = {"service": "s"}
    scenario = small({"a": node, "b": node, "c": node}, min_up={"s": 2}, surge=1)
    value, solution = optimum(scenario)
    assert value == (2 + 2 + 4) * 1000
    assert sorted(actions(solution).values()).count("build") in (1, 2)


def test_surge_of_none_forbids_building() -> None:
    node = {"service": "s"}
    scenario = small({"a": node, "b": node, "c": node}, min_up={"s": 2}, surge=0)
    value, solution = optimum(scenario)
    assert value == 12_000
    assert set(actions(solution).values()) == {"patch"}


def test_a_unit_that_can_only_be_built() -> None:
    # s needs its one instance: it is built, warm-up before the switch: 2 + 3.
    scenario = small({"a": {"service": "s", "patch_with": {"warmup": 3}}}, min_up={"s": 1})
    value, solution = optimum(scenario)
    assert value == 5000
    assert actions(solution) == {"a": "build"}


def test_forced_downtime_alone_in_its_service() -> None:
    # Both of s must serve and cannot be built. Each goes alone: 2 and 4; in t, c goes at once: 2.
    node = FIXED | {"service": "s"}
    scenario = small({"a": node, "b": node, "c": FIXED}, min_up={"s": 2})
    value, solution = optimum(scenario)
    assert value == (2 + 4 + 2) * 1000
    assert {step.nodes[0]: step.waives for step in solution.plan.steps} == {
        "a": ("s",),
        "b": ("s",),
        "c": (),
    }


def test_skipping_what_is_infeasible() -> None:
    # x is left out: it is exposed until the makespan, which the shorter plan keeps at 2.
    scenario = small({"x": FIXED | {"service": "s"}, "y": FIXED}, min_up={"s": 1})
    value, solution = optimum(scenario, on_infeasible="skip")
    assert {name for step in solution.plan.steps for name in step.nodes} == {"y"}
    assert value == (2 + 2) * 1000


def test_strict_order() -> None:
    # heavy (W 9000) depends on light: light 2, heavy 4, though the other way round is cheaper.
    nodes = {"heavy": FIXED | {"criticality": 9}, "light": FIXED}
    free = small(nodes, edges=[("heavy", "light")], max_parallel=1)
    strict = small(nodes, edges=[("heavy", "light")], max_parallel=1, dependency_order="strict")
    assert optimum(free)[0] == 9000 * 2 + 1000 * 4
    assert optimum(strict)[0] == 1000 * 2 + 9000 * 4


def test_strict_order_waits_for_the_commit_and_for_the_warm_up() -> None:
    # light commits at 2 and warms up until 7; heavy starts at 7 and commits at 9.
    nodes = {"heavy": FIXED | {"criticality": 9}, "light": FIXED | {"patch_with": {"warmup": 5}}}
    strict = small(nodes, edges=[("heavy", "light")], dependency_order="strict")
    assert optimum(strict)[0] == 1000 * 2 + 9000 * 9


def test_strict_order_waits_for_the_switch() -> None:
    # light can only be built: 1 + 2 + 3, switched from 6 to 7; heavy 7 + 1 + 2.
    nodes = {
        "heavy": FIXED | {"criticality": 9},
        "light": {"service": "s", "patch_with": {"warmup": 3}},
    }
    strict = small(
        nodes,
        edges=[("heavy", "light")],
        min_up={"s": 1},
        step_overhead=1,
        dependency_order="strict",
    )
    assert optimum(strict)[0] == 1000 * 7 + 9000 * 10


def test_what_commits_on_the_same_second_is_built_beside() -> None:
    # In place or built, each commits at 2; both slots are used.
    value, solution = optimum(small({"a": {}, "b": {}, "c": {}}, surge=2))
    assert value == 3 * 2 * 1000
    assert sorted(actions(solution).values()) == ["build", "build", "patch"]


def test_strict_order_within_a_cycle_is_none() -> None:
    scenario = small(
        {"a": FIXED, "b": FIXED}, edges=[("a", "b"), ("b", "a")], dependency_order="strict"
    )
    assert optimum(scenario)[0] == (2 + 2) * 1000


def test_windows() -> None:
    # Open from 3 to 6 of every 10, one at a time: a (W 5000, L 2) at 3, the other at 13.
    windows = {"every": 10, "open": [{"start": 3, "duration": 3}]}
    nodes = {"a": FIXED | {"criticality": 5}, "b": FIXED}
    assert optimum(small(nodes, max_parallel=1, windows=windows))[0] == 5000 * 5 + 1000 * 15


def test_a_window_is_better_filled_by_two_short_ones() -> None:
    # Window of 4 s in 10: long (W 5000, L 4) alone, or both short ones (W 3000 each, L 2).
    # Short first: 3000 x 2 + 3000 x 4 + 5000 x 14 = 88000. Long first: 20000 + 36000 + 42000.
    windows = {"every": 10, "open": [{"start": 0, "duration": 4}]}
    nodes = {
        "long": FIXED | {"criticality": 5, "patch_with": {"duration": 4}},
        "x": FIXED | {"criticality": 3},
        "y": FIXED | {"criticality": 3},
    }
    assert optimum(small(nodes, max_parallel=1, windows=windows))[0] == 88_000


def test_a_host_and_its_guest_never_overlap() -> None:
    # h (W 9000, L 3), then g (W 1000, L 2): 27000 + 5000, without any limit on the crew.
    scenario = small(
        {
            "h": FIXED | {"type": "host", "criticality": 9, "patch_with": {"duration": 3}},
            "g": FIXED | {"host": "h"},
        }
    )
    assert optimum(scenario)[0] == 9000 * 3 + 1000 * 5


def test_a_host_takes_its_guests_from_their_service() -> None:
    # h (L 3) takes g along, so c has to wait for it; c and g (L 2) exclude each other. W 1000 each.
    scenario = small(
        {
            "h": FIXED | {"type": "host", "patch_with": {"duration": 3}},
            "g": FIXED | {"host": "h", "service": "s"},
            "c": FIXED | {"service": "s"},
        },
        min_up={"s": 1},
    )
    # Orders of three jobs that exclude each other, L 2, 2, 3: shortest first, 2 + 4 + 7.
    assert optimum(scenario)[0] == 13_000


def test_a_live_patch_takes_no_instance_away() -> None:
    node = FIXED | {"service": "s", "patch_with": {"restart": False}}
    scenario = small({"a": node, "b": node}, min_up={"s": 2})
    assert optimum(scenario)[0] == (2 + 2) * 1000


def test_step_overhead_counts_for_steps_and_switches() -> None:
    # In place: 3 + 2. Built: 3 + 2, and 3 more for the switch; so in place.
    value, solution = optimum(small({"a": {}}, step_overhead=3))
    assert value == 5000
    assert actions(solution) == {"a": "patch"}
    # Where it must be built: 8.
    must = small({"a": {"service": "s"}}, min_up={"s": 1}, step_overhead=3)
    assert optimum(must)[0] == 8000


def test_nothing_to_patch() -> None:
    value, solution = optimum(small({"a": {"patch": None}}))
    assert value == 0
    assert solution.plan.steps == ()


def test_weightless_units_are_patched_too() -> None:
    scenario = small({"a": {"patch_with": {"severity": 0}}, "b": {}}, max_parallel=1)
    value, solution = optimum(scenario)
    assert value == 2000
    assert {name for step in solution.plan.steps for name in step.nodes} == {"a", "b"}


@pytest.mark.parametrize("replicas", [6, 12])
def test_identical_units_are_no_burden(replicas: int) -> None:
    # Crew of two: pairs end at 2, 4, ... Symmetric ways are replicas! in number.
    scenario = small({"a": FIXED | {"replicas": replicas}}, max_parallel=2)
    pairs = replicas // 2
    assert optimum(scenario)[0] == 2 * sum(2 * (k + 1) for k in range(pairs)) * 1000
