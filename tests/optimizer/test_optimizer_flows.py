"""The flow of each resource as what steps come after, by hand; and what the flows promise."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from patchopt.model.items import items_of
from patchopt.model.units import Units
from patchopt.optimizer import OptimizerParameters, flows
from patchopt.optimizer.decoder import Decoder
from patchopt.optimizer.flows import parts_of
from patchopt.optimizer.list_scheduling import list_schedule
from patchopt.optimizer.problem import problem_of
from patchopt.optimizer.schedule import Placement, Schedule
from patchopt.strategies import make_strategy
from support.contract import infrastructure_of, nominal, solve
from support.examples import small
from support.generate import scenarios

if TYPE_CHECKING:
    from collections.abc import Mapping

    from patchopt.model.infrastructure import Infrastructure
    from patchopt.model.plan import Plan
    from patchopt.simulator.outcome import Outcome

FIXED: dict[str, Any] = {"blue_green": False}
#: Promises hold for whatever incumbent a search ends with.
SHORT = OptimizerParameters(time_limit=0.05, workers=1, seed=0, deterministic=True)
ANY = settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
WINDOW = "no window is open long enough"


def greedy(scenario: Mapping[str, Any]) -> Plan:
    return make_strategy("exposure_greedy").plan(infrastructure_of(scenario))


def after(plan: Plan) -> dict[str, set[str]]:
    """Return the first nodes of what each step comes after; a switch is called ``node!``."""
    assert {step.not_before for step in plan.steps} <= {0}
    name = [step.nodes[0] + "!" * (step.action == "switch") for step in plan.steps]
    return {name[step.id]: {name[before] for before in step.after} for step in plan.steps}


def takes(criticality: int, duration: int, **more: Any) -> dict[str, Any]:
    return FIXED | {"criticality": criticality, "patch_with": {"duration": duration}} | more


# By hand -------------------------------------------------------------------------------


def test_the_crew_goes_from_what_has_finished_first_to_what_starts_next() -> None:
    # Two places. By W / L: a 90 / 3, b 50 / 2, c 40 / 2, d 30 / 2. a and b start at 0, c at 2 in
    # b's place, d at 3 in a's.
    nodes = {"a": takes(90, 3), "b": takes(50, 2), "c": takes(40, 2), "d": takes(30, 2)}
    plan = greedy(small(nodes, max_parallel=2))
    assert after(plan) == {"a": set(), "b": set(), "c": {"b"}, "d": {"a"}}


def test_of_places_free_at_the_same_time_the_first_step_gives_its_own() -> None:
    # a, b, c all end at 2; d and e (one place each) take those of a and b.
    nodes = {name: takes(90 - at, 2) for at, name in enumerate("abc")}
    plan = greedy(small(nodes | {"d": takes(9, 2), "e": takes(8, 2)}, max_parallel=3))
    assert after(plan)["d"] == {"a"}
    assert after(plan)["e"] == {"b"}


def test_a_place_that_was_never_used_is_taken_first() -> None:
    # Three places, a (L 2) and b (L 4) at 0. The unit of c and d (W 20, 2 x 4) takes the third
    # and a's at 2; e (W 1, L 3) does not fit before them and takes b's at 4.
    nodes = {"a": takes(90, 2), "b": takes(90, 4), "c": takes(10, 4), "d": takes(10, 4)}
    plan = greedy(small(nodes | {"e": takes(1, 3)}, incompatible=[("c", "d")], max_parallel=3))
    assert after(plan) == {"a": set(), "b": set(), "c": {"a"}, "e": {"b"}}


def test_a_unit_takes_a_place_for_each_node() -> None:
    # The unit {c, d} needs both places, those of a (until 3) and b (until 2).
    nodes = {"a": takes(90, 3), "b": takes(50, 2), "c": takes(1, 2), "d": takes(1, 2)}
    plan = greedy(small(nodes, incompatible=[("c", "d")], max_parallel=2))
    assert after(plan)["c"] == {"a", "b"}


def test_a_service_has_places_for_as_many_as_it_can_spare() -> None:
    # Three of five must serve: two places. a until 5, b until 2, c from 2 to 4 in b's place.
    nodes = {"a": takes(180, 5), "b": takes(50, 2), "c": takes(40, 2), "d": takes(1, 2)}
    served = {name: told | {"service": "s"} for name, told in nodes.items()}
    served["e"] = {"patch": None, "service": "s"}
    plan = greedy(small(served, min_up={"s": 3}))
    assert after(plan) == {"a": set(), "b": set(), "c": {"b"}, "d": {"c"}}


def test_a_host_takes_the_places_of_its_guests_in_their_service() -> None:
    # Two of four must serve. h takes g1 and g2 along, all that can be spared, until 3; then a
    # and b. The guests' own work comes after the host's, and after a and b in the service.
    nodes = {
        "h": takes(90, 3, type="host"),
        "g1": {"patch": None, "service": "s", "host": "h"},
        "g2": {"patch": None, "service": "s", "host": "h"},
        "a": takes(20, 2, service="s"),
        "b": takes(10, 2, service="s"),
    }
    assert after(greedy(small(nodes, min_up={"s": 2}))) == {"h": set(), "a": {"h"}, "b": {"h"}}


def test_a_guest_comes_after_its_host_and_a_host_after_its_guests() -> None:
    # No crew, no service: only the host's resource.
    nodes = {"h": takes(90, 3, type="host"), "g": takes(1, 2, host="h"), "k": takes(1, 2, host="h")}
    assert after(greedy(small(nodes))) == {"h": set(), "g": {"h"}, "k": {"h"}}
    nodes = {
        "h": takes(1, 3, type="host"),
        "g": takes(90, 2, host="h"),
        "k": takes(80, 2, host="h"),
    }
    assert after(greedy(small(nodes))) == {"g": set(), "k": set(), "h": {"g", "k"}}


def test_forced_downtime_comes_after_all_of_its_service() -> None:
    # Both of s must serve and nothing can be built: one after the other.
    nodes = {"a": takes(9, 2, service="s"), "b": takes(1, 2, service="s"), "c": takes(1, 9)}
    assert after(greedy(small(nodes, min_up={"s": 2}))) == {"a": set(), "c": set(), "b": {"a"}}


def test_surge_flows_from_the_switch() -> None:
    # One slot, and what can only be built: a's switch is from 2 + 1 to 4, b starts then.
    nodes: dict[str, dict[str, Any]]
    nodes = {"a": {"criticality": 9, "service": "s"}, "b": {"service": "t"}}
    scenario = small(nodes, min_up={"s": 1, "t": 1}, surge=1, step_overhead=1)
    plan = greedy(scenario)
    assert after(plan) == {"a": set(), "a!": {"a"}, "b": {"a!"}, "b!": {"b"}}
    assert starts(nominal(infrastructure_of(scenario), plan)) == [0, 3, 4, 7]


def test_strict_order_comes_after_the_dependency_that_finishes_last() -> None:
    # a depends on b (until 2, warm until 7), c (until 4) and, through the unpatched n, on d (3).
    nodes = {
        "a": takes(90, 2),
        "b": FIXED | {"patch_with": {"warmup": 5}},
        "c": takes(1, 4),
        "n": {"patch": None},
        "d": takes(1, 3),
    }
    edges = [("a", "b"), ("a", "c"), ("a", "n"), ("n", "d")]
    plan = greedy(small(nodes, edges=edges, dependency_order="strict"))
    assert after(plan) == {"b": set(), "c": set(), "d": set(), "a": {"b"}}


def test_an_arc_is_written_once_and_not_where_another_makes_it_idle() -> None:
    # One after the other by the crew, and a before c by the service as well: b is after a already.
    nodes = {"a": takes(90, 2, service="s"), "b": takes(50, 2), "c": takes(1, 2, service="s")}
    plan = greedy(small(nodes, min_up={"s": 1}, max_parallel=1))
    assert after(plan) == {"a": set(), "b": {"a"}, "c": {"b"}}
    assert [step.after for step in plan.steps] == [(), (0,), (1,)]


def test_of_many_parts_idle_arcs_may_stay_and_hold_up_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nodes = {"a": takes(90, 2, service="s"), "b": takes(50, 2), "c": takes(1, 2, service="s")}
    scenario = small(nodes, min_up={"s": 1}, max_parallel=1)
    monkeypatch.setattr(flows, "_LOOKS", 2)  # fewer than there are parts: no look for any
    plan = greedy(scenario)
    assert after(plan) == {"a": set(), "b": {"a"}, "c": {"a", "b"}}
    assert starts(nominal(infrastructure_of(scenario), plan)) == [0, 2, 4]


def test_work_that_takes_long_holds_up_what_is_to_have_its_place_and_nothing_else() -> None:
    # One place in the crew of two is a's (until 4), then d's; the other is b's, then c's.
    nodes = {"a": takes(90, 4), "b": takes(40, 2), "c": takes(30, 2), "d": takes(1, 2)}
    scenario = small(nodes, max_parallel=2)
    infrastructure = infrastructure_of(scenario)
    plan = greedy(scenario)
    assert after(plan) == {"a": set(), "b": set(), "c": {"b"}, "d": {"a"}}
    durations = infrastructure.nodes.duration_s.copy()
    durations[1] = 6
    slow = timed(infrastructure, durations)
    # a 0 to 4, b 0 to 6, d 4 to 6 in a's place, c 6 to 8 in b's.
    assert starts(nominal(slow, plan)) == [0, 0, 6, 4]


# Left, and beside ----------------------------------------------------------------------


def test_pushing_left_closes_every_gap() -> None:
    # Crew of one: b was to start at 7 though a has ended at 2, and a at 1: 0 and 2.
    infrastructure = infrastructure_of(small({"a": FIXED, "b": FIXED}, max_parallel=1))
    problem = problem_of(infrastructure, items_of(infrastructure))
    late = tuple(
        Placement(task=task, mode=0, start_s=start, switch_s=start + 2)
        for task, start in ((0, 1), (1, 7))
    )
    assert [
        p.start_s for p in Decoder(problem).pushed_left(Schedule(problem, late)).placements
    ] == [0, 2]


@pytest.mark.parametrize(
    ("surge", "more", "built"),
    [
        (2, {}, ["build", "build", "patch"]),  # two slots for three
        (0, {}, ["patch", "patch", "patch"]),
        (3, {"warmup": 1}, ["patch", "patch", "patch"]),  # a build commits after its warm-up
    ],
)
def test_what_commits_on_the_same_second_is_built_as_far_as_the_surge_goes(
    surge: int, more: dict[str, Any], built: list[str]
) -> None:
    nodes = {name: {"patch_with": more} for name in "abc"}
    infrastructure = infrastructure_of(small(nodes, surge=surge))
    problem = problem_of(infrastructure, items_of(infrastructure))
    in_place = Schedule(
        problem,
        tuple(
            Placement(task=n, mode=0, start_s=0, switch_s=t.length_s)
            for n, t in enumerate(problem.tasks)
        ),
    )
    for schedule in (Decoder(problem).built_on_ties(in_place), list_schedule(problem)):
        assert [schedule.mode(p).action for p in schedule.placements] == built
        assert schedule.objective_milli == in_place.objective_milli


def test_an_overhead_of_the_switch_makes_building_later() -> None:
    assert {s.action for s in greedy(small({"a": {}}, step_overhead=1)).steps} == {"patch"}
    assert {s.action for s in greedy(small({"a": {}})).steps} == {"build", "switch"}


# Laws ----------------------------------------------------------------------------------


def starts(outcome: Outcome) -> list[int]:
    """Return the start of each step; all have started."""
    found = {e["step"]: e["time"] for e in outcome.events if e["event"] == "step_start"}
    return [found[step] for step in range(len(found))]


def timed(infrastructure: Infrastructure, duration_s: Any) -> Infrastructure:
    """Return the same infrastructure where patches take other times than was planned."""
    nodes = replace(infrastructure.nodes, duration_s=np.asarray(duration_s, np.int64))
    old = infrastructure.units
    groups = [list(old.members(unit)) for unit in range(len(old))]
    return replace(infrastructure, nodes=nodes, units=Units.of(groups, nodes, old.overhead_s))


def check_promises(infrastructure: Infrastructure, plan: Plan, schedule: Schedule) -> None:
    """Assert that steps start when planned, and no later where work is shorter."""
    assert Decoder(schedule.problem).pushed_left(schedule) == schedule
    outcome = nominal(infrastructure, plan)
    assert outcome.exact("exposure") == schedule.objective_milli
    planned = [
        part.placement.start_s if part.kind == "work" else part.placement.switch_s
        for part in parts_of(schedule)
    ]
    assert starts(outcome) == planned
    waits = {event["reason"] for event in outcome.events if event["event"] == "step_wait"}
    assert waits <= ({WINDOW} if infrastructure.windows.period_s else set())
    luck = Random(infrastructure.sha256)  # noqa: S311 - luck, no secret
    shorter = [max(1, int(d * luck.choice([0.2, 0.5, 1]))) for d in infrastructure.nodes.duration_s]
    sooner = starts(nominal(timed(infrastructure, shorter), plan))
    assert all(time <= latest for time, latest in zip(sooner, planned, strict=True))


@pytest.mark.slow
@ANY
@given(scenarios(max_patched=8))
def test_the_promises_of_the_greedy(scenario: dict[str, Any]) -> None:
    infrastructure = infrastructure_of(scenario)
    schedule = list_schedule(problem_of(infrastructure, items_of(infrastructure)))
    plan = make_strategy("exposure_greedy").plan(infrastructure)
    check_promises(infrastructure, plan, schedule)


@pytest.mark.slow
@ANY
@given(scenarios(max_patched=8))
def test_the_promises_of_an_optimised_plan(scenario: dict[str, Any]) -> None:
    infrastructure, solution = solve(scenario, "downtime", SHORT)
    check_promises(infrastructure, solution.plan, solution.schedule)


def test_a_hundred_thousand_tasks_have_few_arcs() -> None:
    # Crew of 100, two slots of surge, everything alike: a task comes after one other of the crew.
    count = 100_000
    infrastructure = infrastructure_of(small({"a": FIXED}, max_parallel=100))
    problem = problem_of(infrastructure, items_of(infrastructure))
    many = replace(problem, tasks=problem.tasks * count)
    placements = tuple(
        Placement(task=n, mode=0, start_s=n // 100 * 2, switch_s=n // 100 * 2 + 2)
        for n in range(count)
    )
    parts = parts_of(Schedule(many, placements))
    assert [part.after for part in parts[:100]] == [()] * 100
    assert [part.after for part in parts[100:]] == [(n,) for n in range(count - 100)]
