"""Waves, pauses, shares and the gates of canaries: plans step by step on tiny infrastructures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from patchopt.files import plan_json, read_plan
from patchopt.strategies import make_strategy
from patchopt.strategies.sizes import nodes_of
from support.contract import infrastructure_of, nominal
from support.examples import small

if TYPE_CHECKING:
    from pathlib import Path

    from patchopt.model.plan import Plan

FIXED: dict[str, Any] = {"blue_green": False}


def planned(name: str, scenario: dict[str, Any], **parameters: Any) -> Plan:
    return make_strategy(name, parameters).plan(infrastructure_of(scenario))


def shown(plan: Plan) -> list[tuple[str, tuple[str, ...] | int, tuple[int, ...]]]:
    """Return action, nodes or length of a pause, and what it comes after."""
    return [(s.action, s.nodes or s.duration, s.after) for s in plan.steps]


def sizes(plan: Plan) -> list[int]:
    """Return the nodes worked on between one pause and the next."""
    found = [0]
    for step in plan.steps:
        if step.action == "pause":
            found.append(0)
        elif step.action != "switch":
            found[-1] += len(step.nodes)
    assert found.pop() == 0, "nothing comes after the last pause"
    return found


def fleet(count: int, **more: Any) -> dict[str, Any]:
    return small({"n": FIXED | {"replicas": count}}, **more)


# Waves ---------------------------------------------------------------------------------


def test_waves_are_watched_one_after_the_other() -> None:
    # Weights 3, 2, 1, 1: a wave of one, one of half of the four, and the rest.
    nodes = {
        "d": FIXED,
        "c": FIXED,
        "b": FIXED | {"criticality": 2},
        "a": FIXED | {"criticality": 3},
    }
    plan = planned("waves", small(nodes), sizes=[1, "50%", "rest"], pause="1m", max_failures=2)
    assert shown(plan) == [
        ("patch", ("a",), ()),
        ("pause", 60, (0,)),
        ("patch", ("b", "d"), (1,)),
        ("pause", 60, (2,)),
        ("patch", ("c",), (3,)),
        ("pause", 60, (4,)),
    ]
    gates = [step.gate for step in plan.steps if step.action == "pause"]
    assert [(gate.max_failures, gate.count) for gate in gates if gate] == [(2, "bad")] * 3
    # T = 2 + 60 + 2 + 60 + 2 + 60; commits at 2, 64, 64, 126.
    outcome = nominal(infrastructure_of(small(nodes)), plan)
    assert outcome.exact("completion_time") == 186
    assert outcome.exact("exposure") == 3000 * 2 + (2000 + 1000) * 64 + 1000 * 126


@pytest.mark.parametrize(
    ("given", "count", "found"),
    [
        (None, 40, [1, 5, 8, 26]),  # a fifth of 40 is 8
        (None, 11, [1, 5, 3, 2]),  # a fifth of 11, rounded up
        (None, 3, [1, 2]),
        ([2, 3], 10, [2, 3, 3, 2]),  # the last size is repeated
        (["7%"], 100, [7] * 14 + [2]),  # 7 of 100, though 0.07 * 100 is more than 7
        (["rest"], 5, [5]),
        ([1, "100%"], 5, [1, 4]),
    ],
)
def test_sizes_of_waves(given: list[int | str] | None, count: int, found: list[int]) -> None:
    parameters = {} if given is None else {"sizes": given}
    assert sizes(planned("waves", fleet(count), **parameters)) == found


def test_a_wave_is_worked_on_in_batches_that_fit_together() -> None:
    # Crew of two, five nodes: 1, pause, then 2 + 2, pause.
    plan = planned("waves", fleet(5, max_parallel=2), sizes=[1, "rest"], pause=9)
    assert shown(plan) == [
        ("patch", ("n-1",), ()),
        ("pause", 9, (0,)),
        ("patch", ("n-2", "n-3"), (1,)),
        ("patch", ("n-4", "n-5"), (2,)),
        ("pause", 9, (3,)),
    ]


def test_units_are_whole_and_a_larger_one_is_a_wave_of_its_own() -> None:
    # Units {a, b, c} (W 9 each) and d, e: waves of two are {a, b, c}, then d and e.
    nodes = {name: FIXED | {"criticality": 9} for name in "abc"} | {"d": FIXED, "e": FIXED}
    scenario = small(nodes, incompatible=[("a", "b"), ("b", "c")])
    assert [step.nodes for step in planned("waves", scenario, sizes=[2]).steps[::2]] == [
        ("a", "b", "c"),
        ("d", "e"),
    ]
    # Heavier singles first: a wave of two has d and e; the unit does not fit beside them.
    nodes = dict.fromkeys("abc", FIXED) | {n: FIXED | {"criticality": 9} for n in "de"}
    scenario = small(nodes, incompatible=[("a", "b"), ("b", "c")])
    assert [step.nodes for step in planned("waves", scenario, sizes=[3]).steps[::2]] == [
        ("d", "e"),
        ("a", "b", "c"),
    ]


def test_waves_by_service_take_as_many_of_each() -> None:
    # s has four, t has two, one is in no service. One of each; then half of each: 2, 1 and 1.
    nodes = {
        "s": FIXED | {"replicas": 4, "service": "s", "criticality": 3},
        "t": FIXED | {"replicas": 2, "service": "t", "criticality": 2},
        "x": FIXED | {"replicas": 2},
    }
    scenario = small(nodes, min_up={"s": 0, "t": 0})
    plan = planned("waves", scenario, sizes=[1, "50%", "rest"], by="service")
    assert [step.nodes for step in plan.steps[::2]] == [
        ("s-1", "t-1", "x-1"),
        ("s-2", "s-3", "t-2", "x-2"),
        ("s-4",),
    ]


def test_waves_of_builds() -> None:
    # Two slots; c cannot be built. The wave of three: both built and switched, then c in place.
    scenario = small({"a": {"criticality": 3}, "b": {"criticality": 2}, "c": FIXED}, surge=2)
    plan = planned("waves", scenario, sizes=["rest"], how="blue_green", pause=5)
    assert shown(plan) == [
        ("build", ("a", "b"), ()),
        ("switch", ("a", "b"), (0,)),
        ("patch", ("c",), (1,)),
        ("pause", 5, (2,)),
    ]


def test_waves_under_strict_order() -> None:
    # a, the heaviest, depends on b: b goes first, in a wave or a batch of its own.
    nodes = {"a": FIXED | {"criticality": 9}, "b": FIXED, "c": FIXED | {"criticality": 5}}
    scenario = small(nodes, edges=[("a", "b")], dependency_order="strict")
    assert [step.nodes for step in planned("waves", scenario, sizes=[1]).steps[::2]] == [
        ("c",),
        ("b",),
        ("a",),
    ]
    plan = planned("waves", scenario, sizes=["rest"])
    assert [step.nodes for step in plan.steps] == [("c", "b"), ("a",), ()]


def test_sizes_come_back_from_a_plan_file(tmp_path: Path) -> None:
    plan = planned("waves", fleet(3), sizes=(1, "rest"))
    path = tmp_path / "plan.json"
    path.write_text(plan_json(plan))
    assert read_plan(path) == plan
    given = plan.strategy.parameters
    assert given["sizes"] == [1, "rest"]
    assert make_strategy("waves", given) == make_strategy("waves", {"sizes": [1, "rest"]})


@pytest.mark.parametrize("text", ["1, 50%, rest", "[1,50%,rest]", "[1, '50%', \"rest\"]"])
def test_sizes_may_be_a_text_as_a_command_line_gives_it(text: str) -> None:
    given = {"sizes": text}
    assert make_strategy("waves", given) == make_strategy("waves", {"sizes": [1, "50%", "rest"]})


def test_a_share_is_at_least_one_node() -> None:
    assert [nodes_of("0.5%", count) for count in (1, 199, 200, 201)] == [1, 1, 1, 2]


# Pauses and batches --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "more"),
    [("rolling", {}), ("batch_rolling", {"batch_size": 1}), ("dependency_aware", {})],
)
def test_a_pause_between_steps_and_none_after_the_last(name: str, more: dict[str, Any]) -> None:
    # a on b on c, one at a time in any of the three: 2 + 30 + 2 + 30 + 2 = 66.
    scenario = small(
        dict.fromkeys("abc", FIXED), edges=[("a", "b"), ("b", "c")], dependency_order="strict"
    )
    plan = planned(name, scenario, pause="30s", **more)
    assert shown(plan) == [
        ("patch", ("c",), ()),
        ("pause", 30, (0,)),
        ("patch", ("b",), (1,)),
        ("pause", 30, (2,)),
        ("patch", ("a",), (3,)),
    ]
    assert [step.gate for step in plan.steps] == [None] * 5
    assert nominal(infrastructure_of(scenario), plan).exact("completion_time") == 66
    without = planned(name, scenario, **more)
    assert [step.action for step in without.steps] == ["patch"] * 3


def test_a_pause_comes_after_the_switch_of_a_build() -> None:
    scenario = small({"a": {"service": "s"}, "b": {}}, min_up={"s": 1})
    assert shown(planned("rolling", scenario, pause=7)) == [
        ("build", ("a",), ()),
        ("switch", ("a",), (0,)),
        ("pause", 7, (1,)),
        ("patch", ("b",), (2,)),
    ]


@pytest.mark.parametrize(
    ("size", "found"), [("20%", [3, 3, 3, 2]), ("100%", [11]), ("1%", [1] * 11), (4, [4, 4, 3])]
)
def test_a_batch_may_be_a_share_of_all(size: int | str, found: list[int]) -> None:
    # A fifth of eleven is 2.2: three.
    plan = planned("batch_rolling", fleet(11), batch_size=size)
    assert [len(step.nodes) for step in plan.steps] == found
    assert plan.strategy.parameters["batch_size"] == size


# Canaries of everything ----------------------------------------------------------------


def test_a_canary_of_everything_soaks_and_is_gated_at_the_end() -> None:
    scenario = small({"a": FIXED | {"replicas": 2, "service": "s"}}, min_up={"s": 1})
    plan = planned("canary", scenario, share=1, soak=30, max_failures=1)
    assert shown(plan) == [
        ("patch", ("a-1",), ()),
        ("patch", ("a-2",), (0,)),
        ("pause", 30, (1,)),
    ]
    gate = plan.steps[2].gate
    assert gate is not None
    assert gate.max_failures == 1


def served(count: int, crew: int, **more: Any) -> dict[str, Any]:
    """Return a service that can spare nobody, so that all of it is built."""
    node = {"replicas": count, "service": "s"}
    return small({"a": node}, min_up={"s": count}, max_parallel=crew, **more)


def test_a_canary_of_everything_that_is_built_is_gated_before_its_switches() -> None:
    # Crew of two: two builds of two, gate, two switches. T = 2 + 2 + 30; all commit at 34.
    plan = planned("canary", served(4, 2), share=1, soak=30)
    assert shown(plan) == [
        ("build", ("a-1", "a-2"), ()),
        ("build", ("a-3", "a-4"), (0,)),
        ("pause", 30, (1,)),
        ("switch", ("a-1", "a-2"), (0, 2)),
        ("switch", ("a-3", "a-4"), (1, 2)),
    ]
    outcome = nominal(infrastructure_of(served(4, 2)), plan)
    assert outcome.exact("exposure") == 4 * 1000 * 34


def test_copies_wait_for_the_gate_as_far_as_the_surge_goes() -> None:
    # Three slots for builds of two: the first two are switched before the last two are built.
    plan = planned("canary", served(4, 2, surge=3), share=1, soak=30)
    assert shown(plan) == [
        ("build", ("a-1", "a-2"), ()),
        ("switch", ("a-1", "a-2"), (0,)),
        ("build", ("a-3", "a-4"), (1,)),
        ("pause", 30, (2,)),
        ("switch", ("a-3", "a-4"), (2, 3)),
    ]
    assert nominal(infrastructure_of(served(4, 2, surge=3)), plan).exact("aborted") == 0


def test_under_strict_order_one_build_waits_for_the_gate() -> None:
    # a depends on b: its build cannot start before b's switch.
    nodes = {"a": {"service": "s"}, "b": {"service": "t"}}
    scenario = small(nodes, edges=[("a", "b")], min_up={"s": 1, "t": 1}, dependency_order="strict")
    plan = planned("canary", scenario, share=1, soak=30)
    assert shown(plan) == [
        ("build", ("b",), ()),
        ("switch", ("b",), (0,)),
        ("build", ("a",), (1,)),
        ("pause", 30, (2,)),
        ("switch", ("a",), (2, 3)),
    ]
    assert nominal(infrastructure_of(scenario), plan).exact("patched") == 2


def test_without_canaries_there_is_nothing_to_watch() -> None:
    assert shown(planned("canary", small({"a": FIXED}))) == [("patch", ("a",), ())]
