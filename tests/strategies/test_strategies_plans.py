"""The plan of each strategy on one small shop, step by step, and its parameters."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from patchopt.errors import InfeasibleError, StrategyError
from patchopt.files import load_scenario
from patchopt.model.build import build_infrastructure
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan
from patchopt.simulator.running import simulate
from patchopt.strategies import make_strategy
from patchopt.strategies.base import Strategy, register
from support.contract import infrastructure_of
from support.examples import small

#: Weights: web 3000 each, db 2000 each, cache 1000. web depends on db, db on cache.
SHOP = small(
    {
        "web": {"replicas": 3, "service": "web", "criticality": 3},
        "db": {"replicas": 2, "service": "db", "criticality": 2, "blue_green": False},
        "cache": {},
    },
    edges=[("web", "db"), ("db", "cache")],
    min_up={"web": 2, "db": 1},
    max_parallel=3,
    surge=2,
)

Shown = tuple[str, tuple[str, ...], tuple[int, ...]]


def planned(name: str, scenario: dict[str, Any] = SHOP, **parameters: Any) -> Plan:
    return make_strategy(name, parameters).plan(infrastructure_of(scenario))


def shown(plan: Plan) -> list[Shown]:
    return [(step.action, step.nodes, step.after) for step in plan.steps]


def test_big_bang() -> None:
    plan = planned("big_bang")
    everything = ("web-1", "web-2", "web-3", "db-1", "db-2", "cache")
    assert shown(plan) == [("patch", everything, ())]
    assert not plan.steps[0].guarded


def test_rolling() -> None:
    # By criticality x severity, falling; nodes of one weight in the order of the file.
    order = ["web-1", "web-2", "web-3", "db-1", "db-2", "cache"]
    assert shown(planned("rolling")) == [
        ("patch", (name,), (number - 1,) if number else ()) for number, name in enumerate(order)
    ]


def test_rolling_under_strict_order() -> None:
    strict = SHOP | {"constraints": {"max_parallel": 3, "surge": 2, "dependency_order": "strict"}}
    order = [step.nodes[0] for step in planned("rolling", strict).steps]
    assert order == ["cache", "db-1", "db-2", "web-1", "web-2", "web-3"]


def test_batch_rolling_fills_batches_without_breaking_min_up() -> None:
    # One web (min_up 2 of 3) and one db (1 of 2) at a time; the cache fills the first batch.
    assert shown(planned("batch_rolling", batch_size=4)) == [
        ("patch", ("web-1", "db-1", "cache"), ()),
        ("patch", ("web-2", "db-2"), (0,)),
        ("patch", ("web-3",), (1,)),
    ]


def test_batches_are_clipped_to_the_crew() -> None:
    assert max(len(step.nodes) for step in planned("batch_rolling", batch_size=99).steps) == 3
    assert max(len(step.nodes) for step in planned("batch_rolling", batch_size=2).steps) == 2


def test_canary() -> None:
    # A tenth of 3 and of 2, rounded up, is one each; the cache belongs to no service.
    plan = planned("canary", soak="5m", max_failures=1)
    assert shown(plan) == [
        ("patch", ("web-1", "db-1"), ()),
        ("pause", (), (0,)),
        ("patch", ("web-2", "db-2", "cache"), (1,)),
        ("patch", ("web-3",), (2,)),
    ]
    pause = plan.steps[1]
    assert pause.duration == 300
    assert pause.gate is not None
    assert pause.gate.max_failures == 1


def test_a_larger_share_of_canaries() -> None:
    # Half of 3 is 2, half of 2 is 1.
    first = [step.nodes for step in planned("canary", share=0.5).steps[:2]]
    assert first == [("web-1", "db-1"), ("web-2",)]


@pytest.mark.parametrize(
    ("share", "replicas", "canaries"),
    [(0.07, 100, 7), (0.1, 10, 1), (0.55, 20, 11), (0.56, 20, 12)],
)
def test_a_share_of_canaries_is_the_decimal_that_was_written(
    share: float, replicas: int, canaries: int
) -> None:
    # In binary, 0.07 is a little above seven hundredths, and 0.07 * 100 is too: both make 8.
    scenario = small({"web": {"replicas": replicas, "service": "web"}}, min_up={"web": 0})
    plan = make_strategy("canary", {"share": share}).plan(infrastructure_of(scenario))
    before = itertools.takewhile(lambda step: step.action != "pause", plan.steps)
    assert sum(len(step.nodes) for step in before) == canaries


def test_blue_green_builds_in_waves_and_patches_what_it_cannot_build() -> None:
    plan = planned("blue_green")
    assert shown(plan) == [
        ("build", ("web-1", "web-2"), ()),
        ("switch", ("web-1", "web-2"), (0,)),
        ("build", ("web-3", "cache"), (1,)),
        ("switch", ("web-3", "cache"), (2,)),
        ("patch", ("db-1",), (3,)),
        ("patch", ("db-2",), (4,)),
    ]
    assert [step.guarded for step in plan.steps] == [True, False, True, False, True, True]


def test_dependency_aware_goes_level_by_level() -> None:
    assert shown(planned("dependency_aware")) == [
        ("patch", ("cache",), ()),
        ("patch", ("db-1",), (0,)),
        ("patch", ("db-2",), (1,)),
        ("patch", ("web-1",), (2,)),
        ("patch", ("web-2",), (3,)),
        ("patch", ("web-3",), (4,)),
    ]


def test_hybrid_goes_by_risk_and_builds_where_min_up_leaves_no_room() -> None:
    # Risk = weight x (1 + degree): db 2000 x 3 = 6000, web 3000 x 2 = 6000, cache 1000 x 2. Equal
    # risks in the order of the file. min_up of web is 2 >= 1: built; db cannot be; cache has none.
    plan = planned("hybrid", pause=30)
    assert shown(plan)[:6] == [
        ("build", ("web-1",), ()),
        ("switch", ("web-1",), (0,)),
        ("pause", (), (1,)),
        ("build", ("web-2",), (2,)),
        ("switch", ("web-2",), (3,)),
        ("pause", (), (4,)),
    ]
    assert [step.nodes[0] for step in plan.steps if step.action in ("patch", "build")] == [
        "web-1",
        "web-2",
        "web-3",
        "db-1",
        "db-2",
        "cache",
    ]
    assert [step.action for step in plan.steps if step.nodes == ("db-1",)] == ["patch"]
    assert all(step.duration == 30 for step in plan.steps if step.action == "pause")


def test_exposure_greedy_is_smiths_rule_on_one_machine() -> None:
    # W / L: c 1000 x 5 / 1, a 1000 x 4 / 2, b 1000 x 9 / 9. One at a time: 1, 3, 12.
    scenario = small(
        {
            "a": {"criticality": 4, "blue_green": False},
            "b": {"criticality": 9, "blue_green": False, "patch_with": {"duration": 9}},
            "c": {"criticality": 5, "blue_green": False, "patch_with": {"duration": 1}},
        },
        max_parallel=1,
    )
    plan = planned("exposure_greedy", scenario)
    assert shown(plan) == [
        ("patch", ("c",), ()),
        ("patch", ("a",), (0,)),
        ("patch", ("b",), (1,)),
    ]
    outcome = simulate(infrastructure_of(scenario), plan, seed=1)
    assert outcome.exact("exposure") == 5000 * 1 + 4000 * 3 + 9000 * 12


@pytest.mark.parametrize(
    ("unit", "warmup", "first"),
    [
        (8, 0, ("c",)),  # 8000 / (2 x 2) = 2000 is less than 5000 / 2
        (11, 0, ("a", "b")),  # 11,000 / (2 x 2) is more
        (11, 1, ("c",)),  # 11,000 / (2 x 3) is less
    ],
)
def test_exposure_greedy_counts_nodes_and_the_whole_work(
    unit: int, warmup: int, first: tuple[str, ...]
) -> None:
    # The unit {a, b} takes both places of the crew for d + warm-up; c takes one for 2 s.
    half = {"blue_green": False, "patch_with": {"warmup": warmup}}
    scenario = small(
        {
            "a": half | {"criticality": unit - 1},
            "b": half | {"criticality": 1},
            "c": {"blue_green": False, "criticality": 5},
        },
        incompatible=[("a", "b")],
        max_parallel=2,
    )
    assert planned("exposure_greedy", scenario).steps[0].nodes == first


def test_naive_rolling_violates_where_units_are_ignored() -> None:
    """What the scenario ``compatibility`` is there to show."""
    infrastructure = build_infrastructure(load_scenario("compatibility")).without_failures()
    naive = make_strategy("rolling", {"respect_units": False}).plan(infrastructure)
    units = make_strategy("rolling", {}).plan(infrastructure)
    assert simulate(infrastructure, naive, seed=1).exact("incompatibility_violations") > 0
    assert simulate(infrastructure, units, seed=1).exact("incompatibility_violations") == 0


def test_on_infeasible() -> None:
    scenario = small({"x": {"service": "s", "blue_green": False}, "y": {}}, min_up={"s": 1})
    done = {step.nodes for step in planned("rolling", scenario, on_infeasible="skip").steps}
    assert done == {("y",)}
    first = planned("rolling", scenario).steps[0]
    assert (first.nodes, first.waives) == (("x",), ("s",))
    with pytest.raises(InfeasibleError, match="x"):
        planned("rolling", scenario, on_infeasible="error")


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("rollin", {}, "unknown strategy 'rollin': did you mean 'rolling'?"),
        ("canary", {"shar": 0.1}, "strategy 'canary' has no parameter 'shar': did you mean"),
        (
            "canary",
            {"share": 0},
            "strategy 'canary', parameter 'share': 0 does not do: give more than 0",
        ),
        (
            "canary",
            {"share": "much"},
            "parameter 'share': 'much' is not a number: write a plain number",
        ),
        ("canary", {"soak": "5x"}, "parameter 'soak': '5x' is not a duration: write whole"),
        (
            "batch_rolling",
            {"batch_size": 2.5},
            "parameter 'batch_size': 2.5 is no size: give a number of nodes, 1 or more, or a share",
        ),
        ("batch_rolling", {"batch_size": 0}, "parameter 'batch_size': 0 is no size: give a number"),
        ("batch_rolling", {"batch_size": "0%"}, "parameter 'batch_size': '0%' is no size: give a"),
        ("batch_rolling", {"batch_size": "101%"}, "'batch_size': '101%' is no size: give a number"),
        ("batch_rolling", {"batch_size": True}, "'batch_size': True is no size: give a number of"),
        ("waves", {"sizes": 5}, "parameter 'sizes': 5 is no list of sizes: write for example"),
        ("waves", {"sizes": []}, "parameter 'sizes': [] is no list of sizes: write for example"),
        ("waves", {"sizes": ""}, "parameter 'sizes': '' is no size: give a number of nodes, 1 or"),
        ("waves", {"sizes": "1, 0"}, "parameter 'sizes': 0 is no size: give a number of nodes, 1"),
        ("waves", {"sizes": [1, "most"]}, "parameter 'sizes': 'most' is no size: give a number"),
        (
            "waves",
            {"sizes": ["rest", 1]},
            "parameter 'sizes': 'rest' is not the last size: leave out what follows it",
        ),
        ("waves", {"by": "host"}, "parameter 'by': 'host' is not known: write 'fleet' or"),
        ("waves", {"how": "both"}, "parameter 'how': 'both' is not known: write 'in_place' or"),
        ("waves", {"max_failures": -1}, "parameter 'max_failures': -1 does not do: give 0 or more"),
        ("rolling", {"pause": "5x"}, "parameter 'pause': '5x' is not a duration: write whole"),
        ("optimal", {"time_limit": -1}, "parameter 'time_limit': -1 does not do: give more than 0"),
        (
            "rolling",
            {"on_infeasible": "ignore"},
            "parameter 'on_infeasible': 'ignore' is not known: write",
        ),
        (
            "rolling",
            {"respect_units": 1},
            "parameter 'respect_units': 1 is not true or false: write true",
        ),
    ],
)
def test_wrong_names_and_values(name: str, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(StrategyError) as caught:
        make_strategy(name, parameters)
    assert message in str(caught.value)


def test_two_strategies_of_one_name_are_refused() -> None:
    with pytest.raises(StrategyError, match="two strategies are called 'rolling'"):

        @register("rolling")
        class Another(Strategy):
            def steps(self, infrastructure: Infrastructure, builder: Any) -> None: ...
