"""What a sound scenario is warned of, and what it is not."""

from __future__ import annotations

from typing import Any

import pytest

from patchopt.files import bundled_scenarios, load_scenario
from patchopt.model.build import build_infrastructure
from support.contract import infrastructure_of
from support.examples import small

LONE = {"flow": {"replicas": 1, "service": "flow"}}


def warned(*told: Any, **constraints: Any) -> list[str]:
    return list(infrastructure_of(small(*told, **constraints)).warnings)


def test_one_replica_that_must_serve_and_no_surge() -> None:
    assert warned(LONE, min_up={"flow": 1}, surge=0) == [
        (
            "services.flow.min_up: 'flow' cannot be patched without downtime: one instance, min_up "
            "1, and no surge for flow-1; lower min_up, add instances, or give a surge of 1"
        )
    ]


@pytest.mark.parametrize(("min_up", "constraints"), [(1, {}), (1, {"surge": 1}), (0, {"surge": 0})])
def test_a_copy_beside_it_or_no_need_of_it_is_no_trouble(
    min_up: int, constraints: dict[str, Any]
) -> None:
    assert warned(LONE, min_up={"flow": min_up}, **constraints) == []


def test_two_replicas_take_turns() -> None:
    two = {"flow": {"replicas": 2, "service": "flow"}}
    assert warned(two, min_up={"flow": 1}, surge=0) == []
    # Both must serve: either breaks it, in one line.
    (line,) = warned(two, min_up={"flow": 2}, surge=0)
    assert "2 instances, min_up 2, and no surge for flow-1, flow-2;" in line


def test_a_service_without_a_patch_of_its_own_goes_down_with_its_host() -> None:
    told = {
        "h": {"type": "host", "blue_green": False},
        "g": {"host": "h", "service": "s", "patch": None},
    }
    (line,) = warned(told, min_up={"s": 1})
    assert line.startswith("services.s.min_up: ")
    assert line.endswith(
        "no copy (blue_green false) for h; lower min_up, add instances, or allow blue_green"
    )


def test_every_reason_is_named_with_what_would_do() -> None:
    told = {"db": {"service": "s", "blue_green": False}}
    (line,) = warned(told, min_up={"s": 1}, surge=0)
    assert "and no copy (blue_green false) and no surge for db;" in line
    assert line.endswith("or allow blue_green and give a surge of 1")


def test_a_surge_that_is_too_small_for_a_unit() -> None:
    told = {"a": {"service": "s"}, "b": {"service": "s"}}
    (line,) = warned(told, incompatible=[("a", "b")], min_up={"s": 1}, surge=1)
    assert "a surge that is too small for {a, b}" in line
    assert line.endswith("give a surge of 2")


def test_an_incompatible_edge_to_what_has_nothing_to_patch() -> None:
    told = {"a": {}, "fixed": {"patch": None, "service": "s"}}
    for end in ("fixed", "s"):
        assert warned(told, incompatible=[("a", end)], min_up={"s": 0}) == [
            (
                f"edges.0.compatibility: the incompatible edge 'a' -> '{end}' has no effect: "
                f"'{end}' has nothing to patch; give '{end}' a patch, or leave compatibility out"
            )
        ]
    assert warned(told, edges=[("a", "fixed")], min_up={"s": 0}) == []


def test_a_horizon_shorter_than_the_work() -> None:
    # Three nodes of 2 s after an overhead of 1 s are 9 s.
    three: dict[str, Any] = {"a": {}, "b": {}, "c": {}}
    assert warned(three, step_overhead=1, horizon=8) == [
        (
            "constraints.horizon: the horizon of 8s is shorter than the work of all units one "
            "after another, 9s; give at least 9s, or leave it out"
        )
    ]
    assert warned(three, step_overhead=1, horizon=9) == []
    # The usual one is not complained of: a crew of 100 has 200,000 s of work done in a day.
    many = {"a": {"replicas": 100, "patch_with": {"duration": 2000}}}
    assert warned(many, max_parallel=100) == []


def test_nothing_to_patch() -> None:
    assert warned({"a": {"patch": None}}) == [
        "nodes: there is nothing to patch; give a node a patch"
    ]


def test_many_of_a_kind_are_counted() -> None:
    told = {f"n{number}": {"service": f"s{number}"} for number in range(13)}
    lines = warned(told, min_up={f"s{number}": 1 for number in range(13)}, surge=0)
    assert len(lines) == 11
    assert lines[-1] == "and 3 more of that kind"


@pytest.mark.parametrize("name", bundled_scenarios())
def test_bundled_scenarios_are_warned_of_forced_downtime_alone(name: str) -> None:
    for line in build_infrastructure(load_scenario(name)).warnings:
        assert "cannot be patched without downtime" in line
