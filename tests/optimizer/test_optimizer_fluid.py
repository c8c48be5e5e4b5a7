"""The fluid bound, by hand: of equal lengths on one machine it is the optimum."""

from __future__ import annotations

from typing import Any

import pytest

from patchopt.model.items import items_of
from patchopt.optimizer.fluid import fluid_bound_milli
from patchopt.optimizer.problem import problem_of
from support.contract import infrastructure_of
from support.examples import small

#: Weights 3 and 1.5, three seconds each; severity is 1.
HEAVY: dict[str, Any] = {"criticality": 3, "patch_with": {"duration": 3}}
LIGHT: dict[str, Any] = {"criticality": 1.5, "patch_with": {"duration": 3}}
OF_S: dict[str, Any] = {"service": "s"}
IN_PLACE: dict[str, Any] = {"blue_green": False}


def bound_of(scenario: dict[str, Any]) -> int:
    infrastructure = infrastructure_of(scenario)
    return fluid_bound_milli(problem_of(infrastructure, items_of(infrastructure)))


BESIDE: dict[str, Any] = {"a": HEAVY | OF_S, "b": LIGHT | OF_S}
ALONE: dict[str, Any] = {name: node | IN_PLACE for name, node in BESIDE.items()}
PAIR: dict[str, Any] = {"a": HEAVY, "b": LIGHT, "c": LIGHT}


@pytest.mark.parametrize(
    ("scenario", "bound"),
    [
        # One at a time, the heavy one first: 3000 * 3 + 1500 * 6. The fluid waits 4500 for the
        # heavy one, 1500 * 3 + 2250 for the light one, and half of 4500 * 3 comes on top.
        (small({"a": HEAVY, "b": LIGHT}, max_parallel=1), 18_000),
        # The service can spare one of its two, and neither can be built beside: the same.
        (small(ALONE, min_up={"s": 1}), 18_000),
        # Both at once: (3000 + 1500) * 3.
        (small({"a": HEAVY, "b": LIGHT}), 13_500),
        # What can be built beside takes nothing of its service, for all that the bound knows.
        (small(BESIDE, min_up={"s": 1}), 13_500),
        # A unit of two, worth 750 a node-second, takes both places until 3: it waits 6750. Then
        # c, worth 500, takes both, though it is one node, until 4.5: it waits 1500 * 3 + 1125.
        # With half of 6000 * 3 that is 21,375, less than the optimum: 4500 * 3 + 1500 * 6.
        (small(PAIR, incompatible=[("a", "b")], max_parallel=2), 21_375),
    ],
)
def test_it_is_what_the_fluid_comes_to(scenario: dict[str, Any], bound: int) -> None:
    # The least bit is taken off, so that rounding never makes it too high.
    assert bound - 1 <= bound_of(scenario) <= bound
