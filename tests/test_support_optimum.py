"""The enumerated optimum, checked against instances solved by hand and against brute force."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from support.brute import brute_force
from support.enumerate import optimum
from support.examples import small
from support.generate import scenarios

pytestmark = pytest.mark.slow

Scenario = dict[str, Any]


def lasting(duration: int, **more: Any) -> dict[str, Any]:
    return {"patch_with": {"duration": duration, **more}}


HEAVY = {"criticality": 2, "patch_with": {"severity": 5.0, "duration": 5}}
STUCK = {"service": "s", "blue_green": False}


@pytest.mark.parametrize(
    ("scenario", "best"),
    [
        # Smith's rule: weight 10000 for 5 s first, then 1000 for 3 s: 5 * 10000 + 8 * 1000.
        (small({"a": lasting(3), "b": HEAVY}, max_parallel=1), 58_000),
        # Latency counts for the commit, warm-up for the crew: b commits at 1 + 5 and is free at 8,
        # a commits at 8 + 1 + 3.
        (
            small(
                {
                    "a": lasting(3),
                    "b": {
                        "criticality": 2,
                        "patch_with": {"severity": 5.0, "duration": 5, "warmup": 2},
                    },
                },
                max_parallel=1,
                step_overhead=1,
            ),
            6 * 10_000 + 12 * 1_000,
        ),
        # One of two instances must be up and there is no slot: 4 + 8.
        (
            small(
                {"a": {"service": "s", **lasting(4)}, "b": {"service": "s", **lasting(4)}},
                min_up={"s": 1},
                surge=0,
            ),
            12_000,
        ),
        # With a slot, one in place (commits at 1 + 4) and one built beside it (1 + 4, switch 1).
        (
            small(
                {"a": {"service": "s", **lasting(4)}, "b": {"service": "s", **lasting(4)}},
                min_up={"s": 1},
                surge=1,
                step_overhead=1,
            ),
            11_000,
        ),
        # Both can only be built, and one slot is held until the switch has ended: 3 + 1, and then
        # 4 + 3 + 1.
        (
            small(
                {"a": {"service": "s"}, "b": {"service": "s"}},
                min_up={"s": 2},
                surge=1,
                step_overhead=1,
            ),
            4_000 + 8_000,
        ),
        # The window is open from 2 to 6: L = 1 + 3 just fits.
        (
            small(
                {"a": lasting(3)},
                step_overhead=1,
                windows={"every": 10, "open": [{"start": 2, "duration": 4}]},
            ),
            6_000,
        ),
        # If it must be built, the switch (1 s) waits for the next window: 12 + 1.
        (
            small(
                {"a": {"service": "s", **lasting(3)}},
                min_up={"s": 1},
                step_overhead=1,
                windows={"every": 10, "open": [{"start": 2, "duration": 4}]},
            ),
            13_000,
        ),
        # A switch of no length may come as the window closes.
        (
            small(
                {"a": {"service": "s", **lasting(4)}},
                min_up={"s": 1},
                windows={"every": 10, "open": [{"start": 2, "duration": 4}]},
            ),
            6_000,
        ),
        # The heavy a waits for b's warm-up too: 5 * 1000 + (5 + 3 + 5) * 10000.
        (
            small(
                {"a": HEAVY, "b": lasting(5, warmup=3)},
                edges=[("a", "b")],
                dependency_order="strict",
            ),
            135_000,
        ),
        (small({"a": HEAVY, "b": lasting(5, warmup=3)}, edges=[("a", "b")]), 55_000),
        # In a cycle there is no order.
        (
            small(
                {"a": HEAVY, "b": lasting(3)},
                edges=[("a", "b"), ("b", "a")],
                dependency_order="strict",
            ),
            53_000,
        ),
        # Guest first (2), then its host (2 + 5); in one unit both at 5.
        (
            small(
                {"h": {"type": "host", "blue_green": False, **lasting(5)}, "g": {"host": "h"}},
            ),
            9_000,
        ),
        (
            small(
                {"h": {"type": "host", "blue_green": False, **lasting(5)}, "g": {"host": "h"}},
                incompatible=[("h", "g")],
            ),
            10_000,
        ),
        # Live, the host takes nobody down.
        (
            small(
                {
                    "h": {"type": "host", "blue_green": False, **lasting(5, restart=False)},
                    "g": {"host": "h"},
                },
            ),
            7_000,
        ),
        # A crew of three: the unit of two and c together (2 + 2 + 2), then d.
        (
            small(
                {"a": {}, "b": {}, "c": {}, "d": {}},
                incompatible=[("a", "b")],
                max_parallel=3,
            ),
            2_000 * 3 + 4_000,
        ),
    ],
)
def test_optimum_of_hand_solved_instances(scenario: Scenario, best: int) -> None:
    assert optimum(scenario) == best


def test_forced_units_are_done_alone_or_skipped_or_refused() -> None:
    scenario = small(
        {"a": STUCK, "b": {**STUCK, **lasting(3)}, "c": lasting(4), "d": lasting(1)},
        min_up={"s": 2},
        edges=[("d", "a")],
        dependency_order="strict",
    )
    # a breaks s alone from 0 to 2, then b from 2 to 5; d waits for a: 2 + 5 + 4 + 3.
    assert optimum(scenario) == 14_000
    # a and b are left, and d with a; c ends at 4, so that they cost 3 * 4 beside its own 4.
    assert optimum(scenario, on_infeasible="skip") == 16_000
    with pytest.raises(ValueError, match="without a feasible mode"):
        optimum(scenario, on_infeasible="error")


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scenarios(max_units=3, max_duration=2, probabilities=False))
def test_no_timetable_beats_the_optimum(scenario: Scenario) -> None:
    for on_infeasible in ("downtime", "skip"):
        best = optimum(scenario, on_infeasible)
        assert brute_force(scenario, on_infeasible, best) == best
