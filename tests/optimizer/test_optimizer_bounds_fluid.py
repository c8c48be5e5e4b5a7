"""The fluid bound in exact integers, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from patchopt.optimizer.bounds.fluid import fluid_bound
from support.examples import small
from support.lists import problem_from

#: Weights 3 and 1.5, three seconds each; severity is 1.
HEAVY: dict[str, Any] = {"criticality": 3, "patch_with": {"duration": 3}}
LIGHT: dict[str, Any] = {"criticality": 1.5, "patch_with": {"duration": 3}}
PAIR: dict[str, Any] = {"a": HEAVY, "b": LIGHT, "c": LIGHT}
ODD: dict[str, Any] = {"criticality": 1.01, "patch_with": {"duration": 3, "severity": 0.1}}


@pytest.mark.parametrize(
    ("scenario", "bound"),
    [
        # One at a time, the heavy one first: 3000 * 3 + 1500 * 6, which is the optimum.
        (small({"a": HEAVY, "b": LIGHT}, max_parallel=1), 18_000),
        # No crew: (3000 + 1500) * 3.
        (small({"a": HEAVY, "b": LIGHT}), 13_500),
        # Two places, mean busy times 0.75 and 2.25, starts 1.5 less: commits 2.25 and 3.75.
        (small({"a": HEAVY, "b": LIGHT}, max_parallel=2), 12_375),
        # A unit of two, worth 750 a node-second, takes both places until 3: its mean busy time
        # is 1.5, and it commits at 3. c, worth 500, takes both until 4.5: 3.75, less 1.5, plus
        # 3 is 5.25. 4500 * 3 + 1500 * 5.25 = 21,375.
        (small(PAIR, incompatible=[("a", "b")], max_parallel=2), 21_375),
        # Weight 101 twice, T = 0 and 3, two places: 101 * (12 + 2 T + 3 - 6) / 4 in sum is
        # 101 * (9 + 15) / 4 = 606; four places: 101 * (24 + 2 T + 3 - 12) / 8, 454.5 in sum.
        (small({"a": ODD, "b": ODD}, max_parallel=2), 606),
        (small({"a": ODD, "b": ODD}, max_parallel=4), 454),
        # With three of the kind and a crew of 4: 101 * (15 + 21 + 27) / 8 = 795.375.
        (small({"a": ODD, "b": ODD, "c": ODD}, max_parallel=4), 795),
    ],
)
def test_it_is_what_the_fluid_comes_to(scenario: dict[str, Any], bound: int) -> None:
    assert fluid_bound(problem_from(scenario)).value_milli == bound


def test_the_proof_says_what_kind_it_is() -> None:
    assert fluid_bound(problem_from(small({"a": HEAVY}, max_parallel=1))).proof.kind == "fluid"
    assert fluid_bound(problem_from(small({"a": HEAVY}))).proof.kind == "lagrange"
